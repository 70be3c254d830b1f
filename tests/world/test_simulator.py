"""What AI2-THOR's actions do in the embedded simulator, asked through AI2-THOR's own Controller."""

import pytest
from toy_rooms import found, kitchen, opened, room, thing


@pytest.fixture
def controller():
    return opened(kitchen())


def did(controller, action, **arguments):
    event = controller.step(action=action, **arguments)
    assert event.metadata["lastActionSuccess"], event.metadata["errorMessage"]
    return event


def failed(controller, words, action, **arguments):
    before = controller.last_event.metadata
    event = controller.step(action=action, **arguments)
    assert not event.metadata["lastActionSuccess"]
    assert words in event.metadata["errorMessage"]
    assert event.metadata["objects"] == before["objects"]
    assert event.metadata["agent"] == before["agent"]
    assert event.metadata["inventoryObjects"] == before["inventoryObjects"]


def center(event, object_id):
    return tuple(found(event, object_id)["axisAlignedBoundingBox"]["center"].values())


def test_an_unknown_action_is_ai2thors_value_error(controller):
    with pytest.raises(ValueError, match="FlyAway is not an action"):
        controller.step(action="FlyAway")


def test_a_missing_object_id_is_ai2thors_value_error(controller):
    with pytest.raises(ValueError, match="requires the argument objectId"):
        controller.step(action="PickupObject")


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("MoveAhead", {"moveMagnitude": "far"}),
        ("RotateRight", {"degrees": float("nan")}),
        ("Teleport", {"position": {"x": None, "z": "here"}}),
        ("OpenObject", {"objectId": "Fridge|1", "openness": 2.0}),
        ("Initialize", {"gridSize": -1}),
    ],
)
def test_an_argument_of_the_wrong_kind_is_a_value_error_and_changes_nothing(controller, action, arguments):
    before = controller.last_event.metadata
    with pytest.raises(ValueError, match="must be"):
        controller.step(action=action, **arguments)
    assert controller.step("Pass").metadata["agent"] == before["agent"]


def test_an_unknown_object_fails(controller):
    failed(controller, "not a valid objectId", "PickupObject", objectId="Unicorn|1")


def test_what_is_picked_up_leaves_its_receptacle_and_hangs_before_the_camera(controller):
    event = did(controller, "PickupObject", objectId="Apple|1")
    assert event.metadata["inventoryObjects"] == [{"objectId": "Apple|1", "objectType": "Apple"}]
    apple = found(event, "Apple|1")
    assert apple["isPickedUp"]
    assert apple["parentReceptacles"] is None
    assert apple["visible"]
    assert "Apple|1" not in found(event, "CounterTop|1")["receptacleObjectIds"]
    turned = did(controller, "RotateRight")
    assert center(turned, "Apple|1")[0] > 0.3
    assert found(turned, "Apple|1")["visible"]


def test_the_hand_holds_one_thing(controller):
    did(controller, "PickupObject", objectId="Apple|1")
    failed(controller, "already holds Apple|1", "PickupObject", objectId="Plate|1")


def test_furniture_stays_where_it_is(controller):
    failed(controller, "pickupable", "PickupObject", objectId="CounterTop|1")


def test_what_is_not_in_view_cannot_be_handled_unless_forced(controller):
    did(controller, "RotateRight", degrees=180)
    failed(controller, "not visible", "PickupObject", objectId="Apple|1")
    did(controller, "PickupObject", objectId="Apple|1", forceAction=True)


def test_what_is_put_lies_on_the_receptacle_beside_what_is_there(controller):
    did(controller, "PickupObject", objectId="Apple|1")
    event = did(controller, "PutObject", objectId="CounterTop|1")
    assert event.metadata["inventoryObjects"] == []
    assert found(event, "Apple|1")["parentReceptacles"] == ["CounterTop|1"]
    assert sorted(found(event, "CounterTop|1")["receptacleObjectIds"]) == ["Apple|1", "Plate|1"]
    (ax, ay, _), (px, _, _) = center(event, "Apple|1"), center(event, "Plate|1")
    assert abs(ax - px) > 0.15
    assert ay == pytest.approx(0.95, abs=0.02)


def test_put_refuses_an_empty_hand_what_is_no_receptacle_what_is_closed_and_what_does_not_take_it(controller):
    failed(controller, "hand is empty", "PutObject", objectId="CounterTop|1")
    did(controller, "PickupObject", objectId="Plate|1")
    failed(controller, "receptacle", "PutObject", objectId="Apple|1")
    failed(controller, "is closed", "PutObject", objectId="Fridge|1")
    did(controller, "OpenObject", objectId="Drawer|1")
    failed(controller, "cannot be placed in Drawer", "PutObject", objectId="Drawer|1")


