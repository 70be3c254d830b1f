"""Batches a second of torch's own DataLoader, with the host's collator and with ours on the same rows, in turns.

With workers a batch's tensors are handed over in shared memory: the most of it that is in use at once is told for each
worker, as the system counts what lies in /dev/shm beyond what lay there before. Nothing trains, so the workers are
always ahead by as many batches as torch lets them be (two each).

`python -m benchmarks.loader [of=200] [samples=24] [batch=1] [rounds=3]`
"""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch
from torch.utils.data import DataLoader

from .host import Loaded, configuration, preprocess
from .qwen import FAMILIES, checkpoint
from .report import Row, save
from .settings import read_settings
from .trajectories import Trajectories, add_data_set, make, read

SHARED = "/dev/shm"
"""Where Linux keeps shared memory."""


@dataclass(frozen=True)
class Loading:
    """What is measured."""

    of: int = 200
    width_px: int = 800
    height_px: int = 450
    samples: int = 24
    batch: int = 1
    workers: tuple[int, ...] = (0, 1, 2)
    limits: tuple[int, ...] = (589_824, 180_000)
    rounds: int = 3


@contextmanager
def shared_memory() -> Iterator[list[int]]:
    """Notes the most bytes of shared memory that are in use within the block, above those that were before."""
    most, ended = [0], threading.Event()
    before = _shared_bytes()

    def watch() -> None:
        while not ended.wait(0.002):
            most[0] = max(most[0], _shared_bytes() - before)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        ended.set()
        watcher.join()


def _shared_bytes() -> int:
    told = os.statvfs(SHARED)
    return (told.f_blocks - told.f_bfree) * told.f_frsize


def measure(settings: Loading, limit: int) -> Iterator[Row]:
    """A row for each number of workers."""
    folder = make(Trajectories(settings.of, settings.width_px, settings.height_px))
    examples = read(folder)[: settings.samples]
    dataset = add_data_set(folder, f"loaded-{limit}-{settings.samples}", examples)[0]
    given = configuration(checkpoint(FAMILIES[0]), folder, dataset, image_max_pixels=limit)
    [made] = preprocess([given])
    loaded = Loaded(given)
    sides = {
        "stock": (loaded.collator(ours=False), made.rows.remove_columns("embodied_id")),
        "ours": (loaded.collator(ours=True), made.rows),
    }
    for workers in settings.workers:
        rates: dict[str, list[float]] = {name: [] for name in sides}
        shared: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(settings.rounds):
            for name, (collator, rows) in sides.items():
                loader = DataLoader(rows, batch_size=settings.batch, collate_fn=collator, num_workers=workers)
                with shared_memory() as most:
                    rates[name].append(_rate(loader))
                shared[name].append(most[0] / 1e6 / max(workers, 1))
        yield {
            "image limit": limit,
            "workers": workers,
            **{f"{name}, batches/s": median(rates[name]) for name in sides},
            "times faster": median(rates["ours"]) / median(rates["stock"]),
            **{f"{name}, least and most": [round(one(rates[name]), 2) for one in (min, max)] for name in sides},
            **{f"{name}, MB shared a worker": max(shared[name]) if workers else None for name in sides},
        }


def _rate(loader: Any) -> float:
    """Batches a second, of an epoch; the start of the workers is in it, as it is in training."""
    started = time.perf_counter()
    batches = sum(1 for _ in loader)
    return batches / (time.perf_counter() - started)


def main() -> None:
    settings = read_settings(Loading)
    torch.set_num_threads(1)
    rows = []
    for limit in settings.limits:
        for row in measure(settings, limit):
            rows.append(row)
            print(row, flush=True)
    save("loader", settings, rows)


if __name__ == "__main__":
    main()
