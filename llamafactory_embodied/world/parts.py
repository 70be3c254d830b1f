"""Parts: the primitives of a shape before it is fitted to an object's box.

Coordinates are fractions of the half extents: x from -1 (left, as seen by the object) to 1, y from -1 (bottom) to 1,
z from -1 (back) to 1 (front). A part may stick out of its box, as handles do.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .frames import Frame, yaw_matrix
from .primitive import Color, FloatArray, Primitive, Vec3


class Part(NamedTuple):
    """One primitive of a shape.

    Attributes:
        kind: a primitive kind.
        center: fractions of the box's half extents.
        half: fractions of the box's half extents.
        color: None for the main colour of the object's type.
        glow: drawn at full brightness.
        yaw_deg: turned about its own centre, clockwise seen from above.
    """

    kind: str
    center: Vec3
    half: Vec3
    color: Color | None = None
    glow: bool = False
    yaw_deg: float = 0.0


Span = tuple[float, float]


def box(x: Span, y: Span, z: Span, color: Color | None = None, glow: bool = False) -> Part:
    """A box given by its low and high ends along each axis."""
    return _part("box", x, y, z, color, glow)


def cylinder(x: Span, y: Span, z: Span, color: Color | None = None, glow: bool = False) -> Part:
    """An upright cylinder that fills the given ends."""
    return _part("cylinder", x, y, z, color, glow)


def cup(x: Span, y: Span, z: Span, color: Color | None = None) -> Part:
    """A cylinder open at the top."""
    return _part("cup", x, y, z, color, False)


def ball(x: Span, y: Span, z: Span, color: Color | None = None, glow: bool = False) -> Part:
    """An ellipsoid that fills the given ends."""
    return _part("ellipsoid", x, y, z, color, glow)


def _part(kind: str, x: Span, y: Span, z: Span, color: Color | None, glow: bool) -> Part:
    center = ((x[0] + x[1]) / 2, (y[0] + y[1]) / 2, (z[0] + z[1]) / 2)
    half = ((x[1] - x[0]) / 2, (y[1] - y[0]) / 2, (z[1] - z[0]) / 2)
    return Part(kind, center, half, color, glow)


def tray(x: Span, y: Span, z: Span, wall: Vec3, color: Color | None = None, inside: Color | None = None) -> list[Part]:
    """A rectangular tub open at the top, of five boxes.

    Args:
        x: outer ends.
        y: outer ends.
        z: outer ends.
        wall: thickness of the side walls, the floor and the front and back, as fractions of the half extents.
        color: of the walls.
        inside: of the floor.
    """
    wx, wy, wz = wall
    return [
        box(x, (y[0], y[0] + wy), z, inside),
        box((x[0], x[0] + wx), y, z, color),
        box((x[1] - wx, x[1]), y, z, color),
        box((x[0] + wx, x[1] - wx), y, (z[0], z[0] + wz), color),
        box((x[0] + wx, x[1] - wx), y, (z[1] - wz, z[1]), color),
    ]


def fit(parts: Sequence[Part], frame: Frame, main: Color, owner: int) -> list[Primitive]:
    """Scale, turn and place parts into an object's box."""
    plain = None if np.array_equal(frame.axes, np.eye(3)) else frame.axes
    return [_fit_one(part, frame, plain, main, owner) for part in parts]


def _fit_one(part: Part, frame: Frame, plain: FloatArray | None, main: Color, owner: int) -> Primitive:
    center = frame.center + frame.axes @ (frame.half * part.center)
    half = np.maximum(frame.half * part.half, 5e-4)
    return Primitive(
        kind=part.kind,
        center=(float(center[0]), float(center[1]), float(center[2])),
        half=(float(half[0]), float(half[1]), float(half[2])),
        rotation=frame.axes @ yaw_matrix(part.yaw_deg) if part.yaw_deg else plain,
        color=main if part.color is None else part.color,
        owner=owner,
        glow=part.glow,
    )
