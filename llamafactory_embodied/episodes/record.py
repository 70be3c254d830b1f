"""Episode records: one JSON object a line, written whole, read back whatever happened to the last line."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from ..errors import RecordError
from ..files import append_line, read_lines, replace_file

FORMAT = "embodied-episode-2"
EPISODES = "episodes.jsonl"

Record = dict[str, Any]


def append_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Appends one record to a run folder as a single write of a whole line."""
    append_line(folder / EPISODES, _line(record))


def read_records(folder: Path) -> Iterator[Record]:
    """The records of a run folder; a torn last line is left out, to be played again.

    Raises:
        RecordError: a line before the last is not a record.
    """
    path = folder / EPISODES
    for number, record in read_lines(path):
        if not isinstance(record, dict) or record.get("format") != FORMAT:
            raise RecordError(f"{path}:{number} is not an episode record of format {FORMAT}.")
        yield record


def order_records(folder: Path, ids: Sequence[str]) -> None:
    """Puts the records of a run folder into the order of its tasks.

    Episodes are written down as they end; which ends first depends on batches, workers and interruptions, and the
    finished file must not.

    Args:
        folder: the run folder.
        ids: the tasks' ids; records of others stay behind them.
    """
    turn = {task_id: number for number, task_id in enumerate(ids)}
    records = list(read_records(folder))
    ordered = sorted(records, key=lambda record: turn.get(record["id"], len(turn)))
    if ordered != records:
        replace_file(folder / EPISODES, "".join(_line(record) + "\n" for record in ordered))


def _line(record: Mapping[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def frame_name(episode: str, number: int) -> str:
    """A frame's path in its run folder."""
    return f"frames/{re.sub(r'[^A-Za-z0-9_.-]', '_', episode)}/{number:03d}.png"


def save_frame(folder: Path, name: str, frame: npt.NDArray[np.uint8]) -> None:
    """Writes a frame [height, width, 3] without loss: what is trained on is what was seen.

    An interrupted write needs no rename: the episode's record follows its frames, so without it all are made again.
    """
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.ascontiguousarray(frame)).save(path, compress_level=1)
