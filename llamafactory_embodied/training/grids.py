"""Counts image tokens without touching pixels: an image's grid follows from its size alone."""

import copy
from collections.abc import Sequence
from typing import Any

from PIL import Image


def counting(processor: Any, *, close_images: bool = False) -> Any:
    """A processor of the host that tells grids and makes no pixels.

    Args:
        processor: the host's, with its image limits set; it is not changed.
        close_images: closes each image once it is counted, for images that the host itself has opened by their path:
            nothing else would, since their pixels are never read.

    Returns:
        A copy, good for `mm_plugin.process_messages`, which needs grids only.
    """
    counter = copy.copy(processor)
    counter.image_processor = _GridsOnly(processor.image_processor, close_images)
    return counter


class _GridsOnly:
    """An image processor that remembers the grid of each image size."""

    def __init__(self, image_processor: Any, close_images: bool) -> None:
        self._image_processor = image_processor
        self._close_images = close_images
        self._by_size: dict[tuple[int, int], Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._image_processor, name)

    def __call__(self, images: Sequence[Image.Image], **kwargs: Any) -> dict[str, Any]:
        import torch

        for image in images:
            if image.size not in self._by_size:
                self._by_size[image.size] = self._measure(image, **kwargs)
        grids = torch.cat([self._by_size[image.size] for image in images])
        if self._close_images:
            for image in images:
                image.close()
        return {"image_grid_thw": grids}

    def _measure(self, image: Image.Image, **kwargs: Any) -> Any:
        """One grid, on one thread: a forked worker of `datasets.map` hangs in threads that its parent has started."""
        import torch

        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        try:
            return self._image_processor([image], **kwargs)["image_grid_thw"]
        finally:
            torch.set_num_threads(threads)
