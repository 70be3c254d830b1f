"""Which objects an agent may go to, and which it may handle: the reference evaluator's rule, by type.

Sizes and distances are those of the reference system (its utils.py:11-79): a thing must be large enough for how far
away it is.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from .boxes import box_of

REACH_M = 1.5
"""How far away, horizontally, a thing may be to be handled."""

_FACE_AND_DISTANCE = ((0.5, 10.0), (0.15, 4.0), (0.08, 2.5))  # largest face in m2 above, distance in m below
_VOLUME_AND_DISTANCE = ((0.005, 2.0), (0.001, 1.5))  # volume in m3 above, distance in m below
_ALWAYS_M = 1.0


def is_navigable(item: Mapping[str, Any], agent: Mapping[str, float]) -> bool:
    """Whether a visible object is large and near enough to be gone to.

    Args:
        item: AI2-THOR object metadata.
        agent: the agent's position, metres.
    """
    if item["objectType"] == "Floor" or not item["visible"]:
        return False
    center, size = box_of(item)
    edges = sorted((size["x"], size["y"], size["z"]))
    volume, face = edges[0] * edges[1] * edges[2], edges[1] * edges[2]
    distance = ((center["x"] - agent["x"]) ** 2 + (center["z"] - agent["z"]) ** 2) ** 0.5
    if distance < _ALWAYS_M or (volume >= 0.01 and volume / distance > 0.02):
        return True
    return any(face > least and distance < most for least, most in _FACE_AND_DISTANCE) or any(
        volume > least and distance < most for least, most in _VOLUME_AND_DISTANCE
    )


def navigable(metadata: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The objects in view that may be gone to."""
    agent = metadata["agent"]["position"]
    return [item for item in metadata["objects"] if is_navigable(item, agent)]


def handleable(metadata: Mapping[str, Any], inside: Iterable[str]) -> list[Mapping[str, Any]]:
    """The objects in view whose type may be handled: navigable ones, and what the present receptacle holds.

    Args:
        metadata: AI2-THOR metadata.
        inside: objectIds in or on the receptacle that was gone to last.
    """
    contents = set(inside)
    types = {item["objectType"] for item in navigable(metadata)}
    types |= {item["objectType"] for item in metadata["objects"] if item["objectId"] in contents}
    return [item for item in metadata["objects"] if item["visible"] and item["objectType"] in types]
