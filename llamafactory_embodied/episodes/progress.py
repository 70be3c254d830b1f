"""Progress with a rate and the time left: a bar in a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_EVERY_S = 10.0

Advance = Callable[[str], None]
"""Called once per finished piece, with a word on the state."""


def progress(label: str, total: int, done: int = 0) -> AbstractContextManager[Advance]:
    """Shows how far a long piece of work is.

    Args:
        label: what is being done.
        total: how many pieces there are.
        done: how many of them an earlier call has done; they count, but not into the rate.
    """
    console = Console()
    return _bar(console, label, total, done) if console.is_terminal else _lines(sys.stdout, label, total, done)


def _rate(each_s: float) -> str:
    return f"{each_s:.0f}/s" if each_s >= 10 else f"{each_s:.2f}/s"


class _Rate(ProgressColumn):
    """Pieces a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else _rate(task.speed))


@contextmanager
def _bar(console: Console, label: str, total: int, done: int) -> Iterator[Advance]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(label, total=total, completed=done, state="")
        yield lambda state: bar.update(task, advance=1, state=state)


@contextmanager
def _lines(stream: TextIO, label: str, total: int, done: int) -> Iterator[Advance]:
    log = _Log(stream, label, total, done)
    log.write("")
    yield log.advance
    if log.unsaid:
        log.write(log.state)


class _Log:
    """Writes a line at most every `LINE_EVERY_S` seconds."""

    def __init__(self, stream: TextIO, label: str, total: int, done: int):
        self.stream, self.label, self.total = stream, label, total
        self.count = self.first = done
        self.start = self.said = time.monotonic()
        self.state, self.unsaid = "", False

    def advance(self, state: str) -> None:
        self.count, self.state, self.unsaid = self.count + 1, state, True
        if time.monotonic() - self.said >= LINE_EVERY_S:
            self.write(state)

    def write(self, state: str) -> None:
        self.said, self.unsaid = time.monotonic(), False
        parts = [f"{self.label}: {self.count}/{self.total}", *self._pace(), state]
        self.stream.write(", ".join(filter(None, parts)) + "\n")
        self.stream.flush()

    def _pace(self) -> list[str]:
        fresh = self.count - self.first
        if not fresh:
            return []
        passed_s = max(self.said - self.start, 1e-6)
        left_s = round((self.total - self.count) * passed_s / fresh)
        return [_rate(fresh / passed_s), f"{timedelta(seconds=left_s)} left" if left_s else ""]
