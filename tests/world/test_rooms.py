"""Generated rooms: complete, consistent, walkable, and the same for the same seed."""

import hashlib
import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.tasks.affordances import COMPATIBLE, usual_places
from llamafactory_embodied.world.profiles import ROOM_TYPES
from llamafactory_embodied.world.rooms import PROFILES, ROOM_SETS, RoomProfile, generate_room, room_seeds

SEEDS = st.integers(min_value=0, max_value=4_000_000).map(
    lambda seed: seed - seed % 400_000
)  # few, so that they are made once
NAMES = st.sampled_from(("demo", *ROOM_TYPES))
DEMO = st.just("demo")
SLACK_M = 1e-4
CONTAINERS = {"Fridge", "Microwave", "Cabinet", "Drawer", "GarbageCan", "SinkBasin", "Shelf"}
SET_IN = {("Sink", "SinkBasin")}
OBJECT_KEYS = """
name position rotation visible isInteractable receptacle toggleable isToggled breakable isBroken canFillWithLiquid
isFilledWithLiquid fillLiquid dirtyable isDirty canBeUsedUp isUsedUp cookable isCooked temperature isHeatSource
isColdSource sliceable isSliced openable isOpen openness pickupable isPickedUp moveable mass salientMaterials
receptacleObjectIds distance objectType objectId assetId parentReceptacles controlledObjects isMoving
axisAlignedBoundingBox objectOrientedBoundingBox
"""  # of every object in a recorded scene


@cache
def room(seed, name):
    return generate_room(seed, PROFILES[name])


def low_high(obj):
    box = obj["axisAlignedBoundingBox"]
    center, size = ([box[key][axis] for axis in "xyz"] for key in ("center", "size"))
    return np.subtract(center, np.divide(size, 2)), np.add(center, np.divide(size, 2))


def overlap(one, other):
    (low, high), (other_low, other_high) = low_high(one), low_high(other)
    return bool((np.minimum(high, other_high) - np.maximum(low, other_low) > SLACK_M).all())


def by_id(metadata):
    return {obj["objectId"]: obj for obj in metadata["objects"]}


def fingerprint(metadata):
    return hashlib.sha256(json.dumps(metadata).encode()).hexdigest()


def small(metadata):
    return [obj for obj in metadata["objects"] if obj["pickupable"]]


def hidden(metadata):
    known = by_id(metadata)
    return [obj for obj in small(metadata) if known[obj["parentReceptacles"][0]]["openable"]]


def test_the_same_seed_gives_the_same_bytes_in_processes_with_other_hash_seeds():
    code = (
        "import hashlib, json; from llamafactory_embodied.world.rooms import PROFILES, generate_room;"
        "rooms = [generate_room(7, PROFILES[name]) for name in sorted(PROFILES)];"
        "print(hashlib.sha256(json.dumps(rooms).encode()).hexdigest())"
    )
    answers = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("0", "1", "4242")
    }
    here = [generate_room(7, PROFILES[name]) for name in sorted(PROFILES)]
    assert answers == {hashlib.sha256(json.dumps(here).encode()).hexdigest()}


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_no_two_seeds_give_the_same_room(name):
    seeds = [seed for split in sorted(ROOM_SETS) for seed in room_seeds(split, 2)]
    without_name = [{**generate_room(seed, PROFILES[name]), "sceneName": ""} for seed in seeds]
    assert len({fingerprint(metadata) for metadata in without_name}) == len(seeds) == 8


@settings(max_examples=15, deadline=None)
@given(SEEDS, NAMES)
def test_a_room_has_every_key_of_a_recording_and_survives_json(seed, name):
    metadata = room(seed, name)
    assert json.loads(json.dumps(metadata)) == metadata
    assert metadata["sceneName"] == f"Embodied-{name}-{seed}"
    assert len(metadata) == 37
    assert all(set(obj) == set(OBJECT_KEYS.split()) for obj in metadata["objects"])
    assert all((obj["objectOrientedBoundingBox"] is not None) == obj["pickupable"] for obj in metadata["objects"])


@settings(max_examples=15, deadline=None)
@given(SEEDS, NAMES)
def test_ids_are_unique_and_parents_and_contents_agree(seed, name):
    metadata = room(seed, name)
    known = by_id(metadata)
    assert len(known) == len(metadata["objects"])
    down = {(inner, outer) for outer, obj in known.items() for inner in obj["receptacleObjectIds"] or []}
    up = {(inner, outer) for inner, obj in known.items() for outer in obj["parentReceptacles"] or []}
    assert down == up
    assert all(len(obj["parentReceptacles"]) == 1 for obj in small(metadata))
    for obj in metadata["objects"]:
        assert (obj["receptacleObjectIds"] is not None) == obj["receptacle"]


