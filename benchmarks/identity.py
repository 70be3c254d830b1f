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
    """Counts what is the same and what differs, a row for each family and template."""
    cases = [(family, template) for family in families for template in (family.stock, family.ours)]
    ours = preprocess([_configured(*case, folder, names[0]) for case in cases])
    kinds = {plugin: [case for case in cases if (case[1] == case[0].ours) == plugin] for plugin in (False, True)}
    stock = {
        case: made
        for plugin, those in kinds.items()
        for case, made in zip(
            those, preprocess([_configured(*case, folder, names[1]) for case in those], plugin), strict=True
        )
    }
    for case, mine in zip(cases, ours, strict=True):
        theirs = stock[case]
        if mine.error or theirs.error:
            raise RuntimeError(mine.error or theirs.error)
        loaded = Loaded(_configured(*case, folder, names[0]))
        counts = _compare(settings, loaded, mine.rows, theirs.rows)
        yield {"family": case[0].name, "template": case[1], **counts, "differing": counts["differing"]}


def _configured(family: Family, template: str, folder: Path, dataset: str) -> dict[str, Any]:
    return configuration(checkpoint(family), folder, dataset, template=template, preprocessing_num_workers=2)


def _compare(settings: Identity, loaded: Loaded, ours: Any, stock: Any) -> Counter[str]:
    counts: Counter[str] = Counter(trajectories=len(ours), differing=abs(len(stock) - len(ours)))
    for mine, theirs in zip(ours, stock, strict=False):
        counts += _compare_rows(mine, theirs)
    for start in range(0, len(ours), settings.batch):
        rows = range(start, min(start + settings.batch, len(ours)))
        counts += _compare_batches(loaded, [ours[n] for n in rows], [stock[n] for n in rows], start < settings.pixels)
    return counts


def _compare_rows(mine: dict[str, Any], theirs: dict[str, Any]) -> Counter[str]:
    counts: Counter[str] = Counter(tokens=len(mine["input_ids"]), images=len(mine["images"] or []))
    counts["supervised tokens"] = sum(label != IGNORED for label in mine["labels"])
    same = all(mine[name] == theirs[name] for name in TOKENS)
    same &= [Path(one) for one in mine["images"] or []] == [Path(one) for one in theirs["images"] or []]
    counts["differing"] += not same
    return counts


def _compare_batches(
    loaded: Loaded, mine: Sequence[dict[str, Any]], theirs: Sequence[dict[str, Any]], pixels: bool
) -> Counter[str]:
    import torch

    batch = loaded.collator(ours=True, pixels=pixels)([dict(row) for row in mine])
    stock = loaded.collator(ours=False, pixels=pixels)([dict(row) for row in theirs])
    names = (*BATCH, "pixel_values") if pixels else BATCH
    counts: Counter[str] = Counter(positions=batch["position_ids"].numel())
    counts["pixel values"] = batch["pixel_values"].numel() if pixels else 0
    same = set(batch) - {"pixel_values"} == set(stock) - {"pixel_values"}
    counts["differing"] += not (same and all(torch.equal(batch[name], stock[name]) for name in names))
    return counts


def main() -> None:
    settings = read_settings(Identity)
    folder = make(Trajectories(settings.of, settings.width_px, settings.height_px))
    names = add_data_set(folder, f"first-{settings.trajectories}", read(folder)[: settings.trajectories])
    families = [family for family in FAMILIES if settings.family in ("all", family.name)]
    rows = []
    for row in compare(settings, families, folder, names):
        rows.append(row)
        print(row, flush=True)
    save("identity", settings, rows)
    if any(row["differing"] for row in rows):
        raise SystemExit("ours and stock differ")


if __name__ == "__main__":
    main()
