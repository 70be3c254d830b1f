"""The ray caster against exact numbers and against a brute-force caster."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.raycast import Camera, Primitive, cast, shade

RED, GREEN, GREY = (220, 30, 30), (30, 200, 40), (128, 128, 128)


def box(center, half, owner=0, color=RED, rotation=None, kind="box", **more):
    return Primitive(kind, center, half, rotation, color, owner, **more)


def level_camera(width=41, height=41, fov=90.0, position=(0.0, 0.0, 0.0), yaw=0.0, horizon=0.0):
    return Camera(position, yaw, horizon, fov, width, height)


def turned(yaw_deg):
    s, c = math.sin(math.radians(yaw_deg)), math.cos(math.radians(yaw_deg))
    return np.array([[c, 0.0, s], [0.0, 1.0, 0.0], [-s, 0.0, c]])


def brute_force(primitives, camera, near_m=0.02, slack=1e-4):
    """Owner of each pixel by testing every ray against every box in world axes; -9 where rounding may decide."""
    right, up, forward = camera.basis().T
    tall = math.tan(math.radians(camera.fov_deg) / 2)
    wide = tall * camera.width_px / camera.height_px
    owners = np.full((camera.height_px, camera.width_px), -2)
    for row in range(camera.height_px):
        for column in range(camera.width_px):
            u = (2 * (column + 0.5) / camera.width_px - 1) * wide
            v = (1 - 2 * (row + 0.5) / camera.height_px) * tall
            ray = right * u + up * v + forward
            owners[row, column] = nearest_owner(primitives, np.array(camera.position), ray, near_m, slack)
    return owners


def nearest_owner(primitives, start, ray, near_m, slack):
    best, second, owner, doubtful = math.inf, math.inf, -2, False
    for primitive in primitives:
        rotation = np.eye(3) if primitive.rotation is None else primitive.rotation
        origin, way = rotation.T @ (start - primitive.center), rotation.T @ ray
        half = np.array(primitive.half)
        if (np.abs(origin) < half).all():
            continue
        way = np.where(way == 0, 1e-300, way)
        ends = np.stack([(-half - origin) / way, (half - origin) / way])
        near, far = ends.min(axis=0).max(), ends.max(axis=0).min()
        doubtful |= abs(far - near) < slack or abs(near - near_m) < slack
        if near <= far and near > near_m:
            if near < best:
                best, second, owner = near, best, primitive.owner
            else:
                second = min(second, near)
    return -9 if doubtful or abs(second - best) < slack else owner


def test_a_box_straight_ahead_has_the_exact_depth_and_pixels():
    view = cast([box((0.0, 0.0, 3.0), (0.5, 0.2, 1.0), owner=7)], level_camera(80, 40))
    # The front face is 2 m away: it reaches 0.25 of 2 (half a frame wide) and 0.1 of 1 (half a frame high).
    rows, columns = np.nonzero(view.owners == 7)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (18, 21, 35, 44)
    assert len(rows) == 4 * 10
    assert np.allclose(view.depth[rows, columns], 2.0, atol=1e-6)
    assert np.isinf(view.depth[view.owners == -2]).all()


def test_yaw_ninety_looks_along_x_and_a_positive_horizon_looks_down():
    ahead = box((3.0, 0.0, 0.0), (0.2, 0.2, 0.2), owner=1)
    below = box((0.0, -3.0, 3.0), (0.2, 0.2, 0.2), owner=2)
    assert cast([ahead, below], level_camera(yaw=90.0)).owners[20, 20] == 1
    assert cast([ahead, below], level_camera(horizon=45.0)).owners[20, 20] == 2


def test_rows_run_from_the_top_and_columns_from_the_left():
    upper_left = box((-1.0, 1.0, 2.0), (0.3, 0.3, 0.3), owner=3)
    rows, columns = np.nonzero(cast([upper_left], level_camera()).owners == 3)
    assert len(rows) > 0
    assert rows.max() < 20
    assert columns.max() < 20


def test_the_field_of_view_is_vertical():
    edge = box((0.0, 0.99, 1.0), (2.5, 0.02, 0.0005), owner=0)
    assert (cast([edge], level_camera(80, 40)).owners[0] == 0).all()
    assert (cast([edge], level_camera(40, 80)).owners[0] == 0).all()


@pytest.mark.parametrize("kind", ["cylinder", "ellipsoid"])
def test_round_solids_have_the_depth_of_their_nearest_point(kind):
    view = cast([box((0.0, 0.0, 3.0), (0.5, 0.5, 0.5), kind=kind)], level_camera())
    assert view.depth[20, 20] == pytest.approx(2.5)
    area = (view.owners == 0).sum() / view.owners.size
    # Silhouettes seen from the middle: tangents of half the angle are 0.5 / sqrt(9 - 0.25).
    slope = 0.5 / math.sqrt(9 - 0.25)
    expected = math.pi * slope**2 / 4 if kind == "ellipsoid" else slope * (1 / 5)
    assert area == pytest.approx(expected, rel=0.25)


def test_a_cup_shows_its_inner_floor_from_above_and_its_wall_from_the_side():
    cup = box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), kind="cup")
    above = cast([cup], level_camera(position=(0.0, 4.0, 0.0), horizon=90.0))
    aside = cast([cup], level_camera(position=(0.0, 0.0, -4.0)))
    assert above.depth[20, 20] == pytest.approx(4.8)
    assert aside.depth[20, 20] == pytest.approx(3.0)


def test_what_lies_in_a_cup_is_seen_from_above_only():
    cup = box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), kind="cup", owner=0)
    ball = box((0.0, -0.5, 0.0), (0.3, 0.25, 0.3), kind="ellipsoid", owner=1)
    above = cast([cup, ball], level_camera(position=(0.0, 4.0, 0.0), horizon=90.0))
    aside = cast([cup, ball], level_camera(position=(0.0, 0.0, -4.0)))
    assert above.owners[20, 20] == 1
    assert not (aside.owners == 1).any()


def test_a_solid_behind_the_camera_or_around_it_is_not_seen():
    behind = box((0.0, 0.0, -2.0), (0.5, 0.5, 0.5))
    around = box((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    assert (cast([behind, around], level_camera()).owners == -2).all()


def test_a_long_box_that_passes_the_camera_is_seen_up_to_the_edge_of_the_frame():
    floor = box((0.0, -1.05, 0.0), (50.0, 0.05, 50.0), owner=4)
    owners = cast([floor], level_camera()).owners
    assert (owners[22:] == 4).all()
    assert (owners[:20] == -2).all()


def hundredths(low, high):
    return st.integers(low, high).map(lambda number: number / 100)


finite = hundredths(-250, 250)
sizes = hundredths(5, 120)
boxes = st.tuples(finite, finite, finite, sizes, sizes, sizes, st.sampled_from([0.0, 30.0, 90.0, 200.0]))
cameras = st.tuples(hundredths(-18000, 18000), hundredths(-6000, 6000), st.sampled_from([60.0, 90.0, 140.0]))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(boxes, min_size=1, max_size=4), cameras)
def test_any_boxes_cover_the_pixels_of_a_brute_force_caster(drawn, view_from):
    primitives = [
        box((x, y, z), (a, b, c), owner=number, rotation=turned(yaw) if yaw else None)
        for number, (x, y, z, a, b, c, yaw) in enumerate(drawn)
    ]
    camera = Camera((0.0037, 0.1041, -0.2013), *view_from, 13, 9)  # in no face's plane
    expected = brute_force(primitives, camera)
    sure = expected != -9
    assert (cast(primitives, camera).owners[sure] == expected[sure]).all()


def test_faces_of_a_box_differ_in_brightness_and_keep_their_hue():
    cube = box((0.0, -1.2, 3.0), (0.7, 0.7, 0.7), rotation=turned(40.0), color=GREEN)
    camera = level_camera(120, 120, horizon=10.0)
    view = cast([cube], camera)
    seen = shade(view, [cube], camera)[view.owners == 0].astype(int)
    assert len(np.unique(seen, axis=0)) == 3
    assert (seen[:, 1] > 3 * seen[:, 0]).all()


def test_a_glowing_primitive_has_exactly_its_colour():
    lamp = box((0.0, 0.0, 3.0), (0.5, 0.5, 0.5), rotation=turned(30.0), glow=True)
    camera = level_camera()
    view = cast([lamp], camera)
    assert (shade(view, [lamp], camera)[view.owners == 0] == RED).all()


def test_a_tiled_floor_has_two_tones():
    floor = box((0.0, -1.0, 0.0), (9.0, 0.1, 9.0), color=GREY, pattern="tiles")
    camera = level_camera(60, 60, horizon=30.0)
    view = cast([floor], camera)
    assert len(np.unique(shade(view, [floor], camera)[view.owners == 0], axis=0)) == 2


def test_an_empty_scene_is_all_background():
    camera = level_camera(3, 2)
    view = cast([], camera)
    assert (view.owners == -2).all()
    assert shade(view, [], camera).shape == (2, 3, 3)


def test_casting_twice_gives_the_same_bytes():
    rng = np.random.default_rng(3)
    scene = [
        box(tuple(rng.uniform(-2, 2, 3)), tuple(rng.uniform(0.1, 0.5, 3)), owner=n, kind=kind)
        for n, kind in enumerate(["box", "cylinder", "ellipsoid", "cup"] * 8)
    ]
    camera = Camera((0.0, 0.0, -4.0), 5.0, 10.0, 60.0, 64, 48)
    frames = [shade(cast(scene, camera), scene, camera).tobytes() for _ in range(2)]
    assert frames[0] == frames[1]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "cone"},
        {"half": (0.0, 1.0, 1.0)},
        {"half": (1.0, -1.0, 1.0)},
        {"center": (math.nan, 0.0, 0.0)},
        {"color": (0, 0, 256)},
        {"owner": -2},
        {"pattern": "stripes"},
        {"rotation": np.ones((3, 3))},
        {"rotation": np.eye(2)},
    ],
)
def test_a_bad_primitive_is_refused(change):
    good = {
        "kind": "box",
        "center": (0.0, 0.0, 0.0),
        "half": (1.0, 1.0, 1.0),
        "rotation": None,
        "color": RED,
        "owner": 0,
    }
    Primitive(**good)
    with pytest.raises(SceneError, match=r"expected|know"):
        Primitive(**(good | change))


@pytest.mark.parametrize("change", [{"fov": 0.0}, {"fov": 180.0}, {"width": 0}, {"yaw": math.inf}])
def test_a_bad_camera_is_refused(change):
    with pytest.raises(SceneError):
        level_camera(**change)
