"""Reads JSON and JSON Lines files row by row, to find the line that the host's loader only reports as a generation
error, and for files whose rows have different keys, which it cannot read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import DataError

_SHOWN_CHARACTERS = 60


def data_files(dataset_attr: Any, data_args: Any) -> list[Path]:
    """Returns the JSON files of a dataset that lies on the local disk."""
    if dataset_attr.load_from != "file":
        return []

    path = Path(data_args.dataset_dir) / dataset_attr.dataset_name
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.suffix in (".jsonl", ".json")]


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yields the objects of a file: one a line, or all in one array.

    Raises:
        DataError: The file is not JSON, or a row is not an object. Names file and line.
    """
    with path.open("rb") as file:
        is_array = file.read(1024).lstrip().startswith(b"[")
        file.seek(0)
        if is_array:
            yield from _rows_of_array(path, file.read())
            return
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield _row(f"{path}, line {number}", line)


def _row(place: str, line: bytes) -> dict[str, Any]:
    try:
        return _object(place, json.loads(line), line)
    except ValueError as error:
        torn = "; the line has no end, as if its writer had been stopped" if not line.endswith(b"\n") else ""
        raise DataError(f"{place}: not JSON ({error}){torn}: {_shown(line)}") from error


def _rows_of_array(path: Path, content: bytes) -> Iterator[dict[str, Any]]:
    try:
        rows = json.loads(content)
    except ValueError as error:
        line = getattr(error, "lineno", 1)
        shown = _shown(content.split(b"\n")[line - 1])
        raise DataError(f"{path}, line {line}: not JSON ({error}): {shown}") from error
    for number, row in enumerate(rows):
        yield _object(f"{path}, row {number}", row, json.dumps(row).encode())


def _object(place: str, value: Any, text: bytes) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DataError(f"{place}: expected a JSON object, got {type(value).__name__}: {_shown(text)}")
    return value


def _shown(line: bytes) -> str:
    shown = line.decode("utf-8", errors="replace").strip()
    half = _SHOWN_CHARACTERS // 2
    return shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:half]} ... {shown[-half:]}"
