"""Furniture that is built together: base units with worktops, tubs and showers."""

import math
from collections.abc import Mapping

import numpy as np

from llamafactory_embodied.world.figures import RoomFigures, draw
from llamafactory_embodied.world.layout import Column, Unit
from llamafactory_embodied.world.room import Frame, Room

WORKTOP_ZONE_M = 1.45
"""Height to which the place of a base unit is kept free of other units, metres."""

_MOST_COLUMNS = 14
_PLAIN_M = (0.34, 0.58)
_CABIN_M = 0.9  # depth of a shower
_RIM = (0.80, 0.80, 0.70)  # of a tub's basin, as shares of the tub


def draw_runs(
    room: Room, figures: RoomFigures, counts: Mapping[str, int], ample: float, rng: np.random.Generator
) -> list[Unit]:
    """The base units of a room: cabinets and drawers spread over columns, sinks and a stove among them.

    Args:
        room: gives sizes.
        figures: what such rooms have.
        counts: how many of each type this room is to have.
        ample: share of the recorded rooms that are smaller.
        rng: draws widths and order.
    """
    if not counts.get("CounterTop"):
        return []
    cabinets, drawers = (_below(figures, kind, counts.get(kind, 0)) for kind in ("Cabinet", "Drawer"))
    sinks, stove, tops = counts.get("Sink", 0), bool(counts.get("StoveBurner")), counts["CounterTop"]
    fixtures = [Column("sink", _sink_width(room), ("Cabinet",) if cabinets > n else ()) for n in range(sinks)]
    burners = [Column("stove", 2 * room.size_of("StoveBurner")[0] + 0.06)] * stove
    taken = sum(column.width for column in (*fixtures, *burners))
    length = draw(figures.worktop_m2, ample) / room.size_of("CounterTop")[2] - taken
    drawer_m = room.size_of("Drawer")[0]
    plain = _plain_columns(max(1, cabinets - sinks), drawers, drawer_m, length, max(1, tops - sinks + stove), rng)
    cabinet_m = draw(figures.types["Cabinet"].depth_m, float(rng.random()))
    if not stove:
        return [_run(room, _cut(_among(plain, fixtures, rng), 1), cabinet_m)]
    cut = max(1, round(len(plain) * float(rng.uniform(0.3, 0.6))))
    runs = [_among(plain[:cut], fixtures, rng), _among(plain[cut:], burners, rng)]
    shares = (tops // 2, tops - tops // 2)
    return [_run(room, _cut(run, share), cabinet_m) for run, share in zip(runs, shares, strict=True)]


def _cut(columns: list[Column], tops: int) -> list[Column]:
    """A run with so many worktops of about equal length side by side."""
    ends = np.cumsum([column.width for column in columns])
    lasts = {int(np.abs(ends - ends[-1] * number / tops).argmin()) for number in range(1, tops)}
    return [column._replace(last=index in lasts) for index, column in enumerate(columns)]


def _below(figures: RoomFigures, kind: str, count: int) -> int:
    """How many of a type's objects are below worktops."""
    if kind not in figures.types:
        return 0
    at = figures.types[kind].at
    return round(count * at.get("CounterTop", 0) / sum(at.values()))


def _plain_columns(
    cabinets: int, drawers: int, drawer_m: float, length_m: float, least: int, rng: np.random.Generator
) -> list[Column]:
    """Columns with a cabinet each, a drawer above as long as there are some; the other drawers in stacks.

    What is left of the length has nothing below that opens.
    """
    over = min(drawers, cabinets) if drawers <= 2 * cabinets else 0
    unders: list[tuple[str, ...]] = [("Drawer", "Cabinet")[number >= over :] for number in range(cabinets)]
    left = drawers - over
    stacks = math.ceil(left / 4)
    unders += [("Drawer",) * (left // stacks + (number < left % stacks)) for number in range(stacks)]
    slim = round(float(np.clip(drawer_m + 0.02, *_PLAIN_M)), 2)
    with_drawer = sum("Drawer" in under for under in unders)
    left_m, others = max(0.0, length_m - with_drawer * slim), max(len(unders), least) - with_drawer
    width = round(float(np.clip(left_m / max(others, 1), *_PLAIN_M)), 2)
    unders += [()] * (max(least, with_drawer + round(left_m / width)) - len(unders))
    chosen = [unders[int(index)] for index in rng.permutation(len(unders))]
    return [Column("", slim if "Drawer" in under else width, under) for under in chosen][:_MOST_COLUMNS]


def _among(plain: list[Column], fixtures: list[Column], rng: np.random.Generator) -> list[Column]:
    """Fixtures among plain columns; two at the ends, so that the worktop stays whole."""
    if len(fixtures) == 2:
        return [fixtures[0], *plain, fixtures[1]]
    at = int(rng.integers(0, len(plain) + 1))
    return [*plain[:at], *fixtures, *plain[at:]]


def _run(room: Room, columns: list[Column], cabinet_m: float) -> Unit:
    width, depth = round(sum(column.width for column in columns), 3), room.size_of("CounterTop")[2]
    return Unit("run", width, depth, tuple(columns), set_in=True, cabinet_m=min(cabinet_m, depth - 0.04))


def _sink_width(room: Room) -> float:
    return room.size_of("Sink")[0] + 0.06


def build_tub(room: Room, place: Frame, size: tuple[float, float, float]) -> int:
    """A tub with its basin and a tap at its back; returns the tub's index.

    Args:
        room: where to.
        place: the middle of the tub's footprint, its long side along the wall.
        size: of the tub, metres.
    """
    tub = room.add("Bathtub", place, 0.0, size, parent=0)
    width, height, depth = (side * share for side, share in zip(size, _RIM, strict=True))
    room.add("BathtubBasin", place, size[1] - height, (width, height, depth), parent=tub)
    room.add(
        "Faucet",
        place.moved(0.0, -size[2] / 2 + room.size_of("Faucet")[2] / 2),
        size[1],
        room.size_of("Faucet"),
        parent=tub,
    )
    return tub


def shower_size(counts: Mapping[str, int], width_m: float) -> tuple[float, float, float]:
    """Width, height and depth of a shower cabin; no width where the room has none."""
    parts = ("ShowerDoor", "ShowerGlass", "ShowerHead")
    return (width_m if any(counts.get(part) for part in parts) else 0.0), 2.0, _CABIN_M


def build_shower(room: Room, place: Frame, width_m: float, side: int, counts: Mapping[str, int]) -> None:
    """A shower in a corner: a head at the wall, a door before it and a glass wall at its free side.

    Args:
        room: where to.
        place: the middle of the cabin's footprint.
        width_m: of the cabin.
        side: -1 or 1, the side of the cabin that is not a wall's.
        counts: how many of each part there are, 0 or 1.
    """
    if counts.get("ShowerHead"):
        room.add("ShowerHead", place.moved(0.0, -_CABIN_M / 2 + 0.14), 0.75, (0.24, 1.2, 0.26))
    if counts.get("ShowerDoor"):
        door = place.moved(0.0, _CABIN_M / 2 - 0.03)
        room.add("ShowerDoor", door, 0.03, (width_m - 0.08, 1.8, 0.06), parent=0)
    if counts.get("ShowerGlass"):
        pane = place.moved(side * (width_m / 2 - 0.03), -0.04, 90)
        room.add("ShowerGlass", pane, 0.02, (_CABIN_M - 0.10, 1.8, 0.05), parent=0)
