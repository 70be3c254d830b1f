"""Figures of a run: overall and per group, in both families, with 95% intervals, counts and honest denominators."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from evaluation.families import FAMILIES
from evaluation.groups import distinct_task, grouped
from evaluation.metrics import Record, check_record, measure
from evaluation.statistics import CONFIDENCE, GROUP_RESAMPLES, RESAMPLES, Interval, cluster_bootstrap, wilson
from llamafactory_embodied.errors import RecordError

CONDITIONS = ("backend", "rules", "benchmark", "control")
"""What must not differ within one summary: figures of different worlds do not average."""


@dataclass(frozen=True)
class Estimate:
    """A mean and its interval; the interval is None where the data cannot show one (see `cluster_bootstrap`)."""

    mean: float
    interval: Interval | None


@dataclass(frozen=True)
class Figure:
    """A figure's mean over episodes, and over distinct tasks, of which each weighs the same however often it is there.

    Intervals: Wilson's for success over episodes, otherwise scene-clustered bootstrap.
    """

    entries: Estimate
    tasks: Estimate


@dataclass(frozen=True)
class GroupSummary:
    """Figures over a group of episodes; every episode is in every denominator, infrastructure failures included.

    `figures` and `successes` are by family. Rates per action (`invalid_action_rate`, `seconds_per_action`, ...) divide
    totals, so a short episode weighs less.
    """

    episodes: int
    distinct_tasks: int
    scenes: int
    successes: Mapping[str, int]
    figures: Mapping[str, Mapping[str, Figure]]
    actions_per_episode: float
    invalid_action_rate: float
    response_tokens_per_action: float
    seconds_per_action: float
    ends: Mapping[str, int]
    infrastructure_failures: int


@dataclass(frozen=True)
class Summary:
    """Figures of one run, and under which conditions they hold; `groups` is by grouping and group (groups.py)."""

    backend: str
    rules: str
    benchmark: str
    control: str
    prompts: tuple[str, ...]
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    confidence: float
    overall: GroupSummary
    groups: Mapping[str, Mapping[str, GroupSummary]]

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON values: intervals as [low, high] or null."""
        value: dict[str, Any] = as_json(self)
        return value


def as_json(value: Any) -> Any:
    """Dataclasses, mappings and sequences as JSON has them; an interval is the pair of its bounds."""
    if isinstance(value, Interval):
        return [value.low, value.high]
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): as_json(one) for name, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, list | tuple) else value


def summarize(records: Iterable[Record], *, seed: int = 0) -> Summary:
    """Figures over all episodes of a run.

    Args:
        records: Episode records under the same conditions (see `CONDITIONS`); each episode once.
        seed: Seed of the bootstrap.

    Raises:
        RecordError: no records, a damaged one, one that is there twice, or a mix of conditions.
    """
    episodes = list(records)
    if not episodes:
        raise RecordError("no episodes to summarize: expected at least one episode record; was the run played?")
    for record in episodes:
        check_record(record)
    _refuse_twice(episodes)
    backend, rules, benchmark, control = (_only_value(episodes, name) for name in CONDITIONS)
    return Summary(
        backend=backend,
        rules=rules,
        benchmark=benchmark,
        control=control,
        prompts=tuple(sorted({str(record.get("prompts", "")) for record in episodes})),
        policies=tuple(sorted({str(record.get("policy", "")) for record in episodes})),
        seeds=tuple(sorted({int(record.get("seed", 0)) for record in episodes})),
        confidence=CONFIDENCE,
        overall=_group(episodes, seed, RESAMPLES),
        groups={
            dimension: {name: _group(group, seed, GROUP_RESAMPLES) for name, group in groups.items()}
            for dimension, groups in grouped(episodes).items()
        },
    )


def _only_value(records: Sequence[Record], name: str) -> str:
    """The one value of a field, or RecordError with an episode of each of two values."""
    first = {str(record.get(name) or "none"): record["id"] for record in records}
    if len(first) > 1:
        found = ", ".join(f"{value} (as in {where!r})" for value, where in sorted(first.items()))
        raise RecordError(f"episodes of different {name} in one summary: {found}; summarize each apart")
    return next(iter(first))


def _refuse_twice(records: Sequence[Record]) -> None:
    counts = Counter((record["id"], record.get("seed", 0)) for record in records)
    (name, seed), count = counts.most_common(1)[0]
    if count > 1:
        raise RecordError(f"episode {name!r} with seed {seed} is there {count} times: expected each episode once")


def _group(records: Sequence[Record], seed: int, resamples: int) -> GroupSummary:
    metrics = [measure(record) for record in records]
    actions = sum(one.actions for one in metrics)
    ends = Counter(str(record["end"]) for record in records)
    figures = _figures(records, seed, resamples)
    return GroupSummary(
        episodes=len(records),
        distinct_tasks=len({distinct_task(record) for record in records}),
        scenes=len({str(record["scene"]["name"]) for record in records}),
        successes={
            name: sum(bool(family.measure(one).success) for one in records) for name, family in FAMILIES.items()
        },
        figures=figures,
        actions_per_episode=actions / len(records),
        invalid_action_rate=_over(sum(one.invalid_actions for one in metrics), actions),
        response_tokens_per_action=_over(sum(one.response_tokens for one in metrics), actions),
        seconds_per_action=_over(math.fsum(one.seconds for one in metrics), actions),
        ends=dict(sorted(ends.items())),
        infrastructure_failures=ends["infrastructure"],
    )


def _figures(records: Sequence[Record], seed: int, resamples: int) -> dict[str, dict[str, Figure]]:
    """Family -> figure -> its estimates, all from the same draws of scenes."""
    measured = {name: [family.figures(record) for record in records] for name, family in FAMILIES.items()}
    names = [(family, figure) for family in FAMILIES for figure in FAMILIES[family].titles]
    columns = [[one[figure] for one in measured[family]] for family, figure in names]
    copies = Counter(distinct_task(record) for record in records)
    by_task = [1 / copies[distinct_task(record)] for record in records]
    weights = [[1.0] * len(records)] * len(columns) + [by_task] * len(columns)
    scenes = [str(record["scene"]["name"]) for record in records]
    intervals = cluster_bootstrap(columns * 2, scenes, weights=weights, resamples=resamples, seed=seed)
    found: dict[str, dict[str, Figure]] = {family: {} for family in FAMILIES}
    for place, (family, figure) in enumerate(names):
        values = columns[place]
        mean, interval = math.fsum(values) / len(values), intervals[place]
        if figure == "success":
            interval = wilson(round(math.fsum(values)), len(values))
        tasks = math.fsum(v * w for v, w in zip(values, by_task, strict=True)) / len(copies)
        found[family][figure] = Figure(Estimate(mean, interval), Estimate(tasks, intervals[len(names) + place]))
    return found


def _over(total: float, count: int) -> float:
    return total / count if count else 0.0
