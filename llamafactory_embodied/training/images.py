"""Where the images of a sample are, and how many tokens each takes, told from its file's header alone."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ..errors import DataError
from .embedded import EmbeddedImage, keep

# Qwen's image processors take no narrower image: the host widens it to this before they see it.
_MIN_SIDE_PX = 28
_MAX_RATIO, _RATIO_AFTER_CUT = 200, 180
# By name: Transformers 5 has dropped or renamed some of these classes.
_PROCESSORS = ("Qwen2VLImageProcessor", "Qwen2VLImageProcessorFast", "Qwen2VLImageProcessorPil")


@dataclass(frozen=True)
class ImageRoots:
    """The folders that image paths are resolved against, in order.

    Attributes:
        folders: The data file's folder, then `media_dir`.
        allow_absolute_paths: Whether a path may lead out of the folders.
        embedded: Folder for the images that data files hold as bytes.
    """

    folders: tuple[str, ...]
    allow_absolute_paths: bool = False
    embedded: str = "embedded-images"

    def resolve(self, image: str | EmbeddedImage, place: str) -> str:
        """Returns the path of an existing file, which is written for an image that has none.

        Args:
            image: The path as the data file has it, or the image's bytes.
            place: Where it stands, for errors.

        Raises:
            DataError: There is no such file, or it lies outside the folders; or the bytes are no image.
        """
        if isinstance(image, EmbeddedImage):
            return keep(image, self.embedded, place)
        candidates = [os.path.join(folder, image) for folder in self.folders]  # noqa: PTH118 (as the host joins)
        existing = [path for path in candidates if os.path.isfile(path)]  # noqa: PTH113
        for path in existing:
            if self.allow_absolute_paths or self._inside(path):
                return path
        if existing:
            raise DataError(
                f"{place}: image {image!r} lies outside {' and '.join(self.folders)}; "
                'put it there, or set "allow_absolute_paths": true in the dataset\'s entry'
            )
        raise DataError(f"{place}: image {image!r} is not a file; looked in {' and '.join(self.folders)}")

    def _inside(self, path: str) -> bool:
        folder, name = os.path.split(path)
        real = os.path.realpath(path) if os.path.islink(path) else os.path.join(_real_folder(folder), name)  # noqa: PTH114, PTH118
        return any(os.path.commonpath([real, root]) == root for root in map(_real_folder, self.folders))


@lru_cache(maxsize=4096)
def _real_folder(folder: str) -> str:
    """Each folder once: following its links takes longer than reading an image's header."""
    return os.path.realpath(folder)


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

    def token_count(self, width: int, height: int) -> int:
        """Returns how many image tokens an image of this size, in pixels, takes."""
        from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

        width, height = self._host_size(width, height)
        factor = self.patch_px * self.merge
        tall, wide = smart_resize(height, width, factor=factor, min_pixels=self.min_pixels, max_pixels=self.max_pixels)
        return int((tall // factor) * (wide // factor))

    def _host_size(self, width: int, height: int) -> tuple[int, int]:
        if width * height > self.host_max_pixels:
            scale = math.sqrt(self.host_max_pixels / (width * height))
            width, height = int(width * scale), int(height * scale)
        if width * height < self.host_min_pixels:
            scale = math.sqrt(self.host_min_pixels / (width * height))
            width, height = int(width * scale), int(height * scale)
        width, height = max(width, _MIN_SIDE_PX), max(height, _MIN_SIDE_PX)
        if width / height > _MAX_RATIO:
            width = height * _RATIO_AFTER_CUT
        if height / width > _MAX_RATIO:
            height = width * _RATIO_AFTER_CUT
        return width, height


def token_counts(images: Sequence[str], sizing: ImageSizing) -> list[int]:
    """Returns the number of tokens of each image file; reads headers only.

    Raises:
        OSError: A file is not there or not an image.
    """
    from PIL import Image

    counts = []
    for path in images:
        with Image.open(path) as image:
            counts.append(sizing.token_count(*image.size))
    return counts
