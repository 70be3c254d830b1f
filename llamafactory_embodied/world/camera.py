"""The pinhole camera of an agent and its cached grid of pixel rays.

Axes are AI2-THOR's (Unity's): x right, y up, z forward, metres; yaw is clockwise seen from above, a positive horizon
looks down, the field of view is vertical.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from ..errors import SceneError
from .primitive import FloatArray


@dataclass(frozen=True)
class Camera:
    """Where a frame is taken from, and its size.

    Attributes:
        position: eye point, metres.
        yaw_deg: 0 looks along +z, 90 along +x.
        horizon_deg: 0 is level, positive looks down.
        fov_deg: vertical field of view, between 1 and 179.
        width_px: columns of the frame.
        height_px: rows of the frame.
    """

    position: tuple[float, float, float]
    yaw_deg: float
    horizon_deg: float
    fov_deg: float
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        if not 1.0 <= self.fov_deg <= 179.0:
            raise SceneError(f"Camera field of view is {self.fov_deg}; expected degrees between 1 and 179.")
        if self.width_px < 1 or self.height_px < 1:
            raise SceneError(f"Camera frame is {self.width_px}x{self.height_px} px; expected at least 1x1.")
        if not all(map(math.isfinite, (*self.position, self.yaw_deg, self.horizon_deg))):
            raise SceneError(f"Camera pose has a value that is not finite: {self}.")

    def basis(self) -> FloatArray:
        """Right, up and forward of the camera as the columns of a 3x3 matrix (camera to world)."""
        yaw, pitch = math.radians(self.yaw_deg), math.radians(self.horizon_deg)
        sy, cy, sp, cp = math.sin(yaw), math.cos(yaw), math.sin(pitch), math.cos(pitch)
        return np.array([[cy, sy * sp, sy * cp], [0.0, cp, -sp], [-sy, cy * sp, cy * cp]])

    def half_extent(self) -> tuple[float, float]:
        """Tangents of half the horizontal and half the vertical field of view."""
        vertical = math.tan(math.radians(self.fov_deg) / 2)
        return vertical * self.width_px / self.height_px, vertical

    def rays(self, single: bool = False) -> tuple[FloatArray, FloatArray]:
        """Ray slopes of the pixel centres at optical depth 1: u of each column [W] and v of each row [H, 1].

        Args:
            single: in single instead of double precision.
        """
        return _ray_grid(self.fov_deg, self.width_px, self.height_px, np.float32 if single else np.float64)


@lru_cache(maxsize=32)
def _ray_grid(
    fov_deg: float, width_px: int, height_px: int, dtype: type[np.floating[Any]]
) -> tuple[FloatArray, FloatArray]:
    vertical = math.tan(math.radians(fov_deg) / 2)
    u = (2 * (np.arange(width_px) + 0.5) / width_px - 1) * (vertical * width_px / height_px)
    v = (1 - 2 * (np.arange(height_px) + 0.5) / height_px) * vertical
    grid = u.astype(dtype), v.astype(dtype)[:, None]
    for slopes in grid:
        slopes.setflags(write=False)  # shared by all cameras with these intrinsics
    return grid
