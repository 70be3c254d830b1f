"""Reads data files row by row: what the host reads with reports damage as a generation error, without its place.

Damage is told with its line and, where the text is not JSON, with its byte in the file. In JSON Lines the rows after
it are still read. No more than a few rows of a file are held at once, be it one array or one object a line.
"""

from __future__ import annotations

import json
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ..errors import DataError

SUFFIXES = (".jsonl", ".json", ".parquet")

_CHUNK_BYTES = 2**16
_SHOWN_CHARACTERS = 60
_SPACE = re.compile("[ \t\r\n\ufeff]*")
_DECODER = json.JSONDecoder()
# An error this near to the end of what has been read may be for lack of the rest: literals and escapes are shorter.
_NEAR_END_CHARACTERS = 16


class Row(NamedTuple):
    """One row of a data file.

    Attributes:
        line: The line it begins in, from 1, in a JSON file; its number from 1 in a Parquet file.
        value: What is in it, None where that cannot be read.
        problem: Why it cannot be read, else empty.
    """

    line: int
    value: Mapping[str, Any] | None
    problem: str = ""


def read_rows(path: Path, part: int = 0, parts: int = 1) -> Iterator[Row]:
    """Yields the rows of a JSON Lines, JSON or Parquet file, damaged ones among them.

    Args:
        path: The file.
        part: Which of its parts is read, from 0: in JSON Lines the others' lines are passed over unread.
        parts: How many readers share the file; each has every `parts`-th row.

    Raises:
        DataError: The file cannot be read at all, or is of another kind.
    """
    try:
        if path.suffix == ".parquet":
            yield from islice(_parquet_rows(path), part, None, parts)
        elif path.suffix in SUFFIXES:
            with path.open("rb") as file:
                is_array = file.read(1024).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
                file.seek(0)
                yield from islice(_array_rows(file), part, None, parts) if is_array else _line_rows(file, part, parts)
        else:
            raise DataError(f"{path}: expected a file that ends in {', '.join(SUFFIXES)}")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def count_rows(path: Path) -> int:
    """Returns how many rows a file has, for progress bars; every line of JSON Lines counts as one."""
    if path.suffix == ".jsonl":
        with path.open("rb") as lines:
            return sum(1 for _ in lines)
    if path.suffix == ".parquet":
        return int(_open_parquet(path).metadata.num_rows)
    return sum(1 for _ in read_rows(path))


def _line_rows(file: BinaryIO, part: int, parts: int) -> Iterator[Row]:
    start = 0
    for number, line in enumerate(file, start=1):
        if (number - 1) % parts == part and not line.isspace():
            yield _row(number, start, line)
        start += len(line)


def _row(number: int, start: int, line: bytes) -> Row:
    try:
        return _object_row(number, json.loads(line), line)
    except (ValueError, RecursionError) as error:
        reason = _reason(error, line.decode("utf-8", "surrogateescape"), start)
        torn = "" if line.endswith(b"\n") else "; the line has no end, as if its writer had been stopped"
        return Row(number, None, f"not JSON ({reason}){torn}{_shown(line)}")


def _object_row(number: int, value: Any, text: bytes) -> Row:
    if not isinstance(value, dict):
        return Row(number, None, f"expected a JSON object, got {type(value).__name__}{_shown(text)}")
    return Row(number, value)


def _reason(error: Exception, text: str, start: int) -> str:
    """What is wrong, with its place in the file, where the text begins at the byte `start`."""
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg}, byte {start + len(_encode(text[: error.pos]))} of the file"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8: {error.reason}, byte {start + error.start} of the file"
    return str(error)


def _encode(text: str) -> bytes:
    """The bytes that a text was, also where they are not UTF-8."""
    return text.encode("utf-8", "surrogateescape")


def _shown(text: bytes) -> str:
    shown = text.decode("utf-8", errors="replace").strip()
    half = _SHOWN_CHARACTERS // 2
    return f": {shown if len(shown) <= _SHOWN_CHARACTERS else f'{shown[:half]} ... {shown[-half:]}'}"


