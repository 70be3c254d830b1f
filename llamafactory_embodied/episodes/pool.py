"""Work spread over processes that take it piece by piece: results as they come, or in the order of the work."""

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, TypeVar

from ..errors import EmbodiedError

Work = TypeVar("Work")
Result = TypeVar("Result")


def run_ordered(job: Callable[[Work], Result], work: Iterable[Work], workers: int) -> Iterator[Result]:
    """Runs a job on each piece of work.

    Args:
        job: a function that can be pickled; errors it raises come out here, after the results before them.
        work: pieces, each pickled to the worker that takes it.
        workers: processes; 1 runs everything in this one.

    Yields:
        Results in the order of the work.

    Raises:
        EmbodiedError: a worker process died.
    """
    early: dict[int, tuple[Any, Exception | None]] = {}
    due = 0
    for number, result, error in run_streams(partial(_numbered, job), enumerate(work), workers):
        early[number] = result, error
        while due in early:
            result, error = early.pop(due)
            if error is not None:
                raise error
            yield result
            due += 1


def _numbered(
    job: Callable[[Work], Result], pieces: Iterable[tuple[int, Work]]
) -> Iterator[tuple[int, Result | None, Exception | None]]:
    for number, piece in pieces:
        try:
            result = job(piece)
        except Exception as error:  # raised anew when its turn has come
            yield number, None, error
        else:
            yield number, result, None


def run_streams(
    job: Callable[[Iterator[Work]], Iterable[Result]], work: Iterable[Work], workers: int
) -> Iterator[Result]:
    """Runs a job over a stream of work in each process, which takes the next piece whenever it wants one.

    Args:
        job: a function that can be pickled, from pieces to results; it may have several pieces in hand.
        work: pieces, each pickled to the worker that takes it.
        workers: processes; 1 runs everything in this one.

    Yields:
        Results as they come.

    Raises:
        EmbodiedError: a worker process died. What a job raises comes out as it is.
    """
    if workers <= 1:
        yield from job(iter(work))
        return
    left = iter(work)
    running = dict(_start(job, workers) for _ in range(workers))
    try:
        while running:
            for pipe in wait(list(running)):
                assert isinstance(pipe, Connection)
                said, value = _hear(pipe)
                if said == "wants":
                    with suppress(BrokenPipeError):  # it has died since: the next word from it says so
                        pipe.send(list(islice(left, 1)))
                elif said == "found":
                    yield value
                elif said == "ended":
                    running.pop(pipe).join()
                else:
                    raise value
    finally:
        for child in running.values():  # a piece of work may take minutes; whoever stopped us does not want to wait
            child.terminate()
            child.join()


def _start(job: Callable[[Iterator[Work]], Iterable[Result]], workers: int) -> tuple[Connection, BaseProcess]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    child = context.Process(target=_work, args=(there, max(1, (os.cpu_count() or 1) // workers)), daemon=True)
    child.start()
    there.close()
    here.send(job)
    return here, child


def _hear(pipe: Connection) -> tuple[str, Any]:
    try:
        said: tuple[str, Any] = pipe.recv()
    except (EOFError, ConnectionError) as error:
        raise EmbodiedError(
            "A worker process died without a word, most often for lack of memory. "
            "Use fewer workers; the same command continues."
        ) from error
    return said


def _work(pipe: Connection, threads: int) -> None:
    """A worker: ends at once on Ctrl-C, and when its parent is gone, however that ended; takes its share of cores."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # before the job's modules, which read it, are imported
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        for result in pipe.recv()(_pieces(pipe)):
            pipe.send(("found", result))
    except Exception as error:
        error.add_note(f"In a worker process:\n{traceback.format_exc()}")
        pipe.send(("failed", error))
    else:
        pipe.send(("ended", None))


def _pieces(pipe: Connection) -> Iterator[Any]:
    while True:
        pipe.send(("wants", None))
        given = pipe.recv()
        if not given:
            return
        yield from given


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def owed(items: Iterable[Work], done: Iterable[str], key: Callable[[Work], str]) -> list[Work]:
    """What is still to be done."""
    finished = set(done)
    return [item for item in items if key(item) not in finished]
