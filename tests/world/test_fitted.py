"""Shapes that a scene tells more about: open shelves, seats as high as what lies on them; and what is shut away."""

import numpy as np
import pytest
from toy_rooms import opened, room, thing

from llamafactory_embodied.world.fitted import fitted_shapes
from llamafactory_embodied.world.state import RoomState
from llamafactory_embodied.world.support import shut_away


def stand(*more, x=0.0, kind="TVStand"):
    return room(
        thing(f"{kind}|1", (x, 0.4, 1.6), (1.2, 0.8, 0.4), receptacle=True),
        thing("Shelf|1", (x, 0.4, 1.55), (0.9, 0.4, 0.3), receptacle=True),
        thing("Vase|1", (x, 0.35, 1.55), (0.2, 0.3, 0.2), pickupable=True, parentReceptacles=["Shelf|1"]),
        *more,
    )


@pytest.mark.parametrize("kind", ["TVStand", "ShelvingUnit", "Dresser"])
def test_what_lies_on_a_shelf_in_furniture_is_visible_from_its_front(kind):
    state = RoomState(stand(kind=kind), 64, 64)
    assert {"Vase|1", "Shelf|1", f"{kind}|1"} <= state.visible()
    pixels = (state.picture().view.owners == state.number_of("Vase|1")).sum()
    assert pixels > 10


def test_furniture_without_a_shelf_keeps_its_shape_and_a_shelf_on_the_wall_carves_nothing():
    metadata = room(
        thing("TVStand|1", (0.0, 0.4, 1.6), (1.2, 0.8, 0.4)),
        thing("Shelf|1", (0.0, 1.4, 1.8), (0.9, 0.3, 0.3), receptacle=True),
    )
    assert fitted_shapes(metadata) == {}


def test_an_open_shelf_has_a_back_at_the_wall_and_none_in_the_middle_of_the_room():
    at_wall, free = stand(), stand()
    for item in free["objects"]:
        box = item["axisAlignedBoundingBox"]
        box["center"] = box["center"] | {"z": box["center"]["z"] - 1.6}
        box["cornerPoints"] = [[x, y, z - 1.6] for x, y, z in box["cornerPoints"]]
    assert len(fitted_shapes(at_wall)["TVStand|1"]) == len(fitted_shapes(free)["TVStand|1"]) + 1


@pytest.mark.parametrize(
    ("kind", "size", "low"),
    [("Sofa", (1.8, 0.9, 0.8), 0.25), ("ArmChair", (0.9, 0.9, 0.8), 0.3), ("Desk", (1.4, 1.4, 0.7), 0.7)],
)
def test_a_thing_that_lies_lower_than_the_usual_seat_is_seen_on_it(kind, size, low):
    metadata = room(
        thing(f"{kind}|1", (0.0, size[1] / 2, 1.3), size, receptacle=True),
        thing("KeyChain|1", (0.0, low + 0.005, 1.15), (0.12, 0.01, 0.12), pickupable=True)
        | {"parentReceptacles": [f"{kind}|1"]},
    )
    assert fitted_shapes(metadata).keys() == {f"{kind}|1"}
    assert "KeyChain|1" in RoomState(metadata, 64, 64).visible()


def test_a_thing_that_lies_under_a_sofa_does_not_decide_how_high_its_seat_is():
    def scene(*more):
        sofa = thing("Sofa|1", (0.0, 0.45, 1.3), (1.8, 0.9, 0.8), receptacle=True)
        keys = thing("KeyChain|1", (0.0, 0.255, 1.15), (0.12, 0.01, 0.12), pickupable=True)
        return room(sofa, keys | {"parentReceptacles": ["Sofa|1"]}, *more)

    below = thing("Pen|1", (0.3, 0.02, 1.2), (0.1, 0.01, 0.02), pickupable=True, parentReceptacles=["Sofa|1"])
    assert fitted_shapes(scene(below)) == fitted_shapes(scene()) != {}


