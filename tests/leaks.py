"""Finds types that a reply names although neither a frame so far nor the task has shown them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from llamafactory_embodied.tasks.affordances import COMPATIBLE
from llamafactory_embodied.tasks.names import plain
from llamafactory_embodied.world.catalog import KINDS

TYPES = frozenset(KINDS) | frozenset(COMPATIBLE) | frozenset(one for kinds in COMPATIBLE.values() for one in kinds)


def named_types(text: str) -> set[str]:
    """The AI2-THOR types that a text names, in AI2-THOR's spelling or in plain English."""
    return {kind for kind in TYPES if re.search(rf"\b(?:{kind}|{re.escape(plain(kind))})s?\b", text)}


def leaks(task: Mapping[str, Any], replies: Iterable[str], visible: Iterable[set[str]]) -> list[tuple[int, str]]:
    """Which reply names what it cannot know.

    Args:
        task: of an episode record.
        replies: one a turn.
        visible: for each reply, the types of which a frame before it showed a pixel.
    """
    told = {task["target_type"], task["destination_type"]} | named_types(task["instruction"])
    return [
        (turn, kind)
        for turn, (reply, seen) in enumerate(zip(replies, visible, strict=True))
        for kind in sorted(named_types(reply) - seen - told)
    ]
