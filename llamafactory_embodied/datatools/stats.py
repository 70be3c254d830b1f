"""`stats`: what a data set holds, as tables in the terminal and as a page with plots."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..episodes.progress import progress
from ..episodes.reply import THOUGHT_TAGS, parse_reply
from ..errors import DataError
from ..settings import option
from ..training.rows import count_rows, read_rows
from ..training.sample import Sample, read_sample
from ..world.catalog import KINDS as CATALOG
from .histogram import Distribution, histogram
from .page import write_page
from .recipe import Recipe, open_sources
from .source import Source, Sources

_THOUGHT = re.compile(rf"<({'|'.join(THOUGHT_TAGS)})>(.*?)</\1>", re.DOTALL)
_TARGETS_SHOWN = 15


@dataclass(frozen=True)
class StatsSettings:
    """Settings of the verb `stats`."""

    data: str = option("", "a data file, or a folder with dataset_info.json; without it the recipe's dataset_dir")
    datasets: tuple[str, ...] = option((), "names in dataset_info.json; without them the recipe's, or all")
    recipe: str = option("", "a training configuration of LLaMA-Factory: counts its tokens instead of words")
    output: str = option("", "HTML file for the tables with plots")


@dataclass
class Statistics:
    """What the sound samples of data sets hold.

    Attributes:
        samples: How many are sound.
        unreadable: How many are not; `check` names them.
        quantities: Quantity -> its value in each sample.
        thoughts: Kind of thought -> words of each of them.
        actions: Action -> how often an assistant decides on it.
        targets: Object type -> how often an action is about it.
    """

    samples: int = 0
    unreadable: int = 0
    quantities: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    thoughts: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    actions: Counter[str] = field(default_factory=Counter)
    targets: Counter[str] = field(default_factory=Counter)

    @property
    def distributions(self) -> list[Distribution]:
        """One for each quantity."""
        return [Distribution(name, tuple(sorted(values))) for name, values in self.quantities.items()]

    @property
    def thought_lengths(self) -> list[Distribution]:
        """Words for each kind of thought, in the paper's order."""
        return [Distribution(tag, tuple(sorted(self.thoughts[tag]))) for tag in THOUGHT_TAGS if tag in self.thoughts]


def run_stats(settings: StatsSettings) -> int:
    """Prints the statistics; 1 when there is no sound sample."""
    recipe, sources = open_sources(settings.data, settings.datasets, settings.recipe)
    statistics = gather(sources, recipe)
    _print(statistics, sources)
    if settings.output:
        title = ", ".join(source.name for source in sources.found)
        write_page("stats.html.j2", Path(settings.output), _page_values(statistics, sources, title))
        Console().print(Text(settings.output), soft_wrap=True)
    return 0 if statistics.samples else 1


def gather(sources: Sources, recipe: Recipe | None = None) -> Statistics:
    """Counts over all samples of data sets; those that cannot be read are counted and left out.

    Args:
        sources: What to read.
        recipe: Counts its tokens; without it words are counted.
    """
    statistics = Statistics()
    files = [(source, file) for source in sources.found for file in source.files]
    with progress("stats", sum(count_rows(file) for _, file in files)) as advance:
        for source, file in files:
            for row in read_rows(file):
                try:
                    if row.value is None:
                        raise DataError(row.problem)
                    _add(statistics, source, row.value, recipe)
                except DataError:
                    statistics.unreadable += 1
                advance("")
    return statistics


def _add(statistics: Statistics, source: Source, value: Mapping[str, Any], recipe: Recipe | None) -> None:
    sample = read_sample(value, source.converter.names, source.converter.dataset, source.converter.train_on_prompt)
    quantities = dict(_quantities(sample))
    quantities |= _tokens(source, value, recipe) if recipe else _words(sample)
    for name, count in quantities.items():
        statistics.quantities[name].append(count)
    for turn in sample.turns:
        if turn.role == "assistant":
            _add_answer(statistics, turn.content)
    statistics.samples += 1


def _quantities(sample: Sample) -> Iterator[tuple[str, int]]:
    answers = [turn for turn in sample.turns if turn.role == "assistant"]
    yield "answers", len(answers)
    yield "trained answers", sum(turn.loss for turn in answers)
    yield "images", len(sample.images)


def _words(sample: Sample) -> dict[str, int]:
    words = [len(turn.content.split()) for turn in sample.turns]
    trained = sum(count for count, turn in zip(words, sample.turns, strict=True) if turn.loss)
    return {"words": len(sample.system.split()) + sum(words), "trained words": trained}


def _tokens(source: Source, value: Mapping[str, Any], recipe: Recipe) -> dict[str, int]:
    encoded = recipe.encode_whole(source.converter(value))
    return {
        "tokens": len(encoded.input_ids),
        "image tokens": encoded.input_ids.count(recipe.image_token_id),
        "trained tokens": sum(label >= 0 for label in encoded.labels),
    }


def _add_answer(statistics: Statistics, text: str) -> None:
    for tag, thought in _THOUGHT.findall(text):
        statistics.thoughts[tag].append(len(thought.split()))
    action, _ = parse_reply(text, CATALOG)
    statistics.actions[action.name if action else "no action"] += 1
    if action and action.target:
        statistics.targets[action.target] += 1


def _print(statistics: Statistics, sources: Sources) -> None:
    console = Console()
    console.print(_table("per sample", statistics.distributions))
    if statistics.thoughts:
        console.print(_table("words per thought", statistics.thought_lengths))
    console.print(_share_table("action", statistics.actions.most_common()))
    console.print(_share_table("target", statistics.targets.most_common(_TARGETS_SHOWN)))
    for left_out in sources.left_out:
        console.print(Text(f"Not counted: {left_out}."))
    console.print(Text(_headline(statistics)))


def _headline(statistics: Statistics) -> str:
    lost = f"; {statistics.unreadable} more cannot be read, see `check`" if statistics.unreadable else ""
    return f"{statistics.samples} samples{lost}."


def _table(title: str, distributions: Sequence[Distribution]) -> Table:
    table = Table(title, *("count", "total", "mean", "min", "median", "p90", "p99", "max"))
    for one in distributions:
        figures = (one.quantile(share) for share in (0, 0.5, 0.9, 0.99, 1))
        table.add_row(one.name, str(len(one.values)), f"{one.total:,}", f"{one.mean:.1f}", *map(str, figures))
    return table


def _share_table(title: str, counts: Sequence[tuple[str, int]]) -> Table:
    table = Table(title, "count", "share")
    total = sum(count for _, count in counts)
    for name, count in counts:
        table.add_row(Text(name), str(count), f"{count / total:.1%}")
    return table


def _page_values(statistics: Statistics, sources: Sources, title: str) -> dict[str, Any]:
    return {
        "title": title,
        "headline": _headline(statistics),
        "left_out": sources.left_out,
        "tables": {"Per sample": statistics.distributions, "Words per thought": statistics.thought_lengths},
        "histograms": {one.name: histogram(one.values) for one in statistics.distributions},
        "shares": {
            "Actions": statistics.actions.most_common(),
            "Thoughts": [(one.name, len(one.values)) for one in statistics.thought_lengths],
            "Targets": statistics.targets.most_common(_TARGETS_SHOWN),
        },
        "targets": len(statistics.targets),
    }
