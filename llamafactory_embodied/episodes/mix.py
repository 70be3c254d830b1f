"""Which of a room's tasks are taken, so that over all rooms the types come in given shares."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from ..tasks.task import LONG_RANGE, ORDERED, Task

PAPER: Mapping[str, float] = MappingProxyType(
    {
        "single_search": 2529,
        "single_search_from_closerep": 297,
        "single_pickup": 2324,
        "single_pickup_from_closerep": 190,
        "single_toggle": 1067,
        "pickup_and_put": 943,
        "pickup_and_put_in_closerep": 803,
        "pickup_from_closerep_and_put": 154,
        "pickup_from_closerep_and_put_in_closerep": 127,
        ORDERED: 956 * 80 / 105,
        LONG_RANGE: 956 * 25 / 105,
    }
)
"""Trajectories of each type among the paper's 9,390; its composite ones are parted as in its test set (80 to 25)."""


def mixed(rooms: Iterable[Sequence[Task]], shares: Mapping[str, float], each: int) -> Iterator[list[Task]]:
    """Takes of every room, in turn, the types that are furthest behind their shares.

    Args:
        rooms: the tasks that each room offers.
        shares: task type -> share, in any unit; other types are not taken.
        each: how many tasks of a room at most.

    Yields:
        For each room the tasks taken, in the order in which the room offers them.
    """
    taken, total = Counter[str](), sum(shares.values())
    for offered in rooms:
        left = {kind: [task for task in offered if task.type == kind] for kind in shares}
        chosen: set[str] = set()
        for _ in range(each):
            open_kinds = [kind for kind, tasks in left.items() if tasks]
            if not open_kinds:
                break
            behind = taken.total() + 1
            kind = max(open_kinds, key=lambda one: shares[one] / total * behind - taken[one])
            chosen.add(left[kind].pop(0).id)
            taken[kind] += 1
        yield [task for task in offered if task.id in chosen]
