"""A run as the report reads it: a name, the folder that frame paths are relative to, and its episode records."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evaluation.metrics import Record, check_record
from llamafactory_embodied.errors import RecordError

RECORDS_NAME = "episodes.jsonl"


@dataclass(frozen=True)
class Run:
    """Episodes played by one policy under one set of conditions; `name` is what tables call it."""

    name: str
    folder: Path
    records: Sequence[Record]


def load_run(folder: Path, name: str | None = None) -> Run:
    """Read a run folder.

    A last line without its line break is a record that was being written when the run stopped: it is owed again,
    so it is left out here.

    Args:
        folder: Holds `episodes.jsonl` and the frames.
        name: What tables call the run; the folder's name by default.

    Raises:
        RecordError: no such file, no episode in it, or a damaged line; names the line.
    """
    path = Path(folder) / RECORDS_NAME
    if not path.is_file():
        raise RecordError(f"{path} is not there: expected a run folder with {RECORDS_NAME}; play the run first")
    *lines, _torn = path.read_bytes().split(b"\n")
    records = [_parse(path, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not records:
        raise RecordError(f"{path} holds no complete episode: expected one JSON object a line; play the run first")
    return Run(name or Path(folder).resolve().name, Path(folder), records)


def _parse(path: Path, number: int, line: bytes) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise RecordError(f"{path}, line {number}: not JSON ({error}); remove the line and play it again") from error
    if not isinstance(record, dict):
        raise RecordError(
            f"{path}, line {number}: a JSON {type(record).__name__}, expected an episode record (object)"
        )
    check_record(record)
    return record
