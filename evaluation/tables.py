"""Tables of runs for the terminal (rich) and for a README (Markdown). Never two backends or rule sets in one table."""

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from evaluation.statistics import Interval
from evaluation.summary import Estimate, GroupSummary, Summary
from llamafactory_embodied.errors import RecordError

_COLUMNS = ("run", "success rate", "search efficiency", "task completeness", "invalid actions", "infrastructure")


def percent(estimate: Estimate) -> str:
    """`42% [33, 51]`, or `42%` where no interval can be shown."""
    return f"{100 * estimate.mean:.0f}%{bounds(estimate.interval)}"


def bounds(interval: Interval | None) -> str:
    """` [33, 51]` in percent, or nothing."""
    return "" if interval is None else f" [{100 * interval.low:.0f}, {100 * interval.high:.0f}]"


def seconds(value: float) -> str:
    """`0.25 s`; below a hundredth it says so."""
    return "< 0.01 s" if value < 0.01 else f"{value:.2f} s"


def counted(group: GroupSummary) -> str:
    """`50/120 = 42% [33, 51]`: successes, episodes, rate and interval."""
    return f"{group.successes}/{group.episodes} = {percent(group.success)}"


def conditions(summaries: Mapping[str, Summary]) -> str:
    """One sentence on what the figures of a table have in common.

    Raises:
        RecordError: no run, or runs of different backends or rule sets.
    """
    if not summaries:
        raise RecordError("no runs to tabulate: expected at least one summary")
    backend, rules = (_shared(summaries, name) for name in ("backend", "rules"))
    first = next(iter(summaries.values()))
    prompts = sorted({prompt for one in summaries.values() for prompt in one.prompts})
    return (
        f"Backend {backend}, rules {rules}, prompts {', '.join(prompts)}, metrics {first.metric_family}; "
        f"{first.confidence:.0%} intervals in brackets (Wilson for success, scene-clustered bootstrap for means). "
        "Every episode is in every denominator; infrastructure counts those that infrastructure ended."
    )


def _shared(summaries: Mapping[str, Summary], name: str) -> str:
    values = {str(getattr(one, name)): run for run, one in summaries.items()}
    if len(values) > 1:
        found = ", ".join(f"{value} ({run})" for value, run in sorted(values.items()))
        raise RecordError(f"runs of different {name} in one table: {found}; make a table of each")
    return next(iter(values))


def _rows(summaries: Mapping[str, Summary]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            counted(one.overall),
            percent(one.overall.search_efficiency),
            percent(one.overall.task_completeness),
            f"{100 * one.overall.invalid_action_rate:.1f}%",
            str(one.overall.infrastructure_failures),
        )
        for name, one in summaries.items()
    ]


def task_types(summaries: Mapping[str, Summary]) -> list[str]:
    """The task types of all runs, sorted."""
    return sorted({name for one in summaries.values() for name in one.by_type})


def _type_rows(summaries: Mapping[str, Summary], types: Sequence[str]) -> list[tuple[str, ...]]:
    return [
        (name, *(counted(one.by_type[kind]) if kind in one.by_type else "not played" for kind in types))
        for name, one in summaries.items()
    ]


def _rich(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str, caption: str) -> Table:
    table = Table(title=title, caption=caption, caption_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def summary_table(summaries: Mapping[str, Summary], title: str = "Evaluation") -> Table:
    """One row per run for the terminal.

    Raises:
        RecordError: no run, or runs of different backends or rule sets.
    """
    return _rich(_COLUMNS, _rows(summaries), title, conditions(summaries))


def type_table(summaries: Mapping[str, Summary], title: str = "Success by task type") -> Table:
    """Success per run and task type for the terminal; raises as `summary_table`."""
    types = task_types(summaries)
    return _rich(("run", *types), _type_rows(summaries, types), title, conditions(summaries))


def comparison_table(summaries: Mapping[str, Summary]) -> str:
    """Markdown: one row per run with the overall figures and success per task type, and a line on the conditions.

    Raises:
        RecordError: no run, or runs of different backends or rule sets.
    """
    caption = conditions(summaries)
    types = task_types(summaries)
    rows = [(*row, *kinds[1:]) for row, kinds in zip(_rows(summaries), _type_rows(summaries, types), strict=True)]
    header = [*_COLUMNS, *types]
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + f"\n\n{caption}\n"


def _cell(text: str) -> str:
    """A run's name may hold a bar or a line break, which would end the cell."""
    return " ".join(text.replace("|", "\\|").split())
