import pytest
from made_up import episode, solved, step, unsolved

from evaluation.compare import paired_difference
from evaluation.differences import difference_sheets
from llamafactory_embodied.errors import RecordError


def run(solved_numbers, total=20, **changes):
    return [
        (solved if i in solved_numbers else unsolved)(i, scene=f"Embodied-demo-{i // 2}", **changes)
        for i in range(total)
    ]


def test_a_difference_is_taken_task_by_task():
    gap = paired_difference(run(range(14)), run(range(4, 8)), names=("seeing", "blind"))
    overall = gap.overall
    assert (overall.tasks, overall.first_successes, overall.second_successes) == (20, 14, 4)
    assert overall.difference == gap.figures["success"].mean == 0.5
    assert (overall.only_first, overall.only_second) == (10, 0)
    assert overall.p_value == pytest.approx(2 / 1024)
    assert overall.interval == gap.figures["success"].interval
    assert 0.0 < overall.interval.low < 0.5 < overall.interval.high


def test_tasks_are_matched_by_id_whatever_their_order():
    first = run(range(3))
    gap = paired_difference(first, first[::-1])
    assert (gap.overall.difference, gap.overall.p_value, gap.overall.interval) == (0.0, 1.0, None)
    assert gap.flips == ()


def test_tasks_that_one_run_did_not_play_are_counted():
    gap = paired_difference(run(range(3), total=10), run(range(3), total=8))
    assert (gap.overall.tasks, gap.unmatched_first, gap.unmatched_second) == (8, 2, 0)


def test_runs_that_share_no_task_are_refused():
    with pytest.raises(RecordError, match="share no task"):
        paired_difference(run([0]), run([0], seed=1))


WORLDS = [("backend", "unity"), ("rules", "reference"), ("benchmark", "embodied-rooms-v1")]


@pytest.mark.parametrize(("field", "other"), WORLDS)
def test_runs_of_different_worlds_are_paired_only_where_that_is_allowed(field, other):
    pair = run([0]), run([0, 1], **{field: other})
    with pytest.raises(RecordError, match=rf"different {field}: .*{other}.*allow_mixed=true"):
        paired_difference(*pair)
    gap = paired_difference(*pair, allow_mixed=True)
    assert other in gap.conditions[field]
    assert " against " in gap.conditions[field]
    assert gap.overall.only_second == 1


def test_runs_that_each_mix_worlds_are_not_paired_either():
    mixed = [solved(0), solved(1, backend="unity")]
    with pytest.raises(RecordError, match="different backend: embedded, unity"):
        paired_difference(mixed, mixed)


def test_the_tasks_that_flipped_are_listed_with_who_solved_them_and_how_both_ended():
    late = episode([step("pickup", "Apple")], end="step_limit", number=1)
    gap = paired_difference([unsolved(0), solved(1)], [solved(0), late], names=("old", "new"))
    said = [(flip.task, flip.solved_by, flip.first_end, flip.second_end) for flip in gap.flips]
    assert said == [
        ("single_pickup-Embodied-demo-1-0", "new", "ended", "ended"),
        ("single_pickup-Embodied-demo-1-1", "old", "ended", "step_limit"),
    ]


def test_each_family_judges_flips_by_its_own_success():
    late = episode([step("pickup", "Apple")], end="step_limit", number=1)
    assert len(paired_difference([solved(1)], [late]).flips) == 1
    gap = paired_difference([solved(1)], [late], family="paper")
    assert gap.flips == ()
    assert gap.figures["efficiency"].mean == 4 / 4 - 4 / 3


def test_groups_are_compared_apart_and_add_up():
    searches = [unsolved(i, task_type="single_search", scene=f"s{i}") for i in range(3)]
    gap = paired_difference(run([0, 1], total=4) + searches, run([1], total=4) + searches)
    assert {name: one.tasks for name, one in gap.groups["group"].items()} == {"search": 3, "manipulate": 4}
    assert gap.groups["group"]["manipulate"].difference == 0.25
    for gaps in gap.groups.values():
        assert sum(one.only_first for one in gaps.values()) == gap.overall.only_first


def test_a_task_played_twice_in_a_run_is_refused():
    with pytest.raises(RecordError, match="run 'first' plays task"):
        paired_difference(run([0]) * 2, run([0]))


def test_the_tables_of_a_comparison_say_what_differs_and_under_which_conditions():
    gap = paired_difference(run(range(14)), run(range(4, 8)), names=("seeing", "b|lind"))
    figures, groups, flips = (sheet.to_markdown() for sheet in difference_sheets(gap))
    assert "| success rate | +50.0 [" in figures
    assert "| all | 20 | 14 | 4 | +50.0 [" in groups
    assert "| 10, 0 | 0.0020 |" in groups
    assert flips.count("| seeing | single_pickup-") == 10
    assert "b\\|lind ended" in flips
    for text in (figures, groups, flips):
        assert "Backend embedded, rules unaided, benchmark none, metrics true" in text
