"""The all-knowing planner under the rules `reference`: what a type leads to, and what is in its place already."""

from dataclasses import replace

import pytest
from kitchens import BRIEF
from world.toy_rooms import room, thing

from llamafactory_embodied.episodes.policy import Oracle
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.tasks.planner import Planner
from llamafactory_embodied.tasks.task import Goal, Task
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.hints import Hints
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.scene import check_scene

FRAME = FrameSettings(64, 64, 90.0, 1)


def kitchen():
    """Three tables; the box of a chair reaches over one of them, and what lies there lies on both."""
    table, chair = "DiningTable|near", "Chair|1"
    objects = (
        thing("Chair|0", (-1.7, 0.4, -1.5), (0.3, 0.8, 0.3), receptacle=True),
        thing(chair, (-1.3, 0.4, 1.2), (0.3, 0.8, 0.3), receptacle=True),
        thing("DiningTable|far", (1.3, 0.4, -1.5), (0.8, 0.8, 0.6), receptacle=True),
        thing(table, (-1.3, 0.4, 1.5), (0.9, 0.8, 0.7), receptacle=True),
        thing("SideTable|1", (1.3, 0.4, 1.4), (1.0, 0.8, 0.7), receptacle=True),
        thing("Apple|1", (-1.3, 0.86, 1.3), (0.1, 0.1, 0.1), pickupable=True, parentReceptacles=[chair, table]),
        thing("Cup|1", (-1.1, 0.86, 1.3), (0.08, 0.1, 0.08), pickupable=True, parentReceptacles=[table]),
        thing("Bowl|1", (-1.5, 0.84, 1.4), (0.2, 0.07, 0.2), pickupable=True, receptacle=True)
        | {"parentReceptacles": [table]},
        thing("Toaster|1", (1.3, 0.9, -1.5), (0.3, 0.2, 0.2), toggleable=True, parentReceptacles=["DiningTable|far"]),
    )
    return check_scene(room(*objects), "toy")


def task(goals, navigable, targets=(), related=()):
    hints = Hints(navigable, targets, related)
    kind = goals[0].object_type
    return Task("toy", "toy", "Embodied-toy-1", "", kind, related, goals[-1].destination_type, (), goals, 14, hints)


def household(rules="reference"):
    return Household(open_controller("embedded", FRAME, grid_m=0.25), FRAME, rules=rules)


def played(asked):
    (record,) = play([(kitchen(), asked)], Oracle(), household, RolloutSettings(BRIEF))
    assert record["success"], [(step["action"], step["target"]) for step in record["steps"]]
    return [(step["action"], step["target"]) for step in record["steps"][1:-1]]


def test_of_several_parents_one_goes_to_the_one_that_its_type_leads_to():
    asked = task((Goal("held", "Apple"),), ("Chair", "DiningTable"), ("DiningTable|near",), ("Apple|1",))
    opened = household()
    opened.reset(kitchen(), asked.guidance)
    assert [opened.rules.leads_to(kind) for kind in ("Chair", "DiningTable")] == ["Chair|0", "DiningTable|near"]
    assert played(asked) == [("navigate to", "DiningTable"), ("pickup", "Apple")]


def test_what_is_in_its_place_stays_there_while_the_next_thing_is_carried():
    goals = (Goal("placed", "Apple", "SideTable"), Goal("placed", "Cup", "SideTable"))
    asked = task(goals, ("DiningTable", "SideTable"), ("DiningTable|near",), ("Apple|1", "Cup|1"))
    assert [step for step in played(asked) if step[0] != "navigate to"] == [
        ("pickup", "Apple"),
        ("put", "SideTable"),
        ("pickup", "Cup"),
        ("put", "SideTable"),
    ]


def test_one_puts_a_thing_into_a_small_receptacle_once_that_is_at_hand():
    asked = task((Goal("placed", "Apple", "Bowl"),), ("DiningTable",), ("DiningTable|near",), ("Apple|1", "Bowl|1"))
    assert played(asked) == [("navigate to", "DiningTable"), ("pickup", "Apple"), ("put", "Bowl")]


def test_what_may_not_be_gone_to_is_reached_through_the_furniture_that_carries_it():
    asked = task((Goal("toggled_on", "Toaster"),), ("DiningTable", "SideTable"), ("DiningTable|far",), ("Toaster|1",))
    assert played(asked) == [("navigate to", "DiningTable"), ("toggle", "Toaster")]


def test_unaided_rules_say_nothing_of_what_a_type_leads_to():
    opened = household("unaided")
    opened.reset(kitchen())
    assert {opened.rules.leads_to(kind) for kind in ("SideTable", "DiningTable", "Unicorn")} == {None}


def test_a_thing_in_its_place_counts_only_once_the_hand_is_empty():
    opened, asked = (
        household(),
        task((Goal("placed", "Apple", "SideTable"),), ("SideTable", "DiningTable"), ("DiningTable|near",)),
    )
    outcome = opened.reset(kitchen(), replace(asked, target_ids=("Apple|1",)).guidance)
    steps = [Action("navigate to", "DiningTable"), Action("pickup", "Apple"), Action("navigate to", "SideTable")]
    for step in (*steps, Action("put", "SideTable"), Action("navigate to", "DiningTable"), Action("pickup", "Cup")):
        outcome = opened.step(step)
        assert outcome.success, step
    plan = Planner(opened, asked).plan(outcome.sights[-1])
    assert asked.goals[0].lies_there(opened.metadata)
    assert plan[0].name == "navigate to"
    assert plan[1].name == "put"
    assert plan[-1] == Action("end")


@pytest.mark.parametrize("kind", ["held", "in_view"])
def test_a_goal_without_a_destination_lies_nowhere(kind):
    assert not Goal(kind, "Apple").lies_there({"objects": [], "inventoryObjects": []})
