"""How good the thoughts of a data set are: checked by their words, by the simulator, and beside the paper's figures.

`python -m benchmarks.thought_quality [folder=out/stage1] [episodes=200] [seed=0] [workers=2]`

Words are counted over the whole folder; leaks, claims and the checks over `episodes` of it, which are played again. A
row has what was measured, its share or figure, what it is compared with, and how many it was counted over.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from llamafactory_embodied.episodes.pool import run_ordered
from llamafactory_embodied.episodes.record import Record, read_records
from llamafactory_embodied.episodes.reply import THOUGHT_TAGS, Thought, write_thoughts
from llamafactory_embodied.files import read_lines
from llamafactory_embodied.stages.card import PAPER_THOUGHTS
from llamafactory_embodied.stages.checks import KINDS, problems
from llamafactory_embodied.stages.claims import RELATIONS, claims
from llamafactory_embodied.stages.dataset import DATA_FILE
from llamafactory_embodied.stages.intention import intended_by
from llamafactory_embodied.stages.kinds import PAPER, transitions
from llamafactory_embodied.stages.plain import PlainWriter
from llamafactory_embodied.stages.turn import Turn, turns_of
from llamafactory_embodied.world.action import ACTION_NAMES

from .leaks import leaks
from .report import Row, save
from .settings import read_settings
from .truth import is_true, replay, scene_of

_THOUGHT = re.compile(rf"<({'|'.join(THOUGHT_TAGS)})>(.*?)</\1>", re.DOTALL)


@dataclass(frozen=True)
class Wanted:
    """What is measured."""

    folder: str = "out/stage1"
    episodes: int = 200
    seed: int = 0
    workers: int = 2


class Episode(NamedTuple):
    """One trajectory: its record and the thoughts before each of its actions."""

    record: Record
    thoughts: list[list[Thought]]

    @property
    def texts(self) -> list[str]:
        """All its thoughts."""
        return [thought.text for said in self.thoughts for thought in said]


def read_thoughts(text: str) -> list[Thought]:
    """The thoughts of an assistant's turn."""
    return [Thought(tag, said) for tag, said in _THOUGHT.findall(text)]


def read_episodes(folder: Path) -> list[Episode]:
    """The trajectories of a synthesis folder that make examples."""
    said = {
        example["id"]: [read_thoughts(one["content"]) for one in example["messages"] if one["role"] == "assistant"]
        for _, example in read_lines(folder / DATA_FILE)
    }
    return [Episode(record, said[record["id"]]) for record in read_records(folder) if record["id"] in said]


# ---------------------------------------------------------------- one episode, played again


@dataclass(frozen=True)
class Judged:
    """What is found in one episode.

    Attributes:
        problems: of each turn, the kinds.
        examples: a few of them, in words.
        leaked: turns that name what no mask so far has shown.
        claims: (relation, whether it was so) of each present claim.
        false: the claims that were not so, in words.
        recovered: (action, whether the parser found it) of each turn.
    """

    problems: list[set[str]]
    examples: list[str]
    leaked: list[tuple[int, str]]
    claims: list[tuple[str, bool]]
    false: list[str]
    recovered: list[tuple[str, bool]]


def judge(episode: Episode) -> Judged:
    """Checks an episode's thoughts by their words and against the simulator."""
    record, thoughts = episode
    turns = list(turns_of(record))
    wrong = [problems(turn, said) for turn, said in zip(turns, thoughts, strict=True)]
    after = replay(record, scene_of(record))
    seen, so_far = [], set[str]()
    stated, false = [], []
    for turn, said, looks in zip(turns, thoughts, after, strict=False):
        so_far = so_far.union(*(look.types for look in looks))
        seen.append(so_far)
        for claim in (one for thought in said for one in claims(thought.text) if not one.past):
            stated.append((claim.relation, is_true(claim, looks)))
            if not stated[-1][1]:
                false.append(f"{record['id']} turn {turn.number}: {claim}")
    return Judged(
        problems=[{one.split(":")[0] for one in found} for found in wrong],
        examples=[f"{record['id']} turn {number}: {one}" for number, found in enumerate(wrong, 1) for one in found],
        leaked=leaks(record["task"], [write_thoughts(said) for said in thoughts], seen),
        claims=stated,
        false=false,
        recovered=[_recovered(turn, said) for turn, said in zip(turns, thoughts, strict=True)],
    )


def _recovered(turn: Turn, said: Sequence[Thought]) -> tuple[str, bool]:
    found = intended_by(said)
    return turn.action.name, found is not None and found.is_of(turn.action)


# ---------------------------------------------------------------- figures


def row(figure: str, of: str, value: float, beside: Any, count: int) -> Row:
    """One line of the table."""
    return {"figure": figure, "of": of, "value": float(value), "beside": beside, "count": count}


