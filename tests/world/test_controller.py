"""Opening controllers: AI2-THOR's own classes, recordings by name, and what cannot run here."""

import ai2thor.controller
import ai2thor.server
import numpy as np
import pytest
from toy_rooms import FRAME, kitchen, opened

from llamafactory_embodied.errors import SceneError, SettingsError
from llamafactory_embodied.world import controller as module
from llamafactory_embodied.world.controller import FrameSettings, open_controller, probe_unity


def test_ai2thors_own_controller_and_event_are_in_use():
    controller = opened(kitchen())
    assert isinstance(controller, ai2thor.controller.Controller)
    assert type(controller).step is ai2thor.controller.Controller.step
    assert isinstance(controller.last_event, ai2thor.server.Event)


def test_a_controller_starts_in_an_empty_room():
    event = open_controller("embedded", FRAME).last_event
    assert event.metadata["objects"] == []
    assert event.frame.shape == (64, 64, 3)


def test_an_unknown_backend_is_named_with_the_known_ones():
    with pytest.raises(SettingsError, match="backend='unreal' is unknown; choose one of embedded, unity"):
        open_controller("unreal")


def test_a_damaged_scene_given_to_reset_is_a_scene_error():
    controller = open_controller("embedded", FRAME)
    with pytest.raises(SceneError, match="The scene given to reset"):
        controller.reset({"objects": []})


def test_an_unknown_scene_is_ai2thors_value_error(thor_data):
    controller = open_controller("embedded", FRAME, scenes=thor_data / "scenes")
    with pytest.raises(ValueError, match="FloorPlan999_physics' not contained in build"):
        controller.reset("FloorPlan999")


def test_a_recorded_kitchen_opens_by_name_with_frame_masks_boxes_and_depth(thor_data):
    controller = open_controller("embedded", FrameSettings(150, 100, 90.0), scenes=thor_data / "scenes")
    for name in ("FloorPlan5", "FloorPlan6", "FloorPlan10"):
        event = controller.reset(name)
        assert event.metadata["sceneName"].startswith(name)
        assert event.frame.shape == (100, 150, 3)
        assert len(np.unique(event.frame.reshape(-1, 3), axis=0)) > 50
        assert event.depth_frame.shape == (100, 150)
        assert 0.1 < float(np.median(event.depth_frame)) < 6.0
        assert len(event.instance_masks) > 8
        for object_id, mask in event.instance_masks.items():
            left, top, right, bottom = event.instance_detections2D[object_id]
            rows, columns = np.nonzero(mask)
            assert (columns.min(), rows.min(), columns.max(), rows.max()) == (left, top, right, bottom)


def test_resetting_without_a_name_opens_the_same_recording_again(thor_data):
    controller = open_controller("embedded", FRAME, scenes=thor_data / "scenes")
    before = controller.reset("FloorPlan6").metadata["agent"]["position"]
    controller.step("MoveAhead")
    assert controller.reset().metadata["agent"]["position"] == before


def test_the_frame_size_can_change_on_the_way():
    controller = opened(kitchen())
    event = controller.step("ChangeResolution", x=80, y=40)
    assert (event.frame.shape, event.metadata["screenWidth"]) == ((40, 80, 3), 80)


def test_probing_unity_gives_up_in_time_and_says_why():
    reason = probe_unity(timeout_s=0.2)
    assert reason == "AI2-THOR did not start within 0.2 s: its build is probably being downloaded, or cannot be."


@pytest.mark.parametrize("ends", ["exit", "hang"])
def test_a_probe_that_dies_or_hangs_gives_a_reason(ends, monkeypatch):
    monkeypatch.setattr(module, "_start_unity", {"exit": _exit, "hang": _hang}[ends])
    reason = probe_unity(timeout_s=150.0 if ends == "exit" else 1.0)
    assert reason is not None
    assert ("ended with code 3" in reason) == (ends == "exit")


def _exit(answers):
    raise SystemExit(3)


def _hang(answers):
    answers.get()