@settings(max_examples=25, deadline=None)
@given(SEEDS, DEMO)
def test_a_demo_kitchen_has_a_dozen_receptacles_and_sixteen_small_objects(seed, name):
    metadata, profile = room(seed, name), PROFILES[name]
    fixed = [obj for obj in metadata["objects"] if obj["receptacle"] and not obj["pickupable"]]
    furniture = [obj for obj in fixed if obj["objectType"] not in ("Floor", "Chair", "Stool")]
    assert len(furniture) >= 12
    assert profile.small_count[0] <= len(small(metadata)) <= profile.small_count[1]
    assert len(small(metadata)) >= 16
    assert {"Fridge", "Microwave", "Cabinet", "Drawer", "CounterTop", "SinkBasin"} <= {o["objectType"] for o in fixed}


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_the_demo_has_each_small_type_once(seed):
    types = [obj["objectType"] for obj in small(room(seed, "demo"))]
    assert len(set(types)) == len(types)


@settings(max_examples=25, deadline=None)
@given(SEEDS, DEMO)
def test_the_share_of_hidden_objects_is_within_the_profile(seed, name):
    metadata = room(seed, name)
    low, high = PROFILES[name].hidden_share
    assert low <= len(hidden(metadata)) / len(small(metadata)) <= high


@settings(max_examples=25, deadline=None)
@given(SEEDS, DEMO)
def test_nothing_interpenetrates_but_contents_and_set_in_parts(seed, name):
    objects = room(seed, name)["objects"]
    for one, other in itertools.combinations(objects, 2):
        pair = (one["objectType"], other["objectType"])
        contained = other["parentReceptacles"] == [one["objectId"]] and pair[0] in CONTAINERS
        set_in = pair in SET_IN or (pair[0] == "ShelvingUnit" and (pair[1] == "Shelf" or on_shelf(other)))
        in_sink = pair[0] == "Sink" and (other["parentReceptacles"] or [""])[0].endswith("SinkBasin")
        assert contained or set_in or in_sink or not overlap(one, other), (one["objectId"], other["objectId"])


def on_shelf(obj):
    return any(parent.startswith("Shelf|") for parent in obj["parentReceptacles"] or [])


@settings(max_examples=15, deadline=None)
@given(SEEDS, NAMES)
def test_everything_is_inside_the_room(seed, name):
    metadata = room(seed, name)
    size = [metadata["sceneBounds"]["size"][axis] for axis in "xyz"]
    for obj in metadata["objects"]:
        low, high = low_high(obj)
        assert (np.abs([low[0], high[0]]) <= size[0] / 2 + SLACK_M).all(), obj["objectId"]
        assert (np.abs([low[2], high[2]]) <= size[2] / 2 + SLACK_M).all(), obj["objectId"]
        assert high[1] <= size[1]


@settings(max_examples=25, deadline=None)
@given(SEEDS, DEMO)
def test_small_objects_stand_on_or_lie_in_a_receptacle_that_takes_their_type(seed, name):
    metadata = room(seed, name)
    known = by_id(metadata)
    for obj in small(metadata):
        parent = known[obj["parentReceptacles"][0]]
        assert parent["objectType"] in COMPATIBLE[obj["objectType"]]
        (low, high), (parent_low, parent_high) = low_high(obj), low_high(parent)
        assert (low[[0, 2]] >= parent_low[[0, 2]] - SLACK_M).all(), obj["objectId"]
        assert (high[[0, 2]] <= parent_high[[0, 2]] + SLACK_M).all(), obj["objectId"]
        if parent["objectType"] in CONTAINERS:
            assert parent_low[1] < low[1] < parent_high[1]
            assert high[1] < parent_high[1] or not parent["openable"]
        else:
            assert low[1] == pytest.approx(parent_high[1], abs=SLACK_M)


def walkable(metadata):
    """Free points of the 0.25 m grid that can be reached from the agent's start, by a flood fill of the test's own."""
    size = metadata["sceneBounds"]["size"]
    blocking = [low_high(o) for o in metadata["objects"] if o["objectType"] not in ("Floor", "Window", "LightSwitch")]

    def free(point):
        x, z = point[0] / 4, point[1] / 4
        if abs(x) > size["x"] / 2 - 0.2 or abs(z) > size["z"] / 2 - 0.2:
            return False
        gaps = [np.maximum(0, np.maximum(low[[0, 2]] - (x, z), (x, z) - high[[0, 2]])) for low, high in blocking]
        return all(np.hypot(*gap) >= 0.2 for gap in gaps)

    start = metadata["agent"]["position"]
    first = (round(start["x"] * 4), round(start["z"] * 4))
    assert free(first)
    seen, todo = {first}, [first]
    while todo:
        x, z = todo.pop()
        fresh = [p for p in ((x + 1, z), (x - 1, z), (x, z + 1), (x, z - 1)) if p not in seen and free(p)]
        seen.update(fresh)
        todo += fresh
    return [(x / 4, z / 4) for x, z in sorted(seen)]


