"""Worktops of counters: bent ones, set-in basins, stretches, and the side from which one gets to them."""

import pytest
from toy_rooms import found, opened, room, thing

from llamafactory_embodied.world.boxes import low_and_high
from llamafactory_embodied.world.rooms import PROFILES, generate_room
from llamafactory_embodied.world.scene import load_scene
from llamafactory_embodied.world.surfaces import (
    STRETCH_M,
    facing_free_side,
    filled_boxes,
    footprint,
    stretches,
    with_footprint,
    worktop,
)


def area(parts):
    return sum((part.x_high - part.x_low) * (part.z_high - part.z_low) for part in parts)


def bent():
    """An L along the far and the left wall, told by a cabinet below each arm."""
    counter = thing("CounterTop|1", (0.0, 0.88, 0.0), (3.0, 0.02, 3.0), receptacle=True)
    far = thing("Cabinet|far", (0.5, 0.5, 1.2), (0.5, 0.7, 0.6), yaw=180.0)
    left = thing("Cabinet|left", (-1.2, 0.5, 0.0), (0.6, 0.7, 0.5), yaw=90.0)
    return counter, far, left


def test_a_bent_counter_is_its_arms_and_not_its_box():
    counter, *cabinets = bent()
    parts = worktop(counter, [counter, *cabinets])
    assert area(parts) == pytest.approx(3.0 * 0.63 + 0.63 * (3.0 - 0.63), abs=0.01)
    assert any(part.holds(1.2, 1.2) for part in parts)
    assert any(part.holds(-1.2, -1.2) for part in parts)
    assert not any(part.holds(0.5, -0.5) for part in parts)


def test_what_stands_off_the_arms_adds_one():
    counter, *cabinets = bent()
    toaster = thing("Toaster|1", (1.2, 0.95, -0.5), (0.2, 0.2, 0.2), parentReceptacles=["CounterTop|1"])
    parts = worktop(counter, [counter, *cabinets, toaster])
    assert any(part.holds(1.2, -0.5) for part in parts)
    assert not any(part.holds(0.3, -0.5) for part in parts)


def test_a_drawer_in_the_corner_that_is_turned_another_way_adds_no_arm():
    counter, *cabinets = bent()
    row = [thing(f"Drawer|{z}", (-1.2, 0.8, z), (0.5, 0.15, 0.4), yaw=90.0) for z in (-0.5, 0.5)]
    turned = thing("Drawer|turned", (-1.2, 0.8, -1.0), (0.3, 0.15, 0.3), yaw=0.0)
    without = worktop(counter, [counter, *cabinets, *row])
    assert not any(part.holds(0.5, -1.2) for part in without)
    for objects in ([counter, *cabinets, *row, turned], [turned, *row, *cabinets, counter]):
        assert worktop(counter, objects) == without
    beside = thing("Drawer|beside", (0.5, 0.8, -1.2), (0.5, 0.15, 0.5), yaw=0.0)
    assert any(part.holds(0.5, -1.2) for part in worktop(counter, [counter, *cabinets, *row, beside]))


def below_a_basin(**more):
    """A cabinet whose box reaches 10 cm into the basin above it, and a sponge in the basin."""
    cabinet = thing("Cabinet|1", (0.0, 0.5, 1.65), (0.8, 0.76, 0.6), receptacle=True, openable=True)
    basin = thing("SinkBasin|1", (0.0, 0.86, 1.65), (0.5, 0.16, 0.4), receptacle=True)
    sponge = thing("DishSponge|1", (0.1, 0.80, 1.6), (0.1, 0.03, 0.08), pickupable=True)
    return room(cabinet | more, basin, sponge | {"parentReceptacles": ["SinkBasin|1"]})


def test_a_cabinet_ends_where_the_basin_above_it_begins():
    cabinet, *others = below_a_basin()["objects"]
    (part,) = filled_boxes(cabinet, [cabinet, *others])
    assert footprint(part) == footprint(cabinet)
    assert [round(corner[1], 6) for corner in low_and_high(part)] == [0.12, 0.75]
    beside = thing("SinkBasin|2", (0.63, 0.86, 1.65), (0.5, 0.16, 0.4), receptacle=True)
    above = thing("SinkBasin|3", (0.0, 1.0, 1.65), (0.5, 0.16, 0.4), receptacle=True)
    assert filled_boxes(cabinet, [cabinet, beside, above]) == []


