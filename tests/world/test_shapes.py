"""Shapes: every type has one, states can be seen, what is shut hides what is inside, colours keep apart."""

import json
import math
import os
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.palette import COLORS, FLOORS, KITCHEN_PICKUPABLES, KITCHEN_SURFACES, WALLS
from llamafactory_embodied.world.raycast import Camera, cast, shade
from llamafactory_embodied.world.shapes import KNOWN_TYPES, object_primitives, room_primitives

# fmt: off
ITHOR_TYPES = [
    "AlarmClock", "AluminumFoil", "Apple", "AppleSliced", "ArmChair", "BaseballBat", "BasketBall", "Bathtub",
    "BathtubBasin", "Bed", "Blinds", "Book", "Boots", "Bottle", "Bowl", "Box", "Bread", "BreadSliced",
    "ButterKnife", "CD", "Cabinet", "Candle", "CellPhone", "Chair", "Cloth", "CoffeeMachine", "CoffeeTable",
    "CounterTop", "CreditCard", "Cup", "Curtains", "Desk", "DeskLamp", "Desktop", "DiningTable", "DishSponge",
    "DogBed", "Drawer", "Dresser", "Dumbbell", "Egg", "EggCracked", "Faucet", "Floor", "FloorLamp", "Footstool",
    "Fork", "Fridge", "GarbageBag", "GarbageCan", "HandTowel", "HandTowelHolder", "HousePlant", "Kettle",
    "KeyChain", "Knife", "Ladle", "Laptop", "LaundryHamper", "Lettuce", "LettuceSliced", "LightSwitch",
    "Microwave", "Mirror", "Mug", "Newspaper", "Ottoman", "Painting", "Pan", "PaperTowelRoll", "Pen", "Pencil",
    "PepperShaker", "Pillow", "Plate", "Plunger", "Poster", "Pot", "Potato", "PotatoSliced", "RemoteControl",
    "RoomDecor", "Safe", "SaltShaker", "ScrubBrush", "Shelf", "ShelvingUnit", "ShowerCurtain", "ShowerDoor",
    "ShowerGlass", "ShowerHead", "SideTable", "Sink", "SinkBasin", "SoapBar", "SoapBottle", "Sofa", "Spatula",
    "Spoon", "SprayBottle", "Statue", "Stool", "StoveBurner", "StoveKnob", "TVStand", "TableTopDecor",
    "TargetCircle", "TeddyBear", "Television", "TennisRacket", "TissueBox", "Toaster", "Toilet", "ToiletPaper",
    "ToiletPaperHanger", "Tomato", "TomatoSliced", "Towel", "TowelHolder", "VacuumCleaner", "Vase", "Watch",
    "WateringCan", "Window", "WineBottle",
]
# fmt: on
OPENABLE = ["Fridge", "Microwave", "Cabinet", "Safe", "Drawer", "Box", "LaundryHamper"]
TOGGLEABLE = [
    "AlarmClock", "Candle", "CellPhone", "CoffeeMachine", "DeskLamp", "Faucet", "FloorLamp", "LightSwitch",
    "Microwave", "ShowerHead", "StoveBurner", "StoveKnob", "Television", "Toaster",
]  # fmt: skip
FACINGS = [0.0, 90.0, 180.0, 270.0]


def thing(kind, center=(0.0, 0.0, 0.0), size=(0.6, 0.6, 0.6), yaw=0.0, **state):
    axes = dict(zip("xyz", center, strict=True))
    return {
        "objectId": f"{kind}|test",
        "objectType": kind,
        "position": axes,
        "rotation": {"x": 0.0, "y": yaw, "z": 0.0},
        "axisAlignedBoundingBox": {"center": axes, "size": dict(zip("xyz", size, strict=True))},
        "objectOrientedBoundingBox": None,
    } | state


def oriented(item, yaw, half):
    s, c = math.sin(math.radians(yaw)), math.cos(math.radians(yaw))
    corners = [
        [c * x * half[0] + s * z * half[2], y * half[1], -s * x * half[0] + c * z * half[2]]
        for x in (-1, 1)
        for y in (-1, 1)
        for z in (-1, 1)
    ]
    return item | {"objectOrientedBoundingBox": {"cornerPoints": corners}, "rotation": {"x": 0.0, "y": yaw, "z": 0.0}}


def camera_before(yaw, distance=1.5, height=0.5, horizon=18.0, pixels=90):
    """A camera that looks at the front of something at the origin that faces `yaw`."""
    s, c = math.sin(math.radians(yaw)), math.cos(math.radians(yaw))
    return Camera((s * distance, height, c * distance), yaw + 180.0, horizon, 60.0, pixels, pixels)


def primitives_of(*items):
    return [primitive for owner, item in enumerate(items) for primitive in object_primitives(item, owner)]


def pixels_of(owner, camera, *items):
    return int((cast(primitives_of(*items), camera).owners == owner).sum())


def frame_of(camera, *items):
    primitives = primitives_of(*items)
    return shade(cast(primitives, camera), primitives, camera)


