"""Whatever is done in a room, it stays a room: random actions in generated and recorded rooms."""

import hashlib
import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toy_rooms import FRAME, kitchen

from llamafactory_embodied.world.boxes import low_and_high
from llamafactory_embodied.world.controller import open_controller
from llamafactory_embodied.world.rooms import PROFILES, generate_room
from llamafactory_embodied.world.scene import load_scene

ROOMS = [generate_room(1, PROFILES["demo"]), generate_room(2, PROFILES["household"]), kitchen()]
MOVES = ("MoveAhead", "MoveBack", "RotateLeft", "RotateRight", "LookUp", "LookDown", "Crouch", "Stand", "Pass")
HANDLING = (
    *("PickupObject", "PutObject", "OpenObject", "CloseObject", "ToggleObjectOn", "ToggleObjectOff"),
    *("DropHandObject", "SliceObject", "CookObject", "DirtyObject", "CleanObject"),
    *("FillObjectWithLiquid", "EmptyLiquidFromObject"),
)

moving = st.tuples(st.sampled_from(MOVES), st.just(0), st.just(True))
handling = st.tuples(st.sampled_from(HANDLING), st.integers(0, 200), st.booleans())
placing = st.tuples(st.sampled_from(("PickupObject", "PutObject")), st.integers(0, 200), st.just(True))
steps = st.lists(st.one_of(moving, handling, placing, placing), min_size=8, max_size=24)
few = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@pytest.fixture(scope="module")
def controller():
    return open_controller("embedded", FRAME)


def step(controller, action, target, forced):
    """One action on one of the things that are there now; forced ones are done without going anywhere."""
    if action not in HANDLING:
        return controller.step(action=action)
    suited = {"PickupObject": "pickupable", "PutObject": "receptacle"}.get(action)
    objects = controller.last_event.metadata["objects"]
    choices = [item["objectId"] for item in objects if not forced or suited is None or item[suited]]
    more = {"fillLiquid": "water"} if action == "FillObjectWithLiquid" else {}
    return controller.step(action=action, objectId=choices[target % len(choices)], forceAction=forced, **more)


def play(controller, room, actions):
    """The events of a sequence."""
    return [controller.reset(room), *(step(controller, *action) for action in actions)]


def held(metadata):
    return [entry["objectId"] for entry in metadata["inventoryObjects"]]


def check_places(metadata):
    """Each object has one place, and both ends of it agree; the hand holds at most one thing."""
    objects = {item["objectId"]: item for item in metadata["objects"]}
    assert len(objects) == len(metadata["objects"])
    inside = [(name, item["objectId"]) for item in objects.values() for name in item["receptacleObjectIds"] or []]
    assert len({name for name, _ in inside}) == len(inside)
    listed = [(item["objectId"], parent) for item in objects.values() for parent in item["parentReceptacles"] or []]
    assert sorted(inside) == sorted(listed)
    assert len(held(metadata)) <= 1
    assert [name for name, item in objects.items() if item["isPickedUp"]] == held(metadata)
    assert not {name for name, _ in inside} & set(held(metadata))


def check_hidden(metadata):
    """What was put into something lies within it, and what lies in something closed is not visible."""
    objects = {item["objectId"]: item for item in metadata["objects"]}
    for item in objects.values():
        for parent in (objects[name] for name in item["parentReceptacles"] or ()):
            if parent["openable"] and not parent["isOpen"]:
                assert not item["visible"], item["objectId"]
                (low, high), (wall_low, wall_high) = low_and_high(item), low_and_high(parent)
                assert (np.array(low) >= np.array(wall_low) - 1e-5).all(), (item["objectId"], parent["objectId"])
                assert (np.array(high) <= np.array(wall_high) + 1e-5).all(), (item["objectId"], parent["objectId"])


def check_boxes(metadata):
    """An object's corners and box agree."""
    for item in metadata["objects"]:
        low, high = low_and_high(item)
        corners = np.array(item["axisAlignedBoundingBox"]["cornerPoints"])
        np.testing.assert_allclose(corners.min(axis=0), low, atol=1e-4)
        np.testing.assert_allclose(corners.max(axis=0), high, atol=1e-4)


def state(event):
    kept = ("objects", "agent", "inventoryObjects", "cameraPosition")
    return {key: event.metadata[key] for key in kept}


@few
@given(number=st.integers(0, 2), actions=steps)
def test_every_thing_has_one_place_and_closed_things_hide_theirs(controller, number, actions):
    for event in play(controller, ROOMS[number], actions):
        check_places(event.metadata)
        check_hidden(event.metadata)
        check_boxes(event.metadata)


@few
@given(number=st.integers(0, 2), actions=steps)
def test_an_action_that_fails_changes_nothing_and_says_why(controller, number, actions):
    events = play(controller, ROOMS[number], actions)
    for before, after in pairwise(events):
        assert after.metadata["lastActionSuccess"] == (after.metadata["errorMessage"] == "")
        if not after.metadata["lastActionSuccess"]:
            assert state(after) == state(before)


def digest(events):
    written = json.dumps([event.metadata for event in events], sort_keys=True, default=str).encode()
    return hashlib.sha256(written + b"".join(event.frame.tobytes() for event in events)).hexdigest()


@settings(few, max_examples=8)
@given(number=st.integers(0, 2), actions=steps)
def test_the_same_actions_give_the_same_bytes_also_in_a_new_simulator(controller, number, actions):
    fresh = open_controller("embedded", FRAME)
    assert digest(play(controller, ROOMS[number], actions)) == digest(play(fresh, ROOMS[number], actions))


def settled(metadata):
    """A recording whose lists agree: AI2-THOR's mention sinks in cups, and floors below everything."""
    objects = [dict(item) for item in metadata["objects"]]
    for item in objects:
        item["parentReceptacles"], item["receptacleObjectIds"] = None, [] if item["receptacle"] else None
    return {**metadata, "objects": objects}


def wander(controller, room, seed, count):
    """Thousands of random actions of all kinds in one room, each checked."""
    rng = np.random.default_rng(seed)
    before, done = controller.reset(room), 0
    for _ in range(count):
        pool = MOVES if rng.random() < 0.2 else ("PickupObject", "PutObject") if rng.random() < 0.5 else HANDLING
        action = pool[int(rng.integers(len(pool)))]
        event = step(controller, action, int(rng.integers(10_000)), bool(rng.random() < 0.8))
        done += event.metadata["lastActionSuccess"]
        if not event.metadata["lastActionSuccess"]:
            assert event.metadata["errorMessage"]
            assert state(event) == state(before)
        for check in (check_places, check_hidden, check_boxes):
            check(event.metadata)
        before = event
    return done


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_thousands_of_actions_in_generated_rooms_leave_a_room(controller, seed):
    assert wander(controller, generate_room(20 + seed, PROFILES["household"]), seed, 2000) > 400


@pytest.mark.slow
@pytest.mark.parametrize("name", ["FloorPlan5", "FloorPlan205", "FloorPlan305", "FloorPlan405"])
def test_thousands_of_actions_in_recorded_rooms_leave_a_room(controller, name, thor_data):
    room = settled(load_scene(thor_data / "scenes" / f"{name}.json").metadata)
    assert wander(controller, room, 0, 2000) > 400
