"""What is trained at each `cutoff_len`: stock's truncation against our windows, token by token.

For each cutoff, of some trajectories, the longest among them: how often stock's batch would end the run (its collator
raises, or a row's image tokens are not those of its images, which the forward pass refuses), and how many supervised
tokens and turns it loses; for ours the same counts, and that each supervised turn is trained in exactly one window.
The least cutoff that holds system, task and each turn differs from trajectory to trajectory: those that do not fit are
left out of both sides and counted, and ours must refuse them by name with that least cutoff.

`python -m benchmarks.cutoffs [trajectories=60] [width_px=800] [height_px=450] [cutoffs=[1024,2048]] [limits=[589824]]`
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from .host import IGNORED, Loaded, Preprocessed, configuration, preprocess
from .mix import THOUGHT_TOKENS
from .qwen import FAMILIES, checkpoint
from .report import Row, save
from .settings import read_settings
from .trajectories import Trajectories, add_data_set, make, read

TEMPLATE = "qwen2_vl"
_LEAST = re.compile(r"(?:DataError|Left out): sample '([^']+)': .*take up to (\d+) tokens, the limit is (\d+)")
Turns = list[list[int]]
"""The supervised tokens of a sample, turn by turn."""


@dataclass(frozen=True)
class Cutoffs:
    """What is measured."""

    trajectories: int = 60
    longest: int = 20
    of: int = 400
    width_px: int = 800
    height_px: int = 450
    prompts: str = "full"
    thought_tokens: float = THOUGHT_TOKENS
    cutoffs: tuple[int, ...] = (1024, 2048, 4096, 8192, 16384, 32768)
    limits: tuple[int, ...] = (589824, 180000)
    workers: int = 2

    @property
    def data(self) -> Trajectories:
        """The whole mix."""
        return Trajectories(
            self.of, self.width_px, self.height_px, prompts=self.prompts, thought_tokens=self.thought_tokens
        )


def chosen(examples: Sequence[dict[str, Any]], count: int, longest: int) -> list[dict[str, Any]]:
    """The trajectories with the most images, and others spread evenly over the rest, in the mix's order."""
    by_length = sorted(examples, key=lambda one: -len(one["images"]))
    rest = by_length[longest:]
    picked = by_length[:longest] + rest[:: max(1, len(rest) // (count - longest))][: count - longest]
    ids = {one["id"] for one in picked}
    return [one for one in examples if one["id"] in ids]


def supervised_turns(labels: Sequence[int]) -> Turns:
    """Runs of tokens that have labels."""
    runs = groupby(labels, key=lambda label: label != IGNORED)
    return [list(run) for trained, run in runs if trained]


def least_cutoffs(log: str) -> dict[str, int]:
    """The least cutoff that each trajectory can be trained at, as the log of a run that leaves all out says it."""
    return {match[1]: int(match[2]) for match in _LEAST.finditer(log)}


class Bench:
    """One data set at one image limit."""

    def __init__(self, settings: Cutoffs, limit: int) -> None:
        self.settings, self.limit = settings, limit
        self.folder = make(settings.data)
        self.examples = chosen(read(self.folder), settings.trajectories, settings.longest)
        names = add_data_set(self.folder, f"chosen-{settings.trajectories}", self.examples)
        self.ids = [one["id"] for one in self.examples]
        least = add_data_set(self.folder, f"least-{settings.trajectories}", self.examples, on_error="skip")[0]
        given = [self.configured(names[0]), self.configured(least, cutoff_len=4)]
        whole, refused = preprocess([one | {"preprocessing_num_workers": 1} for one in given])
        assert not whole.error, whole.error
        self.whole = {row["embodied_id"]: row for row in whole.rows}
        self.turns = {id_: supervised_turns(row["labels"]) for id_, row in self.whole.items()}
        self.least = least_cutoffs(refused.log)
        assert set(self.least) == set(self.ids), "a cutoff of 4 tokens was not refused"
        self.loaded = Loaded(self.configured(names[0]))

    def configured(self, dataset: str, **further: Any) -> dict[str, Any]:
        """A configuration at this image limit."""
        return configuration(
            checkpoint(FAMILIES[0]),
            self.folder,
            dataset,
            template=TEMPLATE,
            image_max_pixels=self.limit,
            **{"preprocessing_num_workers": self.settings.workers, **further},
        )

    def measure(self, cutoffs: Sequence[int]) -> list[Row]:
        """A row for each cutoff."""
        fitting = {cutoff: [one for one in self.examples if self.least[one["id"]] <= cutoff] for cutoff in cutoffs}
        names = {c: add_data_set(self.folder, f"fit-{self.limit}-{c}", those) for c, those in fitting.items()}
        used = [cutoff for cutoff in cutoffs if fitting[cutoff]]
        ours = preprocess([self.configured(names[c][0], cutoff_len=c) for c in used])
        stock = preprocess([self.configured(names[c][1], cutoff_len=c) for c in used], plugin=False)
        rows = []
        for cutoff, mine, theirs in zip(used, ours, stock, strict=True):
            ids = [one["id"] for one in fitting[cutoff]]
            rows.append(self._row(cutoff, ids, mine, theirs))
            print(rows[-1], flush=True)
        return rows

    def _row(self, cutoff: int, ids: Sequence[str], mine: Preprocessed, theirs: Preprocessed) -> Row:
        counts: dict[str, Any] = {
            "image limit": self.limit,
            "cutoff": cutoff,
            "trajectories": len(ids),
            "too small for": len(self.ids) - len(ids),
            "supervised turns": sum(len(self.turns[id_]) for id_ in ids),
            "supervised tokens": sum(len(turn) for id_ in ids for turn in self.turns[id_]),
        }
        counts |= self._stock(ids, theirs)
        counts |= self._ours(cutoff, ids, mine)
        return counts

    def _stock(self, ids: Sequence[str], made: Preprocessed) -> Row:
        if made.error:
            return {"stock": made.error.splitlines()[-1]}
        assert len(made.rows) == len(ids)
        crashes, tokens, turns = 0, 0, 0
        for id_, row in zip(ids, made.rows, strict=True):
            crashes += self._ends_the_run(row, ours=False)
            kept = supervised_turns(row["labels"])
            tokens += sum(map(len, self.turns[id_])) - sum(map(len, kept))
            turns += sum(turn not in kept for turn in self.turns[id_])
        return {"stock crashes": crashes, "stock tokens lost": tokens, "stock turns lost or cut": turns}

    def _ours(self, cutoff: int, ids: Sequence[str], made: Preprocessed) -> Row:
        if made.error:
            return {"ours": made.error.splitlines()[-1]}
        crashes, seen = 0, {id_: list[list[int]]() for id_ in ids}
        for row in made.rows:
            crashes += self._ends_the_run(row, ours=True)
            seen[row["embodied_id"].rpartition("[")[0] or row["embodied_id"]] += supervised_turns(row["labels"])
        wrong = [id_ for id_ in ids if seen[id_] != self.turns[id_]]
        read = sum(len(row["input_ids"]) for row in made.rows)
        return {
            "our crashes": crashes,
            "our samples": len(made.rows),
            "our tokens trained": sum(len(turn) for turns in seen.values() for turn in turns),
            "not exactly once": len(wrong),
            "longest": max(len(row["input_ids"]) for row in made.rows),
            "multiplier": read / sum(len(self.whole[id_]["input_ids"]) for id_ in ids),
        }

    def _ends_the_run(self, row: dict[str, Any], ours: bool) -> bool:
        """Whether the collator raises, or the model's forward would: it wants as many image tokens as features."""
        try:
            batch = self.loaded.collator(ours=ours, pixels=False)([dict(row)])
        except Exception:  # whatever ends the run
            return True
        tokens = int((batch["input_ids"] == self.loaded.model.config.image_token_id).sum())
        return tokens != int(batch["image_grid_thw"].prod(-1).sum()) // 4

    def refusals(self, cutoffs: Sequence[int]) -> list[Row]:
        """Where a cutoff is too small for a trajectory: what the error says, and that its number is the least."""
        rows = []
        for cutoff in cutoffs:
            id_ = next((id_ for id_ in self.ids if self.least[id_] > cutoff), None)
            if id_ is None:
                continue
            least = self.least[id_]
            one = next(one for one in self.examples if one["id"] == id_)
            name, _ = add_data_set(self.folder, f"one-{id_}", [one])
            given = [self.configured(name, cutoff_len=c) for c in (cutoff, least - 1, least)]
            at, under, enough = preprocess([these | {"preprocessing_num_workers": 1} for these in given])
            said = _LEAST.search(at.error)
            rows.append(
                {
                    "image limit": self.limit,
                    "cutoff": cutoff,
                    "sample": id_,
                    "least said": int(said[2]) if said else 0,
                    "refused below it": bool(under.error),
                    "trained at it": not enough.error,
                }
            )
        return rows


def least_of(settings: Cutoffs, bench: Bench) -> Row:
    """How large the least cutoffs are."""
    values = sorted(bench.least.values())
    return {
        "image limit": bench.limit,
        "frame": f"{settings.width_px}x{settings.height_px}",
        "least of all": values[0],
        "median": values[len(values) // 2],
        "holds every trajectory": values[-1],
    }


def main() -> None:
    settings = read_settings(Cutoffs)
    found: list[Row] = []
    leasts: list[Row] = []
    refused: list[Row] = []
    for limit in settings.limits:
        bench = Bench(settings, limit)
        leasts.append(least_of(settings, bench))
        found += bench.measure(settings.cutoffs)
        refused += bench.refusals(settings.cutoffs)
    name = f"cutoffs-{settings.width_px}x{settings.height_px}"
    save(f"{name}-least", settings, leasts)
    save(f"{name}-refused", settings, refused)
    save(name, settings, found)
    if any(row.get("our crashes") or row.get("not exactly once") or "ours" in row for row in found):
        raise SystemExit("ours crashed, or did not train each supervised token exactly once")


if __name__ == "__main__":
    main()
