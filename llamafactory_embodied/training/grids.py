"""Counts image tokens without touching pixels: an image's grid follows from its size alone."""

import copy
from collections.abc import Sequence
from typing import Any

from PIL import Image


def counting(processor: Any) -> Any:
    """A processor of the host that tells grids and makes no pixels.

    Args:
        processor: the host's, with its image limits set; it is not changed.

    Returns:
        A copy, good for `mm_plugin.process_messages`, which needs grids only.
    """
    counter = copy.copy(processor)
    counter.image_processor = _GridsOnly(processor.image_processor)
    return counter


class _GridsOnly:
    """An image processor that remembers the grid of each image size."""

    def __init__(self, image_processor: Any) -> None:
        self._image_processor = image_processor
        self._by_size: dict[tuple[int, int], Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._image_processor, name)

    def __call__(self, images: Sequence[Image.Image], **kwargs: Any) -> dict[str, Any]:
        import torch

        for image in images:
            if image.size not in self._by_size:
                self._by_size[image.size] = self._image_processor([image], **kwargs)["image_grid_thw"]
        return {"image_grid_thw": torch.cat([self._by_size[image.size] for image in images])}
