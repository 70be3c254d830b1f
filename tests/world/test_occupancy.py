"""Where the agent can stand."""

import numpy as np
import pytest
from toy_rooms import room, thing

from llamafactory_embodied.world.occupancy import AGENT_RADIUS_M, Occupancy
from llamafactory_embodied.world.scene import load_scene
from llamafactory_embodied.world.state import RoomState

CENTER = {"x": 0.0, "z": 0.0}


def occupancy(*objects, start=CENTER):
    return Occupancy(objects, room()["sceneBounds"], start)


def free(place, x, z):
    return bool(place.free(np.array([[x, z]]))[0])


def test_the_agent_keeps_its_radius_from_walls_and_furniture():
    place = occupancy(thing("Fridge|1", (1.0, 0.8, 0.0), (0.6, 1.6, 0.6)))
    assert free(place, -2 + AGENT_RADIUS_M, 0)
    assert not free(place, -2 + AGENT_RADIUS_M - 0.01, 0)
    assert free(place, 0.7 - AGENT_RADIUS_M, 0)
    assert not free(place, 0.7 - AGENT_RADIUS_M + 0.01, 0)
    assert free(place, 0.7 - 0.15, 0.3 + 0.15)


@pytest.mark.parametrize(
    "item",
    [
        thing("Cabinet|1", (1.0, 2.0, 0.0), (0.6, 0.6, 0.6)),
        thing("Rug|1", (1.0, 0.01, 0.0), (0.6, 0.02, 0.6)),
        thing("Window|1", (1.0, 1.0, 0.0), (0.6, 1.0, 0.6)),
        thing("Box|1", (1.0, 0.8, 0.0), (0.6, 0.6, 0.6), isPickedUp=True),
    ],
)
def test_what_hangs_lies_flat_or_is_held_is_not_in_the_way(item):
    assert free(occupancy(item), 1.0, 0.0)


def test_a_box_over_the_place_where_the_agent_stands_is_not_taken_at_its_word():
    table = thing("DiningTable|1", (0.0, 0.5, 0.0), (1.0, 0.7, 1.0))
    assert free(occupancy(table), 0.0, 0.0)
    assert not free(occupancy(table, start={"x": 1.5, "z": 1.5}), 0.0, 0.0)


def test_a_straight_walk_meets_what_stands_on_it():
    place = occupancy(thing("Stool|1", (0.0, 0.3, 0.0), (0.2, 0.6, 0.2)), start={"x": 1.0, "z": 1.0})
    assert not place.path_free(np.array([-1.0, 0.0]), np.array([1.0, 0.0]))
    assert place.path_free(np.array([-1.0, 1.0]), np.array([1.0, 1.0]))


def test_only_what_can_be_walked_to_is_reachable():
    wall = thing("ShelvingUnit|1", (0.0, 1.0, 0.0), (0.2, 2.0, 4.0))
    points = occupancy(wall, start={"x": -1.0, "z": 0.0}).reachable(np.array([-1.0, 0.0]), 0.25)
    assert len(points) > 40
    assert points[:, 0].max() < 0
    assert (np.lexsort((points[:, 1], points[:, 0])) == np.arange(len(points))).all()


def test_a_room_that_is_too_small_has_no_position():
    bounds = room(side=0.3)["sceneBounds"]
    assert Occupancy([], bounds, CENTER).reachable(np.zeros(2), 0.1).shape == (0, 2)


def test_recorded_agents_stand_on_free_and_connected_ground(thor_data):
    checked = 0
    for path in sorted((thor_data / "scenes").glob("*.json")):
        if path.stem in ("FloorPlan410", "FloorPlan411"):
            continue
        state = RoomState(load_scene(path).metadata, 8, 8)
        start = np.array([state.start["x"], state.start["z"]])
        solids = [solid for item in state.objects for solid in state.solids(item)]
        points = Occupancy(solids, state.scene["sceneBounds"], state.start).reachable(start, 0.1)
        nearest = np.linalg.norm(points - start, axis=1).min() if len(points) else np.inf
        checked += 1
        assert nearest < 0.3, (path.stem, nearest)
        assert len(points) > 20, (path.stem, len(points))
    assert checked > 30


def test_a_box_that_comes_too_near_to_where_an_agent_stood_is_cut_back_on_that_side_alone():
    tub = thing("Bathtub|1", (1.0, 0.3, 0.0), (1.7, 0.5, 1.0))
    place = occupancy(tub)
    assert free(place, 0.0, 0.0)
    assert not free(place, 1.0, 0.0)
    assert not free(place, 0.6, 0.4)


def test_recorded_positions_are_taken_at_their_word():
    known = [{"x": 0.25 * number, "z": 1.0} for number in range(4)]
    table = thing("DiningTable|1", (0.0, 0.5, 1.0), (3.0, 0.7, 1.0))
    place = Occupancy([table], room()["sceneBounds"], CENTER, known)
    assert free(place, 0.5, 1.0)
    assert place.path_free(np.array([0.0, 1.0]), np.array([0.75, 1.0]))
    assert not free(place, 0.0, 0.0)
    assert not free(place, 1.0, 1.0)
