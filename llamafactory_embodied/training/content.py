"""What a message says: text, or a list of parts of text and images as OpenAI's format has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .embedded import EmbeddedImage, read_image
from .place import Place, Spot

IMAGE = "<image>"

# Type of a part -> keys that may hold what it is.
_TEXT = {"text": ("text", "value")}
_IMAGES = {"image": ("image", "path", "url", "value"), "image_url": ("image_url", "url", "value")}
Shown = str | EmbeddedImage | None
"""An image of a message: its path or bytes, None for the next one of the example's list."""


def read_content(content: Any, spot: Spot, place: Place) -> tuple[str, list[Shown]]:
    """Reads the content of a message.

    Args:
        content: As the data file has it.
        spot: The message's place in the example's list of messages, or its column.
        place: Where it stands, for errors.

    Returns:
        Its text with one `<image>` for each image, and these images.

    Raises:
        DataError: It is neither text nor a list of parts. Names file, sample and message.
    """
    if isinstance(content, list):
        parts = [_read_part(part, f"content[{number}]", spot, place) for number, part in enumerate(content)]
        return "".join(text for text, _ in parts), [image for _, shown in parts for image in shown]
    if not isinstance(content, str):
        place.fail(f"its content is {type(content).__name__}, expected text; images are {IMAGE} in it", spot)
    return _read_text(content)


def _read_text(text: str) -> tuple[str, list[Shown]]:
    return text, [None] * text.count(IMAGE)


def _read_part(part: Any, name: str, spot: Spot, place: Place) -> tuple[str, list[Shown]]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if kind in _TEXT:
        text = _first(part, _TEXT[kind])
        if not isinstance(text, str):
            place.fail(f"{name} has {type(text).__name__} for its text", spot)
        return _read_text(text)
    if kind not in _IMAGES:
        expected = '{"type": "text", "text": ...} or {"type": "image", "image": path}'
        place.fail(f"{name} is {_shown(part)}, expected {expected}", spot)
    image = _first(part, _IMAGES[kind])
    try:
        return IMAGE, [None if image is None else read_image(image)]
    except ValueError as error:
        place.fail(f"{name}: {error}", spot)


def _first(part: Mapping[str, Any], keys: Sequence[str]) -> Any:
    return next((part[key] for key in keys if part.get(key) is not None), None)


def _shown(part: Any) -> str:
    return f"of type {part.get('type')!r}" if isinstance(part, Mapping) else type(part).__name__
