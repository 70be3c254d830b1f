"""Shapes of furniture and fittings that have no inside and no state."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from .palette import (
    BLACK,
    CHARCOAL,
    CREAM,
    DARK_WOOD,
    GLASS,
    PALE_WOOD,
    SILVER,
    SKY,
    STEEL,
    WHITE,
    WOOD,
)
from .parts import Part, ball, box, cup, cylinder, tray
from .primitive import Color

_ALL = (-1.0, 1.0)


def _legs(top: float, width: float, color: Color | None = None, bottom: float = -1.0) -> list[Part]:
    ends = ((-0.97, -0.97 + width), (0.97 - width, 0.97))
    return [box(x, (bottom, top), z, color) for x in ends for z in ends]


def _table(top: float, leg: float, legs: Color | None = None) -> list[Part]:
    return [box(_ALL, (top, 1), _ALL), *_legs(top, leg, legs)]


def _drawers(rows: int, columns: int, knob: Color) -> list[Part]:
    """A chest whose drawers are only drawn: the real ones are objects of their own."""
    parts = [box(_ALL, _ALL, (-1, 0.98))]
    for row in range(rows):
        for column in range(columns):
            x0, y0 = -1 + 2 * column / columns, -1 + 2 * row / rows
            x, y = (x0 + 0.05, x0 + 2 / columns - 0.05), (y0 + 0.08, y0 + 2 / rows - 0.08)
            parts.append(box(x, y, (0.98, 1.0), WOOD))
            parts.append(
                box((sum(x) / 2 - 0.1, sum(x) / 2 + 0.1), (sum(y) / 2 - 0.03, sum(y) / 2 + 0.03), (1.0, 1.05), knob)
            )
    return parts


def _seat(cushion: float, arm: float, cushion_color: Color) -> list[Part]:
    return [
        box((-1, 1), (-1, cushion - 0.2), _ALL),
        box((-1 + arm, 1 - arm), (cushion - 0.2, cushion), (-0.55, 0.98), cushion_color),
        box(_ALL, (cushion - 0.2, 1), (-1, -0.55)),
        box((-1, -1 + arm), (cushion - 0.2, 0.3), (-0.55, 1)),
        box((1 - arm, 1), (cushion - 0.2, 0.3), (-0.55, 1)),
    ]


_ARM_CHAIR, _SOFA, _BED = 0.1, -0.05, 0.2  # usual heights of seats and mattress, -1 at the foot and 1 at the top


def _arm_chair(cushion: float) -> list[Part]:
    return _seat(cushion, 0.25, (206, 130, 104))


def _sofa(cushion: float) -> list[Part]:
    seam = box((-0.01, 0.01), (cushion - 0.2, cushion + 0.01), (-0.5, 1.0), CHARCOAL)
    return [*_seat(cushion, 0.14, (124, 168, 158)), seam]


def _bed(mattress: float) -> list[Part]:
    return [
        box(_ALL, (-1, mattress - 0.55), _ALL, WOOD),
        box((-0.97, 0.97), (mattress - 0.55, mattress), (-0.35, 0.98)),
        box((-0.97, 0.97), (mattress - 0.55, mattress), (-0.95, -0.35), WHITE),
        box(_ALL, (-1, 1), (-1, -0.95), DARK_WOOD),
    ]


def _side_table(top: float) -> list[Part]:
    below = 1 - top
    return [
        box(_ALL, (0.86 - below, top), _ALL),
        *_legs(0.86 - below, 0.14, DARK_WOOD),
        box((-0.9, 0.9), (0.45 - below, 0.86 - below), (-0.9, 0.9), DARK_WOOD),
    ]


def rack(heights: Sequence[float]) -> list[Part]:
    """Open furniture with a board at each of some heights, from -1 at the foot to 1 at the top."""
    return [*(box(_ALL, (height - 0.06, height), _ALL) for height in heights), *_legs(1.0, 0.1, DARK_WOOD)]


def _picture(inner: Color, second: Color) -> list[Part]:
    """A framed picture, the same from both sides: recordings do not say which side is the wall's."""
    return [
        box(_ALL, _ALL, (-0.6, 0.6), DARK_WOOD),
        box((-0.88, 0.88), (-0.88, 0.88), (-0.95, 0.95), inner),
        box((-0.88, 0.2), (-0.88, -0.1), (-1.0, 1.0), second),
    ]


