"""A ray caster in NumPy: object ids, depth and a shaded frame of a list of primitives.

Each primitive is tested only against the pixels of the screen rectangle that its bounding box covers, and the nearest
surface wins as in a z-buffer. Primitives are drawn from near to far, so that hidden ones are skipped early.
Everything is deterministic.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .intersect import brightness, enter
from .packing import Packed, pack
from .primitive import NOTHING, STRUCTURE, FloatArray, Primitive
from .screen import NEAR_M, screen_rectangles

__all__ = ["NOTHING", "STRUCTURE", "Camera", "Primitive", "View", "cast", "shade"]

BACKGROUND = (150, 160, 175)  # colour of a pixel that no primitive covers

Owners = NDArray[np.int32]


class View(NamedTuple):
    """What a camera sees; H rows (top first) by W columns.

    Attributes:
        owners: [H, W] int32 index of the seen object, -1 the room's structure, -2 nothing.
        depth: [H, W] float32 metres along the optical axis, as AI2-THOR's depth frame; infinite where nothing is.
        numbers: [H, W] int32 index of the seen primitive, -1 nothing.
        tone: [H, W] float32 brightness of the seen surface in 0..1.
    """

    owners: Owners
    depth: NDArray[np.float32]
    numbers: NDArray[np.int32]
    tone: NDArray[np.float32]


def cast(primitives: Sequence[Primitive], camera: Camera) -> View:
    """Find the nearest primitive of every pixel."""
    shape = (camera.height_px, camera.width_px)
    depth = np.full(shape, np.inf, np.float32)
    numbers = np.full(shape, -1, np.int32)
    tone = np.ones(shape, np.float32)
    if primitives:
        packed = pack(primitives, camera)
        with np.errstate(all="ignore"):
            for number, rectangle in screen_rectangles(packed, camera):
                _draw(packed, number, rectangle, camera, (depth, numbers, tone))
    owners = np.array([p.owner for p in primitives] + [NOTHING], np.int32)[numbers]
    return View(owners, depth, numbers, tone)


def shade(view: View, primitives: Sequence[Primitive], camera: Camera) -> NDArray[np.uint8]:
    """Colour a view: [H, W, 3] uint8 RGB, top row first."""
    tone = view.tone.copy()
    for number, primitive in enumerate(primitives):
        if primitive.pattern != "plain":
            _imprint(tone, view, number, primitive.pattern, camera)
    colors = np.array([p.color for p in primitives] + [BACKGROUND], np.float32)
    frame = np.empty((*tone.shape, 3), np.uint8)
    for channel in range(3):  # three times as fast as all channels at once
        light = colors[:, channel].take(view.numbers, mode="wrap")
        light *= tone
        frame[..., channel] = light
    return frame


_Buffers = tuple[NDArray[np.float32], NDArray[np.int32], NDArray[np.float32]]
_Rectangle = tuple[slice, slice]


def _draw(packed: Packed, number: int, area: _Rectangle, camera: Camera, out: _Buffers) -> None:
    """Draw one primitive over one screen rectangle."""
    depth, numbers, tone = (buffer[area] for buffer in out)
    if packed.nearest[number] > depth.max():
        return
    kind, origin, to_local = packed.kinds[number], packed.origins[number].tolist(), packed.to_local[number].tolist()
    # Round solids far away subtract large squares from each other: single precision would fray their outlines.
    u, v = camera.rays(single=kind == "box")
    rays = [_plane(row, u[area[1]], v[area[0]]) for row in to_local]
    entry = enter(kind, origin, rays)
    hit = (entry.near > NEAR_M) & (entry.near < depth)
    if not hit.any():
        return
    np.copyto(depth, entry.near, where=hit, casting="same_kind")
    np.copyto(numbers, np.int32(number), where=hit)
    light, half = packed.lights[number].tolist(), packed.halves[number].tolist()
    glow = packed.glows[number]
    shine = np.float64(1.0) if glow else brightness(kind, origin, rays, entry, light, half)
    np.copyto(tone, shine, where=hit, casting="same_kind")


def _plane(row: Sequence[float], u: FloatArray, v: FloatArray) -> FloatArray:
    """One local component of the rays; a row or a column alone where the other does not matter, which is cheaper."""
    if row[0] == 0.0:
        return v * row[1] + row[2]
    if row[1] == 0.0:
        return (u * row[0] + row[2])[None, :]
    return u * row[0] + (v * row[1] + row[2])


def _imprint(tone: NDArray[np.float32], view: View, number: int, pattern: str, camera: Camera) -> None:
    """Darken every second tile or plank of one primitive a little."""
    rows, columns = np.nonzero(view.numbers == number)
    if not len(rows):
        return
    u, v = camera.rays()
    directions = np.stack([u[columns], v[rows, 0], np.ones(len(rows))]) * view.depth[rows, columns]
    right, _, forward = camera.basis() @ directions + np.asarray(camera.position)[:, None]
    if pattern == "tiles":
        odd = (np.floor(right / 0.5) + np.floor(forward / 0.5)) % 2
    else:
        plank = np.floor(right / 0.2)
        odd = (plank + np.floor(forward / 1.4 + 0.37 * plank)) % 2
    tone[rows, columns] *= np.where(odd > 0, np.float32(0.93), np.float32(1.0))
