"""Which episodes the page shows when there are too many: in turn from every task type and outcome."""

from collections.abc import Sequence
from itertools import chain, zip_longest

from evaluation.metrics import Record, succeeded


def outcome(record: Record) -> str:
    """`success`, or the way a failed episode ended (`ended`, `step_limit`, `infrastructure`, ...)."""
    return "success" if succeeded(record) else str(record["end"])


def select_episodes(records: Sequence[Record], limit: int) -> list[Record]:
    """At most `limit` records, in turn from each (task type, outcome), the first of each first, in their own order.

    Rare outcomes are shown as often as frequent ones, so the shares among the shown are not the run's shares.
    """
    strata: dict[tuple[str, str], list[int]] = {}
    for index, record in enumerate(records):
        strata.setdefault((record["task"]["type"], outcome(record)), []).append(index)
    in_turn = chain.from_iterable(zip_longest(*(strata[key] for key in sorted(strata))))
    chosen = [index for index in in_turn if index is not None][:limit]
    return [records[index] for index in sorted(chosen)]