def _rail() -> list[Part]:
    return [box(_ALL, (-0.4, 0.4), (0, 1)), box((-1, -0.85), _ALL, (-1, 0)), box((0.85, 1), _ALL, (-1, 0))]


def _glazed_frame(color: Color) -> list[Part]:
    """Without a pane: AI2-THOR sees through its shower glass too."""
    sides = ((_ALL, (0.94, 1)), (_ALL, (-1, -0.94)), ((-1, -0.9), _ALL), ((0.9, 1), _ALL))
    return [box(across, up, _ALL, color) for across, up in sides]


FURNITURE_SHAPES: Mapping[str, list[Part]] = MappingProxyType(
    {
        "ArmChair": _arm_chair(_ARM_CHAIR),
        "Bathtub": tray(_ALL, _ALL, _ALL, (0.1, 0.03, 0.06), None, STEEL),
        "BathtubBasin": tray(_ALL, (-1.1, 0.9), _ALL, (0.04, 0.08, 0.03), None, (128, 196, 208)),
        "Bed": _bed(_BED),
        "Chair": [
            box(_ALL, (-0.12, 0.0), (-0.9, 1)),
            box(_ALL, (0.2, 1), (-1, -0.86)),
            box((-0.97, -0.8), (-1, 0.3), (-1, -0.84)),
            box((0.8, 0.97), (-1, 0.3), (-1, -0.84)),
            box((-0.97, -0.8), (-1, -0.12), (0.8, 0.96)),
            box((0.8, 0.97), (-1, -0.12), (0.8, 0.96)),
        ],
        "CoffeeTable": [*_table(0.8, 0.12, DARK_WOOD), box((-0.85, 0.85), (-0.5, -0.4), (-0.85, 0.85), DARK_WOOD)],
        "Curtains": [
            box(_ALL, (0.95, 1), (-1.2, 1.2), DARK_WOOD),
            *(box((x, x + 0.2), (-1, 0.95), (-1, 0.2)) for x in (-1.0, -0.8, 0.6, 0.8)),
            *(box((x, x + 0.1), (-1, 0.95), (0.2, 1)) for x in (-0.95, -0.75, 0.65, 0.85)),
        ],
        "Desktop": [box(_ALL, _ALL, _ALL), box((-0.8, 0.8), (-0.6, 0.8), (1, 1.1), BLACK)],
        "DiningTable": _table(0.88, 0.1, WOOD),
        "DogBed": [cup(_ALL, _ALL, _ALL), cylinder((-0.85, 0.85), (-0.9, 0), (-0.85, 0.85), CREAM)],
        "Door": [box(_ALL, _ALL, _ALL), box((0.7, 0.9), (-0.05, 0.05), (1, 1.3), SILVER)],
        "Dresser": _drawers(3, 2, SILVER),
        "Floor": [],
        "Footstool": [box(_ALL, (-0.2, 1), _ALL), *_legs(-0.2, 0.2, DARK_WOOD)],
        "GarbageCan": tray(_ALL, _ALL, _ALL, (0.1, 0.04, 0.1), None, BLACK),
        "HandTowelHolder": _rail(),
        "Ottoman": [box(_ALL, (-0.7, 1), _ALL), *_legs(-0.7, 0.2, DARK_WOOD)],
        "Painting": _picture((230, 190, 110), (70, 120, 150)),
        "Poster": _picture((110, 170, 220), (240, 200, 80)),
        "RoomDecor": [cylinder(_ALL, (-1, 0), _ALL), ball(_ALL, (-0.2, 1), _ALL, PALE_WOOD)],
        "ShowerDoor": _glazed_frame((92, 98, 106)),
        "ShowerGlass": _glazed_frame(STEEL),
        "Shelf": [box(_ALL, (-1.25, -0.95), _ALL)],
        "ShelvingUnit": [
            *(box(_ALL, (y - 0.03, y + 0.03), (-0.98, 0.98)) for y in (-0.9, -0.27, 0.36, 0.97)),
            box((-1, -0.94), _ALL, _ALL),
            box((0.94, 1), _ALL, _ALL),
            box((-0.94, 0.94), _ALL, (-1, -0.96), PALE_WOOD),
        ],
        "SideTable": _side_table(1.0),
        "SinkBasin": tray(_ALL, (-1.2, 1), _ALL, (0.05, 0.2, 0.06), (206, 212, 218), (112, 122, 132)),
        "Sofa": _sofa(_SOFA),
        "Stool": [
            cylinder(_ALL, (0.82, 1), _ALL),
            *_legs(0.82, 0.2, DARK_WOOD),
            box((-0.8, 0.8), (-0.4, -0.3), (-0.8, 0.8), DARK_WOOD),
        ],
        "TVStand": _drawers(1, 2, SILVER),
        "ToiletPaperHanger": _rail(),
        "TowelHolder": _rail(),
        "VacuumCleaner": [
            box(_ALL, (-1, -0.7), _ALL),
            cylinder((-0.5, 0.5), (-0.7, 0.2), (-0.5, 0.5), CHARCOAL),
            box((-0.1, 0.1), (0.2, 1), (-0.1, 0.1), STEEL),
        ],
        "Window": [
            box((-0.92, 0.92), (-0.92, 0.92), (-0.3, 0.3), SKY, glow=True),
            box((-1, -0.9), _ALL, _ALL),
            box((0.9, 1), _ALL, _ALL),
            box(_ALL, (0.9, 1), _ALL),
            box(_ALL, (-1, -0.9), _ALL),
            box((-0.04, 0.04), (-0.9, 0.9), (-0.6, 0.6)),
            box((-0.9, 0.9), (-0.03, 0.03), (-0.6, 0.6)),
        ],
        "Mirror": [box(_ALL, _ALL, _ALL, STEEL), box((-0.9, 0.9), (-0.92, 0.92), (-1.05, 1.05), GLASS, glow=True)],
    }
)
"""Type -> parts that depend neither on state nor on size."""

