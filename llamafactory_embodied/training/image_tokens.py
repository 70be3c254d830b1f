"""How many tokens an image takes, told from its size alone: files are measured by their headers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from PIL import Image

from ..errors import DataError
from .embedded import image_bytes
from .image_file import inspect_bytes, inspect_image

# Qwen's image processors take no narrower image: the host widens it to this before they see it.
_MIN_SIDE_PX = 28
_MAX_RATIO, _RATIO_AFTER_CUT = 200, 180
# By name: Transformers 5 has dropped or renamed some of these classes.
_PROCESSORS = ("Qwen2VLImageProcessor", "Qwen2VLImageProcessorFast", "Qwen2VLImageProcessorPil")


@dataclass(frozen=True)
class ImageSizing:
    """How the host and Qwen's image processor resize an image, as numbers.

    Attributes:
        host_max_pixels: `image_max_pixels` of the training configuration.
        host_min_pixels: `image_min_pixels` of the training configuration.
        patch_px: Side of a patch.
        merge: Patches on a side of one token.
        max_pixels: Greatest area the image processor makes.
        min_pixels: Smallest area the image processor makes.
    """

    host_max_pixels: int
    host_min_pixels: int
    patch_px: int
    merge: int
    max_pixels: int
    min_pixels: int

    @classmethod
    def of_processor(cls, mm_plugin: Any, processor: Any) -> ImageSizing | None:
        """Reads the numbers from the host's processor; None for models whose images are not Qwen-VL's.

        Other models use subclasses of the same classes and resize in other ways, hence the exact types.
        """
        from llamafactory.data.mm_plugin import Qwen2VLPlugin, Qwen3VLPlugin

        image_processor: Any = getattr(processor, "image_processor", None)
        if type(mm_plugin) not in (Qwen2VLPlugin, Qwen3VLPlugin) or type(image_processor).__name__ not in _PROCESSORS:
            return None
        size = image_processor.size
        return cls(
            host_max_pixels=processor.image_max_pixels,
            host_min_pixels=processor.image_min_pixels,
            patch_px=image_processor.patch_size,
            merge=image_processor.merge_size,
            max_pixels=size["longest_edge"],
            min_pixels=size["shortest_edge"],
        )

    def grid(self, width: int, height: int) -> tuple[int, int]:
        """Returns (rows, columns) of an image in patches.

        Args:
            width: Of the image, in pixels.
            height: Of the image, in pixels.

        Raises:
            DataError: The image is a strip of which the limits leave nothing.
        """
        return self.processor_grid(*self._host_size(width, height))

    def processor_grid(self, width: int, height: int) -> tuple[int, int]:
        """Returns (rows, columns), in patches, of an image that the host has resized to this size in pixels."""
        from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

        factor = self.patch_px * self.merge
        rows, columns = smart_resize(height, width, factor, min_pixels=self.min_pixels, max_pixels=self.max_pixels)
        return rows // self.patch_px, columns // self.patch_px

    @lru_cache(maxsize=4096)  # noqa: B019 (a process has a sizing or two)
    def token_count(self, width: int, height: int) -> int:
        """Returns how many image tokens an image of this size, in pixels, takes; raises as `grid`."""
        rows, columns = self.grid(width, height)
        return rows * columns // self.merge**2

    def _host_size(self, width: int, height: int) -> tuple[int, int]:
        asked = f"{width}x{height}"
        for too_large, pixels in ((True, self.host_max_pixels), (False, self.host_min_pixels)):
            if (width * height > pixels) if too_large else (width * height < pixels):
                scale = math.sqrt(pixels / (width * height))
                width, height = int(width * scale), int(height * scale)
            if not width or not height:
                raise DataError(f"an image of {asked} px has no area left at image_max_pixels {self.host_max_pixels}")
        width, height = max(width, _MIN_SIDE_PX), max(height, _MIN_SIDE_PX)
        if width / height > _MAX_RATIO:
            width = height * _RATIO_AFTER_CUT
        if height / width > _MAX_RATIO:
            height = width * _RATIO_AFTER_CUT
        return width, height


def size_of(image: str | bytes | Image.Image) -> tuple[int, int]:
    """Returns (width, height) of an image in pixels; of a file, or the bytes or the data URL of one, by its header.

    Raises:
        DataError: The file is not there, not an image, or cut off.
    """
    if isinstance(image, Image.Image):
        return image.size
    content = image_bytes(image) if isinstance(image, str) else image
    file = inspect_bytes(content) if isinstance(content, bytes) else inspect_image(content)
    if file.fault:
        raise DataError(f"image {content if isinstance(content, str) else 'in the data'}: {file.fault}")
    return file.width, file.height
