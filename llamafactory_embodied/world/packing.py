"""Primitives as arrays in one camera's terms, computed for all of them at once."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from .camera import Camera
from .primitive import FloatArray, Primitive

LIGHT = np.array([0.45, 0.8, -0.25]) / np.linalg.norm([0.45, 0.8, -0.25])  # towards the light, world axes


class Packed(NamedTuple):
    """N primitives as one camera sees them.

    Attributes:
        kinds: N kinds.
        glows: N flags.
        halves: [N, 3] half extents, metres.
        origins: [N, 3] the camera's place in scaled local axes.
        to_local: [N, 3, 3] camera ray (u, v, 1) to scaled local axes.
        lights: [N, 3] direction of the light in local axes.
        nearest: [N] optical depth of the nearest corner, metres.
        corners: [N, 8, 3] corners of the bounding boxes in camera axes, metres.
    """

    kinds: list[str]
    glows: list[bool]
    halves: FloatArray
    origins: FloatArray
    to_local: FloatArray
    lights: FloatArray
    nearest: list[float]
    corners: FloatArray


_SIGNS = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
_IDENTITY = np.eye(3)


def pack(primitives: Sequence[Primitive], camera: Camera) -> Packed:
    """Bring primitives into a camera's axes and the camera's rays into theirs."""
    halves = np.array([p.half for p in primitives])
    rotations = np.array([_IDENTITY if p.rotation is None else p.rotation for p in primitives])
    offsets = np.array([p.center for p in primitives]) - np.asarray(camera.position)
    basis = camera.basis()
    inverse = rotations.transpose(0, 2, 1)  # world to local
    centers = offsets @ basis
    axes = basis.T @ rotations  # local to camera
    corners = centers[:, None, :] + (_SIGNS * halves[:, None, :]) @ axes.transpose(0, 2, 1)
    return Packed(
        kinds=[p.kind for p in primitives],
        glows=[p.glow for p in primitives],
        halves=halves,
        origins=-np.einsum("nij,nj->ni", inverse, offsets) / halves,
        to_local=inverse @ basis / halves[:, :, None],
        lights=inverse @ LIGHT,
        nearest=corners[..., 2].min(axis=1).tolist(),
        corners=corners,
    )
