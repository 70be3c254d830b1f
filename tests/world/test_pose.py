"""Where the agent stands to look at something, and where an episode starts."""

import numpy as np
import pytest
from toy_rooms import room, thing

from llamafactory_embodied.world.legality import REACH_M
from llamafactory_embodied.world.pose import corner_pose, poses_for

GRID = [{"x": x / 4, "y": 0.9, "z": z / 4} for x in range(-7, 8) for z in range(-7, 8)]


def best(item, fov_deg=60.0):
    return poses_for(item, GRID, fov_deg, 1.0)[0]


@pytest.mark.parametrize(("yaw", "side"), [(0.0, (0, 1)), (90.0, (1, 0)), (180.0, (0, -1)), (270.0, (-1, 0))])
def test_the_best_pose_is_square_in_front_and_looks_back_at_it(yaw, side):
    pose = best(thing("Cabinet|1", (0.0, 0.9, 0.0), (0.5, 0.6, 0.5), yaw=yaw, receptacle=True, openable=True))
    assert np.sign([pose.x, pose.z]).tolist() == list(side)
    assert pose.yaw_deg == pytest.approx((yaw + 180) % 360)


def test_low_things_are_looked_down_at_and_high_ones_up():
    assert best(thing("Drawer|1", (0.0, 0.3, 0.0), (0.5, 0.2, 0.5), receptacle=True)).horizon_deg > 30
    assert best(thing("Cabinet|1", (0.0, 2.0, 0.0), (0.5, 0.6, 0.3), receptacle=True, openable=True)).horizon_deg < 0


def test_the_neck_does_not_turn_further_than_it_can():
    for height in (0.01, 2.4):
        assert -30 <= best(thing("Apple|1", (0.0, height, 0.0), (0.1, 0.1, 0.1), pickupable=True)).horizon_deg <= 60


def test_larger_things_and_narrower_cameras_are_seen_from_further_away():
    def away(width, fov_deg):
        size = (width, 0.8, 0.3)
        pose = best(thing("Cabinet|1", (0.0, 1.2, 0.0), size, yaw=0.0, receptacle=True, openable=True), fov_deg)
        return abs(pose.z)

    assert away(1.0, 60.0) > away(0.3, 60.0)
    assert away(0.6, 45.0) > away(0.6, 90.0)


def test_every_pose_is_within_reach_and_there_are_at_most_twelve():
    item = thing("CounterTop|1", (0.0, 0.9, 1.5), (2.0, 0.04, 0.6), receptacle=True)
    poses = poses_for(item, GRID, 60.0, 1.0)
    assert len(poses) == 12
    assert all(np.hypot(max(abs(p.x) - 1.0, 0), max(1.2 - p.z, 0)) <= REACH_M for p in poses)


def test_what_nobody_can_stand_near_has_no_pose():
    item = thing("Bed|1", (9.0, 0.5, 9.0), (1.0, 0.5, 1.0))
    assert poses_for(item, GRID, 60.0, 1.0) == []
    assert poses_for(item, [], 60.0, 1.0) == []


def test_an_episode_starts_at_the_position_nearest_to_any_corner_looking_inward():
    spots = [{"x": 0.0, "z": 0.0}, {"x": 1.7, "z": -1.8}, {"x": -1.5, "z": 1.5}]
    pose = corner_pose(room(), spots)
    assert (pose.x, pose.z, pose.horizon_deg) == (1.7, -1.8, 0.0)
    assert pose.yaw_deg == pytest.approx(315.0)