@pytest.mark.parametrize("kind", ["SideTable", "TVStand", "CoffeeTable", "ShelvingUnit"])
def test_furniture_on_which_things_lie_at_several_heights_is_open_between_its_boards(kind):
    def on(name, bottom):
        lying = thing(name, (0.0, bottom + 0.06, 1.5), (0.1, 0.12, 0.1), pickupable=True)
        return lying | {"parentReceptacles": [f"{kind}|1"]}

    rack = thing(f"{kind}|1", (0.0, 0.6, 1.5), (0.6, 1.2, 0.5), receptacle=True)
    low, high = on("SprayBottle|1", 0.23), on("DishSponge|1", 0.86)
    state = RoomState(room(rack, low, high), 64, 64)
    state.set_agent(cameraHorizon=45.0)
    assert {"SprayBottle|1", "DishSponge|1", f"{kind}|1"} <= state.visible()
    for alone in ([on("Vase|1", 1.2), on("Statue|1", 1.15)], [on("Vase|1", 1.2), on("Pen|1", 0.02)]):
        assert fitted_shapes(room(thing(f"{kind}|1", (0.0, 0.6, 1.5), (0.6, 1.2, 0.5)), *alone)).get(kind) is None


def test_a_thing_that_lies_on_the_usual_surface_changes_nothing():
    metadata = room(
        thing("SideTable|1", (0.0, 0.35, 1.3), (0.6, 0.7, 0.5), receptacle=True),
        thing("Vase|1", (0.0, 0.8, 1.3), (0.1, 0.2, 0.1), pickupable=True, parentReceptacles=["SideTable|1"]),
        thing("Floor|1", (0, -0.05, 0), (4, 0.1, 4), receptacle=True),
    )
    assert fitted_shapes(metadata) == {}


def test_what_lies_inside_a_closed_box_is_shut_away_and_what_stands_on_it_is_not():
    fridge = thing("Fridge|1", (-1.0, 0.6, 1.5), (0.7, 1.2, 0.6), receptacle=True, openable=True)
    inside = thing("Egg|1", (-1.0, 0.6, 1.5), (0.1, 0.1, 0.1), pickupable=True, parentReceptacles=["Fridge|1"])
    above = thing("Vase|1", (-1.0, 1.3, 1.5), (0.1, 0.2, 0.1), pickupable=True, parentReceptacles=["Fridge|1"])
    objects = room(fridge, inside, above)["objects"]
    assert shut_away(objects) == {"Egg|1"}
    assert shut_away([item | {"isOpen": item["openable"]} for item in objects]) == frozenset()
    assert shut_away([]) == frozenset()


def test_what_sticks_out_of_a_closed_cabinet_as_drawn_is_still_not_visible():
    """A kettle's drawn body is rounder than its box, and its bottom shows below a cabinet that hangs on the wall."""
    cabinet = thing("Cabinet|1", (0.0, 1.6, 1.8), (0.6, 0.5, 0.35), receptacle=True, openable=True)
    kettle = thing("Kettle|1", (0.0, 1.46, 1.8), (0.2, 0.2, 0.2), pickupable=True, parentReceptacles=["Cabinet|1"])
    controller = opened(room(cabinet, kettle), visibility_distance_m=1.5)
    event = controller.step("TeleportFull", x=0.0, z=1.2, rotation=0, horizon=-30, standing=False)
    assert (event.instance_segmentation_frame == event.object_id_to_color["Kettle|1"]).all(axis=2).any()
    assert not next(item for item in event.metadata["objects"] if item["objectId"] == "Kettle|1")["visible"]
    assert not controller.step("GetInteractablePoses", objectId="Kettle|1").metadata["actionReturn"]


def test_a_window_across_a_corner_is_thin():
    window = thing("Window|1", (0.0, 1.5, 1.0), (1.0, 1.0, 1.0), yaw=135.0)
    state = RoomState(room(window), 64, 64)
    solids, _ = state.sightlines()
    own = solids.owners == state.number_of("Window|1")
    along = np.abs((solids.centers[own] - [0.0, 1.5, 1.0]) @ [np.sin(np.radians(135)), 0, np.cos(np.radians(135))])
    assert along.max() < 0.05
