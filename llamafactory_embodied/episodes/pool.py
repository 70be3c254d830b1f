"""Work spread over processes, its results in order: the same output whatever the number of workers."""

import math
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import pairwise
from typing import TypeVar

from ..errors import EmbodiedError

Work = TypeVar("Work")
Result = TypeVar("Result")


def run_ordered(job: Callable[[Work], Result], work: Iterable[Work], workers: int) -> Iterator[Result]:
    """Runs a job on each piece of work.

    Args:
        job: a function that can be pickled; errors it raises come out here.
        work: pieces, each pickled to a worker when its turn is near.
        workers: processes; 1 runs everything in this one.

    Yields:
        Results in the order of the work.

    Raises:
        EmbodiedError: a worker process died.
    """
    if workers <= 1:
        yield from map(job, work)
        return
    others = set(multiprocessing.active_children())
    context = multiprocessing.get_context("spawn")
    threads = max(1, (os.cpu_count() or 1) // workers)
    with ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker, initargs=(threads,)) as pool:
        try:
            yield from _in_order(pool, job, work, ahead=2 * workers)
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()  # a piece of work may take minutes; whoever stopped us does not want to wait
            if isinstance(error, BrokenProcessPool):
                raise EmbodiedError(
                    "A worker process died without a word, most often for lack of memory. "
                    "Use fewer workers; the same command continues."
                ) from error
            raise


def _in_order(
    pool: ProcessPoolExecutor, job: Callable[[Work], Result], work: Iterable[Work], ahead: int
) -> Iterator[Result]:
    running: deque[Future[Result]] = deque()
    for piece in work:
        running.append(pool.submit(job, piece))
        if len(running) > ahead:
            yield running.popleft().result()
    while running:
        yield running.popleft().result()


def _start_worker(threads: int) -> None:
    """Ends at once on Ctrl-C, and when its parent is gone, however that ended; takes its share of the cores only."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def even_chunks(items: Sequence[Work], workers: int, largest: int) -> list[Sequence[Work]]:
    """Cuts work into chunks of nearly one size, none above `largest`: no worker idles while another has two."""
    rounds = math.ceil(len(items) / (workers * largest))
    count = min(workers * rounds, len(items))
    edges = [len(items) * place // count for place in range(count + 1)] if count else []
    return [items[start:stop] for start, stop in pairwise(edges)]


def owed(items: Iterable[Work], done: Iterable[str], key: Callable[[Work], str]) -> list[Work]:
    """What is still to be done."""
    finished = set(done)
    return [item for item in items if key(item) not in finished]
