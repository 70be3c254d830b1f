"""Detours, looks, steps and checks: asked of the searcher, kept in the record, and never at the cost of the task."""

import json
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kitchens import BRIEF, TOY_FRAME, household, pairs

from llamafactory_embodied.episodes.account import key_only, kind
from llamafactory_embodied.episodes.policy import SearcherPolicy
from llamafactory_embodied.episodes.recall import recalled
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.tasks.habits import NO_HABITS, Habits, HabitShares
from llamafactory_embodied.tasks.task import Task

ROOMS = pairs(rooms=8, per_room=3)


def played(shares, seed=0):
    policy = SearcherPolicy(seed=seed, shares=shares)
    return list(play(ROOMS, policy, lambda: household(TOY_FRAME), RolloutSettings(BRIEF)))


@pytest.fixture(scope="module")
def plain():
    return played(HabitShares())


@pytest.fixture(scope="module")
def twice():
    return played(HabitShares((0.0, 0.0, 1.0)))


@pytest.fixture(scope="module")
def checked():
    return played(HabitShares(checks=1.0))


def actions(record):
    return [(step["action"], step["target"]) for step in record["steps"][1:]]


def solved(records):
    return {record["id"] for record in records if record["success"]}


def test_detours_make_longer_episodes_of_the_same_tasks(plain, twice):
    before, one, two = plain, played(HabitShares((0.0, 1.0))), twice
    kinds = [Counter(map(kind, records)) for records in (before, one, two)]
    assert kinds[1]["b"] <= kinds[0]["b"] // 2
    assert kinds[2]["c"] > kinds[1]["c"]
    assert len(solved(before) - solved(two)) <= 1
    mean = [sum(len(record["steps"]) for record in records) for records in (before, one, two)]
    assert mean[0] < mean[1] < mean[2]


def test_nobody_who_has_seen_what_is_sought_makes_a_detour(twice):
    """From the first sight of it on, one decides as one would of whom nothing was asked."""
    known = wandered = 0
    for record in twice:
        task, steps = Task.from_json(record["task"]), record["steps"]
        asked, unasked = recalled(task, steps, Habits.of(record)), recalled(task, steps)
        for (_, decision), (_, shortest), step in zip(asked, unasked, steps, strict=False):
            assert not step["target_seen"] or decision == shortest
            known += step["target_seen"]
            wandered += decision != shortest
    assert known >= 20
    assert wandered >= 10


def test_a_check_is_one_more_look_before_the_end_and_leaves_what_was_solved_solved(plain, checked):
    before, after = plain, checked
    assert solved(before) <= solved(after)
    looks = Counter()
    for old, new in zip(before, after, strict=True):
        if not (old["success"] and len(old["steps"]) < 16):
            continue
        decisions = [decision for _, decision in recalled(Task.from_json(new["task"]), new["steps"], Habits.of(new))]
        checks = [number for number, decision in enumerate(decisions) if decision.occasion == "check"]
        assert len(checks) == 1
        assert actions(new)[: checks[0]] == actions(old)[:-1]
        looks[actions(new)[checks[0]][0]] += 1
    assert set(looks) <= {"observe", "navigate to", "move forward"}
    assert looks.total() >= 15
    assert min(looks["observe"], looks["navigate to"]) >= 3


def test_looks_around_and_steps_forward_come_in_the_share_asked_for():
    few, many = (
        Counter(action for record in played(HabitShares(looks=share, steps=share)) for action, _ in actions(record))
        for share in (0.2, 1.0)
    )
    assert few["observe"] < many["observe"]
    assert many["observe"] <= many["navigate to"]  # at most one before each guess


def test_a_record_gives_back_each_decision_whatever_was_asked_of_the_searcher():
    turns = 0
    for record in played(HabitShares((0.3, 0.4, 0.3), 0.5, 1.0, 0.5, True), seed=5):
        stored = json.loads(json.dumps(record))
        decisions = [one for _, one in recalled(Task.from_json(stored["task"]), stored["steps"], Habits.of(stored))]
        assert [(one.action.name, one.action.target) for one in decisions] == actions(record)
        turns += len(decisions)
    assert turns >= 100


def test_without_habits_records_name_none_and_with_some_they_do(plain, checked):
    assert all("habits" not in record for record in plain)
    assert all(Habits.of(record).check for record in checked)


def test_key_actions_alone_are_told_from_all_else(plain, checked):
    chosen = [record for record in plain if key_only(record)]
    assert 1 <= len(chosen) < len(ROOMS)
    for record in chosen:
        assert kind(record) == "b"
        assert "observe" not in {action for action, _ in actions(record)}
    assert not any(key_only(record) for record in checked if len(record["steps"]) < 16)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4), st.integers(0, 99))
def test_habits_are_drawn_by_episode_and_seed_alone(shares, seed):
    total = sum(shares)
    if abs(total - 1) > 1e-6:
        with pytest.raises(SettingsError, match="add up to 1"):
            HabitShares(tuple(shares)).draw("x", seed)
        shares = [*(share / (total + 1) for share in shares), 1 / (total + 1)]
    drawn = HabitShares(tuple(shares), checks=0.5)
    assert drawn.draw("x", seed) == drawn.draw("x", seed)
    assert drawn.draw("x", seed).detours < len(shares)


@pytest.mark.parametrize("shares", [(), (0.5,), (1.5, -0.5)])
def test_shares_that_are_none_are_an_error(shares):
    with pytest.raises(SettingsError, match="shares that add up to 1"):
        HabitShares(shares).draw("x", 0)


def test_nothing_is_asked_by_default():
    assert HabitShares().draw("any", 7) == NO_HABITS
