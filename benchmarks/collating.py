"""How long a collator takes for a batch, stock's and ours on the same rows, in turns, with one core and with two.

One core is what a dataloader's worker has where workers share the cores, several are what the training process has.

Every batch is one sample; samples are picked by their number of images. That both make the same batch is asserted.
The dtype is that of the training: `bf16: true` or none.

`python -m benchmarks.collating [of=200] [images=[1,2,4,8,16]] [cores=[1,2]] [dtypes=[bfloat16,float32]] [rounds=5]`
"""

import os
import time
from dataclasses import dataclass
from itertools import product
from statistics import median
from typing import Any
from unittest.mock import patch

import torch

from llamafactory_embodied.training.reading import RESIZE

from .host import Loaded, configuration, preprocess
from .qwen import FAMILIES, checkpoint
from .report import Row, save
from .settings import read_settings
from .trajectories import Trajectories, add_data_set, make, read

WAYS = ("stock", "ours", "fast")
"""The host's collator; ours, bit for bit the same; ours with the opt-in faster resizing."""


@dataclass(frozen=True)
class Collating:
    """What is measured."""

    of: int = 200
    width_px: int = 800
    height_px: int = 450
    images: tuple[int, ...] = (1, 2, 4, 8, 16)
    limits: tuple[int, ...] = (589_824, 180_000)
    cores: tuple[int, ...] = (1, 2)
    dtypes: tuple[str, ...] = ("bfloat16", "float32")
    rounds: int = 5


def measure(settings: Collating, limit: int) -> list[Row]:
    """A row for each number of images."""
    folder = make(Trajectories(settings.of, settings.width_px, settings.height_px))
    examples = sorted(read(folder), key=lambda one: len(one["images"]))
    picked = [next(one for one in examples if len(one["images"]) >= count) for count in settings.images]
    dataset = add_data_set(folder, f"collated-{limit}", picked)[0]
    given = configuration(checkpoint(FAMILIES[0]), folder, dataset, image_max_pixels=limit)
    [made] = preprocess([given])
    loaded = Loaded(given)
    rows = []
    for cores, dtype, row in product(settings.cores, settings.dtypes, made.rows):
        torch.set_num_threads(cores)
        collators = {name: loaded.collator(name != "stock", dtype=getattr(torch, dtype)) for name in WAYS}
        taken: dict[str, list[float]] = {name: [] for name in WAYS}
        with patch("llamafactory_embodied.training.reading.spare_cores", lambda cores=cores: cores):
            for _ in range(settings.rounds + 1):
                _compare(collators, row, taken)
        stock, ours, fast = (1e3 * median(taken[name][1:]) for name in WAYS)  # the first one warms up
        shown = {"image limit": limit, "dtype": dtype, "cores": cores, "images": len(row["images"])}
        times = {"stock, ms": stock, "ours, ms": ours, "fast, ms": fast}
        rows.append({**shown, **times, "times faster": stock / ours, "fast, times faster": stock / fast})
        print(rows[-1], flush=True)
    return rows


def _compare(collators: dict[str, Any], row: dict[str, Any], taken: dict[str, list[float]]) -> None:
    """Times each collator once; the batches are dropped, as training drops those that are on their device."""
    batches = {}
    for name, collator in collators.items():
        with patch.dict(os.environ, {RESIZE: name}):
            batches[name] = _timed(collator, row, taken[name])
    assert all(torch.equal(batches["stock"][key], value) for key, value in batches["ours"].items())


def _timed(collator: Any, row: dict[str, Any], taken: list[float]) -> Any:
    features = [{name: value for name, value in row.items() if name != "embodied_id"}]
    if "Embodied" in type(collator).__name__:
        features[0]["embodied_id"] = row["embodied_id"]
    started = time.perf_counter()
    batch = collator(features)
    taken.append(time.perf_counter() - started)
    return batch


def main() -> None:
    settings = read_settings(Collating)
    save("collating", settings, [row for limit in settings.limits for row in measure(settings, limit)])


if __name__ == "__main__":
    main()
