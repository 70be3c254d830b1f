import pytest
from made_up import solved, unsolved

from evaluation.compare import paired_difference
from llamafactory_embodied.errors import RecordError


def run(solved_numbers, total=20, **changes):
    return [
        (solved if i in solved_numbers else unsolved)(i, scene=f"Embodied-demo-{i // 2}", **changes)
        for i in range(total)
    ]


def test_a_difference_is_taken_task_by_task():
    gap = paired_difference(run(range(14)), run(range(4, 8)), names=("seeing", "blind"))
    assert (gap.tasks, gap.first_successes, gap.second_successes) == (20, 14, 4)
    assert gap.difference == 0.5
    assert (gap.only_first, gap.only_second) == (10, 0)
    assert gap.p_value == pytest.approx(2 / 1024)
    assert gap.interval is not None
    assert 0.0 < gap.interval.low < 0.5 < gap.interval.high


def test_tasks_are_matched_by_id_whatever_their_order():
    first = run(range(3))
    gap = paired_difference(first, first[::-1])
    assert (gap.difference, gap.p_value, gap.interval) == (0.0, 1.0, None)


def test_tasks_that_one_run_did_not_play_are_counted():
    gap = paired_difference(run(range(3), total=10), run(range(3), total=8))
    assert (gap.tasks, gap.unmatched_first, gap.unmatched_second) == (8, 2, 0)


def test_runs_that_share_no_task_are_refused():
    with pytest.raises(RecordError, match="share no task"):
        paired_difference(run([0]), run([0], seed=1))


@pytest.mark.parametrize(("field", "other"), [("backend", "unity"), ("rules", "reference")])
def test_runs_of_different_worlds_are_not_paired(field, other):
    with pytest.raises(RecordError, match=f"different {field}"):
        paired_difference(run([0]), run([0], **{field: other}))


def test_a_task_played_twice_in_a_run_is_refused():
    with pytest.raises(RecordError, match="run 'first' plays task"):
        paired_difference(run([0]) * 2, run([0]))
