"""Recording scenes: the file holds where one can stand and handle things, and a scene that has them is played so."""

import json

import pytest
from toy_rooms import FRAME, kitchen, opened

from llamafactory_embodied import cli
from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.record import scene_of, with_poses
from llamafactory_embodied.world.scene import check_scene, load_scene


@pytest.fixture(scope="module")
def recorded():
    return with_poses(opened(kitchen() | {"sceneName": "FloorPlan1_physics"}, grid_m=0.5, visibility_distance_m=1.5))


def did(controller, action, **arguments):
    event = controller.step(action, **arguments)
    assert event.metadata["lastActionSuccess"], event.metadata["errorMessage"]
    return event.metadata["actionReturn"]


def test_a_live_controllers_scene_loads_as_it_is_now():
    controller = opened(kitchen())
    did(controller, "OpenObject", objectId="Fridge|1")
    scene = scene_of(controller)
    assert next(item for item in scene.metadata["objects"] if item["objectId"] == "Fridge|1")["isOpen"]
    again = opened(scene.metadata)
    assert again.last_event.metadata["objects"] == controller.last_event.metadata["objects"]


def test_a_recorded_scene_is_played_with_its_positions_and_poses(recorded, tmp_path):
    path = tmp_path / "FloorPlan1.json"
    path.write_text(json.dumps(recorded))
    few = recorded["reachablePositions"][:7]
    scene = load_scene(path).metadata | {"reachablePositions": few}
    controller = opened(scene, grid_m=0.1)
    assert did(controller, "GetReachablePositions") == few
    poses = did(controller, "GetInteractablePoses", objectId="Apple|1")
    assert [list(pose.values()) for pose in poses] == recorded["interactablePoses"]["Apple|1"]
    assert len(poses) > 5
    did(controller, "Teleport", position=few[3])
    away = {"x": 1.5, "y": 0.9009992, "z": 0.0}
    assert away not in few
    assert not controller.step("Teleport", position=away).metadata["lastActionSuccess"]


def test_recorded_poses_hold_only_while_the_thing_is_where_it_was(recorded):
    controller = opened(recorded)
    kept = did(controller, "GetInteractablePoses", objectId="Fridge|1")
    did(controller, "OpenObject", objectId="Fridge|1")
    assert did(controller, "GetInteractablePoses", objectId="Fridge|1") != kept
    egg = did(controller, "GetInteractablePoses", objectId="Egg|1", horizons=[30.0])
    assert all(pose["horizon"] == 30.0 for pose in egg)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("reachablePositions", {}, "reachablePositions must be a list"),
        ("reachablePositions", [{"x": 1.0}], "reachablePositions, 0: position must have finite numbers"),
        ("interactablePoses", [], "interactablePoses must be lists of rows"),
        ("interactablePoses", {"Apple|1": [[0, 0, 0, 0, 0, "yes"]]}, r"Apple\|1 must be rows of x, y, z"),
    ],
)
def test_damaged_positions_and_poses_are_refused(key, value, words):
    with pytest.raises(SceneError, match=words):
        check_scene(kitchen() | {key: value}, "test")


def test_the_verb_records_what_a_backend_has_and_leaves_what_is_there(tmp_path, capsys):
    source = tmp_path / "source"
    source.mkdir()
    for number in (1, 2):
        metadata = kitchen() | {"sceneName": f"FloorPlan{number}_physics"}
        (source / f"FloorPlan{number}.json").write_text(json.dumps(metadata))
    words = ["record", "backend=embedded", f"source={source}", f"output_dir={tmp_path / 'out'}", "grid_m=0.5"]
    frame = [f"frame.width_px={FRAME.width_px}", f"frame.height_px={FRAME.height_px}"]
    assert cli.main([*words, *frame]) == 0
    assert "FloorPlan2.json: 9 objects" in capsys.readouterr().out
    scene = load_scene(tmp_path / "out" / "FloorPlan2.json")
    assert len(scene.metadata["reachablePositions"]) > 20
    assert scene.metadata["interactablePoses"]["Drawer|1"]
    assert scene.metadata["interactablePoses"]["Egg|1"] == []
    assert cli.main([*words, *frame]) == 0
    assert "is there already" in capsys.readouterr().out
    assert cli.main([*words, *frame, "scenes=[FloorPlan9]"]) == 1
    assert "FloorPlan9: not recorded" in capsys.readouterr().out
    assert cli.main([*words, *frame, "scenes=[../evil]"]) == 1
    assert "is no scene's name" in capsys.readouterr().err
