"""What a frame shows, object by object, from the instance segmentation of any backend."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .boxes import distance_to_box

Objects = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Sighting:
    """One object in one frame.

    Attributes:
        object_id: AI2-THOR's objectId.
        object_type: AI2-THOR's objectType.
        pixels: how many pixels of the frame it owns.
        across: where its middle lies, 0 at the left edge and 1 at the right.
        distance_m: horizontal distance from the agent to its box.
        inside: the objectIds it lies in or on.
        is_open: None for what cannot be opened.
        is_on: None for what cannot be toggled.
        receptacle: whether things can lie in or on it.
        portable: whether it can be picked up.
        held: whether the agent holds it.
    """

    object_id: str
    object_type: str
    pixels: int
    across: float
    distance_m: float
    inside: tuple[str, ...]
    is_open: bool | None
    is_on: bool | None
    receptacle: bool
    portable: bool
    held: bool


def sightings(event: Any, seen_px: int) -> tuple[Sighting, ...]:
    """The objects that own at least `seen_px` pixels of an event's frame, largest first."""
    metadata = event.metadata
    colors = np.asarray(event.instance_segmentation_frame).astype(np.int64)
    codes = colors[..., 0] | colors[..., 1] << 8 | colors[..., 2] << 16
    values, inverse, counts = np.unique(codes, return_inverse=True, return_counts=True)
    columns = np.broadcast_to(np.arange(codes.shape[1]), codes.shape).reshape(-1)
    across = np.bincount(inverse.reshape(-1), weights=columns) / counts / max(codes.shape[1] - 1, 1)
    names = {c["color"][0] | c["color"][1] << 8 | c["color"][2] << 16: c["name"] for c in metadata["colors"]}
    objects = {item["objectId"]: item for item in metadata["objects"]}
    found = [
        _sighting(objects[names[int(value)]], int(count), float(where), metadata["agent"]["position"])
        for value, count, where in zip(values, counts, across, strict=True)
        if count >= seen_px and names.get(int(value)) in objects
    ]
    return tuple(sorted(found, key=lambda sight: (-sight.pixels, sight.object_id)))


def _sighting(item: Mapping[str, Any], pixels: int, across: float, agent: Mapping[str, float]) -> Sighting:
    return Sighting(
        object_id=item["objectId"],
        object_type=item["objectType"],
        pixels=pixels,
        across=across,
        distance_m=distance_to_box(agent, item),
        inside=tuple(item.get("parentReceptacles") or ()),
        is_open=bool(item["isOpen"]) if item["openable"] else None,
        is_on=bool(item["isToggled"]) if item["toggleable"] else None,
        receptacle=bool(item["receptacle"]),
        portable=bool(item["pickupable"]),
        held=bool(item.get("isPickedUp")),
    )
