from collections import Counter

from made_up import episode, solved, step, unsolved

from evaluation.selection import outcome, select_episodes


def test_an_outcome_is_success_or_how_the_failure_ended():
    late = episode([step("pickup", "Apple")], end="step_limit", holds=True)
    assert [outcome(record) for record in (solved(), unsolved(), late)] == ["success", "ended", "step_limit"]


def test_a_rare_outcome_is_shown_beside_a_frequent_one():
    records = [unsolved(i) for i in range(50)] + [solved(50), solved(51, task_type="single_search")]
    chosen = select_episodes(records, 10)
    assert Counter((record["task"]["type"], outcome(record)) for record in chosen) == {
        ("single_pickup", "ended"): 8,
        ("single_pickup", "success"): 1,
        ("single_search", "success"): 1,
    }


def test_the_shown_keep_their_order_and_are_the_first_of_their_kind():
    records = [solved(i) if i % 3 == 0 else unsolved(i) for i in range(30)]
    chosen = [records.index(record) for record in select_episodes(records, 6)]
    assert chosen == [0, 1, 2, 3, 4, 6]


def test_all_are_shown_when_there_are_few():
    records = [solved(i) for i in range(5)]
    assert select_episodes(records, 40) == records
