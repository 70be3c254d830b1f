"""Finds types that a reply names although neither a frame so far nor the task has shown them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llamafactory_embodied.tasks.names import plain
from llamafactory_embodied.world.shapes import KNOWN_TYPES

TYPES = KNOWN_TYPES - {"Door"}  # "the door" is that of a fridge


def _spellings() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for kind in TYPES:
        for name in (kind, plain(kind)):
            found.setdefault(name, set()).add(kind)
    return found


_NAMES = _spellings()
_NAMED = re.compile(rf"\b({'|'.join(map(re.escape, sorted(_NAMES, key=lambda name: (-len(name), name))))})s?\b")


def named_types(text: str) -> set[str]:
    """The AI2-THOR types that a text names, in AI2-THOR's spelling or in plain English: `soap bottle` is no bottle."""
    return {kind for name in _NAMED.findall(text) for kind in _NAMES[name]}


def leaks(task: Mapping[str, Any], replies: Iterable[str], visible: Iterable[set[str]]) -> list[tuple[int, str]]:
    """Which reply names what it cannot know.

    Args:
        task: of an episode record.
        replies: one a turn.
        visible: for each reply, the types of which a frame before it showed a pixel.
    """
    told = {task["target_type"], task["destination_type"]} | named_types(task["instruction"])
    told |= {kind for goal in task.get("goals", ()) for kind in (goal["object_type"], goal["destination_type"])}
    return [
        (turn, sorted(_NAMES[name])[0])
        for turn, (reply, seen) in enumerate(zip(replies, visible, strict=True))
        for name in sorted(set(_NAMED.findall(reply)))
        if _NAMES[name].isdisjoint(seen | told)
    ]
