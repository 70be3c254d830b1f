"""Finds the line of a JSON Lines file that is not JSON, which the host's loader only reports as a generation error."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import DataError

_SHOWN_CHARACTERS = 60


@contextmanager
def naming_damage(dataset_attr: Any, data_args: Any) -> Iterator[None]:
    """Turns the host's failure to read a data file into an error that names the line.

    Args:
        dataset_attr: The host's `DatasetAttr` of the dataset that is being loaded.
        data_args: The host's `DataArguments`.

    Raises:
        DataError: A file of JSON lines could not be read; names the line that is not a JSON object, if one is not.
    """
    from datasets.exceptions import DatasetGenerationError

    try:
        yield
    except DatasetGenerationError as error:
        paths = data_files(dataset_attr, data_args)
        if not paths:
            raise
        for path in paths:
            check_lines(path)
        raise DataError(
            f"{dataset_attr.dataset_name}: {error.__cause__ or error}\n"
            "Every line is a JSON object, so their keys or types differ: a key that first appears far into the file, "
            "such as `loss`, must be in the first lines as well, and `content` must be text in every message."
        ) from error


def data_files(dataset_attr: Any, data_args: Any) -> list[Path]:
    """Returns the JSON Lines files of a dataset that lies on the local disk."""
    if dataset_attr.load_from != "file":
        return []

    path = Path(data_args.dataset_dir) / dataset_attr.dataset_name
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.suffix == ".jsonl"]


def check_lines(path: Path) -> None:
    """Reads a JSON Lines file line by line.

    Raises:
        DataError: A line is not a JSON object, or is not UTF-8. Names file and line.
    """
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                _check_line(f"{path}, line {number}", line)


def _check_line(place: str, line: bytes) -> None:
    shown = line.decode("utf-8", errors="replace").strip()
    shown = (
        shown
        if len(shown) <= _SHOWN_CHARACTERS
        else f"{shown[: _SHOWN_CHARACTERS // 2]} ... {shown[-_SHOWN_CHARACTERS // 2 :]}"
    )
    try:
        value = json.loads(line)
    except ValueError as error:
        torn = "; the line has no end, as if its writer had been stopped" if not line.endswith(b"\n") else ""
        raise DataError(f"{place}: not JSON ({error}){torn}: {shown}") from error
    if not isinstance(value, dict):
        raise DataError(f"{place}: expected a JSON object, got {type(value).__name__}: {shown}")
