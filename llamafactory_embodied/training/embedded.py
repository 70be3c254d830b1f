"""Images as data files give them: as paths, or as bytes, which are kept as files, once each.

The host's `_images` are paths, and bytes cannot be mixed with them. A file is named after its content, so every cache
and every run that is made from the same data refers to the same one. Of a stream nothing is kept: there the text in
place of a path is the image itself, as a data URL.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DataError


@dataclass(frozen=True)
class EmbeddedImage:
    """An image file that lies inside a data file.

    Attributes:
        content: The file's bytes.
        name: What the data file calls it; empty if it does not.
    """

    content: bytes = field(repr=False)
    name: str = ""


def read_image(value: Any) -> str | EmbeddedImage:
    """Reads what stands for one image in a data file: a path, bytes, `{"bytes", "path"}`, `{"url"}` or a data URL.

    Returns:
        Its path as the data file has it, or its bytes.

    Raises:
        ValueError: It is none of these, or on another machine.
    """
    if isinstance(value, str):
        return _read_address(value)
    if isinstance(value, bytes):
        return EmbeddedImage(value)
    if isinstance(value, Mapping):
        if value.get("bytes") is not None:
            return EmbeddedImage(value["bytes"], value.get("path") or "")
        value = value.get("path") or value.get("url")
    if not isinstance(value, str):
        raise ValueError(f"expected a path or an image's bytes, got {type(value).__name__}")
    return _read_address(value)


def data_url(image: EmbeddedImage, place: str) -> str:
    """Returns an image as a text, which can stand where paths do; raises as `keep`."""
    return f"data:image/{_format_of(image, place)};base64,{base64.b64encode(image.content).decode()}"


def image_bytes(image: str) -> str | bytes:
    """Returns the bytes of what `data_url` made, and a path as it is."""
    return base64.b64decode(image.partition(",")[2]) if image.startswith("data:") else image


def _read_address(address: str) -> str | EmbeddedImage:
    if address.startswith(("http://", "https://")):
        raise ValueError(f"{address!r} is on another machine; download it and write its path")
    if not address.startswith("data:"):
        return address.removeprefix("file://")
    head, _, text = address.partition(",")
    if not head.endswith(";base64"):
        raise ValueError(f"{address[:40]!r} is a data URL of another encoding, expected base64")
    try:
        return EmbeddedImage(base64.b64decode(text, validate=True))
    except binascii.Error as error:
        raise ValueError(f"{address[:40]!r} is not base64: {error}") from error


def cache_folder(cache_dir: str | None) -> Path:
    """Returns where the plugin keeps what it makes of data files.

    Args:
        cache_dir: The training configuration's; without it that of Hugging Face is used.
    """
    root = cache_dir or os.environ.get("HF_HOME") or "~/.cache/huggingface"
    return Path(root).expanduser().absolute() / "llamafactory_embodied"


def keep(image: EmbeddedImage, folder: str, place: str) -> str:
    """Writes an image into a folder unless it is there.

    Args:
        image: The image.
        folder: Where such images are kept.
        place: Where it stands in the data, for errors.

    Returns:
        The file's path.

    Raises:
        DataError: The bytes are no image.
    """
    path = Path(folder) / f"{hashlib.sha256(image.content).hexdigest()}.{_format_of(image, place)}"
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
        temporary.write_bytes(image.content)
        temporary.replace(path)
    return str(path)


def _format_of(image: EmbeddedImage, place: str) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(image.content)) as opened:
            return str(opened.format).lower()
    except UnidentifiedImageError as error:
        raise DataError(
            f"{place}: the {len(image.content)} bytes of {image.name or 'an image'!r} are no image that can be read"
        ) from error