_SINK_ON_FOOT_M = 0.35  # a sink higher than this stands on a foot


def counter_top(height_m: float) -> list[Part]:
    """A worktop. Recorded slabs are boxes of about 2 cm into which things sink, so these are drawn below their box."""
    if height_m < 0.03:
        low = -1.0 - 0.06 / max(height_m, 0.004)
        return [box(_ALL, (low, -1.0), _ALL)]
    return [box(_ALL, _ALL, _ALL)]


def sink(height_m: float) -> list[Part]:
    """The rim of a sink (its hollow is the SinkBasin, an object of its own), on a foot where it is high."""
    low = 1 - 2 * min(1.0, 0.04 / height_m)
    rim = [
        box((-1, -0.86), (low, 1), _ALL),
        box((0.86, 1), (low, 1), _ALL),
        box((-0.86, 0.86), (low, 1), (-1, -0.9)),
        box((-0.86, 0.86), (low, 1), (0.9, 1)),
    ]
    if height_m < _SINK_ON_FOOT_M:
        return rim
    return [*rim, cylinder((-0.35, 0.35), (-1, 1 - 0.5 / height_m), (-0.35, 0.35))]


def desk(height_m: float) -> list[Part]:
    """A desk; one that is higher than a table has a back and a shelf above it."""
    top = _desk_top(height_m)
    return _table(0.9, 0.08, DARK_WOOD) if top > 0.9 else _high_desk(top)


def _desk_top(height_m: float) -> float:
    return 2 * 0.76 / height_m - 1


def _high_desk(top: float) -> list[Part]:
    return [
        box(_ALL, (top - 0.08, top), _ALL),
        *_legs(top - 0.08, 0.08, DARK_WOOD),
        box(_ALL, (top, 1), (-1, -0.94), WOOD),
        box(_ALL, (0.95, 1), (-0.94, -0.5), WOOD),
    ]


class Surface(NamedTuple):
    """Furniture whose surface may be at another height than usual.

    Attributes:
        usual: height in metres of its box -> where the surface usually is, from -1 at the foot to 1 at the top.
        parts: where the surface is -> its parts.
    """

    usual: Callable[[float], float]
    parts: Callable[[float], list[Part]]


SURFACES: Mapping[str, Surface] = MappingProxyType(
    {
        "ArmChair": Surface(lambda _: _ARM_CHAIR, _arm_chair),
        "Bed": Surface(lambda _: _BED, _bed),
        "Desk": Surface(lambda height_m: min(1.0, _desk_top(height_m)), _high_desk),
        "SideTable": Surface(lambda _: 1.0, _side_table),
        "Sofa": Surface(lambda _: _SOFA, _sofa),
    }
)
"""Type -> shapes whose surface what lies on them tells."""