def judged_rows(judged: Sequence[Judged]) -> Iterator[Row]:
    """Problems, leaks, claims, and actions recovered."""
    turns = [kinds for one in judged for kinds in one.problems]
    yield row("turns with problems, %", "any", 100 * np.mean([bool(kinds) for kinds in turns]), "", len(turns))
    for kind in KINDS:
        yield row("turns with problems, %", kind, 100 * np.mean([kind in one for one in turns]), "", len(turns))
    yield row("leaks by masks", "all", sum(len(one.leaked) for one in judged), "0", len(turns))
    stated = [claim for one in judged for claim in one.claims]
    yield from _shares("claims true in the simulator, %", stated, RELATIONS, ">= 99")
    yield from _shares(
        "actions recovered, %", [one for done in judged for one in done.recovered], ACTION_NAMES, ">= 95"
    )


def _shares(figure: str, found: Sequence[tuple[str, bool]], names: Iterable[str], beside: str) -> Iterator[Row]:
    yield row(figure, "all", 100 * np.mean([good for _, good in found]) if found else 0, beside, len(found))
    for name in names:
        of_name = [good for one, good in found if one == name]
        if of_name:
            yield row(figure, name, 100 * np.mean(of_name), beside, len(of_name))


def kind_rows(episodes: Sequence[Episode]) -> Iterator[Row]:
    """The five kinds and how they follow each other, beside the paper's, in per cent; then the greatest distance."""
    counts = Counter(thought.tag for one in episodes for said in one.thoughts for thought in said)
    for tag, paper in PAPER_THOUGHTS.items():
        share, beside = 100 * counts[tag] / counts.total(), 100 * paper / sum(PAPER_THOUGHTS.values())
        yield row("thoughts of a kind, %", tag, share, f"paper's counts: {beside:.1f}", counts[tag])
    chains = [(number == 0, [one.tag for one in said]) for one in episodes for number, said in enumerate(one.thoughts)]
    table = transitions([tags for _, tags in chains], [first for first, _ in chains])
    left = Counter(state for first, tags in chains for state in ("Begin" if first else "Action", *tags))
    distances = []
    for state, wanted in PAPER.items():
        for to in dict.fromkeys((*wanted, *table.get(state, {}))):
            share, beside = 100 * table.get(state, {}).get(to, 0), 100 * wanted.get(to, 0)
            distances.append(abs(share - beside))
            yield row("follows, %", f"{state} -> {to}", share, f"paper: {beside:.0f}", left[state])
    yield row("follows, greatest distance in points", "all", max(distances), "<= 3", len(distances))


def word_rows(episodes: Sequence[Episode], plain: Sequence[str]) -> Iterator[Row]:
    """How varied the words are, beside the plain writer's, and how many."""
    texts = [text for one in episodes for text in one.texts]
    for size in (2, 3):
        ours, theirs = runs(texts, size), runs(plain, size)
        same = min(len(ours), len(theirs))  # the more words, the fewer are new: both are counted up to the same place
        beside = f"plain writer: {distinct(theirs[:same]):.4f}"
        yield row(f"distinct-{size}", "all", distinct(ours[:same]), beside, same)
    counted = [len(text.split()) for text in texts]
    for name, value in (
        ("mean", np.mean(counted)),
        ("95th of 100", np.percentile(counted, 95)),
        ("most", max(counted)),
    ):
        yield row("words of a thought", name, value, "", len(counted))
    within = Counter(text for one in episodes for text in set(one.texts))
    for number, (text, count) in enumerate(within.most_common(10), start=1):
        share = 100 * count / len(episodes)
        yield row("trajectories with one text, %", f"{number}. {text}"[:80], share, "<= 1", count)


def runs(texts: Iterable[str], size: int) -> list[tuple[str, ...]]:
    """All runs of `size` words within a text."""
    words = (text.lower().split() for text in texts)
    return [run for said in words for run in zip(*(said[start:] for start in range(size)), strict=False)]


def distinct(found: Sequence[tuple[str, ...]]) -> float:
    """The share of runs that differ (Li et al. 2016)."""
    return len(set(found)) / max(1, len(found))


def drawn(episodes: Sequence[Episode], wanted: Wanted) -> list[Episode]:
    """Some rooms' episodes, room by room: making a room anew takes longer than playing an episode."""
    rooms: dict[str, list[Episode]] = {}
    for one in episodes:
        rooms.setdefault(one.record["scene"]["name"], []).append(one)
    order = np.random.default_rng(wanted.seed).permutation(len(rooms))
    return [one for index in order for one in list(rooms.values())[index]][: wanted.episodes]


def measure(wanted: Wanted) -> tuple[list[Row], list[str]]:
    """The rows, and in words what was wrong."""
    episodes = read_episodes(Path(wanted.folder))
    sample = drawn(episodes, wanted)
    judged = list(run_ordered(judge, sample, wanted.workers))
    plain = [
        one.text for each in episodes for said in PlainWriter().write(list(turns_of(each.record))) for one in said
    ]
    rows = [*judged_rows(judged), *kind_rows(episodes), *word_rows(episodes, plain)]
    leaked = [
        f"{one.record['id']} turn {turn + 1}: leak of {kind}"
        for one, found in zip(sample, judged, strict=True)
        for turn, kind in found.leaked
    ]
    return rows, [*leaked, *(text for one in judged for text in (*one.false, *one.examples))]


def main() -> None:
    wanted = read_settings(Wanted)
    rows, wrong = measure(wanted)
    save("thought_quality", wanted, rows)
    print("\n".join(wrong[:40]))


if __name__ == "__main__":
    main()
