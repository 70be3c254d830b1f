"""The rules of the reference evaluator: what its entries allow, which instance they mean, where one stands."""

import numpy as np
import pytest
from toy_rooms import FRAME, kitchen, room, thing

from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.controller import open_controller
from llamafactory_embodied.world.hints import NO_HINTS, Hints
from llamafactory_embodied.world.household import RULES, Household
from llamafactory_embodied.world.pose import Pose
from llamafactory_embodied.world.scene import check_scene


def housed(metadata, hints=NO_HINTS):
    household = Household(open_controller("embedded", FRAME, grid_m=0.25), FRAME, rules="reference")
    household.reset(check_scene(metadata, "toy"), hints)
    return household


def did(household, name, target=None):
    outcome = household.step(Action(name, target))
    assert (outcome.legal, outcome.success, outcome.feedback) == (True, True, None), outcome
    return outcome


def refused(household, feedback, name, target=None):
    outcome = household.step(Action(name, target))
    assert (outcome.legal, outcome.success, outcome.feedback, outcome.frames) == (False, False, feedback, ())


def agent(household):
    return household.metadata["agent"]


def two_cabinets(**more):
    return room(
        thing("Cabinet|1", (-1.2, 0.9, 1.8), (0.6, 0.6, 0.4), receptacle=True, openable=True, **more),
        thing("Cabinet|2", (1.2, 0.9, 1.8), (0.6, 0.6, 0.4), receptacle=True, openable=True, **more),
        thing("Apple|1", (0.0, 0.05, 1.0), (0.1, 0.1, 0.1), pickupable=True),
    )


def test_there_are_two_rule_sets_and_an_unknown_one_is_a_settings_error():
    assert list(RULES) == ["unaided", "reference"]
    with pytest.raises(SettingsError, match="rules='fair' is unknown; choose one of unaided, reference"):
        Household(object(), FRAME, rules="fair")


def test_what_the_entry_lists_may_be_gone_to_before_it_was_seen():
    household = housed(kitchen())
    refused(household, "not_navigable", "navigate to", "Egg")
    refused(household, "unknown_object", "navigate to", "Unicorn")
    household = housed(kitchen(), Hints(navigable=("Drawer",)))
    assert did(household, "navigate to", "Drawer").object_id == "Drawer|1"


def test_a_type_means_the_instance_that_the_entry_names_else_the_first_of_the_scene():
    metadata = two_cabinets()
    assert did(housed(metadata, Hints(("Cabinet",))), "navigate to", "Cabinet").object_id == "Cabinet|1"
    household = housed(metadata, Hints(("Cabinet",), ("Cabinet|2",)))
    assert [did(household, "navigate to", "Cabinet").object_id for _ in range(2)] == ["Cabinet|2", "Cabinet|2"]
    assert did(household, "open", "Cabinet").object_id == "Cabinet|2"


def test_of_two_named_instances_the_second_is_meant_while_something_is_held():
    household = housed(two_cabinets(), Hints(("Cabinet", "Apple"), ("Cabinet|1", "Cabinet|2")))
    assert did(household, "navigate to", "Cabinet").object_id == "Cabinet|1"
    did(household, "navigate to", "Apple")
    did(household, "pickup", "Apple")
    assert did(household, "navigate to", "Cabinet").object_id == "Cabinet|2"


def test_one_stops_before_what_the_entry_is_about():
    counter = thing("CounterTop|1", (0.0, 0.88, 1.7), (3.6, 0.04, 0.6), receptacle=True)
    spoon = thing("Spoon|1", (1.5, 0.91, 1.6), (0.1, 0.02, 0.03), pickupable=True, parentReceptacles=["CounterTop|1"])
    household = housed(room(counter, spoon), Hints(("CounterTop",)))
    did(household, "navigate to", "CounterTop")
    assert abs(agent(household)["position"]["x"]) < 0.6
    household = housed(room(counter, spoon), Hints(("CounterTop",), (), ("Spoon|1",)))
    outcome = did(household, "navigate to", "CounterTop")
    assert outcome.object_id == "CounterTop|1"
    assert agent(household)["position"]["x"] > 1.0
    did(household, "pickup", "Spoon")


