"""Two runs on the same tasks: the paired difference in success, for a control, an ablation or a later checkpoint."""

from collections.abc import Iterable
from dataclasses import dataclass

from evaluation.metrics import Record, check_record, succeeded
from evaluation.statistics import Interval, mcnemar_exact, paired_bootstrap
from llamafactory_embodied.errors import RecordError


@dataclass(frozen=True)
class PairedDifference:
    """Success of `first` minus success of `second` over the tasks that both played.

    `difference` is in shares of 1; `interval` is a scene-clustered bootstrap interval of it, None where it cannot
    be shown; `p_value` is McNemar's exact one. Tasks that only one run played are counted as unmatched.
    """

    first: str
    second: str
    tasks: int
    first_successes: int
    second_successes: int
    difference: float
    interval: Interval | None
    only_first: int
    only_second: int
    p_value: float
    unmatched_first: int
    unmatched_second: int


def paired_difference(
    first: Iterable[Record], second: Iterable[Record], *, names: tuple[str, str] = ("first", "second"), seed: int = 0
) -> PairedDifference:
    """Compare two runs task by task.

    Args:
        first: Episode records of one run.
        second: Episode records of the other; matched by task id and seed.
        names: What to call the two.
        seed: Seed of the bootstrap.

    Raises:
        RecordError: a task twice in one run, no shared task, or runs of different backends or rule sets.
    """
    ours, theirs = _by_task(first, names[0]), _by_task(second, names[1])
    shared = sorted(ours.keys() & theirs.keys())
    if not shared:
        raise RecordError(
            f"runs {names[0]!r} ({len(ours)} tasks) and {names[1]!r} ({len(theirs)} tasks) share no task: "
            "expected the same tasks with the same seeds in both"
        )
    for name in ("backend", "rules"):
        _refuse_different(ours[shared[0]], theirs[shared[0]], name)
    a, b = ([succeeded(run[key]) for key in shared] for run in (ours, theirs))
    only_first = sum(x and not y for x, y in zip(a, b, strict=True))
    only_second = sum(y and not x for x, y in zip(a, b, strict=True))
    scenes = [str(ours[key]["scene"]["name"]) for key in shared]
    return PairedDifference(
        first=names[0],
        second=names[1],
        tasks=len(shared),
        first_successes=sum(a),
        second_successes=sum(b),
        difference=(sum(a) - sum(b)) / len(shared),
        interval=paired_bootstrap(a, b, scenes, seed=seed),
        only_first=only_first,
        only_second=only_second,
        p_value=mcnemar_exact(only_first, only_second),
        unmatched_first=len(ours) - len(shared),
        unmatched_second=len(theirs) - len(shared),
    )


def _by_task(records: Iterable[Record], name: str) -> dict[tuple[str, int], Record]:
    found: dict[tuple[str, int], Record] = {}
    for record in records:
        check_record(record)
        key = (str(record["task"]["id"]), int(record.get("seed", 0)))
        if key in found:
            raise RecordError(f"run {name!r} plays task {key[0]!r} with seed {key[1]} twice: expected each once")
        found[key] = record
    return found


def _refuse_different(first: Record, second: Record, name: str) -> None:
    if first[name] != second[name]:
        raise RecordError(
            f"cannot pair runs of different {name}: {first[name]!r} and {second[name]!r}; play both under the same"
        )
