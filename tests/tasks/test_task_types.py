"""All task types: what they ask for, that their key actions can be done in their order, and that agents solve them."""

from collections import Counter
from dataclasses import replace

import pytest
from kitchens import BRIEF, household, pairs, play_watched, thought_out
from world.toy_rooms import room, thing

from benchmarks.leaks import leaks
from llamafactory_embodied.episodes.policy import Oracle, SearcherPolicy
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.tasks.generate import TASK_TYPES, generate_tasks
from llamafactory_embodied.tasks.names import plain
from llamafactory_embodied.tasks.planner import Planner
from llamafactory_embodied.tasks.process import PROCESSES
from llamafactory_embodied.tasks.task import LONG_RANGE, ORDERED, Goal, Task
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.controller import FrameSettings
from llamafactory_embodied.world.scene import check_scene

FRAME = FrameSettings(400, 225, 90.0, 5)
SMALL = FrameSettings(200, 112, 90.0, 2)


@pytest.fixture(scope="module")
def drawn():
    """A few tasks of every type in two rooms of each kind."""
    found = []
    for scene, _ in {scene.name: (scene, task) for scene, task in pairs(8, 1, "household")}.values():
        found += [
            (scene, task)
            for kind in TASK_TYPES
            for task in generate_tasks(scene, (kind,), 30 if kind == LONG_RANGE else 6, 0)
        ]
    return found


def contents(scene):
    """Object -> what it lies in or on."""
    return {item["objectId"]: (item["parentReceptacles"] or [None])[0] for item in scene.metadata["objects"]}


def walk_through(scene, task):
    """Does the key actions on paper: where one is, what is open, what is held. Returns where things are in the end."""
    items = {item["objectId"]: item for item in scene.metadata["objects"]}
    lies, held, here = contents(scene), None, None
    opened = {name for name, item in items.items() if item["isOpen"]}
    running = {name for name, item in items.items() if item["isToggled"]}
    for step in task.key_actions[:-1]:
        name = step.object_id
        assert items[name]["objectType"] == step.object_type
        place = items.get(here)
        shut = place is not None and place["openable"] and here not in opened and place["objectType"] != "Toilet"
        if step.action == "navigate to":
            here = name
        elif step.action == "open":
            assert name == here
            assert name not in opened
            assert not (name in running and items[name]["objectType"] == "Microwave")
            opened.add(name)
        elif step.action == "close":
            assert name == here
            opened.remove(name)
        elif step.action == "pickup":
            assert held is None
            assert lies[name] == here
            assert not shut
            held, lies[name] = name, None
        elif step.action == "put":
            assert name == here
            assert held is not None
            assert not shut
            lies[held], held = name, None
        else:
            assert step.action == "toggle"
            running ^= {name}
    assert task.key_actions[-1].action == "end"
    return lies, held, running


def test_every_type_is_found_in_rooms_and_long_tasks_take_every_form(drawn):
    assert {task.type for _, task in drawn} == set(TASK_TYPES)
    kinds = Counter(goal.kind for _, task in drawn for goal in task.goals)
    assert set(kinds) >= {"in_view", "held", "placed", "toggled_on", *PROCESSES}
    lengths = {len(task.goals) for _, task in drawn if task.type == LONG_RANGE}
    assert lengths == {2, 3}


def test_ordered_tasks_come_in_many_variants_that_say_what_is_closed(drawn):
    variants = set()
    for scene, task in ((scene, task) for scene, task in drawn if task.type == ORDERED):
        items = {item["objectId"]: item for item in scene.metadata["objects"]}
        opened = [step.action == "open" for step in task.key_actions]
        bits = task.id.split("-")[1]
        assert len(bits) == 4
        assert sum(opened) == bits.count("1")
        sources = [items[contents(scene)[name]] for name in task.target_ids]
        assert [int(place["openable"] and place["objectType"] != "Toilet") for place in sources] == [
            int(bits[0]),
            int(bits[2]),
        ]
        variants.add(bits)
    assert len(variants) >= 8


