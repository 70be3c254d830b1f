"""Shapes of what opens: solid in front when shut, a shell with a visible inside and a door aside when open."""

import math
from typing import NamedTuple

from .facing import DOOR_ONLY_M
from .palette import BLACK, CHARCOAL, CREAM, SILVER, SKY, STEEL, WHITE
from .parts import Part, Span, box, cup, cylinder, tray
from .primitive import Color

_ALL = (-1.0, 1.0)
DRAWER_TRAVEL = 0.8
"""Share of its depth by which an open drawer slides out."""
DOOR_SWING_DEG = 115.0
_PANEL_M = 0.025
_CASE_M = 0.009  # thinner than the margin that things keep from the walls of what they lie in
_FRIDGE_SHELVES = (0.18, 0.45, 0.70)  # shares of its height; drawn short, so that they hide nothing below them
_DOUBLE_DOOR_M = 0.7  # wider fronts have two doors


class Size(NamedTuple):
    """Half extents of an object's box, metres."""

    x: float
    y: float
    z: float


def shell(size: Size, inside: Color, top: bool = True) -> list[Part]:
    """Back, sides, bottom and top of a case without its front."""
    wx, wy, wz = (min(0.3, _CASE_M / half) for half in size)
    parts = [
        box(_ALL, _ALL, (-1, -1 + wz), inside),
        box((-1, -1 + wx), _ALL, (-1 + wz, 1)),
        box((1 - wx, 1), _ALL, (-1 + wz, 1)),
        box(_ALL, (-1, -1 + wy / 2), (-1 + wz, 1), inside),
    ]
    return [*parts, box(_ALL, (1 - wy, 1), (-1 + wz, 1))] if top else parts


def door(size: Size, x: Span, y: Span, hinge: int, openness: float, color: Color | None = None) -> Part:
    """A door leaf, swung about its left (-1) or right (1) edge.

    Args:
        size: of the object's box.
        x: ends of the leaf when shut.
        y: ends of the leaf.
        hinge: the end of `x` that stays.
        openness: 0 shut to 1.
        color: of the leaf.
    """
    angle = math.radians(DOOR_SWING_DEG * openness)
    half_width = (x[1] - x[0]) / 2 * size.x
    edge = x[0] if hinge < 0 else x[1]
    # The leaf's middle lies half its width from the hinge, in the direction to which the leaf has swung.
    middle_x = edge * size.x - hinge * math.cos(angle) * half_width
    middle_z = size.z + math.sin(angle) * half_width
    center = (middle_x / size.x, (y[0] + y[1]) / 2, middle_z / size.z)
    half = (half_width / size.x, (y[1] - y[0]) / 2, _PANEL_M / 2 / size.z)
    return Part("box", center, half, color, yaw_deg=math.degrees(hinge * angle))


def _leaves(size: Size, y: Span, openness: float, color: Color | None = None) -> list[Part]:
    if 2 * size.x < _DOUBLE_DOOR_M:
        return [door(size, _ALL, y, -1, openness, color)]
    return [door(size, (-1, 0), y, -1, openness, color), door(size, (0, 1), y, 1, openness, color)]


def cabinet(size: Size, openness: float) -> list[Part]:
    """A cabinet: a framed front with a knob on each leaf, or its pale inside."""
    if openness > 0:
        case = shell(size, CREAM) if 2 * size.z > DOOR_ONLY_M else []
        return [*case, *_leaves(size, _ALL, openness)]
    edges = [(-0.96, 0.96)] if 2 * size.x < _DOUBLE_DOOR_M else [(-0.97, -0.03), (0.03, 0.97)]
    parts = [box(_ALL, _ALL, (-1, 1), (116, 76, 46))]
    for number, (left, right) in enumerate(edges):
        knob = right - 0.12 if number == 0 else left + 0.12
        parts.append(box((left, right), (-0.96, 0.96), (1, 1 + 0.012 / size.z)))
        parts.append(box((knob - 0.05, knob + 0.05), (-0.15, 0.15), (1, 1 + 0.04 / size.z), SILVER))
    return parts


def drawer(size: Size, openness: float) -> list[Part]:
    """A drawer: a white front with a long dark handle; open, its tray slides towards the front."""
    slide = 2 * DRAWER_TRAVEL * openness
    front, back = 1 + slide, -1 + slide
    handle = [
        box((-0.96, 0.96), (-0.94, 0.94), (front, front + 0.012 / size.z)),
        box((-0.45, 0.45), (0.1, 0.35), (front, front + 0.04 / size.z), CHARCOAL),
    ]
    if openness == 0:
        return [box(_ALL, _ALL, _ALL, (190, 184, 172)), *handle]
    walls = (min(0.2, 0.015 / size.x), min(0.1, 0.008 / size.y), min(0.2, 0.015 / size.z))
    return [*tray(_ALL, (-1, 0.75), (back, front), walls, (190, 184, 172), CREAM), *handle]