def cielab(color):
    """CIELAB (D65) of an sRGB colour, after CIE 15 and IEC 61966-2-1."""
    linear = np.array([v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in np.array(color) / 255])
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ linear
    f = [v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz / [0.9505, 1.0, 1.089]]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other):
    return float(np.linalg.norm(cielab(one) - cielab(other)))


def recorded_scenes():
    root = Path(os.environ.get("EMBODIED_THOR_DATA", Path(__file__).parents[3] / "shared" / "data" / "thor"))
    paths = sorted((root / "scenes").glob("FloorPlan*.json"))
    if not paths:
        pytest.skip(f"no recorded scenes under {root}; set EMBODIED_THOR_DATA")
    return [json.loads(path.read_text()) for path in paths]


def test_every_ithor_type_has_a_shape_and_a_colour_of_its_own():
    assert len(ITHOR_TYPES) == 125
    assert [kind for kind in ITHOR_TYPES if kind not in KNOWN_TYPES] == []
    sliced = {kind for kind in ITHOR_TYPES if kind.endswith("Sliced")} | {"EggCracked"}
    assert sorted(set(ITHOR_TYPES) - sliced - set(COLORS)) == []


def test_every_object_of_every_recorded_scene_can_be_drawn():
    drawn = 0
    for scene in recorded_scenes():
        for number, item in enumerate(scene["objects"]):
            assert item["objectType"] in KNOWN_TYPES
            assert object_primitives(item, number) or item["objectType"] == "Floor"
            drawn += 1
        assert len(room_primitives(scene)) == 6
    assert drawn > 1000


@pytest.mark.parametrize("kind", [kind for kind in ITHOR_TYPES if kind != "Floor"])
def test_a_shape_stays_near_its_box(kind):
    for state in ({}, {"isOpen": True, "openness": 1.0}, {"isToggled": True}, {"isSliced": True}):
        primitives = object_primitives(thing(kind, size=(0.4, 0.5, 0.6), **state), 3)
        assert 1 <= len(primitives) <= 13
        assert {primitive.owner for primitive in primitives} == {3}
        assert max(abs(value) for primitive in primitives for value in primitive.center) < 1.2


def test_an_unknown_type_gets_a_generic_shape():
    assert len(object_primitives(thing("Spaceship"), 0)) == 2
    assert object_primitives(thing("Gadget", pickupable=True), 0)[0].kind == "ellipsoid"


@pytest.mark.parametrize("yaw", FACINGS)
@pytest.mark.parametrize("kind", OPENABLE)
def test_what_is_shut_hides_its_contents_and_what_is_open_shows_them(kind, yaw):
    inside = thing("Apple", size=(0.2, 0.2, 0.2), center=(0.0, -0.1, 0.0))
    shut, opened = thing(kind, yaw=yaw), thing(kind, yaw=yaw, isOpen=True, openness=1.0)
    moved = inside
    if kind == "Drawer":
        s, c = math.sin(math.radians(yaw)), math.cos(math.radians(yaw))
        moved = thing("Apple", size=(0.2, 0.2, 0.2), center=(0.48 * s, -0.1, 0.48 * c))
    for side in FACINGS:
        assert pixels_of(1, camera_before(side), shut, inside) == 0
    steep = kind in ("Drawer", "Box", "LaundryHamper")
    # A hamper's lid stands behind it, a drawer's tray is open at the top: look in from above.
    camera = camera_before(yaw, 0.6, 1.7, 68.0) if steep else camera_before(yaw)
    assert pixels_of(1, camera, opened, moved) > 30


@pytest.mark.parametrize("kind", ["GarbageCan", "SinkBasin", "Bowl", "Pot", "BathtubBasin"])
def test_hollows_are_hollow_from_above(kind):
    inside = thing("Apple", size=(0.2, 0.2, 0.2), center=(0.0, -0.1, 0.0))
    above = Camera((0.0, 1.5, 0.0), 0.0, 90.0, 60.0, 60, 60)
    level = Camera((0.0, -0.1, -1.5), 0.0, 0.0, 60.0, 60, 60)
    assert pixels_of(1, above, thing(kind), inside) > 30
    assert pixels_of(1, level, thing(kind), inside) == 0


@pytest.mark.parametrize("kind", TOGGLEABLE)
def test_what_is_toggled_looks_different(kind):
    camera = camera_before(0.0)
    off, on = frame_of(camera, thing(kind, isToggled=False)), frame_of(camera, thing(kind, isToggled=True))
    assert (off != on).any(axis=-1).sum() >= 10


@pytest.mark.parametrize("kind", ["Apple", "Bread", "Egg", "Lettuce", "Potato", "Tomato"])
def test_what_is_sliced_looks_different(kind):
    camera = camera_before(0.0)
    assert (frame_of(camera, thing(kind)) != frame_of(camera, thing(kind, isSliced=True))).any()


