"""Images -> the patches that Qwen-VL's vision tower reads, bit for bit those of the image processor, in less time.

Transformers' processor copies each image about eight times in float32, most of them into fresh memory, which is where
its time goes. Here an image is resized by the processor, cut into patches while a value is still a byte, normalized
and laid into its place in the batch. The memory of a batch that nobody holds any more becomes the next one's, since
new memory takes longer to have than to fill.
"""

from __future__ import annotations

import copy
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers.image_utils import SizeDict

from .image_tokens import ImageSizing


def with_fast_patches(processor: Any, sizing: ImageSizing, dtype: torch.dtype = torch.float32) -> Any:
    """A processor whose image processor is `FastPatches`; the given one where that would not give the same bits.

    Args:
        processor: Transformers' processor.
        sizing: How it resizes.
        dtype: What becomes of the patches next; they are rounded to it as they are laid.
    """
    fast = FastPatches(processor.image_processor, sizing)
    if not fast.is_exact():
        return processor
    fast.dtype = dtype
    other = copy.copy(processor)
    other.image_processor = fast
    return other


class FastPatches:
    """Stands for Qwen-VL's image processor where a batch is made; what it does not know, the processor does.

    Args:
        stock: Transformers' image processor.
        sizing: How it resizes.

    Attributes:
        dtype: Of the patches.
    """

    dtype = torch.float32

    def __init__(self, stock: Any, sizing: ImageSizing) -> None:
        self._stock, self._sizing = stock, sizing
        self._memory = np.empty(0, np.uint8)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._stock, name)

    def __call__(self, images: Sequence[Any], **given: Any) -> Any:
        """Makes the patches of images.

        Args:
            images: Pillow images.
            given: The processor's own arguments; with any but `return_tensors="pt"` it does the work itself.

        Returns:
            `pixel_values` [patches, channels * 2 * patch * patch], `image_grid_thw` [images, 3].
        """
        plain = all(isinstance(image, Image.Image) and image.mode == "RGB" for image in images)
        if not plain or given != {"return_tensors": "pt"}:
            return self._stock(images, **given)
        grids = [(1, *self._sizing.processor_grid(*image.size)) for image in images]
        counts = [rows * columns for _, rows, columns in grids]
        width = 3 * self._stock.temporal_patch_size * self._stock.patch_size**2
        patches = self._room(sum(counts) * width * self.dtype.itemsize).view(self.dtype).view(-1, width)
        for image, grid, part in zip(images, grids, patches.split(counts), strict=True):
            self._lay(image, grid[1:], part)
        return {"pixel_values": patches, "image_grid_thw": torch.tensor(grids)}

    def is_exact(self) -> bool:
        """Tells by two small images, with every value in every channel, whether the processor makes the same bits."""
        try:
            images = [_probe(56, 112), _probe(100, 70)]
            mine, theirs = self(images, return_tensors="pt"), self._stock(images, return_tensors="pt")
            return all(torch.equal(mine[name], theirs[name]) for name in ("pixel_values", "image_grid_thw"))
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError):
            return False  # another processor, or another version of it

    def _room(self, size: int) -> torch.Tensor:
        """Bytes, which stay the caller's for as long as a tensor over them lives: it holds on to the array."""
        if sys.getrefcount(self._memory) > 2 or len(self._memory) < size:  # more than the attribute and the argument
            self._memory = np.empty(size, np.uint8)
        return torch.from_numpy(self._memory[:size])

    def _lay(self, image: Image.Image, grid: tuple[int, int], place: torch.Tensor) -> None:
        """Writes an image's patches where they belong."""
        stock, patch, merge = self._stock, self._stock.patch_size, self._stock.merge_size
        size = SizeDict(height=grid[0] * patch, width=grid[1] * patch)
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)
        resized = stock.resize(image=pixels[None], size=size, resample=stock.resample)[0]
        rows, columns = grid[0] // merge, grid[1] // merge
        parts = resized.view(3, rows, merge, patch, columns, merge, patch).permute(1, 4, 2, 5, 0, 3, 6)
        mean, std = (
            torch.tensor(value)[:, None] * (1.0 / stock.rescale_factor)
            for value in (stock.image_mean, stock.image_std)
        )
        normal = parts.reshape(-1, 3, patch * patch).float().sub_(mean).div_(std).to(place.dtype)
        target = place.view(-1, 3, stock.temporal_patch_size, patch * patch)
        target.copy_(normal.unsqueeze(2).expand_as(target))


def _probe(width: int, height: int) -> Image.Image:
    """An image that has each of 256 values in each channel, when it is large enough."""
    values = np.stack([np.roll(np.arange(256), 85 * channel) for channel in range(3)], axis=1)
    return Image.fromarray(np.resize(values, (height, width, 3)).astype(np.uint8))
