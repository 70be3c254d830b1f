"""Ours against stock's ShareGPT path where nothing is too long: every number that training reads must be the same.

Stock's rows with its own templates are made without the plugin. Each family's positions come from its own model class.

`python -m benchmarks.identity [trajectories=320] [pixels=40] [family=qwen2_vl]`
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .host import IGNORED, Loaded, configuration, preprocess
from .qwen import FAMILIES, Family, checkpoint
from .report import Row, save
from .settings import read_settings
from .trajectories import Trajectories, add_data_set, make, read

TOKENS = ("input_ids", "attention_mask", "labels")
BATCH = ("input_ids", "attention_mask", "labels", "position_ids", "image_grid_thw")


@dataclass(frozen=True)
class Identity:
    """What is compared."""

    trajectories: int = 320
    of: int = 400
    width_px: int = 800
    height_px: int = 450
    pixels: int = 40
    family: str = "all"
    batch: int = 2


def compare(settings: Identity, families: Sequence[Family], folder: Path, names: tuple[str, str]) -> Iterator[Row]:
    """Counts what is the same and what differs, a row for each family and template of ours.

    Every trajectory has a system message, so that our templates must give what the host's own give.
    """
    cases = [(family, template) for family in families for template in (family.stock, family.ours)]
    stock = preprocess([_configured(family, family.stock, folder, names[1]) for family in families], plugin=False)
    theirs = dict(zip([family.name for family in families], stock, strict=True))
    ours = preprocess([_configured(*case, folder, names[0]) for case in cases])
    for (family, template), mine in zip(cases, ours, strict=True):
        other = theirs[family.name]
        if mine.error or other.error:
            raise RuntimeError(mine.error or other.error)
        counts: Counter[str] = Counter(trajectories=len(mine.rows), differing=abs(len(other.rows) - len(mine.rows)))
        for one, same in zip(mine.rows, other.rows, strict=False):
            counts.update(_compare_rows(one, same))
        if template == family.ours:
            loaded = Loaded(_configured(family, template, folder, names[0]))
            counts.update(_compare_all_batches(settings, loaded, mine.rows, other.rows))
        yield {"family": family.name, "template": template, **counts}


def _configured(family: Family, template: str, folder: Path, dataset: str) -> dict[str, Any]:
    return configuration(checkpoint(family), folder, dataset, template=template, preprocessing_num_workers=2)


def _compare_all_batches(settings: Identity, loaded: Loaded, ours: Any, stock: Any) -> Counter[str]:
    counts: Counter[str] = Counter()
    for pixels in (False, True):
        mine, theirs = loaded.collator(ours=True, pixels=pixels), loaded.collator(ours=False, pixels=pixels)
        for start in range(0, settings.pixels if pixels else len(ours), settings.batch):
            rows = range(start, min(start + settings.batch, len(ours)))
            batch, expected = mine([dict(ours[n]) for n in rows]), theirs([dict(stock[n]) for n in rows])
            counts.update(_compare_batches(batch, expected, pixels))
    return counts


def _compare_rows(mine: dict[str, Any], theirs: dict[str, Any]) -> Counter[str]:
    counts: Counter[str] = Counter(tokens=len(mine["input_ids"]), images=len(mine["images"] or []))
    counts["supervised tokens"] = sum(label != IGNORED for label in mine["labels"])
    same = all(mine[name] == theirs[name] for name in TOKENS)
    same &= [Path(one) for one in mine["images"] or []] == [Path(one) for one in theirs["images"] or []]
    counts["differing"] += not same
    return counts


def _compare_batches(batch: dict[str, Any], expected: dict[str, Any], pixels: bool) -> Counter[str]:
    import torch

    names = (*BATCH, "pixel_values") if pixels else BATCH
    same = set(names) <= set(batch) and set(batch) == set(expected)
    same = same and all(torch.equal(batch[name], expected[name]) for name in names)
    name, counted = ("pixel values", "pixel_values") if pixels else ("positions", "position_ids")
    return Counter({"differing": int(not same), name: batch[counted].numel()})


def measure(settings: Identity) -> list[Row]:
    """A row for each family and template."""
    folder = make(Trajectories(settings.of, settings.width_px, settings.height_px))
    names = add_data_set(folder, f"first-{settings.trajectories}", read(folder)[: settings.trajectories])
    families = [family for family in FAMILIES if settings.family in ("all", family.name)]
    return list(compare(settings, families, folder, names))


def main() -> None:
    settings = read_settings(Identity)
    rows = measure(settings)
    save("identity", settings, rows)
    if any(row["differing"] for row in rows):
        raise SystemExit("ours and stock differ")


if __name__ == "__main__":
    main()
