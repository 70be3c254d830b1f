"""Straight lines of sight: what stands first on the way from one place to each of some points.

The ray caster draws whole pictures, one solid after the other; this answers about single points, all solids at once,
for `visible` and GetInteractablePoses. AI2-THOR asks Unity's physics in the same way: an object is visible when a ray
from the camera to one of its visibility points meets the object itself.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .camera import Camera
from .intersect import CUP_FLOOR, CUP_WALL
from .primitive import KINDS, FloatArray, IntArray, Primitive
from .screen import NEAR_M

NO_HIT = -3  # nothing lies before the point
_STEP_M = 0.3  # points of a large face are no further apart than this
_MOST = 9  # points along one edge
_INSET = 0.96  # how far out on a face its outermost points lie: a ray at an edge meets what lies beside it too
_FIRST = 8  # points of each object that are asked for first
_SLACK = 1e-6  # of a way: a point on a surface is met despite rounding
_IDENTITY = np.eye(3)


class Solids(NamedTuple):
    """N primitives as arrays.

    Attributes:
        kinds: [N] index into `KINDS`.
        centers: [N, 3] metres.
        to_local: [N, 3, 3] world axes to the scaled local axes in which the solid is a unit solid.
        radii: [N] of a sphere around each, metres.
        owners: [N] index of the object, or what a primitive says instead.
    """

    kinds: IntArray
    centers: FloatArray
    to_local: FloatArray
    radii: FloatArray
    owners: NDArray[np.int32]


class Points(NamedTuple):
    """M points on the surfaces of solids.

    Attributes:
        places: [M, 3] metres.
        normals: [M, 3] outward, unit length.
        owners: [M] index of the object.
    """

    places: FloatArray
    normals: FloatArray
    owners: NDArray[np.int32]


def solids_of(primitives: Sequence[Primitive]) -> Solids:
    """Packs primitives for `first_hits`."""
    rotations = np.array([_IDENTITY if p.rotation is None else p.rotation for p in primitives]).reshape(-1, 3, 3)
    halves = np.array([p.half for p in primitives], np.float64).reshape(-1, 3)
    return Solids(
        kinds=np.array([KINDS.index(p.kind) for p in primitives], np.int64),
        centers=np.array([p.center for p in primitives], np.float64).reshape(-1, 3),
        to_local=rotations.transpose(0, 2, 1) / halves[:, :, None],
        radii=np.linalg.norm(halves, axis=1),
        owners=np.array([p.owner for p in primitives], np.int32),
    )


def first_hits(solids: Solids, origin: Sequence[float] | FloatArray, points: FloatArray) -> NDArray[np.int32]:
    """Says what stands first on the straight way from one place to each of some points.

    Args:
        solids: what may stand there; those that hold the origin are not hit.
        origin: [3] metres.
        points: [M, 3] metres.

    Returns:
        [M] owner of the first solid hit before or at the point, `NO_HIT` where there is none.
    """
    start = np.asarray(origin, np.float64)
    ways = np.asarray(points, np.float64).reshape(-1, 3) - start
    owners = np.full(len(ways), NO_HIT, np.int32)
    rays, numbers = np.nonzero(_passes(solids, start, ways))
    if len(rays):
        near = _distances(solids, start, ways, rays, numbers)
        hit = (near > 0) & (near <= 1 + _SLACK)
        rays, numbers, near = rays[hit], numbers[hit], near[hit]
        order = np.lexsort((numbers, near, rays))
        first, at = np.unique(rays[order], return_index=True)
        owners[first] = solids.owners[numbers[order][at]]
    return owners


def seen_owners(solids: Solids, points: Points, camera: Camera) -> IntArray:
    """The objects of which a camera sees one of the points or more, sorted.

    Args:
        solids: all that may stand between.
        points: on the surfaces of objects, those of one object side by side.
        camera: from where; the frame's size matters for its aspect alone.
    """
    eye = np.asarray(camera.position)
    shown = np.flatnonzero(in_picture(points.places - eye, camera) & facing(points, eye))
    owners = points.owners[shown]
    counts = np.bincount(owners) if len(owners) else np.zeros(1, np.int64)
    rank = np.arange(len(owners)) - (np.cumsum(counts) - counts)[owners]
    early = rank % np.maximum(counts[owners] // _FIRST, 1) == 0  # a few points tell most of what is seen
    seen = np.zeros(len(counts), np.bool_)
    for part in (early, ~early):
        asked = np.flatnonzero(part & ~seen[owners])
        met = first_hits(solids, eye, points.places[shown[asked]]) == owners[asked]
        seen[owners[asked[met]]] = True
    return np.flatnonzero(seen)


def open_ways(solids: Solids, points: Points, owner: int, eye: Sequence[float]) -> FloatArray:
    """The ways [K, 3] from an eye to those points of one object that are in sight, whichever way one looks."""
    own = np.flatnonzero(points.owners == owner)
    mine = Points(points.places[own], points.normals[own], points.owners[own])
    places = mine.places[facing(mine, np.asarray(eye))]
    return np.asarray(places[first_hits(solids, eye, places) == owner] - np.asarray(eye))


def facing(points: Points, eye: FloatArray) -> NDArray[np.bool_]:
    """Whether each point [M] lies on a side that looks towards the eye [3], metres."""
    return np.asarray(np.einsum("mk,mk->m", eye - points.places, points.normals) > 0)


def in_picture(rays: FloatArray, camera: Camera) -> NDArray[np.bool_]:
    """Whether each ray [M, 3] from the camera's eye, in world axes, lies in its picture."""
    right, up, depth = (rays @ camera.basis()).T
    wide, tall = camera.half_extent()
    return np.asarray((depth > NEAR_M) & (np.abs(right) <= depth * wide) & (np.abs(up) <= depth * tall))


