"""What an episode came to beside its success, measured from its record alone, whoever played it.

The kinds are the reference system's: b found everything at once, a missed once, c more often. Flags say what went
wrong, in one place; nothing is left out for a flag, who uses the episodes decides.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ..tasks.habits import Habits
from ..tasks.task import Task
from .recall import recalled

FLAGS = ("gave_up", "failed_action", "slip", "surprise", "double_back", "left_open")
"""Ended by itself without its goals; an action did not happen; a deliberate mistake; a thing was not where it had been
seen; went back to where there was nothing to find; something that it opened and left is still open."""


def account(record: Mapping[str, Any]) -> dict[str, Any]:
    """Misses and flags of an episode.

    Args:
        record: with `task`, `steps`, `end`, `success` and, of a searcher that has some, `habits`.

    Returns:
        `misses`: types of places that were inspected in search without a sight of what was sought, in order; `flags`:
        those of `FLAGS` that hold.
    """
    task, steps, found = Task.from_json(record["task"]), record["steps"], set[str]()
    if record["end"] == "ended" and not record["success"]:
        found.add("gave_up")
    found |= {"failed_action" for step in steps if not step["success"]} | {
        "slip" for step in steps if step.get("slip")
    }
    if not (task.goals and steps):  # a simulator may fail before the first frame
        return {"misses": [], "flags": _in_order(found)}
    gone: set[str] = set()
    for step, (searcher, _) in zip(steps, recalled(task, steps, Habits.of(record)), strict=False):
        if step["action"] == "navigate to" and step["success"]:
            if step["object_id"] in gone and searcher.hand is None and not searcher.in_sight:
                found.add("double_back")
            gone.add(step["object_id"])
        if searcher.surprises:
            found.add("surprise")
        opened = {name for name, kind in searcher.opened.items() if kind not in {one.place_type for one in task.goals}}
        misses, left = list(searcher.misses), opened - {searcher.current}
    if left:
        found.add("left_open")
    return {"misses": misses, "flags": _in_order(found)}


def _in_order(found: set[str]) -> list[str]:
    return [flag for flag in FLAGS if flag in found]


def kind(record: Mapping[str, Any]) -> str:
    """The reference system's kind of an episode: b, a or c for no, one or more misses."""
    return "bac"[min(len(record["misses"]), 2)]


def key_only(record: Mapping[str, Any]) -> bool:
    """Whether an episode is the task's key actions and nothing else: the shortest way, without a failure."""
    done = [(step["action"], step["target"]) for step in record["steps"][1:]]
    keys = [(key["action"], key["object_type"] or None) for key in record["task"]["key_actions"]]
    return bool(record["success"]) and done == keys and not record["misses"] and not record["flags"]


def tally(records: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """How many episodes are of each kind, have each flag, and are key actions alone: as a manifest holds it."""
    kinds, flags, keys = Counter[str](), Counter[str](), 0
    for record in records:
        kinds[kind(record)] += 1
        flags.update(record["flags"])
        keys += key_only(record)
    return {"kinds": dict(sorted(kinds.items())), "flags": dict(sorted(flags.items())), "key_actions_only": keys}