@settings(max_examples=10, deadline=None)
@given(SEEDS, DEMO)
def test_every_receptacle_can_be_walked_to_and_stood_in_front_of(seed, name):
    metadata = room(seed, name)
    points = walkable(metadata)
    assert len(points) >= 15
    for obj in metadata["objects"]:
        if not obj["receptacle"] or obj["pickupable"] or obj["objectType"] in ("Floor", "Chair", "Stool"):
            continue
        yaw = np.deg2rad(obj["rotation"]["y"])
        size = obj["axisAlignedBoundingBox"]["size"]
        turned = round(obj["rotation"]["y"]) % 180 != 0
        width, depth = (size["z"], size["x"]) if turned else (size["x"], size["z"])
        offsets = np.array(points) - (obj["position"]["x"], obj["position"]["z"])
        ahead = offsets @ (np.sin(yaw), np.cos(yaw)) - depth / 2
        aside = np.abs(offsets @ (np.cos(yaw), -np.sin(yaw)))
        assert ((ahead > 0) & (ahead <= 1.0) & (aside <= width / 2 + 0.25 + SLACK_M)).any(), obj["objectId"]


@settings(max_examples=15, deadline=None)
@given(SEEDS, NAMES)
def test_the_agent_starts_on_the_grid_and_looks_into_the_room(seed, name):
    agent = room(seed, name)["agent"]
    x, z, yaw = agent["position"]["x"], agent["position"]["z"], agent["rotation"]["y"]
    assert (x * 4).is_integer()
    assert (z * 4).is_integer()
    assert yaw in (45.0, 135.0, 225.0, 315.0)
    assert np.dot((np.sin(np.deg2rad(yaw)), np.cos(np.deg2rad(yaw))), (x, z)) < 0
    assert agent["cameraHorizon"] == 0.0


def test_the_sets_of_rooms_share_no_seed():
    drawn = {split: room_seeds(split, 500) for split in ROOM_SETS}
    assert set(drawn) == {"base", "train", "dev", "test"}
    assert len({seed for seeds in drawn.values() for seed in seeds}) == 4 * 500
    for one, other in itertools.combinations(ROOM_SETS.values(), 2):
        assert one.stop <= other.start or other.stop <= one.start


def test_an_unknown_set_a_negative_seed_and_a_crowded_profile_are_named():
    with pytest.raises(SceneError, match=r"'tset'.*train"):
        room_seeds("tset", 3)
    with pytest.raises(SceneError, match="999999"):
        room_seeds("base", 10_000_000)
    with pytest.raises(SceneError, match="-1"):
        generate_room(-1)
    crowded = RoomProfile("crowded", (), (("Fridge", (40, 40)),), (), ("Apple",), (1, 1))
    with pytest.raises(SceneError, match=r"'crowded'.*do not fit"):
        generate_room(0, crowded)


def test_usual_places_are_distributions_over_compatible_receptacles():
    kinds = [kind for kind in COMPATIBLE if usual_places(kind)]
    assert len(kinds) > 40
    for kind in kinds:
        takes, usual = COMPATIBLE[kind], usual_places(kind)
        assert sum(usual.values()) == pytest.approx(1.0)
        assert set(usual) <= set(takes)
        assert min(usual.values()) > 0
    assert usual_places("Egg")["Fridge"] > usual_places("Egg")["CounterTop"] > usual_places("Egg")["Microwave"]
    assert usual_places("Dragon") == {}


def test_a_strong_prior_puts_eggs_into_the_fridge_more_often_than_a_weak_one():
    shares = []
    for strength in (0.0, 1.0):
        profile = replace(PROFILES["demo"], prior_strength=strength)
        eggs = [
            obj["parentReceptacles"][0].split("|")[0]
            for seed in room_seeds("base", 90)
            for obj in small(generate_room(seed, profile))
            if obj["objectType"] == "Egg"
        ]
        assert len(eggs) >= 20
        shares.append(eggs.count("Fridge") / len(eggs))
    assert shares[1] > shares[0] + 0.1
