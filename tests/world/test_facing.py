"""Fronts of built-in furniture in recordings."""

import pytest

from llamafactory_embodied.world.facing import front_yaw, with_fronts


def cabinet(center, hinge, yaw=0.0, kind="Cabinet"):
    return {
        "objectId": f"{kind}|{center}",
        "objectType": kind,
        "position": dict(zip("xyz", hinge, strict=True)),
        "rotation": {"x": 0.0, "y": yaw, "z": 0.0},
        "axisAlignedBoundingBox": {
            "center": dict(zip("xyz", center, strict=True)),
            "size": {"x": 0.4, "y": 0.7, "z": 0.4},
        },
    }


def room(*objects):
    bounds = {"center": {"x": 0.0, "y": 1.25, "z": 0.0}, "size": {"x": 4.0, "y": 2.5, "z": 4.0}}
    return {"sceneBounds": bounds, "objects": list(objects)}


@pytest.mark.parametrize(
    ("center", "hinge", "expected"),
    [
        ((-1.8, 1.0, 0.0), (-1.6, 1.0, 0.1), 90.0),
        ((1.8, 1.0, 0.0), (1.6, 1.0, 0.1), 270.0),
        ((0.0, 1.0, 1.8), (0.1, 1.0, 1.6), 180.0),
        ((0.0, 1.0, -1.8), (0.1, 1.0, -1.6), 0.0),
    ],
)
def test_a_hinge_on_one_face_tells_the_front(center, hinge, expected):
    item = cabinet(center, hinge)
    assert front_yaw(item, room(item)) == expected


def test_a_hinge_on_a_corner_leaves_the_face_with_free_space():
    item = cabinet((-1.8, 1.0, 0.0), (-1.6, 1.0, 0.2))
    beside = cabinet((-1.8, 1.0, 0.4), (-1.6, 1.0, 0.6))
    assert front_yaw(item, room(item, beside)) == 90.0


def test_without_a_hinge_the_rotation_counts_and_others_are_left_alone():
    item = cabinet((0.0, 1.0, 0.0), (0.0, 1.0, 0.0), yaw=180.0)
    fridge = cabinet((1.8, 1.0, 0.0), (1.6, 1.0, 0.2), yaw=7.0, kind="Fridge")
    turned = cabinet((-1.8, 1.0, 0.0), (-1.6, 1.0, 0.1))
    scene = room(item, fridge, turned)
    assert [thing["rotation"]["y"] for thing in with_fronts(scene)["objects"]] == [180.0, 7.0, 90.0]
    assert turned["rotation"]["y"] == 0.0


def test_a_box_that_is_only_a_door_looks_through_it():
    door = cabinet((0.0, 0.4, -1.3), (0.2, 0.4, -1.3), yaw=90.0)
    door["axisAlignedBoundingBox"]["size"] = {"x": 0.48, "y": 0.7, "z": 0.04}
    assert front_yaw(door, room(door)) == 0.0


def test_a_recorded_rotation_that_looks_into_a_neighbour_gives_way_to_the_most_free_space():
    item = cabinet((-1.0, 0.8, 0.0), (-1.0, 0.8, 0.0), kind="Drawer")
    beside = cabinet((-1.0, 0.8, 0.42), (-1.0, 0.8, 0.42), kind="Drawer")
    assert front_yaw(item, room(item)) == 0.0
    assert front_yaw(item, room(item, beside)) == 90.0
