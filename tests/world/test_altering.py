"""What long tasks need: dropping, slicing, cooking, washing, heating, cooling and filling."""

import pytest
from toy_rooms import found, kitchen, opened, room, thing

from llamafactory_embodied.world.scene import POSE_KEYS

WALL = 1.7


def did(controller, action, target=None, **more):
    event = controller.step(action=action, **more, **({"objectId": target} if target else {}))
    assert event.metadata["lastActionSuccess"], event.metadata["errorMessage"]
    return event


def failed(controller, words, action, target=None, **more):
    before = controller.last_event.metadata
    event = controller.step(action=action, **more, **({"objectId": target} if target else {}))
    assert not event.metadata["lastActionSuccess"]
    assert words in event.metadata["errorMessage"]
    for key in ("objects", "agent", "inventoryObjects"):
        assert event.metadata[key] == before[key]


def bench(*things):
    """A counter along the far wall with some things on it."""
    counter = thing("CounterTop|1", (0.0, 0.88, WALL), (3.6, 0.04, 0.6), receptacle=True)
    floor = thing("Floor|1", (0, -0.05, 0), (4, 0.1, 4), receptacle=True)
    return room(floor, counter, *things)


def on_counter(name, x, size, **more):
    return thing(name, (x, 0.9 + size[1] / 2, WALL), size, **more)


def test_what_is_dropped_falls_on_the_floor_or_on_what_stands_there():
    controller = opened(kitchen())
    failed(controller, "hand is empty", "DropHandObject")
    did(controller, "PickupObject", "Apple|1")
    did(controller, "TeleportFull", x=0.0, z=-0.5, rotation=180, horizon=30)
    event = did(controller, "DropHandObject")
    apple = found(event, "Apple|1")
    assert apple["axisAlignedBoundingBox"]["center"]["y"] == pytest.approx(0.05, abs=0.02)
    assert apple["parentReceptacles"] == ["Floor|1"]
    assert "Apple|1" in found(event, "Floor|1")["receptacleObjectIds"]
    assert event.metadata["inventoryObjects"] == []
    did(controller, "PickupObject", "Apple|1")
    did(controller, "TeleportFull", x=0.2, z=1.1, rotation=0, horizon=30)
    event = did(controller, "DropHandObject")
    assert found(event, "Apple|1")["parentReceptacles"] == ["CounterTop|1"]
    assert found(event, "Apple|1")["axisAlignedBoundingBox"]["center"]["y"] == pytest.approx(0.95)


def test_what_touches_something_cannot_be_dropped():
    wardrobe = thing("Dresser|1", (0.0, 1.0, 1.2), (1.0, 2.0, 0.4))
    ball = thing("BasketBall|1", (0.0, 0.15, -1.0), (0.3, 0.3, 0.3), pickupable=True)
    controller = opened(room(wardrobe, ball))
    did(controller, "PickupObject", "BasketBall|1", forceAction=True)
    failed(controller, "collides with Dresser|1", "DropHandObject")


def test_slices_take_the_place_of_what_is_sliced():
    bread = on_counter("Bread|1", 0.0, (0.3, 0.1, 0.1), pickupable=True, sliceable=True, cookable=True)
    controller = opened(bench(bread | {"parentReceptacles": ["CounterTop|1"]}))
    failed(controller, "sliceable", "SliceObject", "CounterTop|1")
    event = did(controller, "SliceObject", "Bread|1")
    slices = [item for item in event.metadata["objects"] if item["objectType"] == "BreadSliced"]
    assert len(slices) == 5
    assert not [item for item in event.metadata["objects"] if item["objectId"] == "Bread|1"]
    assert found(event, "CounterTop|1")["receptacleObjectIds"] == [piece["objectId"] for piece in slices]
    assert sum(piece["axisAlignedBoundingBox"]["size"]["x"] for piece in slices) == pytest.approx(0.3)
    event = did(controller, "PickupObject", slices[0]["objectId"])
    assert event.metadata["inventoryObjects"][0]["objectType"] == "BreadSliced"
    failed(controller, "not a valid objectId", "PickupObject", "Bread|1")


