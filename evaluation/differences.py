"""Paired differences as tables: the figures, the groups, and the tasks that flipped."""

from evaluation.compare import Gap, PairedDifference
from evaluation.families import FAMILIES
from evaluation.sheet import Sheet
from evaluation.statistics import Interval
from evaluation.tables import bounds


def points(value: float, interval: Interval | None) -> str:
    """`+12.5 [3, 22]`, in percentage points."""
    return f"{100 * value:+.1f}{bounds(interval)}"


def chance(p_value: float) -> str:
    """A p as it is printed."""
    return "< 0.0001" if p_value < 0.0001 else f"{p_value:.4f}"


def difference_sheets(one: PairedDifference) -> list[Sheet]:
    """Three tables: the mean difference of each figure, success by group, the tasks that one run alone solved."""
    title, known = f"{one.first} minus {one.second}, metrics {one.family}", one.conditions
    where = (
        f"Backend {known['backend']}, rules {known['rules']}, benchmark {known['benchmark']}, metrics {one.family}; "
        "points over the same tasks, 95% intervals over scenes in brackets"
    )
    titles = FAMILIES[one.family].titles
    figures = [(titles[name], points(mean.mean, mean.interval)) for name, mean in one.figures.items()]
    groups = [
        _row(f"{dimension}: {name}", gap)
        for dimension, gaps in one.groups.items()
        for name, gap in gaps.items()
        if len(gaps) > 1
    ]
    unmatched = f"tasks that only one played: {one.unmatched_first} and {one.unmatched_second}"
    test = "alone: tasks that only the one and only the other solved; McNemar's exact p, each group by itself"
    flips = [(flip.solved_by, flip.task, flip.instruction, flip.first_end, flip.second_end) for flip in one.flips]
    ends = ("solved by", "task", "instruction", f"{one.first} ended", f"{one.second} ended")
    heads = ("", "tasks", one.first, one.second, "difference", "alone", "p")
    return [
        Sheet(title, ("", "difference"), figures, f"{where}; {unmatched}."),
        Sheet(f"{title}: success", heads, [_row("all", one.overall), *groups], f"{where}; {test}."),
        Sheet(f"{title}: tasks that one alone solved", ends, flips, f"{where}; {len(flips)} of {one.overall.tasks}."),
    ]


def _row(name: str, gap: Gap) -> tuple[str, ...]:
    return (
        name,
        str(gap.tasks),
        str(gap.first_successes),
        str(gap.second_successes),
        points(gap.difference, gap.interval),
        f"{gap.only_first}, {gap.only_second}",
        chance(gap.p_value),
    )
