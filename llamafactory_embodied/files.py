"""Files that survive interruption: replaced whole, or grown by whole lines."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from .errors import RecordError


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """Opens a file that is written whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with temporary.open("w", encoding="utf-8") as file:
        yield file
    temporary.replace(path)


def replace_file(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    with replacing(path) as file:
        file.write(text)


def append_line(path: Path, text: str) -> None:
    """Appends one line in a single write, after mending the end that an interrupted writer left.

    Args:
        path: a JSON Lines file, made when it is not there.
        text: one JSON value, without line breaks.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+b", buffering=0) as file:
        _mend_end(file)
        file.write(f"{text}\n".encode())


def _mend_end(file: BinaryIO) -> None:
    """Completes a last line that lacks its line break only, and cuts off one that is torn."""
    size = file.seek(0, 2)
    if size == 0:
        return
    file.seek(size - 1)
    if file.read(1) == b"\n":
        return
    file.seek(0)
    last = file.read().rpartition(b"\n")[2]
    if _is_json(last):
        file.write(b"\n")
    else:
        file.truncate(size - len(last))


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:  # not JSON, or cut inside a character
        return False
    return True


def read_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Line numbers and values of a JSON Lines file; nothing for a file that is not there.

    A torn last line is left out: what it told of is owed again, and `append_line` will cut it off.

    Raises:
        RecordError: a line before the last is not JSON.
    """
    if not path.exists():
        return
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if line.isspace():
                continue
            try:
                value = json.loads(line)
            except ValueError as error:
                if not line.endswith(b"\n"):
                    return
                raise RecordError(f"{path}:{number} is not JSON: {error}. Remove the line, or the file.") from error
            yield number, value
