"""Tasks of several goals, put together from small ones; their key actions are planned, not written.

A chain is what happens to one thing: it is heated, then put somewhere. A task does one chain after the other.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple

from .process import PROCESSES
from .task import MAX_STEPS, Goal, KeyAction, Task
from .task_room import TaskRoom, Transport, hides

Item = Mapping[str, Any]


class Chain(NamedTuple):
    """What happens to one thing.

    Attributes:
        item: the thing; for a toggle, what is toggled.
        goals: in their order.
        places: where it is put for each goal; for a toggle, where one goes.
    """

    item: Item
    goals: tuple[Goal, ...]
    places: tuple[Item, ...]


def carried(one: Transport) -> Chain:
    """A transport as a chain of one goal."""
    return Chain(one.item, (Goal("placed", one.item["objectType"], one.place["objectType"]),), (one.place,))


def composed(room: TaskRoom, kind: str, variant: str, parts: Sequence[Chain]) -> Task:
    """A task of several chains, without words yet."""
    goals = tuple(goal for part in parts for goal in part.goals)
    done = ((goal.kind if goal.kind != "placed" else "", goal.object_type, goal.destination_type) for goal in goals)
    names = [word for words in done for word in words]
    return Task(
        id="-".join(filter(None, (kind.replace(" ", "_"), variant, room.name, *names))),
        type=kind,
        scene=room.name,
        instruction="",
        target_type=goals[0].object_type,
        target_ids=tuple(dict.fromkeys(part.item["objectId"] for part in parts)),
        destination_type=goals[-1].destination_type,
        key_actions=(*key_actions(room, parts), KeyAction("end")),
        goals=goals,
        max_steps=MAX_STEPS[kind],
    )


# ---------------------------------------------------------------- planning


def key_actions(room: TaskRoom, parts: Sequence[Chain]) -> list[KeyAction]:
    """The actions of some chains, from the room as it is: what is shut is opened, and a source is closed again.

    As in the reference system, a destination is closed only where another chain follows.
    """
    steps: list[KeyAction] = []
    for number, part in enumerate(parts):
        if part.goals[0].kind.startswith("toggled"):
            steps += [KeyAction.on("navigate to", part.places[0]), KeyAction.on("toggle", part.item)]
            continue
        source = room.furniture(part.item)
        assert source is not None
        for goal, place in zip(part.goals, part.places, strict=True):
            steps += [*_fetched(part.item, source, steps), *_put(place)]
            steps += _processed(goal, place, room)
            source = place
        if number + 1 < len(parts) and hides(part.places[-1]) and steps[-1].action == "put":
            steps.append(KeyAction.on("close", part.places[-1]))
    return steps


def _fetched(item: Item, source: Item, done: Sequence[KeyAction]) -> list[KeyAction]:
    """Takes a thing out of or off its furniture; a device that runs is switched off first."""
    here = next((step.object_id for step in reversed(done) if step.action == "navigate to"), "")
    go = [] if here == source["objectId"] else [KeyAction.on("navigate to", source)]
    if not hides(source):
        return [*go, KeyAction.on("pickup", item)]
    running = bool(done) and done[-1] == KeyAction.on("toggle", source)
    stop = [KeyAction.on("toggle", source)] if running else []
    return [*go, *stop, KeyAction.on("open", source), KeyAction.on("pickup", item), KeyAction.on("close", source)]


def _put(place: Item) -> list[KeyAction]:
    opened = [KeyAction.on("open", place)] if hides(place) else []
    return [KeyAction.on("navigate to", place), *opened, KeyAction.on("put", place)]


def _processed(goal: Goal, place: Item, room: TaskRoom) -> list[KeyAction]:
    """What sets a device going once the thing is in it."""
    if goal.kind not in PROCESSES:
        return []
    process = PROCESSES[goal.kind]
    close = [KeyAction.on("close", place)] if process.shut else []
    switch = [KeyAction.on("toggle", one) for one in room.items if one["objectType"] == process.switch]
    return [*close, *switch]


# ---------------------------------------------------------------- what is asked together


def chains(room: TaskRoom) -> Iterator[tuple[Chain, ...]]:
    """What long-range tasks of a room may consist of."""
    processed = list(_processed_chains(room))
    yield from ((one,) for one in processed if len(one.goals) > 1)
    switched = list(_switch_chains(room))
    placed = list(_placed_chains(room))
    for one in processed:
        yield from ((one, other) for other in switched if other.item["objectType"] not in _devices(one))
        yield from ((one, other) for other in placed[::3] if disjoint(one, other))
    yield from _swaps(room)
    yield from _tidyings(placed)


def _processed_chains(room: TaskRoom) -> Iterator[Chain]:
    """A thing is processed, and stays there or is put somewhere else."""
    for shut in (False, True):
        for item, source in room.targets(closed=shut):
            for kind in PROCESSES:
                device = room.device(kind, item)
                if device is None or device is source or not _fit(kind, item):
                    continue
                goal = Goal(kind, item["objectType"])
                yield Chain(item, (goal,), (device,))
                for place in room.destinations(item, source):
                    if place is not device:
                        last = Goal("placed", item["objectType"], place["objectType"])
                        yield Chain(item, (goal, last), (device, place))


def _fit(kind: str, item: Item) -> bool:
    """Whether a process leaves something in a thing that it did not have."""
    if kind == "cooked":
        return bool(item.get("cookable")) and not item.get("isCooked")
    if kind == "heated":
        return not item.get("cookable") and item.get("temperature") != "Hot"
    if kind == "brewed":
        return bool(item.get("canFillWithLiquid")) and not item.get("isFilledWithLiquid")
    return kind != "cooled" or item.get("temperature") != "Cold"


def _switch_chains(room: TaskRoom) -> Iterator[Chain]:
    for item, place in room.switches():
        kind = "toggled_off" if item["isToggled"] else "toggled_on"
        if item["objectType"] not in ("Faucet", "Microwave", "CoffeeMachine"):
            yield Chain(item, (Goal(kind, item["objectType"]),), (place,))


def _placed_chains(room: TaskRoom) -> list[Chain]:
    return [carried(one) for shut in (False, True) for one in room.transports(shut, False)]


def _swaps(room: TaskRoom) -> Iterator[tuple[Chain, ...]]:
    """Two things that change places."""
    things = list(room.targets(closed=False))
    for (one, place), (other, there) in combinations(things, 2):
        if place["objectType"] == there["objectType"]:
            continue
        ways = [
            any(found["objectType"] == to["objectType"] for found in room.destinations(item, source))
            for item, source, to in ((one, place, there), (other, there, place))
        ]
        if all(ways):
            goals = (
                Goal("placed", one["objectType"], there["objectType"]),
                Goal("placed", other["objectType"], place["objectType"]),
            )
            yield Chain(one, goals[:1], (there,)), Chain(other, goals[1:], (place,))


def _tidyings(placed: Sequence[Chain]) -> Iterator[tuple[Chain, ...]]:
    """Three things that are put where they belong."""
    for number in range(0, len(placed) - 2):
        group: list[Chain] = []
        for one in [*placed[number:], *placed[:number]]:
            if all(disjoint(one, other) for other in group):
                group.append(one)
            if len(group) == 3:
                yield tuple(group)
                break


def disjoint(first: Chain, second: Chain) -> bool:
    """Whether neither things nor places of two chains are of one type."""
    kinds = [{one.item["objectType"], *(place["objectType"] for place in one.places)} for one in (first, second)]
    return not kinds[0] & kinds[1]


def _devices(chain: Chain) -> set[str]:
    return {PROCESSES[goal.kind].device for goal in chain.goals if goal.kind in PROCESSES}
