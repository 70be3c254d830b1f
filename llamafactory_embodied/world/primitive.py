"""One convex (or cup-shaped) solid, the only thing the ray caster knows."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import SceneError

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
Vec3 = tuple[float, float, float]
Color = tuple[int, int, int]

KINDS = ("box", "cylinder", "cup", "ellipsoid")
PATTERNS = ("plain", "tiles", "planks")
STRUCTURE = -1  # owner of walls, floor and ceiling
NOTHING = -2  # owner of a pixel that no primitive covers


@dataclass(frozen=True, eq=False)
class Primitive:
    """A solid with one colour.

    Attributes:
        kind: "box", "cylinder" (around its local y axis), "cup" (a cylinder hollowed out from above) or "ellipsoid".
        center: metres.
        half: half extents along the local axes, metres, all positive.
        rotation: orthonormal 3x3 matrix, local to world; None is the identity.
        color: red, green, blue, each 0..255.
        owner: index of the owning object in the scene's list of objects, -1 for the room's structure.
        glow: drawn at full brightness whichever way it faces: lamps, screens, ceilings.
        pattern: "plain", or a faint floor pattern in world coordinates: "tiles", "planks".

    Raises:
        SceneError: an attribute is outside of what is said above.
    """

    kind: str
    center: Vec3
    half: Vec3
    rotation: FloatArray | None
    color: Color
    owner: int
    glow: bool = False
    pattern: str = "plain"

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.pattern not in PATTERNS:
            raise SceneError(f"Primitive is a {self.kind!r} with pattern {self.pattern!r}; know {KINDS}, {PATTERNS}.")
        if not all(map(math.isfinite, (*self.center, *self.half))) or min(self.half) <= 0:
            raise SceneError(f"Primitive has center {self.center}, half {self.half}; expected finite, half above 0.")
        if min(self.color) < 0 or max(self.color) > 255:
            raise SceneError(f"Primitive has color {self.color}; expected three values in 0..255.")
        if self.owner < STRUCTURE:
            raise SceneError(f"Primitive has owner {self.owner}; expected an object's index, or {STRUCTURE}.")
        if self.rotation is not None:
            _check_rotation(self.rotation)


def _check_rotation(rotation: FloatArray) -> None:
    ok = rotation.shape == (3, 3) and bool(np.abs(rotation @ rotation.T - np.eye(3)).max() < 1e-3)
    if not ok:
        raise SceneError(f"Primitive has rotation {rotation.tolist()}; expected an orthonormal 3x3 matrix.")
