"""A run as the report reads it: a name, the folder that frame paths are relative to, and its episode records."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.metrics import Record, check_record
from llamafactory_embodied.episodes.record import EPISODES, read_records
from llamafactory_embodied.errors import RecordError


@dataclass(frozen=True)
class Run:
    """Episodes played by one policy under one set of conditions; `name` is what tables call it."""

    name: str
    folder: Path
    records: Sequence[Record]


def load_run(folder: Path, name: str | None = None) -> Run:
    """Read a run folder.

    Args:
        folder: Holds `episodes.jsonl` and the frames.
        name: What tables call the run; the folder's name by default.

    Raises:
        RecordError: no episode in it, or a damaged one; names the line or the episode.
    """
    records = list(read_records(folder))
    if not records:
        raise RecordError(f"{folder / EPISODES} holds no complete episode, or is not there; play the run first")
    for record in records:
        check_record(record)
    return Run(name or folder.resolve().name, folder, records)
