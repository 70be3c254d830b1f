"""Which unit of furniture stands at which wall of a generated room."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.profiles import CounterRun
from llamafactory_embodied.world.room import Frame, Room

_AISLE_M = 0.70  # standing room between the units of two walls that meet
_CORNER_M = 0.04


class Column(NamedTuple):
    """A column of base units.

    Attributes:
        fixture: what is set into its worktop, "sink", "stove" or "" for nothing.
        width: metres.
        under: the types of what is below the worktop, from top to bottom.
        last: whether the worktop ends after it and another begins.
    """

    fixture: str
    width: float
    under: tuple[str, ...] = ()
    last: bool = False


@dataclass(frozen=True)
class Unit:
    """Something that takes a stretch of wall.

    Attributes:
        kind: an object type, or "run" for base units.
        width: along the wall, metres.
        depth: away from the wall, metres.
        columns: of a run, from left to right.
        set_in: whether sinks of their own size are set into worktops; otherwise each fills its column.
        cabinet_m: depth of cabinets, behind which the room up to the wall is lost; None for that of the worktop.
    """

    kind: str
    width: float
    depth: float
    columns: tuple[Column, ...] = ()
    set_in: bool = False
    cabinet_m: float | None = None


def draw_units(room: Room, rng: np.random.Generator) -> list[Unit]:
    """Draw the units of a room, the widest first."""
    units = [_draw_run(room, run, rng) for run in room.profile.counter_runs]
    for kind, (low, high) in room.profile.pieces:
        width, _, depth = room.size_of(kind)
        units += [Unit(kind, width, depth)] * int(rng.integers(low, high + 1))
    order = sorted(range(len(units)), key=lambda index: (-units[index].width, index))
    return [units[index] for index in order]


def _draw_run(room: Room, run: CounterRun, rng: np.random.Generator) -> Unit:
    profile = room.profile
    plain = Column("", round(float(rng.uniform(*profile.column_m)), 2), run.under)
    before = int(rng.integers(run.before[0], run.before[1] + 1))
    columns = (*(plain,) * before, Column(run.fixture, profile.fixture_m))
    depth = room.size_of("CounterTop")[2]
    return Unit("run", round(sum(column.width for column in columns), 3), depth, columns)


def arrange(room: Room, units: Sequence[Unit], rng: np.random.Generator) -> list[tuple[Unit, Frame]]:
    """Give each unit a place at a wall; two opposite walls are used whole, the other two between their aisles.

    Returns:
        Each unit with the frame of its place: origin in the middle of its back, at the wall.

    Raises:
        SceneError: The units do not fit along the walls of this room.
    """
    turn = 90 * int(rng.integers(2))
    reach = max(unit.depth for unit in units) + _AISLE_M
    placed: list[tuple[Unit, Frame]] = []
    left = list(units)
    for yaw, margin in ((turn, _CORNER_M), (turn + 180, _CORNER_M), (turn + 90, reach), (turn + 270, reach)):
        wall, length = _wall(room, yaw % 360)
        chosen = _fill(left, length - 2 * margin, rng)
        left = [unit for index, unit in enumerate(left) if index not in chosen]
        placed += _spread(wall, length - 2 * margin, list(chosen.values()), rng)
    if left:
        raise SceneError(f"{len(left)} of {len(units)} units do not fit into {room.width} x {room.depth} m")
    return placed


def _wall(room: Room, yaw: int) -> tuple[Frame, float]:
    half_x, half_z = room.width / 2, room.depth / 2
    if yaw % 180 == 0:
        return Frame(0.0, -half_z if yaw == 0 else half_z, yaw), room.width
    return Frame(-half_x if yaw == 90 else half_x, 0.0, yaw), room.depth


def _fill(units: Sequence[Unit], length: float, rng: np.random.Generator) -> dict[int, Unit]:
    chosen: dict[int, Unit] = {}
    for index in sorted(range(len(units)), key=lambda index: (units[index].kind != "run", index)):
        if units[index].width <= length and (units[index].kind == "run" or rng.random() < 0.8):
            chosen[index] = units[index]
            length -= units[index].width + 0.02
    return chosen


def _spread(wall: Frame, length: float, units: list[Unit], rng: np.random.Generator) -> list[tuple[Unit, Frame]]:
    slack = length - sum(unit.width for unit in units)
    gaps = rng.dirichlet(np.ones(len(units) + 1)) * slack
    at = -length / 2
    placed: list[tuple[Unit, Frame]] = []
    for index in rng.permutation(len(units)):
        at += float(gaps[len(placed)])
        placed.append((units[index], wall.moved(round(at + units[index].width / 2, 3), 0.0)))
        at += units[index].width
    return placed
