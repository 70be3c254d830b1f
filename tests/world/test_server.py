"""Events of the embedded simulator: what they show, when it is drawn, and that they stay as they are."""

import ai2thor.server
import numpy as np
import pytest
from toy_rooms import FRAME, found, kitchen, opened

from llamafactory_embodied.world import picture as module


def test_pictures_are_drawn_only_when_they_are_read(monkeypatch):
    drawn = []
    shade = module.shade
    monkeypatch.setattr(module, "shade", lambda *view: drawn.append(1) or shade(*view))
    controller = opened(kitchen())
    event = controller.step("RotateRight")
    assert found(event, "Microwave|1")["visible"] in (True, False)
    assert drawn == []
    assert event.frame is event.frame
    assert drawn == [1]


def test_an_event_that_was_handed_out_does_not_change():
    controller = opened(kitchen())
    event = controller.last_event
    before, apple = event.frame.copy(), dict(found(event, "Apple|1"))
    controller.step("PickupObject", objectId="Apple|1")
    controller.step("RotateLeft")
    assert found(event, "Apple|1") == apple
    assert event.metadata["lastAction"] == "CreateHouse"
    np.testing.assert_array_equal(event.frame, before)


def test_a_picture_read_late_shows_the_state_of_its_own_event():
    first, second = opened(kitchen()), opened(kitchen())
    late = first.last_event
    first.step("PickupObject", objectId="Apple|1")
    np.testing.assert_array_equal(late.frame, second.last_event.frame)


def test_ai2thors_masks_boxes_and_colours_agree_with_the_segmentation_frame():
    event = opened(kitchen()).last_event
    assert isinstance(event.instance_masks, ai2thor.server.LazyInstanceSegmentationMasks)
    assert "Apple|1" in event.instance_masks
    assert "Egg|1" not in event.instance_masks
    for object_id, mask in event.instance_masks.items():
        painted = (event.instance_segmentation_frame == event.object_id_to_color[object_id]).all(axis=2)
        np.testing.assert_array_equal(mask, painted)
        assert found(event, object_id)["visible"]
    assert event.class_masks["Apple"].any()


def test_depth_is_metres_along_the_optical_axis():
    controller = opened(kitchen())
    event = controller.step("TeleportFull", x=0.0, z=-0.5, rotation=180, horizon=0)
    assert event.depth_frame[32, 32] == pytest.approx(1.5, abs=0.01)
    assert event.depth_frame[32, 2] == pytest.approx(1.5, abs=0.01)


def test_metadata_says_what_ai2thor_says():
    event = opened(kitchen()).step("GetReachablePositions")
    metadata = event.metadata
    assert (metadata["lastAction"], metadata["lastActionSuccess"], metadata["errorMessage"]) == (
        "GetReachablePositions",
        True,
        "",
    )
    assert set(metadata["actionReturn"][0]) == {"x", "y", "z"}
    assert (metadata["screenWidth"], metadata["fov"]) == (FRAME.width_px, FRAME.fov_deg)
    assert found(event, "Apple|1")["distance"] == pytest.approx(1.2, abs=0.1)
    assert bool(event)