def test_what_lies_in_a_basin_is_seen_above_a_shut_cabinet_and_picked_up_there():
    controller = opened(below_a_basin())
    event = controller.step("TeleportFull", x=0.0, z=1.1, rotation=0, horizon=50)
    assert found(event, "DishSponge|1")["visible"]
    assert controller.step("PickupObject", objectId="DishSponge|1").metadata["lastActionSuccess"]
    event = controller.step("PutObject", objectId="SinkBasin|1")
    assert found(event, "DishSponge|1")["visible"]
    assert not found(event, "Cabinet|1")["isOpen"]
    event = controller.step("OpenObject", objectId="Cabinet|1")
    assert found(event, "Cabinet|1")["isOpen"]


def test_a_bent_shower_glass_is_the_pane_in_line_with_its_door():
    glass = thing("ShowerGlass|1", (0.5, 0.9, 1.0), (1.0, 1.8, 2.0))
    door = thing("ShowerDoor|1", (0.98, 0.9, -0.5), (0.06, 1.8, 0.9), openable=True)
    (pane,) = filled_boxes(glass, [glass, door])
    assert footprint(pane) == pytest.approx((0.95, 1.01, 0.0, 2.0))
    far = thing("ShowerDoor|1", (2.0, 0.9, -0.5), (0.06, 1.8, 0.9), openable=True)
    thin = thing("ShowerGlass|1", (0.98, 0.9, 1.0), (0.06, 1.8, 2.0))
    assert filled_boxes(glass, [glass, far]) == filled_boxes(glass, [glass]) == filled_boxes(thin, [thin, door]) == []
    (across,) = filled_boxes(glass, [glass, thing("ShowerDoor|1", (-0.5, 0.9, 0.02), (0.9, 1.8, 0.06), openable=True)])
    assert footprint(across) == pytest.approx((0.0, 1.0, -0.01, 0.05))
    towel = thing("Towel|1", (1.5, 0.9, 1.5), (0.3, 0.6, 0.05), pickupable=True)
    controller = opened(room(glass, door, towel), visibility_distance_m=1.5)
    assert controller.step("Teleport", position={"x": 0.5, "z": 1.0}).metadata["lastActionSuccess"]
    assert controller.step("GetInteractablePoses", objectId="Towel|1").metadata["actionReturn"]


def test_one_stands_and_walks_in_the_corner_of_a_bent_counter():
    controller = opened(room(*bent(), name="FloorPlan7"))
    assert controller.step("Teleport", position={"x": 0.5, "z": -0.5}).metadata["lastActionSuccess"]
    assert not controller.step("Teleport", position={"x": -1.2, "z": -0.5}).metadata["lastActionSuccess"]


def test_a_basin_set_into_a_counter_is_open_above():
    counter = thing("CounterTop|1", (0.0, 0.91, 1.7), (2.0, 0.02, 0.6), receptacle=True)
    basin = thing("SinkBasin|1", (0.0, 0.80, 1.65), (0.5, 0.16, 0.4), receptacle=True)
    cup = thing("Cup|1", (0.0, 0.77, 1.65), (0.1, 0.08, 0.1), pickupable=True, parentReceptacles=["SinkBasin|1"])
    parts = worktop(counter, [counter, basin, cup])
    assert area(parts) == pytest.approx(2.0 * 0.6 - 0.5 * 0.4)
    controller = opened(room(counter, basin, cup))
    event = controller.step("TeleportFull", x=0.0, z=1.1, rotation=0, horizon=60)
    assert found(event, "SinkBasin|1")["visible"]
    assert found(event, "Cup|1")["visible"]


def test_a_straight_counter_is_its_box():
    counter = thing("CounterTop|1", (0.0, 0.88, 1.7), (1.4, 0.04, 0.6), receptacle=True)
    assert worktop(counter, [counter]) == stretches(counter, [counter]) == [footprint(counter)]


@pytest.mark.parametrize("size", [(4.0, 0.04, 0.6), (0.6, 0.04, 4.0)])
def test_a_long_counter_has_stretches_that_cover_it(size):
    counter = thing("CounterTop|1", (0.0, 0.88, 0.0), size, receptacle=True)
    parts = stretches(counter, [counter])
    assert len(parts) == 4
    assert area(parts) == pytest.approx(2.4)
    assert all(max(part.x_high - part.x_low, part.z_high - part.z_low) <= STRETCH_M for part in parts)


