"""The nine high-level actions: what they do, when they are allowed, and what they answer."""

from types import SimpleNamespace

import numpy as np
import pytest
from toy_rooms import FRAME, kitchen, room, thing

from llamafactory_embodied.errors import SceneError, SimulatorError
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.controller import open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.scene import check_scene, load_scene


def housed(metadata):
    household = Household(open_controller("embedded", FRAME), FRAME)
    return household, household.reset(check_scene(metadata, "toy"))


@pytest.fixture
def household():
    return housed(kitchen())[0]


def did(household, name, target=None):
    outcome = household.step(Action(name, target))
    assert outcome.success, outcome
    assert (outcome.legal, outcome.feedback) == (True, None)
    return outcome


def refused(household, feedback, name, target=None):
    outcome = household.step(Action(name, target))
    assert (outcome.legal, outcome.success, outcome.feedback) == (False, False, feedback)
    assert outcome.frames == ()
    assert outcome.sights == ()


def unchanged(household, feedback, name, target=None):
    before = household.controller.last_event.frame
    outcome = household.step(Action(name, target))
    assert (outcome.legal, outcome.success, outcome.feedback) == (True, False, feedback)
    np.testing.assert_array_equal(outcome.frames[0], before)
    return outcome


def pose(household):
    agent = household.metadata["agent"]
    return agent["position"], agent["rotation"], agent["cameraHorizon"]


def item(household, object_id):
    return next(one for one in household.metadata["objects"] if one["objectId"] == object_id)


def test_an_episode_starts_in_a_corner_looking_inward():
    household, outcome = housed(kitchen())
    (position, rotation, horizon) = pose(household)
    assert abs(position["x"]) > 1.5
    assert abs(position["z"]) > 1.5
    yaw = np.radians(rotation["y"])
    assert position["x"] * np.sin(yaw) + position["z"] * np.cos(yaw) < -2
    assert horizon == 0.0
    assert len(outcome.frames) == len(outcome.sights) == 1
    assert outcome.frames[0].shape == (64, 64, 3)


def test_a_task_can_be_done_with_the_nine_actions(household):
    assert did(household, "navigate to", "Fridge").object_id == "Fridge|1"
    did(household, "open", "Fridge")
    did(household, "pickup", "Egg")
    assert household.metadata["inventoryObjects"][0]["objectId"] == "Egg|1"
    did(household, "close", "Fridge")
    did(household, "navigate to", "CounterTop")
    did(household, "put", "CounterTop")
    assert item(household, "Egg|1")["parentReceptacles"] == ["CounterTop|1"]
    did(household, "navigate to", "Microwave")
    did(household, "toggle", "Microwave")
    assert item(household, "Microwave|1")["isToggled"]
    did(household, "toggle", "Microwave")
    assert not item(household, "Microwave|1")["isToggled"]
    did(household, "end")


def test_going_to_a_thing_brings_it_into_view_and_reach(household):
    outcome = did(household, "navigate to", "CounterTop")
    seen = {sight.object_type: sight for sight in outcome.sights[0]}
    assert seen["CounterTop"].distance_m <= 1.5
    assert {"Apple", "Plate"} <= set(seen)
    assert household.visited == ["CounterTop|1"]


def test_observe_gives_left_right_and_back_and_leaves_the_pose(household):
    before = pose(household)
    event = household.controller.last_event
    outcome = did(household, "observe")
    assert pose(household) == before
    assert len(outcome.frames) == len(outcome.sights) == 3
    yaws = [(before[1]["y"] + turn) % 360 for turn in (270, 90, 180)]
    for frame, yaw in zip(outcome.frames, yaws, strict=True):
        turned = household.controller.step("TeleportFull", **before[0], rotation=yaw, horizon=0)
        np.testing.assert_array_equal(frame, turned.frame)
    assert event.metadata["agent"]["rotation"] == before[1]
    assert household.surveyed


def test_moving_forward_goes_half_a_metre_until_something_is_in_the_way(household):
    start = pose(household)[0]
    did(household, "move forward")
    there = pose(household)[0]
    assert np.hypot(there["x"] - start["x"], there["z"] - start["z"]) == pytest.approx(0.5)
    for _ in range(12):
        outcome = household.step(Action("move forward"))
    assert outcome.feedback == "blocked"
    unchanged(household, "blocked", "move forward")


def test_ending_changes_nothing(household):
    before = pose(household)
    did(household, "end")
    assert pose(household) == before


def test_what_is_not_in_the_room_is_an_unknown_object(household):
    refused(household, "unknown_object", "navigate to", "Unicorn")
    refused(household, "unknown_object", "pickup", "Unicorn")


def test_what_has_not_been_seen_cannot_be_gone_to(household):
    refused(household, "not_navigable", "navigate to", "Egg")


def test_what_is_out_of_view_or_out_of_reach_cannot_be_handled(household):
    refused(household, "not_in_view", "pickup", "Egg")
    assert item(household, "Fridge|1")["visible"]
    household.controller.step("TeleportFull", x=1.5, z=-1.5, rotation=320, horizon=0)
    assert item(household, "Fridge|1")["visible"]
    refused(household, "too_far", "open", "Fridge")


def test_an_unknown_action_or_one_without_its_target_is_unparseable(household):
    refused(household, "unparseable", "dance")
    refused(household, "unparseable", "pickup")


