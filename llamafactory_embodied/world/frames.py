"""The oriented box of an object: where its front, top and right are."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from ..errors import SceneError
from .primitive import FloatArray

_FLAT_HALF_M = 0.03  # of a window or a mirror
_MIN_HALF_M = 0.002  # cards and discs have boxes of no height at all


class Frame(NamedTuple):
    """An oriented box.

    Attributes:
        center: [3] metres.
        half: [3] half extents along the columns of `axes`, metres.
        axes: [3, 3] columns are the object's right, top and front in world axes.
    """

    center: FloatArray
    half: FloatArray
    axes: FloatArray


def yaw_matrix(yaw_deg: float) -> FloatArray:
    """Rotation about y, local to world: 90 degrees turns a front along +z to +x."""
    sin, cos = np.sin(np.radians(yaw_deg)), np.cos(np.radians(yaw_deg))
    return np.array([[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]])


def object_frame(item: Mapping[str, Any]) -> Frame:
    """The oriented box of an object where AI2-THOR gives one, else its axis-aligned box turned by quarter turns.

    Raises:
        SceneError: the object has no usable bounding box.
    """
    try:
        oriented = item.get("objectOrientedBoundingBox")
        frame = _oriented(item, oriented["cornerPoints"]) if oriented else _axis_aligned(item)
    except (KeyError, TypeError, ValueError) as error:
        raise SceneError(
            f"Object {item.get('objectId')!r} has no usable bounding box ({error!r}); expected AI2-THOR metadata."
        ) from error
    if not all(np.isfinite(part).all() for part in frame):
        raise SceneError(f"Object {item.get('objectId')!r} has a bounding box that is not finite: {frame}.")
    return frame


def along_length(frame: Frame) -> Frame:
    """The same box with its longest side as front axis and its shortest as top axis: cutlery lies as it likes."""
    short, middle, long = np.argsort(frame.half, kind="stable")
    return _reordered(frame, (middle, short, long))


def along_roll(frame: Frame) -> Frame:
    """The same box with the axis of a roll or a bottle as top axis: the one whose other two sides are alike."""
    unlike = [abs(frame.half[(k + 1) % 3] - frame.half[(k + 2) % 3]) for k in (1, 0, 2)]
    top = (1, 0, 2)[int(np.argmin(unlike))]
    return _reordered(frame, ((top + 1) % 3, top, (top + 2) % 3)) if top != 1 else frame


def upright(frame: Frame) -> Frame:
    """The same box with the axis nearest to the vertical as top axis, pointing up."""
    top = int(np.argmax(np.abs(frame.axes[1])))
    return _reordered(frame, {0: (1, 0, 2), 1: (0, 1, 2), 2: (0, 2, 1)}[top])


def across_corner(frame: Frame, yaw_deg: float) -> Frame:
    """What hangs flat across the corner of a room: AI2-THOR's upright box of it is as deep as it is wide."""
    width = float(np.hypot(frame.half[0], frame.half[2]))
    return Frame(frame.center, np.array([width, frame.half[1], _FLAT_HALF_M]), yaw_matrix(yaw_deg))


def facing_thin_side(frame: Frame) -> Frame:
    """The same box with its thinner horizontal side as front axis: what hangs flat on a wall."""
    return frame if frame.half[2] <= frame.half[0] else _reordered(frame, (2, 1, 0))


def _reordered(frame: Frame, order: tuple[int, int, int]) -> Frame:
    axes = frame.axes[:, order]
    if axes[1, 1] < 0:
        axes = axes * np.array([1.0, -1.0, 1.0])
    return Frame(frame.center, frame.half[list(order)], axes)


def _oriented(item: Mapping[str, Any], corners: list[list[float]]) -> Frame:
    axes = euler_matrix(item["rotation"])
    local = np.asarray(corners, np.float64).reshape(8, 3) @ axes
    low, high = local.min(axis=0), local.max(axis=0)
    return Frame(axes @ ((low + high) / 2), np.maximum((high - low) / 2, _MIN_HALF_M), axes)


def _axis_aligned(item: Mapping[str, Any]) -> Frame:
    box = item["axisAlignedBoundingBox"]
    center, size = (np.array([float(box[key][axis]) for axis in "xyz"]) for key in ("center", "size"))
    quarters = round(float(item["rotation"]["y"]) / 90.0) % 4
    half = size[[2, 1, 0]] if quarters % 2 else size
    return Frame(center, np.maximum(half / 2, _MIN_HALF_M), np.round(yaw_matrix(90.0 * quarters)))


def euler_matrix(rotation: Mapping[str, float]) -> FloatArray:
    """AI2-THOR's `rotation` as a matrix [3, 3]. Unity's order: about z, then x, then y."""
    x, z = np.radians(rotation["x"]), np.radians(rotation["z"])
    about_x = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(x), -np.sin(x)], [0.0, np.sin(x), np.cos(x)]])
    about_z = np.array([[np.cos(z), -np.sin(z), 0.0], [np.sin(z), np.cos(z), 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(yaw_matrix(rotation["y"]) @ about_x @ about_z)


def euler_angles(matrix: FloatArray) -> dict[str, float]:
    """The inverse of `euler_matrix`, degrees."""
    sin_x = float(np.clip(-matrix[1, 2], -1.0, 1.0))
    if abs(sin_x) > 1.0 - 1e-9:  # looking straight up or down: turns about y and z are one, and all goes to y
        y, z = math.atan2(-matrix[2, 0], matrix[0, 0]), 0.0
    else:
        y, z = math.atan2(matrix[0, 2], matrix[2, 2]), math.atan2(matrix[1, 0], matrix[1, 1])
    angles = {"x": math.asin(sin_x), "y": y, "z": z}
    return {axis: round(math.degrees(angle) % 360.0, 6) % 360.0 for axis, angle in angles.items()}
