"""Work spread over processes, its results in order: the same output whatever the number of workers."""

import multiprocessing
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

Work = TypeVar("Work")
Result = TypeVar("Result")


def run_ordered(job: Callable[[Work], Result], work: Sequence[Work], workers: int) -> Iterator[Result]:
    """Runs a job on each piece of work.

    Args:
        job: a function that can be pickled; errors it raises come out here.
        work: pieces, each pickled to a worker.
        workers: processes; 1 runs everything in this one.

    Yields:
        Results in the order of the work.
    """
    if workers <= 1:
        yield from map(job, work)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        try:
            yield from pool.map(job, work)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def progress(label: str, total: int, done: int = 0) -> Iterator[Callable[[str], None]]:
    """A progress bar with rate and time left; call what it gives once per finished piece, with a word on the state."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[state]}"),
    )
    with Progress(*columns) as bar:
        task = bar.add_task(label, total=total, completed=done, state="")

        def advance(state: str = "") -> None:
            bar.update(task, advance=1, state=state)

        yield advance


def owed(items: Iterable[Work], done: Iterable[str], key: Callable[[Work], str]) -> list[Work]:
    """What is still to be done."""
    finished = set(done)
    return [item for item in items if key(item) not in finished]
