"""Episode records: one JSON object a line, written whole, read back whatever happened to the last line."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..errors import RecordError
from ..world.household import Frame

FORMAT = "embodied-episode-1"
EPISODES = "episodes.jsonl"

Record = dict[str, Any]


def append_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Appends one record to a run folder as a single write of a whole line."""
    line = json.dumps(record, ensure_ascii=False, separators=(",", ":")) + "\n"
    path = folder / EPISODES
    torn = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
    if torn:
        path.write_bytes(path.read_bytes().rpartition(b"\n")[0] + b"\n" if b"\n" in path.read_bytes() else b"")
    with path.open("a", encoding="utf-8") as file:
        file.write(line)


def read_records(folder: Path) -> Iterator[Record]:
    """The records of a run folder; a torn last line is left out, to be played again.

    Raises:
        RecordError: a line before the last is not a record.
    """
    path = folder / EPISODES
    if not path.exists():
        return
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                return
            raise RecordError(f"{path}:{number} is not JSON: {error}. Remove the line, or the file.") from error
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise RecordError(f"{path}:{number} is not an episode record of format {FORMAT}.")
        yield record


def frame_name(episode: str, number: int) -> str:
    """A frame's path in its run folder."""
    return f"frames/{re.sub(r'[^A-Za-z0-9_.-]', '_', episode)}/{number:03d}.png"


def save_frame(folder: Path, name: str, frame: Frame) -> None:
    """Writes a frame [height, width, 3] without loss: what is trained on is what was seen."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(frame)).save(path, compress_level=1)