def test_put_refuses_a_receptacle_without_room():
    shelf = thing("Shelf|1", (0.0, 0.9, 1.5), (0.3, 0.02, 0.3), receptacle=True)
    vase = thing("Vase|1", (0.0, 1.0, 1.5), (0.2, 0.2, 0.2), pickupable=True, parentReceptacles=["Shelf|1"])
    statue = thing("Statue|1", (0.5, 0.3, 1.3), (0.2, 0.2, 0.2), pickupable=True)
    controller = opened(room(shelf, vase, statue))
    did(controller, "PickupObject", objectId="Statue|1")
    failed(controller, "no room is left", "PutObject", objectId="Shelf|1")


def test_nothing_can_be_put_into_itself():
    controller = opened(room(thing("Bucket|1", (0.0, 0.5, 1.2), (0.3, 0.3, 0.3), pickupable=True, receptacle=True)))
    did(controller, "PickupObject", objectId="Bucket|1")
    failed(controller, "which the hand holds", "PutObject", objectId="Bucket|1")


def test_closed_things_hide_what_they_hold_and_opening_shows_it(controller):
    event = did(controller, "TeleportFull", x=-1.0, z=0.3, rotation=0, horizon=30)
    assert not found(event, "Egg|1")["visible"]
    event = did(controller, "OpenObject", objectId="Fridge|1")
    assert (found(event, "Fridge|1")["isOpen"], found(event, "Fridge|1")["openness"]) == (True, 1.0)
    assert found(event, "Egg|1")["visible"]
    event = did(controller, "CloseObject", objectId="Fridge|1")
    assert (found(event, "Fridge|1")["isOpen"], found(event, "Fridge|1")["openness"]) == (False, 0.0)
    assert not found(event, "Egg|1")["visible"]


def test_opening_what_is_open_and_closing_what_is_shut_fails(controller):
    failed(controller, "already closed", "CloseObject", objectId="Fridge|1")
    did(controller, "OpenObject", objectId="Fridge|1")
    failed(controller, "already open", "OpenObject", objectId="Fridge|1")
    failed(controller, "openable", "OpenObject", objectId="CounterTop|1")


def test_a_drawer_carries_its_contents_out_and_back(controller):
    home = center(controller.last_event, "Spoon|1")
    event = did(controller, "OpenObject", objectId="Drawer|1")
    assert center(event, "Spoon|1") == pytest.approx((home[0], home[1], home[2] - 0.8 * 0.6))
    assert found(event, "Spoon|1")["visible"]
    half = did(controller, "OpenObject", objectId="Drawer|1", openness=0.5)
    assert center(half, "Spoon|1")[2] == pytest.approx(home[2] - 0.4 * 0.6)
    assert center(did(controller, "CloseObject", objectId="Drawer|1"), "Spoon|1") == pytest.approx(home)


def test_what_a_recording_lists_twice_moves_once():
    metadata = kitchen()
    drawer = next(item for item in metadata["objects"] if item["objectId"] == "Drawer|1")
    cup = thing("Cup|1", (0.3, 0.7, 1.7), (0.08, 0.08, 0.08), pickupable=True, receptacle=True)
    cup |= {"receptacleObjectIds": ["Spoon|1"], "parentReceptacles": ["Drawer|1"]}
    drawer["receptacleObjectIds"] = ["Cup|1", "Spoon|1"]
    metadata["objects"].append(cup)
    event = did(opened(metadata), "OpenObject", objectId="Drawer|1")
    assert center(event, "Spoon|1")[2] == pytest.approx(1.7 - 0.8 * 0.6)


def test_what_holds_another_takes_it_along_and_both_leave_the_receptacle():
    metadata = kitchen()
    objects = {item["objectId"]: item for item in metadata["objects"]}
    objects["Plate|1"]["receptacleObjectIds"] = ["Apple|1"]
    objects["Apple|1"]["parentReceptacles"] = ["Plate|1", "CounterTop|1"]
    controller = opened(metadata)
    event = did(controller, "PickupObject", objectId="Plate|1")
    assert found(event, "CounterTop|1")["receptacleObjectIds"] == []
    assert found(event, "Apple|1")["parentReceptacles"] == ["Plate|1"]
    assert center(event, "Apple|1")[2] < 1.3
    did(controller, "Teleport", position={"x": 0.0, "z": 0.0})
    did(controller, "MoveAhead", moveMagnitude=0.5)


