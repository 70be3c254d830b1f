"""The card of a synthesized data set: what it holds beside what the paper's holds, with plots."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..episodes.mix import PAPER as PAPER_MIX
from ..episodes.reply import THOUGHT_TAGS
from ..files import replace_file
from .bars import bar_chart, counted
from .kinds import ACTION, BEGIN, Table, transitions

_PAPER_MEANS = {"actions": 7.22, "images": 64_000 / 9390, "thoughts": 91_662 / 9390}
PAPER_THOUGHTS = {
    "Observation": 8_882,
    "Thinking": 26_434,
    "Planning": 36_663,
    "Reflection": 17_552,
    "Verification": 2_131,
}
"""The paper's figure 4; they contradict its own table of transitions."""
_KINDS = dict(
    zip(
        THOUGHT_TAGS,
        ("situation analysis", "spatial reasoning", "task planning", "self-reflection", "double verification"),
        strict=True,
    )
)
_TEXT = """# {dataset}

{examples} trajectories of a searcher in rooms of the split `{split}`, {images} images of {width_px}x{height_px}
pixels, made by `llamafactory-embodied synthesize` {version} on the backend `{backend}`. The searcher knows what its
frames have shown, the task, and where things usually are; its thoughts were written afterwards, from the same.

Prompt set `{prompts}`, thoughts by `{writer}`, seed {seed}; all settings are in `manifest.json`. To train on it:
`dataset_dir: <this folder>`, `dataset: {dataset}`, `template: embodied_qwen2_vl`.

## Trajectories

{trajectories}

{types}

![types](plots/types.svg)

![actions](plots/actions.svg)

![images](plots/images.svg)

## Actions

{actions}

## Thoughts

{thoughts}
{transitions}
## Episodes

{ends}

Episodes that did not reach their goal are in `episodes.jsonl` and not in `train.jsonl`; so are {refused} whose
thoughts did not pass the checks (`thoughts_refused` in the manifest).
"""
_TRANSITIONS = """
{rows}

The table is what was asked for. The paper's counts of thoughts contradict its table of transitions, so they only stand
beside.

"""
_LONGEST = 24  # actions or images that have a bar of their own


@dataclass(frozen=True)
class Trajectory:
    """What the card counts of one example.

    Attributes:
        type: of its task.
        actions: their names.
        images: how many.
        chains: the tags of each turn's thoughts; none for a deliberate mistake, which is not trained on.
        words: of all thoughts.
    """

    type: str
    actions: tuple[str, ...]
    images: int
    chains: tuple[tuple[str, ...], ...]
    words: int

    @property
    def thoughts(self) -> int:
        """How many there are."""
        return sum(map(len, self.chains))


def write_card(
    folder: Path, manifest: Mapping[str, Any], trajectories: Sequence[Trajectory], table: Table | None
) -> None:
    """Writes README.md and its plots.

    Args:
        folder: of the data set.
        manifest: its manifest.
        trajectories: its examples.
        table: the transitions that were asked for; None where the writer has none.
    """
    for name, chart in _plots(trajectories).items():
        replace_file(folder / "plots" / f"{name}.svg", chart)
    replace_file(folder / "README.md", _front(manifest) + _text(manifest, trajectories, table))


def _front(manifest: Mapping[str, Any]) -> str:
    front = {
        "pretty_name": manifest["settings"]["dataset"],
        "task_categories": ["image-text-to-text", "robotics"],
        "tags": ["llamafactory", "embodied", "synthetic"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "train.jsonl"}]}],
    }
    return f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n"


