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
    assert (overall.episodes, overall.successes, overall.infrastructure_failures) == (10, 6, 1)
    assert overall.success.mean == overall.search_efficiency.mean == overall.task_completeness.mean == 0.6
    assert overall.success.interval == wilson(6, 10)
    assert overall.ends == {"ended": 9, "infrastructure": 1}
    assert overall.scenes == 4


def test_groups_by_task_type_add_up_to_the_whole():
    summary = summarize(mixed_run())
    assert {name: (one.successes, one.episodes) for name, one in summary.by_type.items()} == {
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
    assert (summary.backend, summary.rules, summary.control) == ("embedded", "unaided", "none")
    assert (summary.policies, summary.prompts, summary.seeds) == (("a", "b"), ("brief@1a2b3c4d",), (0, 3))


@pytest.mark.parametrize(("field", "other"), [("backend", "unity"), ("rules", "reference"), ("control", "swap")])
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
    low, high = plain["overall"]["success"]["interval"]
    assert 0.0 < low < 0.6 < high < 1.0
    assert plain["by_type"]["single_toggle"]["search_efficiency"] == {"mean": 0.0, "interval": None}
    assert plain["metric_family"] == "true"