@pytest.mark.parametrize("yaw", FACINGS)
def test_the_front_of_a_fridge_is_where_its_rotation_points(yaw):
    reference = frame_of(camera_before(0.0), thing("Fridge"))
    dark = (reference.max(axis=-1) < 40) & (reference.max(axis=-1) > 0)
    assert dark.sum() > 10  # the handles
    turned = frame_of(camera_before(yaw), thing("Fridge", yaw=yaw))
    seen = (turned.max(axis=-1) < 40) & (turned.max(axis=-1) > 0)
    assert abs(int(seen.sum()) - int(dark.sum())) <= 5
    behind = frame_of(camera_before(yaw + 180.0), thing("Fridge", yaw=yaw))
    assert not (behind.max(axis=-1) < 40).any()


def test_an_oriented_box_is_followed():
    book = oriented(thing("Book", size=(0.5, 0.06, 0.5)), 45.0, (0.3, 0.03, 0.05))
    owners = cast(primitives_of(book), Camera((0.0, 1.0, 0.0), 0.0, 90.0, 60.0, 61, 61)).owners
    # The long side runs along (cos 45, -sin 45) in x and z: from the upper left to the lower right, seen from above.
    assert owners[40, 40] == 0
    assert owners[40, 20] == -2


def test_a_partly_open_drawer_slides_in_proportion():
    fronts = []
    for openness in (0.0, 0.5, 1.0):
        item = thing("Drawer", isOpen=openness > 0, openness=openness)
        fronts.append(max(p.center[2] + p.half[2] for p in object_primitives(item, 0)))
    assert fronts[1] - fronts[0] == pytest.approx(0.8 * 0.6 / 2, abs=1e-6)
    assert fronts[2] - fronts[0] == pytest.approx(0.8 * 0.6, abs=1e-6)


def test_kitchen_things_keep_apart_in_colour():
    nearest = min((distance(a, b), x, y) for (x, a), (y, b) in combinations(KITCHEN_PICKUPABLES.items(), 2))
    assert len(KITCHEN_PICKUPABLES) >= 35
    assert nearest[0] > 30, nearest


def test_kitchen_things_keep_apart_from_what_they_lie_on():
    surfaces = {**KITCHEN_SURFACES, **{f"floor {n}": color for n, color in enumerate(FLOORS)}}
    nearest = min((distance(a, b), x, y) for x, a in KITCHEN_PICKUPABLES.items() for y, b in surfaces.items())
    assert nearest[0] > 20, nearest


def test_surfaces_and_walls_are_pale_or_grey():
    for color in (*KITCHEN_SURFACES.values(), *FLOORS, *WALLS):
        _, a, b = cielab(color)
        assert math.hypot(a, b) < 22


def room(name, low_y=0.0, objects=()):
    center = {"x": 1.0, "y": (2.5 + low_y) / 2, "z": -1.0}
    size = {"x": 4.0, "y": 2.5 - low_y, "z": 6.0}
    return {"sceneName": name, "sceneBounds": {"center": center, "size": size}, "objects": list(objects)}


def test_the_inner_faces_of_a_room_lie_on_its_bounds():
    primitives = room_primitives(room("FloorPlan9"))
    camera = Camera((1.0, 1.0, -1.0), 0.0, 0.0, 60.0, 31, 31)
    depths = [
        float(cast(primitives, Camera(camera.position, yaw, pitch, 60.0, 31, 31)).depth[15, 15])
        for yaw, pitch in ((0.0, 0.0), (90.0, 0.0), (180.0, 0.0), (270.0, 0.0), (0.0, 90.0), (0.0, -90.0))
    ]
    assert depths == pytest.approx([3.0, 2.0, 3.0, 2.0, 1.0, 1.5], abs=1e-5)


def test_a_recorded_floor_lies_at_height_zero_and_belongs_to_the_floor_object():
    metadata = room("FloorPlan9", low_y=-0.1, objects=[thing("Apple"), thing("Floor")])
    view = cast(room_primitives(metadata), Camera((1.0, 1.5, -1.0), 0.0, 90.0, 60.0, 31, 31))
    assert view.depth[15, 15] == pytest.approx(1.5, abs=1e-5)
    assert (view.owners == 1).all()


def test_room_colours_depend_on_the_name_alone_and_differ_between_rooms():
    colors = [tuple(p.color for p in room_primitives(room(f"Embodied-demo-{number}"))) for number in range(20)]
    again = [tuple(p.color for p in room_primitives(room(f"Embodied-demo-{number}"))) for number in range(20)]
    assert colors == again
    assert len(set(colors)) >= 8


def test_damaged_objects_and_scenes_are_refused():
    with pytest.raises(SceneError, match="objectType"):
        object_primitives(thing("Apple") | {"objectType": None}, 0)
    with pytest.raises(SceneError, match="bounding box"):
        object_primitives(thing("Apple") | {"axisAlignedBoundingBox": {}}, 0)
    with pytest.raises(SceneError, match="not finite"):
        object_primitives(thing("Apple", center=(math.nan, 0.0, 0.0)), 0)
    with pytest.raises(SceneError, match="sceneBounds"):
        room_primitives({"sceneName": "FloorPlan9", "objects": []})