def test_toggling_switches_once_and_not_while_open(controller):
    did(controller, "RotateRight", degrees=40)
    event = did(controller, "ToggleObjectOn", objectId="Microwave|1")
    assert found(event, "Microwave|1")["isToggled"]
    failed(controller, "already toggled on", "ToggleObjectOn", objectId="Microwave|1")
    did(controller, "ToggleObjectOff", objectId="Microwave|1")
    failed(controller, "already toggled off", "ToggleObjectOff", objectId="Microwave|1")
    did(controller, "OpenObject", objectId="Microwave|1")
    failed(controller, "must be closed", "ToggleObjectOn", objectId="Microwave|1")
    failed(controller, "toggleable", "ToggleObjectOn", objectId="CounterTop|1")


def test_walking_stops_before_furniture_and_walls(controller):
    event = did(controller, "MoveAhead", moveMagnitude=0.5)
    assert event.metadata["agent"]["position"]["z"] == pytest.approx(1.0)
    failed(controller, "collide", "MoveAhead", moveMagnitude=0.5)
    did(controller, "MoveBack", moveMagnitude=2.5)
    failed(controller, "collide", "MoveBack", moveMagnitude=0.5)
    event = did(controller, "MoveRight", moveMagnitude=0.5)
    assert event.metadata["agent"]["position"]["x"] == pytest.approx(0.5)
    assert did(controller, "MoveLeft").metadata["agent"]["position"]["x"] == pytest.approx(0.4)


def test_turning_and_looking_stay_within_what_the_neck_allows(controller):
    assert did(controller, "RotateLeft").metadata["agent"]["rotation"]["y"] == 270.0
    assert did(controller, "RotateRight", degrees=0).metadata["agent"]["rotation"]["y"] == 270.0
    assert did(controller, "LookDown").metadata["agent"]["cameraHorizon"] == 60.0
    failed(controller, "further down", "LookDown")
    did(controller, "LookUp", degrees=90)
    failed(controller, "further up", "LookUp", degrees=1)


def test_crouching_lowers_the_camera(controller):
    failed(controller, "already standing", "Stand")
    high = controller.last_event.metadata["cameraPosition"]["y"]
    assert did(controller, "Crouch").metadata["cameraPosition"]["y"] == pytest.approx(high - 0.675)
    did(controller, "Stand")


def test_the_agent_teleports_to_free_places_only(controller):
    failed(controller, "something is there", "Teleport", position={"x": 0.2, "z": 1.7})
    failed(controller, "something is there", "Teleport", position={"x": 9.0, "z": 0.0})
    failed(controller, "horizon", "TeleportFull", x=0.0, z=0.0, horizon=80)
    event = did(controller, "TeleportFull", x=0.5, y=0.9009992, z=-1, rotation=45, horizon=0, standing=False)
    agent = event.metadata["agent"]
    assert (agent["position"]["x"], agent["rotation"]["y"], agent["isStanding"]) == (0.5, 45.0, False)


def test_an_agent_towards_which_a_full_drawer_was_opened_still_turns():
    drawer = thing("Drawer|1", (0.0, 0.7, 1.7), (0.6, 0.2, 0.6), receptacle=True, openable=True)
    watch = thing("Watch|1", (0.0, 0.7, 1.5), (0.1, 0.1, 0.1), pickupable=True, parentReceptacles=["Drawer|1"])
    controller = opened(room(drawer, watch))
    did(controller, "TeleportFull", x=0.0, z=1.2, rotation=0, horizon=30, standing=True)
    did(controller, "OpenObject", objectId="Drawer|1")
    failed(controller, "something is there", "Teleport", position={"x": 0.1, "z": 1.2})
    assert did(controller, "Teleport", rotation=90).metadata["agent"]["rotation"]["y"] == 90.0
    did(controller, "Teleport", position={"x": 0.0, "z": 0.0})


def test_every_reachable_position_can_be_teleported_to(controller):
    positions = did(controller, "GetReachablePositions").metadata["actionReturn"]
    assert len(positions) > 200
    for position in positions[::60]:
        did(controller, "Teleport", position=position)


def test_every_interactable_pose_shows_the_object():
    controller = opened(kitchen(), grid_m=0.5, visibility_distance_m=1.5)
    poses = did(controller, "GetInteractablePoses", objectId="Apple|1").metadata["actionReturn"]
    assert len(poses) >= 4
    for pose in poses[:12]:
        event = did(controller, "TeleportFull", **pose)
        assert found(event, "Apple|1")["visible"], pose


def test_hidden_things_have_no_interactable_pose():
    controller = opened(kitchen(), grid_m=0.5, visibility_distance_m=1.5)
    poses = did(controller, "GetInteractablePoses", objectId="Egg|1", horizons=[30.0]).metadata["actionReturn"]
    assert poses == []