def test_after_slicing_everything_is_seen_as_in_a_scene_that_was_loaded_so():
    """And poses recorded with the scene stay those of their own object, though objects have changed places."""
    kinds = ("Bread", "Apple", "Vase")
    things = [on_counter(f"{kind}|1", x - 0.7, (0.3, 0.1, 0.1), pickupable=True) for x, kind in enumerate(kinds)]
    scene = bench(things[0] | {"sliceable": True}, *things[1:])
    pose = dict(zip(POSE_KEYS, (0.0, 0.9, 0.5, 0.0, 30.0, True), strict=True))
    scene["interactablePoses"] = {name: [list(pose.values())] for name in ("Bread|1", "Apple|1", "Vase|1")}
    controller = opened(scene, visibility_distance_m=3.0)
    sliced = did(controller, "SliceObject", "Bread|1").metadata
    again = opened(sliced, visibility_distance_m=3.0).last_event.metadata
    assert [item["visible"] for item in sliced["objects"]] == [item["visible"] for item in again["objects"]]
    assert sum(item["visible"] and item["objectType"] == "BreadSliced" for item in sliced["objects"]) == 5
    assert did(controller, "GetInteractablePoses", "Vase|1").metadata["actionReturn"] == [pose]
    pieces = [item["objectId"] for item in sliced["objects"] if item["objectType"] == "BreadSliced"]
    assert len(did(controller, "GetInteractablePoses", pieces[0]).metadata["actionReturn"]) > 1


def test_what_is_in_the_hand_cannot_be_sliced_and_an_egg_cracks():
    egg = on_counter("Egg|1", 0.0, (0.06, 0.06, 0.06), pickupable=True, sliceable=True)
    controller = opened(bench(egg))
    did(controller, "PickupObject", "Egg|1")
    failed(controller, "in the hand", "SliceObject", "Egg|1")
    did(controller, "PutObject", "CounterTop|1")
    event = did(controller, "SliceObject", "Egg|1")
    assert [item["objectType"] for item in event.metadata["objects"]][-1] == "EggCracked"


@pytest.mark.parametrize(
    ("flag", "key", "action", "word"),
    [
        ("cookable", "isCooked", "CookObject", "already cooked"),
        ("dirtyable", "isDirty", "DirtyObject", "already dirty"),
    ],
)
def test_states_change_once(flag, key, action, word):
    controller = opened(bench(on_counter("Plate|1", 0.0, (0.2, 0.05, 0.2), pickupable=True, **{flag: True})))
    failed(controller, flag, action, "CounterTop|1")
    assert found(did(controller, action, "Plate|1"), "Plate|1")[key]
    failed(controller, word, action, "Plate|1")


def test_cleaning_undoes_dirt_and_what_is_clean_stays_so():
    controller = opened(bench(on_counter("Plate|1", 0.0, (0.2, 0.05, 0.2), pickupable=True, dirtyable=True)))
    failed(controller, "already clean", "CleanObject", "Plate|1")
    did(controller, "DirtyObject", "Plate|1")
    assert not found(did(controller, "CleanObject", "Plate|1"), "Plate|1")["isDirty"]


def test_liquids_fill_what_can_be_filled_once():
    controller = opened(bench(on_counter("Cup|1", 0.0, (0.1, 0.1, 0.1), pickupable=True, canFillWithLiquid=True)))
    failed(controller, "already empty", "EmptyLiquidFromObject", "Cup|1")
    with pytest.raises(ValueError, match="fillLiquid must be one of"):
        controller.step("FillObjectWithLiquid", objectId="Cup|1", fillLiquid="sand")
    event = did(controller, "FillObjectWithLiquid", "Cup|1", fillLiquid="wine")
    assert (found(event, "Cup|1")["isFilledWithLiquid"], found(event, "Cup|1")["fillLiquid"]) == (True, "wine")
    failed(controller, "already filled with wine", "FillObjectWithLiquid", "Cup|1", fillLiquid="water")
    event = did(controller, "EmptyLiquidFromObject", "Cup|1")
    assert (found(event, "Cup|1")["isFilledWithLiquid"], found(event, "Cup|1")["fillLiquid"]) == (False, None)


def test_running_water_cleans_and_fills_what_lies_in_the_basin():
    basin = thing("SinkBasin|1", (0.0, 0.91, WALL), (0.5, 0.02, 0.5), receptacle=True)
    faucet = thing("Faucet|1", (0.0, 1.05, 1.9), (0.08, 0.25, 0.1), toggleable=True)
    cup = on_counter("Cup|1", 0.8, (0.1, 0.1, 0.1), pickupable=True, dirtyable=True, canFillWithLiquid=True)
    controller = opened(bench(basin, faucet, cup))
    did(controller, "DirtyObject", "Cup|1")
    did(controller, "PickupObject", "Cup|1")
    event = did(controller, "PutObject", "SinkBasin|1")
    assert found(event, "Cup|1")["isDirty"]
    event = did(controller, "ToggleObjectOn", "Faucet|1")
    assert not found(event, "Cup|1")["isDirty"]
    assert found(event, "Cup|1")["fillLiquid"] == "water"


