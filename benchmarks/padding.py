"""How much of a batch is padding: without packing, with stock's packing and with ours, of the same rows.

Rows are those that training reads: tokenized by ours through `get_dataset`, too long trajectories as windows. Without
packing, batches of `batch` rows in random order are padded to their longest, as the host does. Stock's packing is the
host's own function over each `preprocessing_batch_size` rows. That `get_dataset` gives as many packs is asserted, of
ours everywhere, of stock without the plugin in the last row, in which it cuts nothing. `drawn` rows of these, as many
as the paper has trajectories, are packed as well: stock's packing does it in ten batches then, ours in one.

`python -m benchmarks.padding [of=400] [batch=8]`
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from llamafactory_embodied.training.packing import plan_packs

from .host import configuration, preprocess
from .qwen import FAMILIES, checkpoint
from .report import Row, save
from .settings import read_settings
from .trajectories import Trajectories, make

_MAP_BATCH = 1000
"""The host's default `preprocessing_batch_size`."""
_MULTIPLE = 8
"""To which the host's workflow pads a batch."""


@dataclass(frozen=True)
class Padding:
    """What is measured."""

    of: int = 400
    width_px: int = 800
    height_px: int = 450
    cutoffs: tuple[int, ...] = (4096, 8192, 16384, 32768)
    limits: tuple[int, ...] = (589_824, 180_000)
    batch: int = 8
    shuffles: int = 20
    drawn: int = 9390


def measure(settings: Padding) -> list[Row]:
    """A row for each limit and cutoff."""
    folder = make(Trajectories(settings.of, settings.width_px, settings.height_px))
    rows = []
    for limit in settings.limits:
        given = [_configured(folder, "ours-all", limit, cutoff) for cutoff in settings.cutoffs]
        # Packing takes a token off the cutoff, for the padding that each pack has.
        plain = preprocess([one | {"cutoff_len": one["cutoff_len"] - 1, "packing": False} for one in given])
        ours = preprocess(given)
        for cutoff, made, packed in zip(settings.cutoffs, plain, ours, strict=True):
            assert not made.error + packed.error, made.error + packed.error
            lengths = np.array([len(ids) for ids in made.rows["input_ids"]])
            row = _shares(settings, lengths, cutoff) | {"packs through get_dataset": len(packed.rows)}
            assert row["packs"] == len(packed.rows)
            assert _real(packed.rows) == lengths.sum()
            rows.append({"image limit": limit, "cutoff": cutoff, **row})
    [stock] = preprocess([given[-1] | {"dataset": "stock-all"}], plugin=False)
    assert not stock.error, stock.error
    assert len(stock.rows) == rows[-1]["stock's packs"]
    rows[-1]["stock's packs through get_dataset"] = len(stock.rows)
    return rows


def _configured(folder: Any, dataset: str, limit: int, cutoff: int) -> dict[str, Any]:
    how: dict[str, Any] = {"image_max_pixels": limit, "cutoff_len": cutoff}
    # Nothing is trained here: the packs are the same as with `neat_packing`, which would want FlashAttention.
    return configuration(checkpoint(FAMILIES[0]), folder, dataset, packing=True, **how)


def _real(rows: Any) -> int:
    """Tokens of packs that are not padding: in a pack each sample's positions count up from 0."""
    return sum(int(np.flatnonzero(one)[-1]) + 1 for one in rows["position_ids"])


def _shares(settings: Padding, lengths: Any, cutoff: int) -> Row:
    tokens = int(lengths.sum())
    stock, packs = _stock_packs(lengths, cutoff), len(plan_packs(lengths, cutoff - 1))
    unpacked = [_batched(lengths, settings.batch, seed) for seed in range(settings.shuffles)]
    many = np.random.default_rng(0).choice(lengths, settings.drawn)
    return {
        "rows": len(lengths),
        "tokens": tokens,
        "no packing": 1 - tokens / float(np.mean(unpacked)),
        "stock's packs": stock,
        "stock's packing": 1 - tokens / (stock * cutoff),
        "packs": packs,
        "our packing": 1 - tokens / (packs * cutoff),
        "least possible": 1 - tokens / (_fewest(lengths, cutoff - 1) * cutoff),
        "stock, drawn": 1 - int(many.sum()) / (_stock_packs(many, cutoff) * cutoff),
        "ours, drawn": 1 - int(many.sum()) / (len(plan_packs(many, cutoff - 1)) * cutoff),
        "least, drawn": 1 - int(many.sum()) / (_fewest(many, cutoff - 1) * cutoff),
    }


def _stock_packs(lengths: Any, cutoff: int) -> int:
    from llamafactory.data.processor.processor_utils import greedy_knapsack

    parts = (lengths[start : start + _MAP_BATCH] for start in range(0, len(lengths), _MAP_BATCH))
    return sum(len(greedy_knapsack(part.tolist(), cutoff - 1)) for part in parts)


def _batched(lengths: Any, batch: int, seed: int) -> int:
    """Tokens of an epoch in batches that are padded to their longest row."""
    shuffled = np.random.default_rng(seed).permutation(lengths)
    parts = [shuffled[start : start + batch] for start in range(0, len(shuffled), batch)]
    return sum(len(part) * -(-int(part.max()) // _MULTIPLE) * _MULTIPLE for part in parts)


def _fewest(lengths: Any, capacity: int) -> int:
    """A number of packs that no plan can go below (Martello and Toth's second bound)."""
    ordered, best = np.sort(lengths), 0
    for small in np.unique(ordered[ordered <= capacity // 2]).tolist() or [0]:
        large = ordered > capacity - small
        middle = (ordered > capacity // 2) & ~large
        rest = ordered[(ordered >= small) & (ordered <= capacity // 2)].sum()
        over = rest - (middle.sum() * capacity - ordered[middle].sum())
        best = max(best, int(large.sum() + middle.sum() + max(0, -(-over // capacity))))
    return best


def main() -> None:
    settings = read_settings(Padding)
    save("padding", settings, measure(settings))


if __name__ == "__main__":
    main()
