"""What a frame shows, object by object, from the instance segmentation of any backend."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from .boxes import distance_to_box


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

    def to_json(self) -> list[Any]:
        """The fields in order, as an episode record holds them."""
        return [list(value) if isinstance(value, tuple) else value for value in astuple(self)]

    @classmethod
    def from_json(cls, fields: Sequence[Any]) -> "Sighting":
        """The inverse of `to_json`."""
        object_id, object_type, pixels, across, distance_m, inside, *flags = fields
        return cls(object_id, object_type, pixels, across, distance_m, tuple(inside), *flags)


def sightings(event: Any, seen_px: int) -> tuple[Sighting, ...]:
    """The objects that own at least `seen_px` pixels of an event's frame, largest first."""
    metadata = event.metadata
    objects = {item["objectId"]: item for item in metadata["objects"]}
    colors = {_code(entry["color"]): entry["name"] for entry in metadata["colors"] if entry["name"] in objects}
    if not colors:
        return ()
    codes = np.array(sorted(colors), dtype=np.int64)
    counts, across = _count(np.asarray(event.instance_segmentation_frame), codes)
    found = [
        _sighting(objects[colors[int(code)]], int(count), float(where), metadata["agent"]["position"])
        for code, count, where in zip(codes, counts, across, strict=True)
        if count >= seen_px
    ]
    return tuple(sorted(found, key=lambda sight: (-sight.pixels, sight.object_id)))


def _code(color: Sequence[int]) -> int:
    return color[0] | color[1] << 8 | color[2] << 16


def _count(colors: npt.NDArray[np.uint8], codes: npt.NDArray[np.int64]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Pixels of each colour code, and the mean place of their columns from 0 to 1."""
    wide = colors.astype(np.int64)
    pixels = (wide[..., 0] | wide[..., 1] << 8 | wide[..., 2] << 16).reshape(-1)
    slots = np.minimum(np.searchsorted(codes, pixels), len(codes) - 1)
    known = codes[slots] == pixels
    columns = np.broadcast_to(np.linspace(0, 1, colors.shape[1]), colors.shape[:2]).reshape(-1)
    counts = np.bincount(slots[known], minlength=len(codes))
    sums = np.bincount(slots[known], weights=columns[known], minlength=len(codes))
    return counts, sums / np.maximum(counts, 1)


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