def _array_rows(file: BinaryIO) -> Iterator[Row]:
    """Reads the objects of one array one after the other: `json.load` would hold all of them, or lose all."""
    text = _Text(file)
    text.take()
    mark = text.take() if text.peek() == "]" else ","
    while mark == ",":
        text.peek()
        line, byte = text.line, text.byte
        try:
            value, content = text.take_value()
        except (ValueError, RecursionError) as error:
            reason = _reason(error, text.ahead, byte)
            yield Row(line, None, f"not JSON ({reason}); what follows in the file cannot be read")
            return
        yield _array_row(line, byte, value, content)
        mark = text.take()
    if mark != "]":
        place = f"byte {text.byte - len(mark)} of the file"
        yield Row(text.line, None, f"not JSON (, or ] expected, {place}); what follows cannot be read")
    elif text.peek():
        yield Row(text.line, None, f"not JSON (text after the array's end, byte {text.byte} of the file)")


def _array_row(line: int, byte: int, value: Any, content: bytes) -> Row:
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return Row(line, None, f"not JSON ({_reason(error, '', byte)}){_shown(content)}")
    return _object_row(line, value, content)


class _Text:
    """JSON text that is read as far as it is needed.

    Attributes:
        line: Where the text ahead begins, from 1.
        byte: Where it begins in the file, from 0.
        ahead: What has been read and not been taken.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.line, self.byte, self.ahead = 1, 0, ""
        self._file = file
        self._decode = getincrementaldecoder("utf-8")("surrogateescape").decode

    def peek(self) -> str:
        """Passes over white space and returns the next character, empty at the end."""
        while True:
            self._pass(len(_SPACE.match(self.ahead)[0]))  # type: ignore[index]  # it matches nothing, too
            if self.ahead or not self._read_on():
                return self.ahead[:1]

    def take(self) -> str:
        """Passes over white space and returns the next character, which it takes; empty at the end."""
        character = self.peek()
        self._pass(len(character))
        return character

    def take_value(self) -> tuple[Any, bytes]:
        """Takes one JSON value and returns it with its text.

        Raises:
            ValueError: There is none.
            RecursionError: It is nested too deep.
        """
        while True:
            try:
                value, end = _DECODER.raw_decode(self.ahead)
            except json.JSONDecodeError as error:
                torn = (
                    error.msg.startswith("Unterminated string") or error.pos > len(self.ahead) - _NEAR_END_CHARACTERS
                )
                if torn and self._read_on():
                    continue
                raise
            if end < len(self.ahead) or not self._read_on():  # a number at the end may go on
                return value, self._pass(end)

    def _pass(self, end: int) -> bytes:
        passed, self.ahead = _encode(self.ahead[:end]), self.ahead[end:]
        self.line += passed.count(b"\n")
        self.byte += len(passed)
        return passed

    def _read_on(self) -> bool:
        """Reads as much again: a long value is tried a few times only."""
        chunk = self._file.read(max(_CHUNK_BYTES, len(self.ahead)))
        self.ahead += self._decode(chunk)
        return bool(chunk)


def _parquet_rows(path: Path) -> Iterator[Row]:
    from pyarrow import ArrowInvalid

    try:
        batches = _open_parquet(path).iter_batches(batch_size=64)
        values = (value for batch in batches for value in batch.to_pylist())
        yield from (Row(number, value) for number, value in enumerate(values, start=1))
    except ArrowInvalid as error:
        raise DataError(f"{path} is damaged: {error}") from error


def _open_parquet(path: Path) -> Any:
    from pyarrow import ArrowInvalid, parquet  # comes with `datasets`, in the extra `train`

    try:
        return parquet.ParquetFile(path)
    except ArrowInvalid as error:
        raise DataError(f"{path} is not Parquet: {error}") from error
