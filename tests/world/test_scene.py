"""Scene files: what is accepted, and one clear error with the place for what is not."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_rooms import kitchen, opened

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.rooms import PROFILES, generate_room
from llamafactory_embodied.world.scene import check_scene, load_scene, scene_files

DAMAGES = {
    "not_an_object": (lambda scene: 5, "expected AI2-THOR's event.metadata, an object, got int"),
    "several": (lambda scene: [scene, scene], "got list"),
    "keys": (lambda scene: {key: scene[key] for key in ("objects", "agent")}, "missing: sceneName, sceneBounds"),
    "objects": (lambda scene: scene | {"objects": {}}, "`objects` must be a list, got dict"),
    "object": (lambda scene: scene | {"objects": ["Apple"]}, "object 0 must be a JSON object, got str"),
    "bounds": (lambda scene: scene | {"sceneBounds": {"center": 0}}, "sceneBounds: center must have finite numbers"),
    "agent": (lambda scene: scene | {"agent": {**scene["agent"], "position": None}}, "agent: position must have"),
    "posture": (lambda scene: scene | {"agent": {**scene["agent"], "isStanding": None}}, "agent needs cameraHorizon"),
    "id": (lambda scene: with_apple(scene, objectId=None), r"object 5 \(None\) lacks objectId"),
    "text": (lambda scene: with_apple(scene, objectType=7), r"object 5 .* must be text"),
    "flag": (lambda scene: with_apple(scene, openable="no"), r"object 5 \(Apple\|1\): openable must be true or false"),
    "box": (lambda scene: with_apple(scene, axisAlignedBoundingBox=[1]), r"axisAlignedBoundingBox: center must have"),
    "nan": (
        lambda scene: with_apple(scene, position={"x": math.nan, "y": 0, "z": 0}),
        r"object 5 \(Apple\|1\): position must have finite numbers x, y and z, got .*nan",
    ),
    "parents": (
        lambda scene: with_apple(scene, parentReceptacles="CounterTop|1"),
        "parentReceptacles must be null or",
    ),
    "twice": (
        lambda scene: with_apple(scene, objectId="Fridge|1"),
        r"object 5 repeats the objectId 'Fridge\|1' of object 3",
    ),
}


def with_apple(scene, **changes):
    objects = [item | changes if item["objectId"] == "Apple|1" else item for item in scene["objects"]]
    return scene | {"objects": objects}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_metadata_is_one_clear_error_with_the_place(damage, tmp_path):
    change, words = DAMAGES[damage]
    path = tmp_path / "kitchen.json"
    path.write_text(json.dumps(change(kitchen())))
    with pytest.raises(SceneError, match=words) as caught:
        load_scene(path)
    assert str(path) in str(caught.value)


def test_a_file_that_is_missing_torn_or_not_text_is_a_clear_error(tmp_path):
    with pytest.raises(SceneError, match=r"Cannot read the scene file .*No such file"):
        load_scene(tmp_path / "none.json")
    (tmp_path / "torn.json").write_text('{"objects": [')
    (tmp_path / "image.json").write_bytes(b"\x89PNG\xff")
    for name in ("torn.json", "image.json"):
        with pytest.raises(SceneError, match=f"{name} is not JSON"):
            load_scene(tmp_path / name)


def test_a_file_that_holds_another_scene_than_it_is_named_after_is_refused(tmp_path):
    path = tmp_path / "FloorPlan410.json"
    path.write_text(json.dumps(kitchen() | {"sceneName": "FloorPlan411_physics"}))
    with pytest.raises(SceneError, match="holds FloorPlan411, not FloorPlan410"):
        load_scene(path)


def test_a_list_of_one_scene_is_that_scene(tmp_path):
    path = tmp_path / "FloorPlan7.json"
    path.write_text(json.dumps([kitchen() | {"sceneName": "FloorPlan7_physics"}]))
    assert load_scene(path).name == "FloorPlan7"


@pytest.mark.parametrize(
    ("name", "room"),
    [
        ("FloorPlan28_physics", "kitchen"),
        ("FloorPlan201", "living_room"),
        ("FloorPlan330", "bedroom"),
        ("FloorPlan430", "bathroom"),
    ],
)
def test_ithors_numbers_tell_the_kind_of_room(name, room):
    assert check_scene(kitchen() | {"sceneName": name}, "test").room == room


def test_a_generated_scene_describes_its_seed_and_profile():
    scene = check_scene(generate_room(1_000_003, PROFILES["demo"]), "seed 1000003")
    assert scene.generated
    assert scene.describe() == {
        "name": "Embodied-demo-1000003",
        "room": "kitchen",
        "digest": scene.digest,
        "kind": "generated",
        "profile": "demo",
        "seed": 1_000_003,
    }


def test_the_digest_follows_the_contents():
    scene, moved = check_scene(kitchen(), "a"), check_scene(with_apple(kitchen(), temperature="Cold"), "b")
    assert scene.digest == check_scene(kitchen(), "c").digest
    assert scene.digest != moved.digest


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(SceneError, match="is not a directory of recorded scenes"):
        scene_files(tmp_path / "none")


def test_recordings_get_fronts_and_keep_their_digest(thor_data):
    raw = json.loads((thor_data / "scenes" / "FloorPlan5.json").read_text())
    raw = raw[0] if isinstance(raw, list) else raw
    scene = load_scene(thor_data / "scenes" / "FloorPlan5.json")
    drawn = {item["objectId"]: item["rotation"]["y"] for item in scene.metadata["objects"]}
    assert drawn["Drawer|-00.82|+00.75|-01.69"] == 0.0
    assert drawn["Cabinet|-00.84|+00.47|-00.05"] == 90.0
    assert scene.digest == check_scene(raw, "raw").digest


def test_of_the_recordings_only_two_with_the_wrong_contents_are_refused(thor_data):
    refused = []
    for name, path in scene_files(thor_data / "scenes").items():
        try:
            load_scene(path)
        except SceneError:
            refused.append(name)
    assert refused == ["FloorPlan410", "FloorPlan411"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=True, width=32) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=5,
)


def places(value, path=()):
    """The paths to every value of a nested one."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield from places(one, (*path, key))


PLACES = [path for path in places(kitchen()) if path]


def damaged(path, change, value):
    scene = json.loads(json.dumps(kitchen()))
    holder = scene
    for key in path[:-1]:
        holder = holder[key]
    if change == "replace":
        holder[path[-1]] = value
    elif isinstance(holder, dict):
        del holder[path[-1]]
    else:
        holder.pop(path[-1])
    return scene


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(["replace", "drop"]), json_values), max_size=1))
def test_whatever_is_damaged_is_one_clear_error_or_a_scene_that_can_be_played(damages):
    scene = kitchen()
    for damage in damages:
        scene = damaged(*damage)
    try:
        checked = check_scene(scene, "test")
    except SceneError:
        return
    event = opened(checked.metadata).step("RotateRight")
    assert event.metadata["lastActionSuccess"]
    assert event.frame.any()