def _passes(solids: Solids, start: FloatArray, ways: FloatArray) -> NDArray[np.bool_]:
    """[M, N] whether a way passes through the sphere around a solid."""
    centers = (solids.centers - start).astype(np.float32)
    single = ways.astype(np.float32)
    along = single @ centers.T
    lengths = np.maximum((single * single).sum(axis=1), 1e-12)
    share = np.clip(along / lengths[:, None], 0, 1)
    apart = (centers * centers).sum(axis=1) - share * (2 * along - share * lengths[:, None])
    return np.asarray(apart <= (solids.radii.astype(np.float32) ** 2) * 1.001 + 1e-6)


def _distances(solids: Solids, start: FloatArray, ways: FloatArray, rays: IntArray, numbers: IntArray) -> FloatArray:
    """[K] where each of K pairs of a way and a solid meet, 0 at the start and 1 at the way's end; NaN is a miss."""
    origins = np.einsum("nij,nj->ni", solids.to_local, start - solids.centers)
    o = origins[numbers].T
    d = np.einsum("kij,kj->ik", solids.to_local[numbers], ways[rays])
    near = np.full(len(rays), np.nan)
    kinds = solids.kinds[numbers]
    with np.errstate(all="ignore"):
        for kind, name in enumerate(KINDS):
            of_kind = np.flatnonzero(kinds == kind)
            if len(of_kind):
                near[of_kind] = _ENTER[name](o[:, of_kind], d[:, of_kind])
    return near


def _box(o: FloatArray, d: FloatArray) -> FloatArray:
    low, high = (-1.0 - o) / d, (1.0 - o) / d
    near, far = np.minimum(low, high).max(axis=0), np.maximum(low, high).min(axis=0)
    return np.asarray(np.where(near <= far, near, np.nan))


def _tube(o: FloatArray, d: FloatArray, radius: float) -> tuple[FloatArray, FloatArray]:
    """Where rays enter and leave the endless tube around y."""
    a = d[0] * d[0] + d[2] * d[2]
    b = o[0] * d[0] + o[2] * d[2]
    root = np.sqrt(b * b - a * (o[0] * o[0] + o[2] * o[2] - radius * radius))
    return (-b - root) / a, (root - b) / a


def _cylinder(o: FloatArray, d: FloatArray) -> FloatArray:
    low, high = (-1.0 - o[1]) / d[1], (1.0 - o[1]) / d[1]
    enter, leave = _tube(o, d, 1.0)
    near, far = np.maximum(np.minimum(low, high), enter), np.minimum(np.maximum(low, high), leave)
    return np.asarray(np.where(near <= far, near, np.nan))


