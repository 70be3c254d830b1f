"""Lines of sight: the same answers as the ray caster's, for single points."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_rooms import FRAME, kitchen

from llamafactory_embodied.world.camera import Camera
from llamafactory_embodied.world.primitive import KINDS, Primitive
from llamafactory_embodied.world.raycast import cast
from llamafactory_embodied.world.sightlines import (
    NO_HIT,
    first_hits,
    in_picture,
    open_ways,
    points_on,
    seen_owners,
    solids_of,
)
from llamafactory_embodied.world.state import RoomState

RED = (220, 30, 30)


def solid(center, half, owner=0, rotation=None, kind="box"):
    return Primitive(kind, center, half, rotation, RED, owner)


def turned(yaw_deg):
    s, c = math.sin(math.radians(yaw_deg)), math.cos(math.radians(yaw_deg))
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def hundredths(low, high):
    return st.integers(low, high).map(lambda number: number / 100)


places = st.tuples(hundredths(-250, 250), hundredths(-150, 150), hundredths(-250, 250))
sizes = st.tuples(hundredths(5, 90), hundredths(5, 90), hundredths(5, 90))
solids = st.tuples(places, sizes, st.sampled_from([0.0, 30.0, 200.0]), st.sampled_from(KINDS))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(solids, min_size=1, max_size=5), st.tuples(hundredths(-18000, 18000), hundredths(-6000, 6000)))
def test_first_hits_say_what_a_cast_sees(drawn, angles):
    primitives = [
        solid(place, half, number, turned(yaw) if yaw else None, kind)
        for number, (place, half, yaw, kind) in enumerate(drawn)
    ]
    camera = Camera((0.0037, 0.1041, -0.2013), *angles, 90.0, 15, 11)
    view = cast(primitives, camera)
    u, v = camera.rays()
    grid = np.stack([np.broadcast_to(u, (11, 15)), np.broadcast_to(v, (11, 15)), np.ones((11, 15))], axis=-1)
    points = np.asarray(camera.position) + 50.0 * (grid @ camera.basis().T)
    hits = first_hits(solids_of(primitives), camera.position, points.reshape(-1, 3)).reshape(11, 15)
    differ = np.where(hits == NO_HIT, -2, hits) != view.owners
    assert differ.sum() <= 2, "rays along an edge or at the near plane may fall on either side"


def test_first_hits_look_no_further_than_the_point():
    wall = solids_of([solid((0.0, 0.0, 2.0), (1.0, 1.0, 0.1), owner=5)])
    points = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 3.0], [0.0, 0.0, 2.0], [5.0, 0.0, 1.0]])
    assert first_hits(wall, (0.0, 0.0, 0.0), points).tolist() == [NO_HIT, 5, 5, NO_HIT]
    assert first_hits(solids_of([]), (0.0, 0.0, 0.0), points).tolist() == [NO_HIT] * 4
    assert first_hits(wall, (0.0, 0.0, 0.0), np.zeros((0, 3))).tolist() == []


@pytest.mark.parametrize("kind", KINDS)
def test_points_lie_on_the_solid_and_are_met_from_outside(kind):
    half = (0.4, 0.2, 0.7)
    one = solid((0.3, 1.0, -0.2), half, 7, turned(25.0), kind)
    points, packed = points_on([one]), solids_of([one])
    assert len(points.places) >= 8
    assert set(points.owners) == {7}
    for place, normal in zip(points.places, points.normals, strict=True):
        eye = place + 3 * normal + [0.011, 0.007, 0.013]  # not along an axis: such a ray grazes the tube around it
        assert first_hits(packed, eye, place[None]).tolist() == [7]


def test_large_faces_have_points_everywhere():
    top = points_on([solid((0.0, 0.0, 0.0), (1.2, 0.02, 0.4))])
    upper = np.unique(top.places[top.normals[:, 1] > 0][:, 0])
    assert np.diff(upper).max() <= 0.3
    assert upper[-1] - upper[0] > 2.2


def test_walls_have_no_points():
    assert len(points_on([solid((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), owner=-1)]).places) == 0


def test_what_is_seen_is_what_owns_pixels():
    state = RoomState(kitchen(), 400, 400)
    seen = {int(owner) for owner in seen_owners(*state.sightlines(), state.camera)}
    pixels = np.bincount(np.maximum(state.picture().view.owners, 0).reshape(-1), minlength=len(state.objects))
    assert seen == set(np.flatnonzero(pixels).tolist())
    assert state.number_of("Egg|1") not in seen


def test_what_is_visible_does_not_depend_on_the_size_of_the_frame():
    small, large = RoomState(kitchen(), 16, 16), RoomState(kitchen(), 640, 640)
    assert small.visible() == large.visible() != frozenset()


def test_open_ways_lead_to_the_object_itself():
    state = RoomState(kitchen(), FRAME.width_px, FRAME.height_px)
    apple, egg = (state.number_of(name) for name in ("Apple|1", "Egg|1"))
    ways = open_ways(*state.sightlines(), apple, state.camera.position)
    assert len(ways) > 5
    assert in_picture(ways, state.camera).all()
    assert len(open_ways(*state.sightlines(), egg, state.camera.position)) == 0