def _text(manifest: Mapping[str, Any], trajectories: Sequence[Trajectory], table: Table | None) -> str:
    settings = manifest["settings"]
    actions = Counter(name for one in trajectories for name in one.actions)
    return _TEXT.format(
        **{key: settings[key] for key in ("dataset", "writer", "seed")},
        **{key: manifest[key] for key in ("examples", "images", "version", "backend", "prompts")},
        refused=len(manifest["thoughts_refused"]),
        split=settings["selection"]["split"],
        width_px=settings["frame"]["width_px"],
        height_px=settings["frame"]["height_px"],
        trajectories=_rows(("", "here", "paper"), _means(trajectories)),
        types=_rows(("", "count", "share", "paper"), _types(trajectories)),
        actions=_rows(("", "count", "share"), _shares(actions)),
        thoughts=_rows(("", "count", "share", "paper"), _thoughts(trajectories)),
        transitions=""
        if table is None
        else _TRANSITIONS.format(rows=_rows(("", "here", "table", "points apart"), _transitions(trajectories, table))),
        ends=_rows(("", "count"), [(end, str(count)) for end, count in manifest["ends"].items()]),
    )


def _rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    table = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in table)


def _means(trajectories: Sequence[Trajectory]) -> list[tuple[str, ...]]:
    count = max(len(trajectories), 1)
    sums = {
        "actions": sum(len(one.actions) for one in trajectories),
        "images": sum(one.images for one in trajectories),
        "thoughts": sum(one.thoughts for one in trajectories),
        "words of thoughts": sum(one.words for one in trajectories),
    }
    rows: list[tuple[str, ...]] = [
        (f"mean {name}", f"{total / count:.2f}", _mean_of_paper(name)) for name, total in sums.items()
    ]
    most = max((one.images for one in trajectories), default=0)
    return [("trajectories", f"{len(trajectories):,}", "9,390"), *rows, ("most images", str(most), "29")]


def _mean_of_paper(name: str) -> str:
    return f"{_PAPER_MEANS[name]:.2f}" if name in _PAPER_MEANS else ""


def _shares(counts: Mapping[str, int], paper: Mapping[str, float] | None = None) -> list[tuple[str, ...]]:
    total, whole = sum(counts.values()) or 1, sum((paper or {}).values()) or 1
    rows: list[tuple[str, ...]] = []
    for name, count in sorted(counts.items(), key=lambda one: -one[1]):
        row = (name, f"{count:,}", f"{count / total:.1%}")
        rows.append(row if paper is None else (*row, f"{paper.get(name, 0) / whole:.1%}"))
    return rows


def _types(trajectories: Sequence[Trajectory]) -> list[tuple[str, ...]]:
    return _shares(Counter(one.type for one in trajectories), PAPER_MIX)


def _thoughts(trajectories: Sequence[Trajectory]) -> list[tuple[str, ...]]:
    counts = Counter(_KINDS[tag] for one in trajectories for chain in one.chains for tag in chain)
    return _shares(counts, {_KINDS[tag]: count for tag, count in PAPER_THOUGHTS.items()})


def _transitions(trajectories: Sequence[Trajectory], table: Table) -> list[tuple[str, ...]]:
    turns = [(chain, number == 0) for one in trajectories for number, chain in enumerate(one.chains) if chain]
    found = transitions((chain for chain, _ in turns), (first for _, first in turns))
    names = {BEGIN: "begin", ACTION: "action", **_KINDS}
    rows: list[tuple[str, ...]] = []
    for state, row in table.items():
        for to, share in row.items():
            here = 100 * found.get(state, {}).get(to, 0.0)
            apart = abs(here - 100 * share)
            rows.append((f"{names[state]} → {names[to]}", f"{here:.1f}%", f"{100 * share:.0f}%", f"{apart:.1f}"))
    return rows


def _plots(trajectories: Sequence[Trajectory]) -> dict[str, str]:
    types = Counter(one.type for one in trajectories)
    whole, paper = len(trajectories) or 1, sum(PAPER_MIX.values())
    shares = {
        kind: {"here": 100 * types[kind] / whole, "paper": 100 * PAPER_MIX.get(kind, 0.0) / paper}
        for kind in dict.fromkeys([*PAPER_MIX, *sorted(types)])
    }
    return {
        "types": bar_chart("Types of tasks, share of the trajectories", shares, "%"),
        "actions": bar_chart("Actions of a trajectory", counted([len(one.actions) for one in trajectories], _LONGEST)),
        "images": bar_chart("Images of a trajectory", counted([one.images for one in trajectories], _LONGEST)),
    }