def _cup(o: FloatArray, d: FloatArray) -> FloatArray:
    """A cylinder, or what is met inside it by a ray that comes through its open top."""
    near, rim = _cylinder(o, d), (1.0 - o[1]) / d[1]
    x, z = o[0] + rim * d[0], o[2] + rim * d[2]
    opening = (o[1] > 1.0) & (near == rim) & (x * x + z * z < CUP_WALL**2)
    inside = np.minimum((CUP_FLOOR - o[1]) / d[1], _tube(o, d, CUP_WALL)[1])
    return np.where(opening, inside, near)


def _ellipsoid(o: FloatArray, d: FloatArray) -> FloatArray:
    a, b, c = (d * d).sum(axis=0), (o * d).sum(axis=0), (o * o).sum(axis=0) - 1.0
    return np.asarray((-b - np.sqrt(b * b - a * c)) / a)


_ENTER = {"box": _box, "cylinder": _cylinder, "cup": _cup, "ellipsoid": _ellipsoid}


def points_on(primitives: Sequence[Primitive]) -> Points:
    """Points spread over the surfaces of the primitives of objects; walls and ceilings are left out."""
    primitives = [p for p in primitives if p.owner >= 0]
    spread = [_spread(primitive) for primitive in primitives]
    owners = np.repeat([p.owner for p in primitives], [len(places) for places, _ in spread]).astype(np.int32)
    places = np.concatenate([np.zeros((0, 3)), *(places for places, _ in spread)])
    normals = np.concatenate([np.zeros((0, 3)), *(normals for _, normals in spread)])
    return Points(places, normals, owners)


def joined(points: Sequence[Points]) -> Points:
    """Several sets of points as one."""
    return Points(*(np.concatenate(column) for column in zip(*points, strict=True)))


def _spread(primitive: Primitive) -> tuple[FloatArray, FloatArray]:
    counts = (min(_MOST, max(3, math.ceil(2 * half / _STEP_M) + 1)) for half in primitive.half)
    unit, normals = _unit_points(primitive.kind, *counts)
    half = np.asarray(primitive.half)
    places, normals = unit * half, normals / half
    normals = normals / np.linalg.norm(normals, axis=1, keepdims=True)
    if primitive.rotation is not None:
        places, normals = places @ primitive.rotation.T, normals @ primitive.rotation.T
    return places + np.asarray(primitive.center), normals


@lru_cache(maxsize=256)
def _unit_points(kind: str, *counts: int) -> tuple[FloatArray, FloatArray]:
    """Points [K, 3] on the unit solid of a kind and their normals, from a grid on the faces of the cube around it."""
    places, normals = _cube_points(counts)
    if kind == "box":
        return places, normals
    if kind == "ellipsoid":
        places = places / np.linalg.norm(places, axis=1, keepdims=True)
        return places, places
    ends = normals[:, 1] != 0
    flat = np.hypot(places[:, 0], places[:, 2])
    share = np.where(ends, np.abs(places[:, [0, 2]]).max(axis=1), 1.0) / np.maximum(flat, 1e-9)
    round_ = places * np.stack([share, np.ones(len(share)), share], axis=1)
    outward = np.where(ends[:, None], normals, round_ * [1.0, 0.0, 1.0])
    if kind == "cup":  # its top is open: what one sees there is the floor inside
        round_[normals[:, 1] > 0] *= [0.9 * CUP_WALL, 0.0, 0.9 * CUP_WALL]
        round_[normals[:, 1] > 0] += [0.0, CUP_FLOOR, 0.0]
    return round_, outward


def _cube_points(counts: tuple[int, ...]) -> tuple[FloatArray, FloatArray]:
    steps = [np.linspace(-_INSET, _INSET, count) for count in counts]
    places, normals = [], []
    for axis in range(3):
        for side in (-1.0, 1.0):
            axes = [np.array([side]) if k == axis else steps[k] for k in range(3)]
            grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
            normal = np.zeros(3)
            normal[axis] = side
            places.append(grid)
            normals.append(np.broadcast_to(normal, grid.shape))
    return np.concatenate(places), np.concatenate(normals)
