"""Of what a model played, what is worth training on."""

from collections import Counter
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kitchens import BRIEF, household, pairs

from llamafactory_embodied.episodes.policy import Random, SearcherPolicy
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.errors import RecordError
from llamafactory_embodied.stages.exploration import Verdict, explored_example, judged, pass_at, passed

ACTIONS = st.lists(st.sampled_from(["navigate to Shelf", "pickup Mug", "end"]), min_size=1, max_size=3).map(tuple)


@st.composite
def verdicts(draw):
    found = []
    for sample, (number, solved, misses, actions) in enumerate(
        draw(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3), ACTIONS), max_size=40))
    ):
        kind = ("single_search", "single_pickup")[number % 2]
        reason = "kept" if solved else "failed"
        found.append(Verdict(f"task-{number}", kind, sample, solved, solved, misses, actions, reason))
    return found


@given(verdicts(), st.integers(1, 3), st.sampled_from([0, 1.0, 2.0]))
def test_kept_are_solved_different_and_no_more_than_asked_for(found, per_task, balance):
    after = judged(found, per_task, balance)
    assert [(one.task, one.sample) for one in after] == [(one.task, one.sample) for one in found]
    kept = [one for one in after if one.reason == "kept"]
    assert all(one.solved for one in kept)
    assert len({(one.task, one.actions) for one in kept}) == len(kept)
    assert max(Counter(one.task for one in kept).values(), default=0) <= per_task
    assert all((one.reason == "failed") is not one.solved for one in after)
    if any(one.solved for one in found):
        assert kept


@given(verdicts())
def test_of_one_task_those_that_searched_are_kept_first(found):
    after = judged(found, 1, 0)
    for task in {one.task for one in found}:
        own = [one for one in after if one.task == task and one.solved]
        for kept in (one for one in own if one.reason == "kept"):
            assert kept.misses or not any(one.misses for one in own)


def test_no_type_has_more_than_its_share():
    rare = [Verdict(f"r{number}", "rare", 0, True, True, 0, (str(number),)) for number in range(2)]
    usual = [Verdict(f"u{number}", "usual", 0, True, True, 0, (str(number),)) for number in range(9)]
    often = [Verdict(f"o{number}", "often", 0, True, True, 0, (str(number),)) for number in range(90)]
    kept = Counter(one.type for one in judged([*rare, *usual, *often], 4, 2.0) if one.reason == "kept")
    assert kept == {"rare": 2, "usual": 9, "often": 18}


@given(st.integers(1, 8), st.data())
def test_pass_at_k_is_the_share_of_draws_with_a_solved_one(samples, data):
    solved = data.draw(st.integers(0, samples))
    k = data.draw(st.integers(1, samples))
    draws = [any(number < solved for number in draw) for draw in combinations(range(samples), k)]
    assert pass_at(k, solved, samples) == pytest.approx(sum(draws) / comb(samples, k))


def test_pass_at_k_is_the_mean_over_tasks_by_type():
    made = [
        ("a", "x", True),
        ("a", "x", False),
        ("b", "x", False),
        ("b", "x", False),
        ("c", "y", True),
        ("c", "y", True),
    ]
    found = [Verdict(task, kind, 0, solved, False, 0, ()) for task, kind, solved in made]
    assert passed(found, [1, 2]) == {"x": [0.25, 0.5], "y": [1.0, 1.0], "all": [0.5, 2 / 3]}


def test_what_did_not_happen_is_read_and_not_trained_on():
    for record in play(pairs(2, 2), Random(), household, RolloutSettings(BRIEF)):
        example = explored_example(record, Verdict.of(record, 3), BRIEF, "samples/3")
        answers = [one["loss"] for one in example["messages"] if one["role"] == "assistant"]
        assert answers == [step["success"] for step in record["steps"][1:]]
        assert example["id"] == f"{record['id']}#3"
        assert all(image.startswith("samples/3/frames/") for image in example["images"])


def test_goals_decide_and_key_actions_are_told_beside():
    for record in play(pairs(2, 3), SearcherPolicy(), household, RolloutSettings(BRIEF)):
        verdict = Verdict.of(record, 0)
        assert verdict.solved == record["success"]
        assert verdict.keys or not verdict.solved
        assert not Verdict.of(record | {"steps": record["steps"][:-1]}, 0).keys  # nobody said `end`


def test_episodes_under_rules_that_help_are_refused():
    [record, *_] = play(pairs(1, 1), SearcherPolicy(), household, RolloutSettings(BRIEF))
    with pytest.raises(RecordError, match=r"under the rules reference; .* explore with play\.rules=unaided"):
        Verdict.of(record | {"rules": "reference"}, 0)