def test_what_the_simulator_refuses_fails_with_types_in_place_of_ids(household):
    did(household, "navigate to", "CounterTop")
    did(household, "pickup", "Apple")
    outcome = unchanged(household, "failed", "pickup", "Plate")
    assert outcome.reason == "The agent's hand already holds Apple."
    assert unchanged(household, "failed", "toggle", "CounterTop").reason.startswith("CounterTop must have")


def test_what_nobody_can_stand_near_is_unreachable():
    walls = [thing(f"Dresser|{number}", (number - 2, 0.5, 0.2), (1.0, 1.0, 0.3)) for number in range(5)]
    household, _ = housed(room(*walls, thing("Bed|1", (0.0, 0.6, 1.7), (3.0, 1.1, 0.4))))
    household.controller.step("TeleportFull", x=0.0, z=-1.5, rotation=0, horizon=0)
    household.step(Action("end"))
    household.agent.positions = [spot for spot in household.agent.positions if spot["z"] < -0.2]
    before = pose(household)
    assert "Bed" in household.known.values()
    unchanged(household, "unreachable", "navigate to", "Bed")
    assert pose(household) == before


def cabinets():
    places = {"Cabinet|near": 0.4, "Cabinet|middle": -0.6, "Cabinet|far": -1.5}
    return room(
        *[thing(name, (x, 0.9, 1.8), (0.6, 0.6, 0.4), receptacle=True, openable=True) for name, x in places.items()]
    )


def test_of_several_instances_the_nearest_comes_first_and_then_those_not_yet_visited():
    household, _ = housed(cabinets())
    household.controller.step("TeleportFull", x=1.2, z=0.0, rotation=315, horizon=0)
    household.step(Action("end"))
    went = [did(household, "navigate to", "Cabinet").object_id for _ in range(4)]
    assert went == ["Cabinet|near", "Cabinet|middle", "Cabinet|far", "Cabinet|near"]


def test_handling_means_the_instance_that_was_gone_to_and_can_be_changed():
    household, _ = housed(cabinets())
    household.step(Action("observe"))
    here = did(household, "navigate to", "Cabinet").object_id
    assert did(household, "open", "Cabinet").object_id == here
    assert did(household, "close", "Cabinet").object_id == here


def test_a_long_worktop_is_visited_stretch_by_stretch():
    counter = thing("CounterTop|1", (0.0, 0.88, 2.7), (5.6, 0.04, 0.6), receptacle=True)
    household, _ = housed(room(counter, side=6.0))
    places = []
    for _ in range(5):
        did(household, "navigate to", "CounterTop")
        places.append(round(pose(household)[0]["x"], 1))
    assert len({round(x) for x in places}) == 5
    assert np.abs(np.diff(places)).max() < 2.5
    assert household.visited == ["CounterTop|1"] * 5


def test_a_room_in_which_nobody_can_stand_is_a_scene_error():
    with pytest.raises(SceneError, match="finds no free position"):
        housed(room(thing("Bed|1", (0.0, 0.6, 0.0), (0.5, 0.5, 0.5)), side=0.3))


def test_a_generated_room_does_not_open_in_unity():
    scene = check_scene(kitchen() | {"sceneName": "Embodied-demo-7"}, "toy")
    with pytest.raises(SceneError, match="opens on the embedded backend only"):
        Household(object(), FRAME, backend="unity").reset(scene)


class Dying:
    """A controller that fails after a while."""

    def __init__(self, error=None, answer=None, after=6):
        self.inner, self.left, self.error, self.answer = open_controller("embedded", FRAME), after, error, answer

    @property
    def last_event(self):
        return self.inner.last_event

    def reset(self, scene):
        return self._or_die(lambda: self.inner.reset(scene))

    def step(self, action, **arguments):
        return self._or_die(lambda: self.inner.step(action=action, **arguments))

    def _or_die(self, call):
        self.left -= 1
        if self.left >= 0:
            return call()
        if self.error:
            raise self.error
        return self.answer


@pytest.mark.parametrize("after", [0, 1, 3])
@pytest.mark.parametrize(
    ("error", "answer", "words"),
    [
        (RuntimeError("Unity is gone"), None, "RuntimeError: Unity is gone"),
        (BrokenPipeError("pipe"), None, "BrokenPipeError"),
        (None, None, "NoneType"),
        (None, SimpleNamespace(metadata={"objects": []}), "lacks agent, lastActionSuccess"),
    ],
)
def test_a_simulator_that_dies_or_answers_garbage_is_a_simulator_error(error, answer, words, after):
    household = Household(Dying(error, answer, after), FRAME)

    def play():
        household.reset(check_scene(kitchen(), "toy"))
        household.step(Action("observe"))

    with pytest.raises(SimulatorError, match=words):
        play()


@pytest.mark.parametrize("scene", ["FloorPlan5", "FloorPlan6", "FloorPlan10"])
def test_in_a_recorded_kitchen_one_goes_to_counters_sinks_and_drawers(scene, thor_data):
    household = Household(open_controller("embedded", FRAME), FRAME)
    household.reset(load_scene(thor_data / "scenes" / f"{scene}.json"))
    for _ in range(3):
        household.step(Action("observe"))
        did(household, "navigate to", "CounterTop")
    assert len(set(household.visited)) > 1 or len(household.visited) == 3
    household.step(Action("observe"))
    reached = {kind for kind in set(household.known.values()) if household.step(Action("navigate to", kind)).success}
    assert {"CounterTop", "Fridge", "Cabinet", "Drawer"} <= reached
