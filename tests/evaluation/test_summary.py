import json

import pytest
from made_up import episode, solved, unsolved

from evaluation.statistics import wilson
from evaluation.summary import summarize
from llamafactory_embodied.errors import RecordError


def mixed_run():
    records = [solved(i, scene=f"Embodied-demo-{i // 2}") for i in range(6)]
    records += [unsolved(i, scene=f"Embodied-demo-{i // 2}", task_type="single_toggle") for i in range(3)]
    return [*records, episode([], end="infrastructure", holds=[], number=9, scene="Embodied-demo-9")]


def test_every_episode_is_in_every_denominator_and_infrastructure_is_counted_apart():
    overall = summarize(mixed_run()).overall
    assert (overall.episodes, overall.successes["true"], overall.infrastructure_failures) == (10, 6, 1)
    figures = overall.figures["true"]
    assert {name: one.entries.mean for name, one in figures.items() if one.entries.mean != 0.6} == {
        "repeated_exploration": 0.0
    }
    assert figures["success"].entries.interval == wilson(6, 10)
    assert overall.ends == {"ended": 9, "infrastructure": 1}
    assert overall.scenes == 4


def test_groups_by_task_type_add_up_to_the_whole():
    summary = summarize(mixed_run())
    found = {name: (one.successes["true"], one.episodes) for name, one in summary.groups["task type"].items()}
    assert found == {
        "single_pickup": (6, 7),
        "single_toggle": (0, 3),
    }


def test_rates_per_action_divide_totals():
    overall = summarize([solved(0), unsolved(1)]).overall
    assert overall.actions_per_episode == 2.0
    assert overall.response_tokens_per_action == 10.0
    assert overall.seconds_per_action == 0.5


def test_a_summary_says_under_which_conditions_it_holds():
    summary = summarize([solved(0, policy="a"), solved(1, policy="b", seed=3)])
    conditions = (summary.backend, summary.rules, summary.benchmark, summary.control)
    assert conditions == ("embedded", "unaided", "none", "none")
    assert (summary.policies, summary.prompts, summary.seeds) == (("a", "b"), ("brief@1a2b3c4d",), (0, 3))


MIXES = [("backend", "unity"), ("rules", "reference"), ("control", "swap"), ("benchmark", "embodied-rooms-v1")]


@pytest.mark.parametrize(("field", "other"), MIXES)
def test_a_mix_of_worlds_is_refused_and_names_an_episode_of_each(field, other):
    with pytest.raises(RecordError, match=f"different {field}") as caught:
        summarize([solved(0), solved(1, **{field: other})])
    assert all(name in str(caught.value) for name in ("demo-1-0'", "demo-1-1'", other))


def test_an_episode_that_is_there_twice_is_refused():
    with pytest.raises(RecordError, match="-1' with seed 0 is there 2 times"):
        summarize([solved(0), solved(1), solved(1)])
    assert summarize([solved(1), solved(1, seed=1)]).overall.episodes == 2


def test_no_episodes_are_a_clear_error():
    with pytest.raises(RecordError, match="no episodes to summarize"):
        summarize([])


def test_a_damaged_record_is_refused():
    with pytest.raises(RecordError, match="'torn' lacks"):
        summarize([solved(), {"id": "torn"}])


def test_the_same_records_give_the_same_bytes_in_any_order():
    records = mixed_run()
    one, other = (json.dumps(summarize(order).to_json()) for order in (records, records[::-1]))
    assert one == other


def test_json_holds_intervals_as_pairs_or_null():
    plain = json.loads(json.dumps(summarize(mixed_run()).to_json()))
    low, high = plain["overall"]["figures"]["true"]["success"]["entries"]["interval"]
    assert 0.0 < low < 0.6 < high < 1.0
    toggles = plain["groups"]["task type"]["single_toggle"]["figures"]
    assert toggles["true"]["search_efficiency"]["entries"] == {"mean": 0.0, "interval": None}
    assert set(toggles) == {"true", "paper"}


def test_a_task_that_is_there_in_three_wordings_weighs_as_much_as_one_that_is_there_once():
    thrice = [solved(i) for i in range(3)]
    other = unsolved(3, keys=(("pickup", "Egg"), ("end", "")))
    success = summarize([*thrice, other]).overall.figures["true"]["success"]
    assert (success.entries.mean, success.tasks.mean) == (3 / 4, 1 / 2)
    assert summarize([*thrice, other]).overall.distinct_tasks == 2


def test_the_same_key_actions_in_another_scene_or_for_another_target_are_another_task():
    records = [solved(0), solved(1, scene="elsewhere"), solved(2)]
    records[2]["task"]["target_type"] = "Egg"
    assert summarize(records).overall.distinct_tasks == 3


def test_means_over_distinct_tasks_have_intervals_over_scenes_too():
    records = [(solved if i % 3 else unsolved)(i, scene=f"s{i // 2}") for i in range(20)]
    interval = summarize(records).overall.figures["true"]["success"].tasks.interval
    assert interval is not None
    assert 0.3 < interval.low < 0.65 < interval.high < 1.0


LONG = (*((("open", f"Thing{i}")) for i in range(12)), ("end", ""))


def test_episodes_are_grouped_by_the_papers_groups_key_actions_room_and_stratum():
    records = [
        solved(0, task_type="single_search_from_closerep"),
        solved(1, task_type="single_toggle"),
        solved(2, task_type="pickup_from_closerep_and_put"),
        unsolved(3, task_type="ordered_pickup_two_object_and_put", keys=LONG),
        unsolved(4, task_type="long-range tasks with dependency relationships", keys=LONG),
    ]
    records[0]["scene"]["room"] = "bedroom"
    records[1]["task"]["stratum"] = "unseen wording"
    groups = summarize(records).groups
    counts = {dimension: {name: one.episodes for name, one in found.items()} for dimension, found in groups.items()}
    assert list(counts["group"].items()) == [("search", 1), ("manipulate", 1), ("transport", 1), ("composite", 2)]
    assert counts["key actions"] == {"2": 3, "9 and more": 2}
    assert counts["room"] == {"bedroom": 1, "kitchen": 4}
    assert counts["stratum"] == {"unseen wording": 1}
    assert "stratum" not in summarize([solved(0)]).groups
