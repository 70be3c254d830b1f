"""The searcher goes on from whatever was done before, closes what was opened, and leaves open what it found so."""

from collections import Counter
from dataclasses import replace

import pytest
from kitchens import BRIEF, TOY_FRAME, household, pairs

from llamafactory_embodied.episodes.account import FLAGS, tally
from llamafactory_embodied.episodes.control import move_round
from llamafactory_embodied.episodes.policy import Random
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.episodes.takeover import Takeover
from llamafactory_embodied.world.action import Action

ROOMS = pairs(rooms=16, per_room=3)
MOST = 7


def run(policy, tasks=ROOMS):
    return list(play(tasks, policy, lambda: household(TOY_FRAME), RolloutSettings(BRIEF)))


def actions(record):
    return [Action(step["action"], step["target"]) for step in record["steps"][1:]]


@pytest.fixture(scope="module")
def prefixes():
    """Of 0 to 6 actions, of random play."""
    random = run(Random(seed=2))
    short = {record["id"]: actions(record)[: number % MOST] for number, record in enumerate(random)}
    return {name: [one for one in done if one.name != "end"] for name, done in short.items()}


@pytest.fixture(scope="module")
def continued(prefixes):
    return run(Takeover(prefixes))


def test_from_random_prefixes_it_solves_nearly_all_tasks_in_the_time_that_is_left(prefixes, continued):
    assert sum(map(len, prefixes.values())) >= 60
    failed = [(record["id"], record["end"], record["flags"]) for record in continued if not record["success"]]
    assert len(failed) <= len(ROOMS) // 20, failed


def test_the_prefix_is_played_as_it_is_and_what_the_searcher_would_not_have_done_is_a_slip(prefixes, continued):
    slips = 0
    for record in continued:
        prefix = prefixes[record["id"]]
        assert actions(record)[: len(prefix)] == prefix
        marks = [step.get("slip", False) for step in record["steps"][1:]]
        assert not any(marks[len(prefix) :])
        slips += sum(marks)
    assert slips >= 40


def test_a_wrong_thing_in_the_hand_is_laid_down_before_the_right_one_is_taken():
    freed = 0
    for scene, task in ROOMS:
        if task.goals[0].kind == "in_view" or freed == 4:
            continue
        table = next((one for one in scene.metadata["objects"] if one["objectType"] == "DiningTable"), None)
        lying = [] if table is None else table["receptacleObjectIds"]
        wrong = next((name.split("|")[0] for name in lying if name not in task.target_ids), None)
        if wrong is None:
            continue
        (record,) = run(
            Takeover({task.id: [Action("navigate to", "DiningTable"), Action("pickup", wrong)]}), [(scene, task)]
        )
        if not record["steps"][2]["success"]:
            continue
        done = actions(record)
        assert record["success"], record["flags"]
        first_put = next(number for number, one in enumerate(done) if one.name == "put")
        assert first_put < done.index(Action("pickup", task.target_type))
        freed += 1
    assert freed >= 2


def opened_fridge(scene):
    items = [item | {"isOpen": True} if item["objectType"] == "Fridge" else item for item in scene.metadata["objects"]]
    return replace(scene, metadata={**scene.metadata, "objects": items})


def test_what_a_prefix_opened_is_closed_and_what_was_found_open_stays():
    closed = stayed = 0
    for scene, task in ROOMS[:18]:
        if task.key_actions[0].object_type == "Fridge" or task.destination_type == "Fridge":
            continue
        go, opening = Action("navigate to", "Fridge"), Action("open", "Fridge")
        (mine,) = run(Takeover({task.id: [go, opening]}), [(scene, task)])
        (found,) = run(Takeover({task.id: [go]}), [(opened_fridge(scene), task)])
        closed += mine["steps"][2]["success"] and Action("close", "Fridge") in actions(mine)
        assert Action("close", "Fridge") not in actions(found)
        stayed += found["steps"][1]["success"]
    assert closed >= 3
    assert stayed >= 3


def test_flags_say_what_went_wrong(continued):
    counted = Counter(flag for record in continued for flag in record["flags"])
    assert set(counted) <= set(FLAGS)
    assert tally(continued)["flags"] == dict(counted)
    assert sum(tally(continued)["kinds"].values()) == len(ROOMS)
    assert counted["slip"] >= 10
    assert counted["failed_action"] >= 5
    assert all(
        ("slip" in record["flags"]) == any(step.get("slip") for step in record["steps"]) for record in continued
    )
    for record in continued:
        assert ("gave_up" in record["flags"]) == (record["end"] == "ended" and not record["success"])


def test_what_nobody_has_seen_may_lie_anywhere_when_it_takes_over():
    """Where the target moves before it is seen, the searcher that takes over does the same until a frame differs."""
    compared = 0
    for scene, task in ROOMS[:9]:
        prefix = {task.id: [Action("observe"), Action("navigate to", "DiningTable")]}
        here = run(Takeover(prefix), [(scene, task)])[0]
        small = [one["objectId"] for one in scene.metadata["objects"] if one["pickupable"]]
        other = next(name for name in reversed(small) if name not in task.target_ids)
        there = run(Takeover(prefix), [(move_round(scene, [task.target_ids[0], other]), task)])[0]
        for now, then, nxt, before in zip(
            here["steps"], there["steps"], here["steps"][1:], there["steps"][1:], strict=False
        ):
            if now["sights"] != then["sights"]:
                break
            assert (nxt["action"], nxt["target"]) == (before["action"], before["target"])
            compared += 1
    assert compared >= 12
