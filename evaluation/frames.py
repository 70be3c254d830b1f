"""Frames for the page: read from the run folder, made small, embedded as data URIs."""

import base64
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

MAX_WIDTH_PX = 480
SHOWN_WIDTH_PX = 420
"""The page shows a frame at most this wide."""
ENLARGED_WIDTH_PX = 300
"""A frame of less than half this is enlarged, by a whole factor and with its pixels as they are, to at most this."""
_QUALITY = 80
_FORMATS = ("PNG", "JPEG", "WEBP")


@dataclass(frozen=True)
class FrameView:
    """One frame as the page shows it: `uri` is a data URI, or None with `problem` saying why there is none."""

    label: str
    uri: str | None
    problem: str = ""
    shown_px: int = ENLARGED_WIDTH_PX
    enlarged: bool = False


def embed_frame(folder: Path, path: str, label: str) -> FrameView:
    """Read one frame and embed it; never raises, since one lost frame must not cost the page.

    Args:
        folder: The run folder.
        path: The frame's path relative to it, as the record has it (not trusted: it must stay inside).
        label: What the page writes below the frame.
    """
    try:
        data, width_px = _encoded(_inside(folder, path))
    except (OSError, ValueError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        return FrameView(label, None, f"frame {path} is missing: {_reason(error)}")
    uri = "data:image/webp;base64," + base64.b64encode(data).decode("ascii")
    factor = max(1, ENLARGED_WIDTH_PX // width_px)
    return FrameView(label, uri, shown_px=min(width_px * factor, SHOWN_WIDTH_PX), enlarged=factor > 1)


def _inside(folder: Path, path: str) -> Path:
    root = folder.resolve()
    found = (root / path).resolve()
    if not found.is_relative_to(root):
        raise ValueError("it lies outside the run folder")
    return found


def _encoded(path: Path) -> tuple[bytes, int]:
    """The frame as WebP, at most MAX_WIDTH_PX wide, and its width in the run."""
    with Image.open(path, formats=_FORMATS) as image:
        width_px = image.width
        frame = image.convert("RGB")
    if width_px > MAX_WIDTH_PX:
        height_px = max(1, round(frame.height * MAX_WIDTH_PX / width_px))
        frame = frame.resize((MAX_WIDTH_PX, height_px), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    frame.save(buffer, "WEBP", quality=_QUALITY, method=4)
    return buffer.getvalue(), width_px


def _reason(error: Exception) -> str:
    """A reason without the machine's absolute paths."""
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, UnidentifiedImageError):
        return "not a PNG, JPEG or WebP image"
    if isinstance(error, OSError):
        return error.strerror or "it cannot be read as an image"
    return str(error)
