"""What recorded iTHOR rooms are like: counts and quantiles from which rooms are drawn, and where things usually are.

The figures are in room_figures.json, made by benchmarks/room_figures.py from recordings in which no benchmark task
plays.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import numpy as np

from llamafactory_embodied.world.catalog import Kind, Size

QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)
_TOGETHER = 0.5  # chance that a side of a piece of furniture is drawn from the same share as the others

Quantiles = tuple[float, ...]


@dataclass(frozen=True)
class TypeFigures:
    """One object type in one type of room.

    Attributes:
        count: number of recorded rooms with 0, 1, 2, ... such objects.
        at: how many stood on, in or as part of each type of furniture; "Floor", or "" for what hangs or is built in.
        width_m: quantiles of the size, as seen from the front.
        height_m: likewise.
        depth_m: likewise; of furniture, away from the wall that it stands at.
        askew: share of those that are turned by other than quarter turns.
        gap_m: quantiles of the distance of those on the floor from the nearest wall; empty where there are none.
        bottom_m: quantiles of the height above the floor of those on the floor or free; empty where there are none.
    """

    count: tuple[int, ...]
    at: Mapping[str, int]
    width_m: Quantiles
    height_m: Quantiles
    depth_m: Quantiles
    askew: float
    gap_m: Quantiles = ()
    bottom_m: Quantiles = ()

    def draw_count(self, share: float) -> int:
        """How many of these the room below which a share of the recorded ones lies has."""
        return int(np.searchsorted(np.cumsum(self.count), share * sum(self.count), side="right"))

    @property
    def footprint_m2(self) -> float:
        """Of the one in the middle."""
        return self.width_m[2] * self.depth_m[2]

    def draw_size(self, rng: np.random.Generator, rigid: bool) -> Size:
        """A size, metres.

        Args:
            rng: draws it.
            rigid: whether all sides come from the same share, so that shapes keep their proportions.
        """
        share = float(rng.random())
        sides = []
        for quantiles in (self.width_m, self.height_m, self.depth_m):
            kept = rigid or rng.random() < _TOGETHER
            sides.append(max(0.004, draw(quantiles, share if kept else float(rng.random()))))
        return sides[0], sides[1], sides[2]

    def draw_gap(self, rng: np.random.Generator) -> float:
        """Distance from the wall, metres."""
        return max(0.0, draw(self.gap_m, float(rng.random()))) if self.gap_m else 0.0

    def draw_bottom(self, rng: np.random.Generator) -> float:
        """Height above the floor, metres."""
        return max(0.0, draw(self.bottom_m, float(rng.random()))) if self.bottom_m else 0.0


@dataclass(frozen=True)
class RoomFigures:
    """One type of room.

    Attributes:
        rooms: how many were recorded.
        side_m: quantiles of the shorter side.
        long_m: quantiles of the longer side.
        together: rank correlation of the two sides, at least 0.
        height_m: quantiles of the ceiling's height.
        worktop_m2: quantiles of the area of all worktops together.
        types: object type -> its figures.
    """

    rooms: int
    side_m: Quantiles
    long_m: Quantiles
    together: float
    height_m: Quantiles
    worktop_m2: Quantiles
    types: Mapping[str, TypeFigures]


def draw(quantiles: Quantiles, share: float) -> float:
    """The value below which a share lies, rounded to a millimetre; the outermost tenths are not drawn.

    Args:
        quantiles: at `QUANTILES`.
        share: 0 to 1.
    """
    inner = QUANTILES[0] + share * (QUANTILES[-1] - QUANTILES[0])
    return round(float(np.interp(inner, QUANTILES, quantiles)), 3)


@cache
def _file() -> Mapping[str, Any]:
    text = (files("llamafactory_embodied.world") / "room_figures.json").read_text(encoding="utf-8")
    parsed: Mapping[str, Any] = json.loads(text)
    return parsed


@cache
def room_figures(room: str) -> RoomFigures:
    """The figures of `kitchen`, `living_room`, `bedroom` or `bathroom`."""
    entry = _file()[room]
    types = {kind: TypeFigures(**_tuples(figures)) for kind, figures in entry["types"].items()}
    return RoomFigures(types=types, **_tuples({key: value for key, value in entry.items() if key != "types"}))


@cache
def recorded_kinds() -> Mapping[str, Kind]:
    """Flags, weight and material of every recorded type; sizes differ by room and are in `RoomFigures`."""
    return MappingProxyType(
        {
            kind: Kind((0.0, 0.0, 0.0), frozenset(entry["flags"]), entry["mass_kg"], tuple(entry["materials"]))
            for kind, entry in _file()["kinds"].items()
        }
    )


def _tuples(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()}
