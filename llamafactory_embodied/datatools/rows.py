"""Reads data files row by row and goes on after a row that is damaged."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import DataError

SUFFIXES = (".jsonl", ".json", ".parquet")


class Row(NamedTuple):
    """One row of a data file.

    Attributes:
        line: Its line from 1 in a JSON file, its number from 1 in a Parquet file.
        value: What is in it, None where that cannot be read.
        problem: Why it cannot be read, else empty.
    """

    line: int
    value: Mapping[str, Any] | None
    problem: str = ""


def read_rows(path: Path) -> Iterator[Row]:
    """Yields the rows of a JSON Lines, JSON or Parquet file.

    Raises:
        DataError: The file cannot be read at all, or is of another kind.
    """
    try:
        if path.suffix == ".parquet":
            yield from _parquet_rows(path)
        elif path.suffix in SUFFIXES:
            yield from _array_rows(path) if _is_array(path) else _line_rows(path)
        else:
            raise DataError(f"{path}: expected a file that ends in {', '.join(SUFFIXES)}")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def count_rows(path: Path) -> int:
    """Returns about how many rows a file has, for progress bars; every line of JSON Lines counts as one."""
    if path.suffix == ".jsonl":
        with path.open("rb") as lines:
            return sum(1 for _ in lines)
    return sum(1 for _ in read_rows(path))


def _is_array(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(1024).lstrip().startswith(b"[")


def _line_rows(path: Path) -> Iterator[Row]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield _row(number, line)


def _row(number: int, line: bytes) -> Row:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        torn = "" if line.endswith(b"\n") else "; the line has no end, as if its writer had been stopped"
        return Row(number, None, f"not JSON ({error}){torn}")
    return _object_row(number, value)


def _object_row(number: int, value: Any) -> Row:
    if not isinstance(value, dict):
        return Row(number, None, f"expected a JSON object, got {type(value).__name__}")
    return Row(number, value)


def _array_rows(path: Path) -> Iterator[Row]:
    """Reads objects one after the other, since `json.load` would lose all of them to one that is damaged."""
    text = path.read_bytes().decode("utf-8", errors="replace")
    decoder, place, line = json.JSONDecoder(), text.index("[") + 1, 1 + text.count("\n", 0, text.index("["))
    while True:
        start = _skip(text, place, " \t\r\n,")
        line += text.count("\n", place, start)
        if text[start : start + 1] == "]":
            return
        try:
            value, place = decoder.raw_decode(text, start)
        except (ValueError, RecursionError) as error:
            yield Row(line, None, f"not JSON ({error}); what follows in the file cannot be read")
            return
        yield _object_row(line, value)
        line += text.count("\n", start, place)


def _skip(text: str, place: int, characters: str) -> int:
    while place < len(text) and text[place] in characters:
        place += 1
    return place


def _parquet_rows(path: Path) -> Iterator[Row]:
    import pyarrow  # comes with `datasets`, in the extra `train`
    from pyarrow import parquet

    try:
        batches = parquet.ParquetFile(path).iter_batches(batch_size=64)
        values = (value for batch in batches for value in batch.to_pylist())
        for number, value in enumerate(values, start=1):
            yield Row(number, value)
    except pyarrow.ArrowInvalid as error:
        raise DataError(f"{path} is not Parquet: {error}") from error