def test_a_pose_set_by_hand_is_taken_as_it_is():
    pose = Pose(-0.75, 0.5, 10.0, 20.0)
    household = housed(kitchen(), Hints(("Fridge",), poses={"Fridge|1": pose}))
    did(household, "navigate to", "Fridge")
    assert household.agent.pose == pose


def test_one_crouches_for_what_is_low_and_looks_in_steps_of_45_degrees():
    household = housed(room(thing("Box|1", (0.0, 0.1, 1.0), (0.2, 0.2, 0.2), pickupable=True)), Hints(("Box",)))
    did(household, "navigate to", "Box")
    assert not agent(household)["isStanding"]
    assert agent(household)["rotation"]["y"] % 45 == 0
    household = housed(kitchen(), Hints(("Fridge",)))
    did(household, "navigate to", "Fridge")
    assert agent(household)["isStanding"]
    assert agent(household)["position"]["x"] == pytest.approx(-1.0, abs=0.1)
    assert agent(household)["position"]["z"] < 1.3


def test_what_may_be_handled_is_decided_by_type_and_not_by_distance():
    household = housed(two_cabinets(), Hints(("Cabinet",)))
    household.controller.step("TeleportFull", x=-1.2, z=-1.5, rotation=0, horizon=0, standing=True)
    assert did(household, "open", "Cabinet").object_id == "Cabinet|1"
    household.controller.step("TeleportFull", x=-1.2, z=-1.5, rotation=180, horizon=0, standing=True)
    refused(household, "not_in_view", "close", "Cabinet")
    refused(household, "unknown_object", "close", "Unicorn")


def test_what_the_simulator_refuses_fails_without_a_word_to_the_agent():
    household = housed(kitchen(), Hints(("Fridge",)))
    did(household, "navigate to", "Fridge")
    outcome = household.step(Action("close", "Fridge"))
    assert (outcome.legal, outcome.success, outcome.feedback) == (True, False, None)
    assert outcome.reason == "Fridge is already closed."
    assert len(outcome.frames) == 1


def test_devices_are_switched_by_their_present_state():
    household = housed(kitchen(), Hints(("Microwave",)))
    did(household, "navigate to", "Microwave")
    for on in (True, False, True):
        did(household, "toggle", "Microwave")
        assert household.agent.object("Microwave|1")["isToggled"] == on


def test_moving_forward_goes_aside_where_something_is_in_the_way_towards_what_the_entry_is_about():
    for related, side in (("Apple|1", -1), ("Apple|2", 1)):
        apples = [
            thing(f"Apple|{number}", (x, 0.05, 0.0), (0.1, 0.1, 0.1), pickupable=True)
            for number, x in ((1, -1.5), (2, 1.5))
        ]
        wall = thing("Dresser|1", (0.0, 0.5, 1.5), (3.9, 1.0, 0.4))
        household = housed(room(*apples, wall), Hints(related=(related,)))
        household.controller.step("TeleportFull", x=0.0, z=1.0, rotation=0, horizon=0, standing=True)
        did(household, "move forward")
        assert agent(household)["position"]["x"] == pytest.approx(0.5 * side)


def test_observe_keeps_the_horizon_and_the_pose():
    household = housed(kitchen())
    household.controller.step("TeleportFull", x=0.0, z=0.0, rotation=45, horizon=30, standing=False)
    before = dict(agent(household))
    outcome = did(household, "observe")
    assert agent(household) == before
    left = household.controller.step("TeleportFull", x=0.0, z=0.0, rotation=315, horizon=30, standing=False)
    np.testing.assert_array_equal(outcome.frames[0], left.frame)


def test_the_hints_of_a_task_change_nothing_under_unaided_rules():
    def played(hints):
        household = Household(open_controller("embedded", FRAME, grid_m=0.25), FRAME)
        first = household.reset(check_scene(kitchen(), "toy"), hints)
        outcomes = [
            first,
            household.step(Action("navigate to", "Egg")),
            household.step(Action("navigate to", "Fridge")),
        ]
        return [(one.feedback, one.object_id, [frame.tobytes() for frame in one.frames]) for one in outcomes]

    assert played(NO_HINTS) == played(Hints(("Egg",), ("Egg|1",), ("Egg|1",), {"Fridge|1": Pose(0.0, 0.0, 0.0, 0.0)}))
