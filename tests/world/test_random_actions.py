"""Whatever is done in a room, it stays a room: random actions in generated kitchens."""

import hashlib
import json
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from toy_rooms import FRAME

from llamafactory_embodied.world.controller import open_controller
from llamafactory_embodied.world.rooms import PROFILES, generate_room

ROOMS = [generate_room(seed, PROFILES["demo"]) for seed in (1, 2, 3)]
MOVES = ("MoveAhead", "MoveBack", "RotateLeft", "RotateRight", "LookUp", "LookDown", "Crouch", "Stand")
HANDLING = ("PickupObject", "PutObject", "OpenObject", "CloseObject", "ToggleObjectOn", "ToggleObjectOff")

steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(MOVES), st.just(0), st.just(False)),
        st.tuples(st.sampled_from(HANDLING), st.integers(0, 60), st.booleans()),
    ),
    min_size=4,
    max_size=14,
)
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)


@pytest.fixture(scope="module")
def controller():
    return open_controller("embedded", FRAME)


def play(controller, number, actions):
    """The events of a sequence; every second handling is forced, so that much happens without going anywhere."""
    events = [controller.reset(ROOMS[number])]
    names = [item["objectId"] for item in ROOMS[number]["objects"]]
    for action, target, forced in actions:
        more = {"objectId": names[target % len(names)], "forceAction": forced} if action in HANDLING else {}
        events.append(controller.step(action=action, **more))
    return events


def held(metadata):
    return [entry["objectId"] for entry in metadata["inventoryObjects"]]


def check_places(metadata):
    """Each object has one place, and both ends of it agree; the hand holds at most one thing."""
    objects = {item["objectId"]: item for item in metadata["objects"]}
    inside = [(name, item["objectId"]) for item in objects.values() for name in item["receptacleObjectIds"] or []]
    assert len({name for name, _ in inside}) == len(inside)
    listed = [(item["objectId"], parent) for item in objects.values() for parent in item["parentReceptacles"] or []]
    assert sorted(inside) == sorted(listed)
    assert len(held(metadata)) <= 1
    assert [name for name, item in objects.items() if item["isPickedUp"]] == held(metadata)
    assert not {name for name, _ in inside} & set(held(metadata))


def check_hidden(metadata):
    """What lies in something closed is not visible."""
    objects = {item["objectId"]: item for item in metadata["objects"]}
    for item in objects.values():
        parents = [objects[name] for name in item["parentReceptacles"] or ()]
        if any(parent["openable"] and not parent["isOpen"] for parent in parents):
            assert not item["visible"], item["objectId"]


def state(event):
    kept = ("objects", "agent", "inventoryObjects", "cameraPosition")
    return {key: event.metadata[key] for key in kept}


@few
@given(number=st.integers(0, 2), actions=steps)
def test_every_thing_has_one_place_and_closed_things_hide_theirs(controller, number, actions):
    for event in play(controller, number, actions):
        check_places(event.metadata)
        check_hidden(event.metadata)


@few
@given(number=st.integers(0, 2), actions=steps)
def test_an_action_that_fails_changes_nothing_and_says_why(controller, number, actions):
    events = play(controller, number, actions)
    for before, after in pairwise(events):
        assert after.metadata["lastActionSuccess"] == (after.metadata["errorMessage"] == "")
        if not after.metadata["lastActionSuccess"]:
            assert state(after) == state(before)


@settings(few, max_examples=8)
@given(number=st.integers(0, 2), actions=steps)
def test_the_same_actions_give_the_same_bytes_also_in_a_new_simulator(controller, number, actions):
    def digest(one):
        events = play(one, number, actions)
        written = json.dumps([event.metadata for event in events], sort_keys=True, default=str).encode()
        return hashlib.sha256(written + b"".join(event.frame.tobytes() for event in events)).hexdigest()

    assert digest(controller) == digest(open_controller("embedded", FRAME))
