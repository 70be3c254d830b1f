"""How things come to rest: turned, laid, overhanging, hanging, and inside of what closes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_rooms import found, opened, room, thing

from llamafactory_embodied.world.boxes import corner_points, low_and_high
from llamafactory_embodied.world.frames import euler_angles, euler_matrix, object_frame
from llamafactory_embodied.world.resting import Load, Resting, come_to_rest, turned

SIDES = st.floats(0.02, 0.8)
few = settings(max_examples=200, deadline=None, derandomize=True)


def held(size, kind="Bottle", yaw=0.0):
    return thing(f"{kind}|1", (0.0, 0.0, 0.0), size, pickupable=True, yaw=yaw)


def oriented(size, yaw):
    """A thing that stands askew: its box is larger than it is."""
    axes = euler_matrix({"x": 0.0, "y": yaw, "z": 0.0})
    corners = np.array(corner_points(dict.fromkeys("xyz", 0.0), dict(zip("xyz", size, strict=True)))) @ axes.T
    extent = corners.max(axis=0) - corners.min(axis=0)
    item = held(tuple(extent.tolist()), "Fork", yaw)
    return item | {"objectOrientedBoundingBox": {"cornerPoints": corners.tolist()}}


def rest(item, receptacle, contents=(), walls=None, load=()):
    return come_to_rest(Load(item, load), [receptacle], contents, [receptacle] if walls is None else walls)


@few
@given(size=st.tuples(SIDES, SIDES, SIDES), room_size=st.tuples(SIDES, SIDES, SIDES))
def test_what_is_put_into_a_cabinet_stays_within_it_and_goes_in_if_any_way_of_lying_fits(size, room_size):
    cabinet = thing("Cabinet|1", (1.0, 1.0, 1.0), room_size, receptacle=True, openable=True)
    resting = rest(held(size), cabinet)
    slack = np.sort(room_size) - np.sort(size)
    if resting is None:
        assert slack.min() < 0.021  # a centimetre is kept from the walls, and from the bottom
        return
    low, high = low_and_high(cabinet)
    assert (resting.center - resting.size / 2 >= np.array(low) - 1e-5).all()
    assert (resting.center + resting.size / 2 <= np.array(high) + 1e-5).all()
    assert sorted(resting.size) == pytest.approx(sorted(size))


@few
@given(x=st.floats(-180, 180), y=st.floats(-180, 180), z=st.floats(-180, 180))
def test_angles_are_the_inverse_of_their_matrix(x, y, z):
    matrix = euler_matrix({"x": x, "y": y, "z": z})
    np.testing.assert_allclose(euler_matrix(euler_angles(matrix)), matrix, atol=1e-6)


@few
@given(size=st.tuples(SIDES, SIDES, SIDES), yaw=st.floats(0, 360), where=st.integers(0, 5))
def test_a_turned_thing_keeps_its_shape_and_fills_its_box(size, yaw, where):
    item = oriented(size, yaw)
    drawer = thing("Drawer|1", (1.0, 1.0, 1.0), (1.7, 0.9, 1.7), receptacle=True, openable=True)
    shelves = [drawer, *[thing(f"Cabinet|{n}", (0, 0, 0), tuple(np.roll(size, n)), receptacle=True) for n in range(5)]]
    grown = shelves[where] | {"openable": True}
    grown["axisAlignedBoundingBox"]["size"] = {
        axis: value + 0.03 for axis, value in grown["axisAlignedBoundingBox"]["size"].items()
    }
    resting = rest(item, grown)
    if resting is None or resting.turn is None:
        return
    after = item | turned(item, resting)
    assert sorted(object_frame(after).half * 2) == pytest.approx(sorted(size), abs=1e-4)
    corners = np.array(after["objectOrientedBoundingBox"]["cornerPoints"])
    low, high = low_and_high(after)
    np.testing.assert_allclose(corners.min(axis=0), low, atol=1e-5)
    np.testing.assert_allclose(corners.max(axis=0), high, atol=1e-5)


def test_what_fits_as_it_is_is_not_turned():
    shelf = thing("Shelf|1", (0.0, 1.0, 0.0), (1.0, 0.02, 0.4), receptacle=True)
    assert rest(held((0.3, 0.1, 0.2)), shelf, walls=[]).turn is None
    assert rest(held((0.2, 0.1, 0.6)), shelf, walls=[]).turn is not None


def test_a_small_open_receptacle_may_be_overhung_and_a_large_one_may_not():
    fork = held((0.02, 0.02, 0.3), "Fork")
    assert rest(fork, thing("Bowl|1", (0, 1, 0), (0.1, 0.1, 0.1), receptacle=True), walls=[]) is not None
    assert (
        rest(held((0.3, 0.3, 0.3)), thing("Shelf|1", (0, 1, 0), (0.2, 0.02, 0.2), receptacle=True), walls=[]) is None
    )


def test_a_bowl_in_a_cabinet_takes_nothing_that_sticks_out_of_the_cabinet():
    cabinet = thing("Cabinet|1", (0, 1, 0), (0.2, 0.2, 0.2), receptacle=True, openable=True)
    bowl = thing("Bowl|1", (0, 0.95, 0), (0.1, 0.08, 0.1), receptacle=True)
    assert rest(held((0.02, 0.02, 0.3), "Fork"), bowl, walls=[cabinet]) is None
    assert rest(held((0.02, 0.02, 0.18), "Fork"), bowl, walls=[cabinet]) is not None


def test_what_carries_a_load_stays_upright_and_its_load_inside():
    cabinet = thing("Cabinet|1", (0, 1, 0), (0.3, 0.2, 0.3), receptacle=True, openable=True)
    bowl, tall = held((0.1, 0.08, 0.1), "Bowl"), thing("Bottle|1", (0, 0.1, 0), (0.05, 0.2, 0.05))
    assert rest(bowl, cabinet) is not None
    assert rest(bowl, cabinet, load=[tall]) is None


def test_a_burner_takes_one_thing():
    burner = thing("StoveBurner|1", (0, 0.9, 0), (0.2, 0.02, 0.2), receptacle=True)
    assert rest(held((0.3, 0.1, 0.3), "Pot"), burner, walls=[]) is not None
    assert rest(held((0.3, 0.1, 0.3), "Pot"), burner, [thing("Pan|1", (0.4, 1, 0.4), (0.1, 0.1, 0.1))], []) is None


def test_a_towel_hangs_from_its_holder_and_a_mug_stands_below_the_spout():
    holder = thing("TowelHolder|1", (0.0, 1.5, 1.9), (0.6, 0.04, 0.1), receptacle=True)
    towel = rest(held((0.04, 0.6, 0.4), "Towel"), holder, walls=[])
    assert (towel.size[1], towel.size[2]) == pytest.approx((0.6, 0.04))
    assert towel.center[1] + 0.3 == pytest.approx(1.52)
    machine = thing("CoffeeMachine|1", (0.0, 1.1, 1.7), (0.3, 0.4, 0.4), receptacle=True)
    mug = rest(held((0.1, 0.1, 0.1), "Mug"), machine, walls=[])
    assert mug.center[2] < 1.65
    assert 0.9 < mug.center[1] - 0.05 < 1.0
    assert isinstance(mug, Resting)


def test_what_is_put_into_an_open_drawer_moves_in_with_it():
    drawer = thing("Drawer|1", (0.0, 0.7, 1.7), (0.6, 0.2, 0.6), receptacle=True, openable=True)
    spoon = thing("Spoon|1", (0.5, 1.0, 1.3), (0.15, 0.02, 0.03), pickupable=True)
    controller = opened(room(drawer, spoon))
    for action, target in (("OpenObject", "Drawer|1"), ("PickupObject", "Spoon|1"), ("PutObject", "Drawer|1")):
        event = controller.step(action, objectId=target)
        assert event.metadata["lastActionSuccess"], event.metadata["errorMessage"]
    assert found(event, "Spoon|1")["visible"]
    event = controller.step("CloseObject", objectId="Drawer|1")
    low, high = low_and_high(found(event, "Spoon|1"))
    tray_low, tray_high = low_and_high(drawer)
    assert all(tray_low[axis] <= low[axis] and high[axis] <= tray_high[axis] for axis in range(3))
    assert not found(event, "Spoon|1")["visible"]
