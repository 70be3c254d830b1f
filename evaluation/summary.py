"""Figures of a run: overall and per task type, with 95% intervals, counts and honest denominators."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluation.metrics import METRIC_FAMILY, EpisodeMetrics, Record, check_record, measure
from evaluation.statistics import CONFIDENCE, Interval, cluster_bootstrap, wilson
from llamafactory_embodied.errors import RecordError

_ONE_VALUE = ("backend", "rules", "control")
"""What must not differ within one summary: figures of different worlds do not average."""


@dataclass(frozen=True)
class Estimate:
    """A mean and its interval; the interval is None where the data cannot show one (see `cluster_bootstrap`)."""

    mean: float
    interval: Interval | None


@dataclass(frozen=True)
class GroupSummary:
    """Figures over a group of episodes; every episode is in every denominator, infrastructure failures included.

    Rates per action (`invalid_action_rate`, `seconds_per_action`) divide totals, so a short episode weighs less.
    """

    episodes: int
    scenes: int
    successes: int
    success: Estimate
    search_efficiency: Estimate
    task_completeness: Estimate
    actions_per_episode: float
    invalid_action_rate: float
    response_tokens_per_action: float
    seconds_per_action: float
    ends: Mapping[str, int]
    infrastructure_failures: int


@dataclass(frozen=True)
class Summary:
    """Figures of one run, and under which conditions they hold."""

    backend: str
    rules: str
    control: str
    prompts: tuple[str, ...]
    policies: tuple[str, ...]
    seeds: tuple[int, ...]
    metric_family: str
    confidence: float
    overall: GroupSummary
    by_type: Mapping[str, GroupSummary]

    def to_json(self) -> dict[str, Any]:
        """The summary as JSON values: intervals as [low, high] or null."""
        plain = asdict(self)
        for group in (plain["overall"], *plain["by_type"].values()):
            for name in ("success", "search_efficiency", "task_completeness"):
                interval = group[name]["interval"]
                group[name]["interval"] = interval and [interval["low"], interval["high"]]
        return {**plain, **{name: list(plain[name]) for name in ("prompts", "policies", "seeds")}}


def summarize(records: Iterable[Record], *, seed: int = 0) -> Summary:
    """Figures over all episodes of a run.

    Args:
        records: Episode records of one backend, rule set and control; each episode once.
        seed: Seed of the bootstrap.

    Raises:
        RecordError: no records, a damaged one, one that is there twice, or a mix of backends, rule sets or controls.
    """
    episodes = list(records)
    if not episodes:
        raise RecordError("no episodes to summarize: expected at least one episode record; was the run played?")
    for record in episodes:
        check_record(record)
    _refuse_twice(episodes)
    backend, rules, control = (_only_value(episodes, name) for name in _ONE_VALUE)
    return Summary(
        backend=backend,
        rules=rules,
        control=control,
        prompts=tuple(sorted({str(record.get("prompts", "")) for record in episodes})),
        policies=tuple(sorted({str(record.get("policy", "")) for record in episodes})),
        seeds=tuple(sorted({int(record.get("seed", 0)) for record in episodes})),
        metric_family=METRIC_FAMILY,
        confidence=CONFIDENCE,
        overall=_group(episodes, seed),
        by_type={name: _group(group, seed) for name, group in _types(episodes).items()},
    )


def _only_value(records: Sequence[Record], name: str) -> str:
    """The one value of a field, or RecordError with an episode of each of two values."""
    first = {str(record.get(name, "none")): record["id"] for record in records}
    if len(first) > 1:
        found = ", ".join(f"{value} (as in {where!r})" for value, where in sorted(first.items()))
        raise RecordError(f"episodes of different {name} in one summary: {found}; summarize each apart")
    return next(iter(first))


def _refuse_twice(records: Sequence[Record]) -> None:
    counts = Counter((record["id"], record.get("seed", 0)) for record in records)
    (name, seed), count = counts.most_common(1)[0]
    if count > 1:
        raise RecordError(f"episode {name!r} with seed {seed} is there {count} times: expected each episode once")


def _types(records: Sequence[Record]) -> dict[str, list[Record]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(record["task"]["type"], []).append(record)
    return dict(sorted(groups.items()))


def _group(records: Sequence[Record], seed: int) -> GroupSummary:
    metrics = [measure(record) for record in records]
    scenes = [str(record["scene"]["name"]) for record in records]
    successes = sum(one.success for one in metrics)
    actions = sum(one.actions for one in metrics)
    ends = Counter(str(record["end"]) for record in records)
    return GroupSummary(
        episodes=len(records),
        scenes=len(set(scenes)),
        successes=successes,
        success=Estimate(successes / len(records), wilson(successes, len(records))),
        search_efficiency=_estimate([one.search_efficiency for one in metrics], scenes, seed),
        task_completeness=_estimate([one.task_completeness for one in metrics], scenes, seed),
        actions_per_episode=actions / len(records),
        invalid_action_rate=_over(sum(one.invalid_actions for one in metrics), actions),
        response_tokens_per_action=_over(sum(one.response_tokens for one in metrics), actions),
        seconds_per_action=_over(_total_seconds(metrics), actions),
        ends=dict(sorted(ends.items())),
        infrastructure_failures=ends["infrastructure"],
    )


def _estimate(values: Sequence[float], scenes: Sequence[str], seed: int) -> Estimate:
    return Estimate(math.fsum(values) / len(values), cluster_bootstrap(values, scenes, seed=seed))


def _total_seconds(metrics: Sequence[EpisodeMetrics]) -> float:
    return math.fsum(one.seconds for one in metrics)


def _over(total: float, count: int) -> float:
    return total / count if count else 0.0
