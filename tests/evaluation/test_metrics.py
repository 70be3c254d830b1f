import pickle

import pytest
from made_up import episode, solved, step, unsolved

from evaluation.metrics import (
    goal_conditions,
    goals_hold,
    invalid_action_rate,
    measure,
    ordered_completeness,
    repeated_exploration,
    said_end,
    search_efficiency,
    succeeded,
)
from llamafactory_embodied.errors import RecordError

PUT_KEYS = (
    ("navigate to", "Fridge"),
    ("open", "Fridge"),
    ("pickup", "Egg"),
    ("close", "Fridge"),
    ("put", "Sink"),
    ("end", ""),
)


def test_the_shortest_way_scores_full_marks():
    metrics = measure(solved())
    assert (metrics.success, metrics.search_efficiency, metrics.ordered_completeness) == (True, 1.0, 1.0)
    assert (metrics.actions, metrics.response_tokens, metrics.seconds_per_step) == (3, 30, 0.5)


def test_a_time_out_after_reaching_the_goal_is_no_success_and_matches_no_end():
    record = episode([step("navigate to", "CounterTop"), step("pickup", "Apple")], end="step_limit", holds=True)
    assert goals_hold(record)
    assert not succeeded(record)
    assert search_efficiency(record) == 0.0
    assert ordered_completeness(record) == 0.5


def test_saying_end_without_the_goal_matches_no_key_action():
    record = unsolved()
    assert said_end(record)
    assert ordered_completeness(record) == 0.0


def test_a_search_that_ends_at_once_has_completed_nothing():
    keys = (("navigate to", "CounterTop"), ("end", ""))
    assert ordered_completeness(episode([step("end")], holds=False, keys=keys)) == 0.0
    assert ordered_completeness(episode([step("end")], holds=True, keys=keys)) == 1.0


def test_key_actions_in_the_wrong_order_are_not_all_matched():
    wrong = [step("put", "Sink"), step("open", "Fridge"), step("pickup", "Egg"), step("close", "Fridge")]
    record = episode([*wrong, step("end")], holds=False, keys=PUT_KEYS)
    assert ordered_completeness(record) == 3 / 5


def test_a_repeated_action_is_matched_once():
    record = episode([step("pickup", "Apple")] * 4, end="repetition", holds=False)
    assert ordered_completeness(record) == 0.5


def test_an_action_that_failed_is_not_matched():
    record = episode([step("pickup", "Apple", success=False), step("end")], holds=False)
    assert ordered_completeness(record) == 0.0


def test_the_right_action_on_the_wrong_type_is_not_matched():
    assert ordered_completeness(episode([step("pickup", "Egg"), step("end")], holds=False)) == 0.0


def test_navigating_and_looking_neither_help_nor_hurt_completeness():
    way = [step("navigate to", "Fridge"), step("observe"), step("move forward"), step("pickup", "Apple"), step("end")]
    assert ordered_completeness(episode(way)) == 1.0


def test_efficiency_counts_every_action_with_illegal_and_unparseable_ones():
    detour = [step("open", "Fridge", legal=False, success=False), step("unparseable", legal=False, success=False)]
    assert search_efficiency(episode([*detour, step("pickup", "Apple"), step("end")], cost=2)) == 2 / 4


def test_efficiency_is_capped_when_the_agent_beats_the_planner():
    assert search_efficiency(episode([step("pickup", "Apple"), step("end")], cost=3)) == 1.0


def test_invalid_actions_are_illegal_or_unparseable_but_not_unlucky_ones():
    taken = [
        step("open", "Fridge", legal=False, success=False),
        step("unparseable", success=False),
        step("put", "Fridge", success=False),
        step("end"),
    ]
    assert invalid_action_rate(episode(taken, holds=False)) == 0.5


def test_an_infrastructure_failure_before_the_first_action_is_measured_as_a_failure():
    metrics = measure(episode([], end="infrastructure", holds=[]))
    assert (metrics.success, metrics.search_efficiency, metrics.ordered_completeness) == (False, 0.0, 0.0)
    assert metrics.seconds_per_step is None
    assert metrics.invalid_action_rate == 0.0


def test_an_episode_without_goals_never_succeeds():
    assert not succeeded(episode([step("end")], holds=[]))


@pytest.mark.parametrize("claimed", [solved(success=False), unsolved(success=True), {**solved(), "end": "step_limit"}])
def test_a_record_that_contradicts_itself_is_refused_by_name(claimed):
    with pytest.raises(RecordError, match=r"single_pickup-Embodied-demo-1-0.*says success"):
        measure(claimed)


def test_an_end_that_the_policy_did_not_say_is_refused():
    with pytest.raises(RecordError, match="says success=True"):
        succeeded(episode([step("pickup", "Apple")], end="ended"))


@pytest.mark.parametrize("cost", [None, 0])
def test_a_success_without_the_planners_cost_is_refused(cost):
    with pytest.raises(RecordError, match=r"cost_to_go="):
        search_efficiency(solved(cost=cost))


def test_a_record_that_lacks_fields_is_refused_and_names_them():
    with pytest.raises(
        RecordError,
        match="'x' lacks backend, rules, benchmark, scene, task, steps, end, goals, legal_objects, success",
    ) as caught:
        measure({"id": "x"})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)  # noqa: S301 - our own bytes


def test_a_task_without_scored_key_actions_is_refused():
    with pytest.raises(RecordError, match="no key action"):
        ordered_completeness(episode([step("end")], keys=(("navigate to", "Fridge"),)))


def test_goal_conditions_are_the_share_that_holds_whoever_ended():
    assert goal_conditions(episode([step("end")], holds=[True, False, True, False])) == 0.5
    assert goal_conditions(episode([step("observe")], end="step_limit", holds=[True, False])) == 0.5
    assert goal_conditions(episode([], end="infrastructure", holds=[])) == 0.0


def test_going_back_for_nothing_is_repeated_exploration():
    first, back = step("navigate to", "Fridge"), step("navigate to", "Fridge", new=0)
    assert repeated_exploration(episode([first, step("observe"), back, step("end")])) == 1 / 2
    assert repeated_exploration(episode([step("end")])) == 0.0


@pytest.mark.parametrize(
    "useful",
    [
        step("navigate to", "Fridge", new=1),
        step("navigate to", "Fridge", new=0, cost_to_go=2),
        step("navigate to", "Fridge", new=0, object_id="Fridge|2"),
        step("navigate to", "Fridge", new=0, object_id=None, success=False),
    ],
    ids=["shows something new", "brings the goal nearer", "is another instance", "did not arrive"],
)
def test_going_back_is_no_repeated_exploration_where_it(useful):
    assert repeated_exploration(episode([step("navigate to", "Fridge"), useful, step("end")])) == 0.0


def test_a_step_that_lacks_fields_is_refused_and_names_them():
    with pytest.raises(RecordError, match="lacks object_id of a step, new of a step"):
        measure(episode([{"action": "end", "target": None, "success": True, "cost_to_go": 1}]))
