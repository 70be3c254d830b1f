"""Tables of runs for the terminal (rich) and for documents (Markdown): figures and groups as rows, runs as columns.

A table holds one metric family, rule set and benchmark, and one backend unless mixing is allowed, and names them all.
"""

from collections.abc import Iterator, Mapping, Sequence

from evaluation.families import FAMILIES
from evaluation.groups import GROUPS
from evaluation.published import Published
from evaluation.sheet import Sheet
from evaluation.statistics import Interval
from evaluation.summary import Estimate, GroupSummary, Summary
from llamafactory_embodied.errors import RecordError

_NOT_PLAYED = "not played"


def percent(estimate: Estimate) -> str:
    """`42% [33, 51]`, or `42%` where no interval can be shown."""
    return f"{100 * estimate.mean:.0f}%{bounds(estimate.interval)}"


def bounds(interval: Interval | None) -> str:
    """` [33, 51]` in percent, or nothing."""
    return "" if interval is None else f" [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def seconds(value: float) -> str:
    """`0.25 s`; below a hundredth it says so."""
    return "< 0.01 s" if value < 0.01 else f"{value:.2f} s"


def counted(group: GroupSummary, family: str) -> str:
    """`50/120 = 42% [33, 51]`: successes, episodes, rate and interval."""
    success = group.figures[family]["success"].entries
    return f"{group.successes[family]}/{group.episodes} = {percent(success)}"


def together(summaries: Mapping[str, Summary], *, allow_mixed: bool = False) -> list[dict[str, Summary]]:
    """The runs that may share a table: those of one rule set and benchmark.

    Args:
        summaries: By the runs' names.
        allow_mixed: Whether different backends may share one too; their columns then name them.

    Raises:
        RecordError: no run, or runs of different backends where they may not be mixed.
    """
    if not summaries:
        raise RecordError("no runs to tabulate: expected at least one summary")
    groups: dict[tuple[str, str], dict[str, Summary]] = {}
    for name, one in summaries.items():
        groups.setdefault((one.rules, one.benchmark), {})[name] = one
    backends = {one.backend: name for name, one in summaries.items()}
    if len(backends) == 1:
        return list(groups.values())
    if not allow_mixed:
        found = ", ".join(f"{backend} ({run})" for backend, run in sorted(backends.items()))
        raise RecordError(
            f"runs of different backend in one table: {found}; make a table of each, or say allow_mixed=true to see "
            "them side by side"
        )
    return [{f"{name} ({one.backend})": one for name, one in group.items()} for group in groups.values()]


def sheets(
    summaries: Mapping[str, Summary], *, published: Mapping[str, Published] | None = None, allow_mixed: bool = False
) -> list[Sheet]:
    """A table for each rule set, benchmark and metric family; raises as `together`.

    Args:
        summaries: By the runs' names.
        published: Rows of the paper's table, as columns of their own beside the family `paper`.
        allow_mixed: Whether runs of different backends may share a table.
    """
    groups = together(summaries, allow_mixed=allow_mixed)
    return [
        sheet(group, family, (published or {}) if family == "paper" else {}) for group in groups for family in FAMILIES
    ]


def sheet(runs: Mapping[str, Summary], family: str, published: Mapping[str, Published]) -> Sheet:
    """One table of runs that may share it."""
    heads = [f"published, Unity, 809 entries: {name}" for name in published]
    rows = [*_figure_rows(runs, family, published), *_group_rows(runs, family, published)]
    return Sheet(f"Metrics {family}", ["", *runs, *heads], rows, conditions(runs, family))


def conditions(runs: Mapping[str, Summary], family: str) -> str:
    """One sentence on what the figures of a table have in common."""
    first = next(iter(runs.values()))
    backends = " and ".join(sorted({one.backend for one in runs.values()}))
    prompts = sorted({prompt for one in runs.values() for prompt in one.prompts})
    return (
        f"Backend {backends}, rules {first.rules}, benchmark {first.benchmark}, prompts {', '.join(prompts)}, metrics "
        f"{family}; {first.confidence:.0%} intervals in brackets (Wilson for success rates, scene-clustered bootstrap "
        "otherwise). Every episode is in every denominator; infrastructure counts those that infrastructure ended."
    )


def _figure_rows(
    runs: Mapping[str, Summary], family: str, published: Mapping[str, Published]
) -> Iterator[Sequence[str]]:
    groups = [one.overall for one in runs.values()]
    yield ["success rate", *(counted(one, family) for one in groups), *_printed(published, "success")]
    nothing = ["" for _ in published]
    tasks = [f"{percent(one.figures[family]['success'].tasks)} of {one.distinct_tasks}" for one in groups]
    yield ["success per distinct task", *tasks, *nothing]
    for figure, title in list(FAMILIES[family].titles.items())[1:]:
        yield [title, *(percent(one.figures[family][figure].entries) for one in groups), *_printed(published, figure)]
    if family == "true":
        yield ["invalid actions", *(f"{100 * one.invalid_action_rate:.1f}%" for one in groups)]
        yield ["tokens a step", *(f"{one.response_tokens_per_action:.0f}" for one in groups)]
        yield ["time a step", *(seconds(one.seconds_per_action) for one in groups)]
    yield ["infrastructure", *(str(one.infrastructure_failures) for one in groups), *nothing]


def _printed(published: Mapping[str, Published], figure: str) -> list[str]:
    """What the paper prints of a figure or a group, nothing where it prints none."""
    return [f"{value:.2f}%" if (value := getattr(one, figure, None)) is not None else "" for one in published.values()]


def shown_groups(runs: Mapping[str, Summary]) -> Iterator[tuple[str, str]]:
    """Groupings and groups to show; a grouping of a single group says nothing new."""
    dimensions = dict.fromkeys(dimension for one in runs.values() for dimension in one.groups)
    for dimension in dimensions:
        names = dict.fromkeys(name for one in runs.values() for name in one.groups.get(dimension, ()))
        ordered = [name for name in GROUPS if name in names] if dimension == "group" else sorted(names)
        yield from ((dimension, name) for name in ordered if len(names) > 1)


def _group_rows(
    runs: Mapping[str, Summary], family: str, published: Mapping[str, Published]
) -> Iterator[Sequence[str]]:
    for dimension, name in shown_groups(runs):
        groups = [one.groups.get(dimension, {}).get(name) for one in runs.values()]
        cells = [counted(one, family) if one else _NOT_PLAYED for one in groups]
        yield [f"{dimension}: {name}", *cells, *_printed(published, name if dimension == "group" else "")]
