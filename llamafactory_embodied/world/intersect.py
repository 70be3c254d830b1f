"""Where rays enter unit solids, and how bright the entered surface is.

Every primitive is scaled to a unit solid first (box of half 1, cylinder and sphere of radius 1), so origins and
directions below are in the primitive's scaled local axes. A solid that holds the ray's origin is not hit: like a
mesh with culled back faces, it cannot be seen from inside. Grazing rays divide by zero and take roots of negative
numbers on purpose: the infinities and NaNs compare as misses, so callers run this under `np.errstate`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .primitive import FloatArray

AMBIENT = 0.62  # brightness of a surface that faces away from the light
CUP_WALL = 0.86  # inner radius of a cup, relative to its outer one
CUP_FLOOR = -0.8  # height of a cup's inner floor, in -1..1
CUP_INSIDE = 0.66  # brightness of the inside of a cup

Triple = Sequence[float]
Rays = Sequence[FloatArray]  # x, y and z of the directions, broadcastable against each other


class Span(NamedTuple):
    """Where rays are inside an endless slab or tube; `entry` is None where the origin is already inside."""

    entry: FloatArray | None
    leave: FloatArray


class Entry(NamedTuple):
    """Distances in ray lengths at which a solid is entered (not positive, or infinite, where it is missed).

    `spans` are those of the solid's face pairs; `brightness` needs them.
    """

    near: FloatArray
    spans: tuple[Span, ...]


def enter(kind: str, origin: Triple, rays: Rays) -> Entry:
    """Intersect rays that start at `origin` with the unit solid of a primitive kind."""
    if kind == "box":
        return _enter_spans(tuple(_slab(o, d) for o, d in zip(origin, rays, strict=True)))
    if kind == "ellipsoid":
        return Entry(_sphere(origin, rays), ())
    solid = _enter_spans((_slab(origin[1], rays[1]), _tube(origin, rays, 1.0)))
    if kind == "cup" and origin[1] > 1.0:
        return Entry(_into_cup(origin, rays, solid), solid.spans)
    return solid


def brightness(kind: str, origin: Triple, rays: Rays, entry: Entry, light: Triple, half: Triple) -> FloatArray:
    """Brightness in 0..1 of the entered surface: half-Lambert over an ambient term.

    Args:
        kind: one of the primitive kinds.
        origin: start of all rays, scaled local axes.
        rays: directions, scaled local axes.
        entry: what `enter` gave for them.
        light: unit vector towards the light, local axes.
        half: half extents that scaled the solid, metres.
    """
    if kind == "box":
        return _box_tone(origin, entry, light)
    x, y, z = (o + entry.near * d for o, d in zip(origin, rays, strict=True))
    if kind == "ellipsoid":
        return _round_tone((x / half[0], y / half[1], z / half[2]), light)
    tone = _round_tone((x / half[0], np.zeros(()), z / half[2]), light)
    cap = entry.spans[0].entry
    if cap is None:
        return tone
    flat = _tone(np.copysign(light[1], light[1] * origin[1]))
    if kind == "cup" and origin[1] > 1.0:
        flat_or_inside = np.where(entry.near > cap + 1e-9, CUP_INSIDE, flat)
        through_cap = cap >= _or_behind(entry.spans[1].entry)
        return np.where(through_cap, flat_or_inside, tone)
    return np.where(entry.near == cap, flat, tone)


def _tone(cosine: FloatArray | float) -> FloatArray:
    return np.asarray(AMBIENT + (1 - AMBIENT) * (0.5 + 0.5 * cosine))


def _box_tone(origin: Triple, entry: Entry, light: Triple) -> FloatArray:
    tone = np.ones(())
    for axis, span in enumerate(entry.spans):
        if span.entry is not None:
            facing = light[axis] if origin[axis] > 0 else -light[axis]
            tone = np.where(entry.near == span.entry, _tone(facing), tone)
    return tone


def _round_tone(normal: Rays, light: Triple) -> FloatArray:
    x, y, z = normal
    return _tone((x * light[0] + y * light[1] + z * light[2]) / np.sqrt(x * x + y * y + z * z))


def _slab(origin: float, ray: FloatArray) -> Span:
    """Span of the slab -1..1 of one axis. For a ray that heads away both are negative and leave < entry: a miss."""
    inverse = 1.0 / ray
    if abs(origin) < 1.0:
        return Span(None, (np.copysign(1.0, ray) - origin) * inverse)
    side = 1.0 if origin > 0 else -1.0
    return Span((side - origin) * inverse, (-side - origin) * inverse)


def _tube(origin: Triple, rays: Rays, radius: float) -> Span:
    """Span of the endless tube around y."""
    (ox, _, oz), (dx, _, dz) = origin, rays
    a = dx * dx + dz * dz
    b = ox * dx + oz * dz
    c = ox * ox + oz * oz - radius * radius
    root = np.sqrt(b * b - a * c)
    return Span(None if c < 0 else (-b - root) / a, (root - b) / a)


def _sphere(origin: Triple, rays: Rays) -> FloatArray:
    (ox, oy, oz), (dx, dy, dz) = origin, rays
    c = ox * ox + oy * oy + oz * oz - 1.0
    if c <= 0:
        return np.full((), -np.inf)
    b = ox * dx + oy * dy + oz * dz
    a = dx * dx + dy * dy + dz * dz
    near = (-b - np.sqrt(b * b - a * c)) / a
    return np.where(np.isnan(near), np.inf, near)


def _or_behind(entry: FloatArray | None) -> FloatArray:
    return np.full((), -np.inf) if entry is None else entry


def _enter_spans(spans: tuple[Span, ...]) -> Entry:
    near: FloatArray = np.full((), -np.inf)
    for entry in (span.entry for span in spans):
        if entry is not None:
            near = np.maximum(near, entry) if near.ndim else entry
    far = spans[0].leave
    for span in spans[1:]:
        far = np.minimum(far, span.leave)
    return Entry(np.where(near <= far, near, np.inf), spans)


def _into_cup(origin: Triple, rays: Rays, solid: Entry) -> FloatArray:
    """Let the rays that enter through the rim's opening go on to the cup's inner wall or floor."""
    rim = solid.spans[0].entry
    if rim is None:
        return solid.near
    x, z = origin[0] + rim * rays[0], origin[2] + rim * rays[2]
    opening = (solid.near == rim) & (x * x + z * z < CUP_WALL**2)
    floor = (CUP_FLOOR - origin[1]) / rays[1]
    wall = _tube(origin, rays, CUP_WALL).leave
    return np.where(opening, np.minimum(floor, wall), solid.near)