def fridge(size: Size, openness: float) -> list[Part]:
    """A fridge: freezer door above, main door below, dark upright handles; white inside when open."""
    split = 0.34
    if openness > 0:
        return [
            *shell(size, WHITE),
            *(box(_ALL, (2 * share - 1.012, 2 * share - 1), (-1, -0.3), STEEL) for share in _FRIDGE_SHELVES),
            door(size, _ALL, (-1, split - 0.02), -1, openness),
            door(size, _ALL, (split + 0.02, 1), -1, openness),
        ]
    depth = 1 + 0.03 / size.z
    return [
        box(_ALL, _ALL, _ALL, (150, 168, 184)),
        box((-0.98, 0.98), (-0.94, split - 0.02), (1, depth)),
        box((-0.98, 0.98), (split + 0.02, 0.98), (1, depth)),
        box((0.76, 0.86), (-0.35, split - 0.1), (depth, depth + 0.04 / size.z), BLACK),
        box((0.76, 0.86), (split + 0.1, 0.75), (depth, depth + 0.04 / size.z), BLACK),
    ]


def microwave(size: Size, openness: float, on: bool) -> list[Part]:
    """A microwave: dark window, panel of buttons at the right; the window shines while it runs."""
    if openness > 0:
        inside = shell(size, (210, 214, 218))
        return [*inside, box((0.5, 0.97), (-0.9, 0.9), (-0.9, 1), None), door(size, (-1, 0.5), _ALL, -1, openness)]
    front = 1 + 0.015 / size.z
    return [
        box(_ALL, _ALL, _ALL),
        box((-0.9, 0.42), (-0.7, 0.7), (1, front), (255, 214, 96) if on else BLACK, glow=on),
        box((0.44, 0.5), (-0.75, 0.75), (1, 1 + 0.04 / size.z), SILVER),
        box((0.58, 0.92), (0.4, 0.75), (1, front), (80, 220, 130), glow=True),
        box((0.58, 0.92), (-0.75, 0.25), (1, front), STEEL),
    ]


def safe(size: Size, openness: float) -> list[Part]:
    """A safe: heavy door with a round dial."""
    if openness > 0:
        return [*shell(size, STEEL), door(size, _ALL, _ALL, -1, openness)]
    return [
        box(_ALL, _ALL, _ALL),
        box((-0.85, 0.85), (-0.85, 0.85), (1, 1.04), CHARCOAL),
        box((0.2, 0.55), (-0.18, 0.18), (1.04, 1.16), SILVER),
    ]


def carton(size: Size, openness: float) -> list[Part]:
    """A cardboard box; open, its flaps stand aside."""
    if openness == 0:
        return [box(_ALL, _ALL, _ALL), box((-0.12, 0.12), (1, 1.02), _ALL, (226, 196, 140))]
    walls = tuple(min(0.15, 0.01 / half) for half in size)
    flap = (0.96, 1.0)
    return [
        *tray(_ALL, _ALL, _ALL, (walls[0], walls[1], walls[2]), None, (160, 112, 66)),
        box((-1.5, -1), flap, _ALL, (206, 160, 104)),
        box((1, 1.5), flap, _ALL, (206, 160, 104)),
    ]


def hamper(size: Size, openness: float) -> list[Part]:
    """A laundry hamper; open, its lid stands behind it."""
    if openness == 0:
        return [box(_ALL, (-1, 0.9), _ALL), box((-1.04, 1.04), (0.9, 1), (-1.04, 1.04), WHITE)]
    return [
        *tray(_ALL, (-1, 0.92), _ALL, (0.08, min(0.1, 0.01 / size.y), 0.08), None, CREAM),
        box(_ALL, (0.92, 1.7), (-1.06, -1), WHITE),
    ]


def toilet(openness: float) -> list[Part]:
    """A toilet: bowl, cistern behind, and a lid that lies or stands."""
    bowl = [
        cup((-0.85, 0.85), (-1, -0.1), (-0.4, 1)),
        cylinder((-0.6, 0.6), (-0.9, -0.5), (-0.2, 0.8), SKY),
        box((-0.95, 0.95), (-0.2, 1), (-1, -0.5)),
    ]
    lid = (
        cylinder((-0.88, 0.88), (-0.1, 0), (-0.4, 1))
        if openness == 0
        else box((-0.8, 0.8), (-0.1, 0.9), (-0.5, -0.42))
    )
    return [*bowl, lid]


def blinds(openness: float) -> list[Part]:
    """Blinds: the rolled top when raised; slats to the window's foot are not recorded, so they hang in their box."""
    if openness > 0:
        return [box(_ALL, (0.5, 1), _ALL)]
    return [box(_ALL, (y, y + 0.3), _ALL) for y in (-1.0, -0.5, 0.0, 0.5)]


def shower_curtain(openness: float) -> list[Part]:
    """A curtain, drawn across or gathered at one side."""
    places = (-1.0, -0.5, 0.1, 0.6) if openness == 0 else (-1.0,)
    return [box((x, x + 0.4), _ALL, _ALL) for x in places]