def test_a_microwave_heats_and_cooks_while_it_is_shut_and_a_fridge_cools():
    metadata = kitchen()
    next(item for item in metadata["objects"] if item["objectId"] == "Egg|1")["cookable"] = True
    controller = opened(metadata)
    did(controller, "OpenObject", "Fridge|1", forceAction=True)
    assert found(controller.last_event, "Egg|1")["temperature"] == "Cold"
    did(controller, "PickupObject", "Egg|1", forceAction=True)
    did(controller, "OpenObject", "Microwave|1", forceAction=True)
    did(controller, "PutObject", "Microwave|1", forceAction=True)
    failed(controller, "must be closed", "ToggleObjectOn", "Microwave|1", forceAction=True)
    did(controller, "CloseObject", "Microwave|1", forceAction=True)
    egg = found(did(controller, "ToggleObjectOn", "Microwave|1", forceAction=True), "Egg|1")
    assert (egg["temperature"], egg["isCooked"]) == ("Hot", True)
    failed(controller, "must be off", "OpenObject", "Microwave|1", forceAction=True)


def test_a_knob_lights_its_burner_which_cooks_what_is_in_the_pan():
    burner = on_counter("StoveBurner|1", 0.0, (0.25, 0.02, 0.25), receptacle=True)
    knob = thing(
        "StoveKnob|1", (0.3, 0.85, 1.38), (0.05, 0.05, 0.03), toggleable=True, controlledObjects=["StoveBurner|1"]
    )
    pan = thing("Pan|1", (0.0, 0.95, WALL), (0.3, 0.06, 0.3), pickupable=True, receptacle=True)
    potato = thing("Potato|1", (0.0, 0.98, WALL), (0.1, 0.07, 0.1), pickupable=True, cookable=True)
    pan |= {"parentReceptacles": ["StoveBurner|1"]}
    controller = opened(bench(burner, knob, pan, potato | {"parentReceptacles": ["Pan|1"]}))
    event = did(controller, "ToggleObjectOn", "StoveKnob|1", forceAction=True)
    assert found(event, "StoveBurner|1")["isToggled"]
    assert (found(event, "Potato|1")["isCooked"], found(event, "Potato|1")["temperature"]) == (True, "Hot")
    assert not found(did(controller, "ToggleObjectOff", "StoveKnob|1", forceAction=True), "StoveBurner|1")["isToggled"]


def test_a_coffee_machine_fills_the_mug_below_its_spout_and_a_toaster_toasts():
    machine = on_counter("CoffeeMachine|1", -0.5, (0.3, 0.4, 0.4), receptacle=True, toggleable=True)
    toaster = on_counter("Toaster|1", 0.6, (0.3, 0.2, 0.2), receptacle=True, toggleable=True)
    mug = on_counter("Mug|1", 0.0, (0.08, 0.1, 0.08), pickupable=True, canFillWithLiquid=True)
    piece = on_counter("BreadSliced|1", 0.3, (0.02, 0.1, 0.1), pickupable=True, cookable=True)
    controller = opened(bench(machine, toaster, mug, piece))
    did(controller, "PickupObject", "Mug|1")
    event = did(controller, "PutObject", "CoffeeMachine|1")
    assert found(event, "Mug|1")["visible"]
    mug = found(did(controller, "ToggleObjectOn", "CoffeeMachine|1"), "Mug|1")
    assert (mug["fillLiquid"], mug["temperature"]) == ("coffee", "Hot")
    did(controller, "PickupObject", "BreadSliced|1")
    event = did(controller, "PutObject", "Toaster|1")
    assert found(event, "BreadSliced|1")["visible"]
    assert found(did(controller, "ToggleObjectOn", "Toaster|1"), "BreadSliced|1")["isCooked"]


def test_furniture_that_a_recording_lists_in_a_cup_stays_where_it_is():
    basin = on_counter("SinkBasin|1", 0.5, (0.5, 0.02, 0.5), receptacle=True, parentReceptacles=["Cup|1"])
    cup = on_counter("Cup|1", 0.0, (0.1, 0.1, 0.1), pickupable=True, receptacle=True)
    controller = opened(bench(basin, cup))
    before = found(controller.last_event, "SinkBasin|1")["position"]
    assert found(did(controller, "PickupObject", "Cup|1"), "SinkBasin|1")["position"] == before
