"""Where the images of a sample are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache

from ..errors import DataError
from .embedded import EmbeddedImage, data_url, keep


@dataclass(frozen=True)
class ImageRoots:
    """The folders that image paths are resolved against, in order.

    Attributes:
        folders: The data file's folder, then `media_dir`.
        allow_absolute_paths: Whether a path may lead out of the folders.
        embedded: Folder for the images that data files hold as bytes; None where none is kept.
    """

    folders: tuple[str, ...]
    allow_absolute_paths: bool = False
    embedded: str | None = None

    def resolve(self, image: str | EmbeddedImage, place: str) -> str:
        """Returns the path of an existing file, which is written for an image that has none, or else its data URL.

        Args:
            image: The path as the data file has it, or the image's bytes.
            place: Where it stands, for errors.

        Raises:
            DataError: There is no such file, or it lies outside the folders; or the bytes are no image.
        """
        if isinstance(image, EmbeddedImage):
            return data_url(image, place) if self.embedded is None else keep(image, self.embedded, place)
        exists = False
        for folder in self.folders:
            path = os.path.join(folder, image)  # noqa: PTH118 (as the host joins)
            if os.path.isfile(path):  # noqa: PTH113
                if self.allow_absolute_paths or self._inside(path):
                    return path
                exists = True
        if exists:
            raise DataError(
                f"{place}: image {image!r} lies outside {' and '.join(self.folders)}; "
                'put it there, or set "allow_absolute_paths": true in the dataset\'s entry'
            )
        raise DataError(f"{place}: image {image!r} is not a file; looked in {' and '.join(self.folders)}")

    def _inside(self, path: str) -> bool:
        if os.path.islink(path):  # noqa: PTH114
            return _leads_into(os.path.realpath(path), self.folders)
        return _folder_leads_into(os.path.dirname(path), self.folders)  # noqa: PTH120


@lru_cache(maxsize=4096)
def _folder_leads_into(folder: str, folders: tuple[str, ...]) -> bool:
    """Each folder once: following its links takes longer than reading an image's header."""
    return _leads_into(os.path.realpath(folder), folders)


def _leads_into(real: str, folders: tuple[str, ...]) -> bool:
    return any(os.path.commonpath([real, root]) == root for root in map(os.path.realpath, folders))
