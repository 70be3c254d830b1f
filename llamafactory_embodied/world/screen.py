"""Which pixels a primitive can cover: conservative screen rectangles of bounding boxes."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .packing import Packed
from .primitive import FloatArray, IntArray

NEAR_M = 0.02  # nothing nearer than this along the optical axis is drawn

# The twelve edges of a box whose corner number has the bits x, y, z.
_EDGES = np.array([(a, a | bit) for a in range(8) for bit in (1, 2, 4) if not a & bit])


def screen_rectangles(packed: Packed, camera: Camera) -> Iterator[tuple[int, tuple[slice, slice]]]:
    """Yield number and pixel rectangle (rows, columns) of every primitive that may be in view, near ones first."""
    points, valid = _front_points(packed.corners)
    lows, highs = _pixel_bounds(points, valid, camera)
    size = np.array([camera.width_px, camera.height_px])
    lows, highs = np.maximum(lows, 0), np.minimum(highs, size)
    shown = valid.any(axis=1) & (lows < highs).all(axis=1)
    for number in sorted(np.flatnonzero(shown).tolist(), key=packed.nearest.__getitem__):
        (left, top), (right, bottom) = lows[number].tolist(), highs[number].tolist()
        yield number, (slice(top, bottom), slice(left, right))


def _front_points(corners: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Corners in front of the near plane and the places where edges cross it: [N, 20, 3] and [N, 20] validity."""
    ahead = corners[..., 2] >= NEAR_M
    if ahead.all():
        return corners, ahead
    a, b = corners[:, _EDGES[:, 0]], corners[:, _EDGES[:, 1]]
    crosses = ahead[:, _EDGES[:, 0]] != ahead[:, _EDGES[:, 1]]
    run = np.where(crosses, b[..., 2] - a[..., 2], 1.0)
    cuts = a + (b - a) * ((NEAR_M - a[..., 2]) / run)[..., None]
    cuts[..., 2] = NEAR_M
    return np.concatenate([corners, cuts], axis=1), np.concatenate([ahead, crosses], axis=1)


def _pixel_bounds(points: FloatArray, valid: NDArray[np.bool_], camera: Camera) -> tuple[IntArray, IntArray]:
    """First and one-past-last column and row, each [N, 2], one pixel wider than the projected points."""
    wide, tall = camera.half_extent()
    scale = np.array([camera.width_px / wide, -camera.height_px / tall]) / 2
    middle = np.array([camera.width_px, camera.height_px]) / 2
    depth = np.where(valid, points[..., 2], 1.0)
    pixels = points[..., :2] / depth[..., None] * scale + middle
    pixels = np.clip(pixels, -2, np.array([camera.width_px, camera.height_px]) + 2)
    lows = np.where(valid[..., None], pixels, np.inf).min(axis=1, initial=1e9)
    highs = np.where(valid[..., None], pixels, -np.inf).max(axis=1, initial=-1e9)
    return np.floor(lows).astype(np.int64) - 1, np.ceil(highs).astype(np.int64) + 1