def test_nothing_in_a_demo_kitchen_is_bent_and_only_the_counter_is_long():
    for seed in range(1, 9):
        objects = generate_room(seed, PROFILES["demo"])["objects"]
        for item in objects:
            assert worktop(item, objects) == [footprint(item)]
            assert len(stretches(item, objects)) == (2 if item["objectType"] == "CounterTop" else 1)


def test_what_has_no_front_faces_where_one_can_stand():
    counter = thing("CounterTop|1", (0.0, 0.88, 0.0), (1.0, 0.04, 0.6), yaw=0.0)
    for spot, yaw in (((0, 1), 0.0), ((1.2, 0), 90.0), ((0, -1), 180.0), ((-1.2, 0), 270.0)):
        free = [{"x": spot[0], "z": spot[1]}]
        assert facing_free_side(counter, free)["rotation"]["y"] == yaw
    fridge = thing("Fridge|1", (0.0, 0.8, 0.0), (0.7, 1.6, 0.6), yaw=0.0)
    assert facing_free_side(fridge, [{"x": 0.0, "z": -1.0}]) is fridge


def test_with_footprint_keeps_the_height():
    counter = thing("CounterTop|1", (0.0, 0.88, 0.0), (2.0, 0.04, 0.6))
    part = with_footprint(counter, footprint(counter)._replace(x_low=0.0))["axisAlignedBoundingBox"]
    assert (part["center"], part["size"]) == ({"x": 0.5, "y": 0.88, "z": 0.0}, {"x": 1.0, "y": 0.04, "z": 0.6})
    assert len(part["cornerPoints"]) == 8


def test_recorded_agents_stand_on_no_worktop(thor_data):
    checked = 0
    for number in (1, 5, 6, 9, 10, 11, 12, 13, 14, 15):
        metadata = load_scene(thor_data / "scenes" / f"FloorPlan{number}.json").metadata
        start = metadata["agent"]["position"]
        for item in metadata["objects"]:
            if item["objectType"] == "CounterTop":
                checked += 1
                parts = worktop(item, metadata["objects"])
                assert not any(part.holds(start["x"], start["z"]) for part in parts), (number, item["objectId"])
    assert checked > 20


def test_a_large_counter_at_two_walls_with_nothing_below_is_its_two_arms():
    counter = thing("CounterTop|1", (0.95, 0.9, 0.95), (2.0, 0.02, 2.0), receptacle=True)
    floor = thing("Floor|1", (0.0, -0.05, 0.0), (4.0, 0.1, 4.0), receptacle=True)
    toaster = thing("Toaster|1", (1.7, 1.0, 0.2), (0.2, 0.2, 0.2), parentReceptacles=["CounterTop|1"])
    parts = worktop(counter, [counter, floor, toaster])
    assert any(part.holds(0.1, 1.7) for part in parts)
    assert any(part.holds(1.7, 0.2) for part in parts)
    assert not any(part.holds(0.3, 0.3) for part in parts)
    middle = thing("Pot|1", (0.4, 1.0, 0.4), (0.2, 0.2, 0.2), parentReceptacles=["CounterTop|1"])
    assert worktop(counter, [counter, floor, toaster, middle]) == [footprint(counter)]


def test_what_is_dropped_beside_the_arms_of_a_counter_falls_to_the_floor_and_over_a_basin_into_it():
    floor = thing("Floor|1", (0.0, -0.05, 0.0), (4.0, 0.1, 4.0), receptacle=True)
    egg = thing("Egg|1", (0.5, 0.93, 1.1), (0.06, 0.06, 0.06), pickupable=True, parentReceptacles=["CounterTop|1"])
    controller = opened(room(floor, *bent(), egg))
    controller.step("TeleportFull", x=0.3, z=0.3, rotation=0, horizon=30, standing=True)
    controller.step("PickupObject", objectId="Egg|1")
    controller.step("RotateRight", degrees=180)
    event = controller.step("DropHandObject")
    assert event.metadata["lastActionSuccess"]
    assert found(event, "Egg|1")["axisAlignedBoundingBox"]["center"]["y"] == pytest.approx(0.03)
    controller = opened(below_a_basin())
    controller.step("TeleportFull", x=0.0, z=1.1, rotation=0, horizon=50, standing=True)
    controller.step("PickupObject", objectId="DishSponge|1")
    event = controller.step("DropHandObject")
    assert found(event, "DishSponge|1")["parentReceptacles"] == ["SinkBasin|1"]