def test_key_actions_can_be_done_in_their_order_and_leave_what_is_asked_for(drawn):
    for scene, task in drawn:
        items = {item["objectId"]: item for item in scene.metadata["objects"]}
        lies, held, running = walk_through(scene, task)
        for goal in task.goals:
            thing_id = next(name for name, item in items.items() if item["objectType"] == goal.object_type)
            if goal.kind == "placed":
                assert items[lies[thing_id]]["objectType"] == goal.destination_type, task.id
            elif goal.kind == "held":
                assert held == thing_id
            elif goal.kind.startswith("toggled"):
                assert (thing_id in running) == (goal.kind == "toggled_on")
    assert len(drawn) > 300


def test_no_goal_but_a_search_holds_before_anything_was_done(drawn):
    for scene, task in drawn[::7]:
        assert not any(goal.holds(scene.metadata, ()) for goal in task.goals), task.id


def test_instructions_name_every_thing_and_place_in_plain_words(drawn):
    for _, task in drawn:
        words = task.instruction.lower()
        assert task.instruction[0].isupper()
        for goal in task.goals:
            assert plain(goal.object_type).lower() in words
            assert goal.destination_type is None or plain(goal.destination_type).lower() in words


def test_the_oracle_and_the_searcher_solve_every_type(drawn):
    few = list({(task.type, scene.room): (scene, task) for scene, task in drawn}.values())
    for policy, missed in ((Oracle(), 0), (SearcherPolicy(), 1)):
        records = list(play(few, policy, lambda: household(FRAME), RolloutSettings(BRIEF)))
        failed = [record["id"] for record in records if not record["success"]]
        assert len(failed) <= missed, failed
    assert len(few) > 30


def test_nothing_leaks_in_tasks_of_several_goals(drawn):
    long = [(scene, task) for scene, task in drawn if task.type in (LONG_RANGE, ORDERED)][::25]
    for scene, task in long:
        played = play_watched(scene, task, SearcherPolicy(), SMALL)
        assert leaks(played.record["task"], thought_out(played.record), played.visible) == [], task.id
    assert len(long) >= 3


# ---------------------------------------------------------------- order and processes, in a toy kitchen


def kitchen():
    return check_scene(
        room(
            thing("CounterTop|1", (-1.3, 0.45, 1.5), (0.9, 0.9, 0.7), receptacle=True),
            thing("SideTable|1", (1.3, 0.4, 1.4), (1.0, 0.8, 0.7), receptacle=True),
            thing("DiningTable|1", (1.3, 0.4, -1.5), (0.8, 0.8, 0.6), receptacle=True),
            thing("Apple|1", (-1.3, 0.95, 1.3), (0.1, 0.1, 0.1), pickupable=True, parentReceptacles=["CounterTop|1"]),
            thing("Cup|1", (-1.1, 0.95, 1.3), (0.08, 0.1, 0.08), pickupable=True, parentReceptacles=["CounterTop|1"]),
        ),
        "toy",
    )


def ordered():
    goals = (Goal("placed", "Apple", "SideTable"), Goal("placed", "Cup", "DiningTable"))
    return Task("toy", ORDERED, "Embodied-toy-1", "", "Apple", ("Apple|1", "Cup|1"), "DiningTable", (), goals, 36)


def carry(item, source, place):
    return [Action("navigate to", source), Action("pickup", item), Action("navigate to", place), Action("put", place)]


APPLE, CUP = carry("Apple", "CounterTop", "SideTable"), carry("Cup", "CounterTop", "DiningTable")
AGAIN = [Action("pickup", "Cup"), Action("put", "DiningTable")]


@pytest.mark.parametrize(
    ("actions", "met"),
    [(APPLE + CUP, True), (CUP + APPLE, False), (CUP + APPLE + carry("Cup", "DiningTable", "DiningTable"), True)],
)
def test_what_is_to_come_second_counts_only_after_the_first(actions, met):
    opened = household(SMALL)
    opened.reset(kitchen())
    planner = Planner(opened, ordered())
    planner.watch(None)
    for action in [Action("observe"), *actions]:
        assert opened.step(action).success, action
        planner.watch(action)
    assert all(planner.holds(goal, ()) for goal in ordered().goals) == met


def test_without_an_order_any_order_will_do():
    opened, asked = household(SMALL), replace(ordered(), type=LONG_RANGE)
    opened.reset(kitchen())
    planner = Planner(opened, asked)
    for action in [Action("observe"), *CUP, *APPLE]:
        assert opened.step(action).success, action
        planner.watch(action)
    assert all(planner.holds(goal, ()) for goal in asked.goals)
