import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.statistics import (
    Interval,
    cluster_bootstrap,
    mcnemar_exact,
    wilson,
)
from llamafactory_embodied.errors import RecordError


def of_one(values, scenes, **settings):
    return cluster_bootstrap([values], scenes, **settings)[0]


@pytest.mark.parametrize(
    ("successes", "total", "low", "high"),
    [  # Newcombe 1998, table I: 81/263, 15/148, 0/20 and 1/29; 20/20 mirrors 0/20
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (20, 20, 0.8389, 1.0),
    ],
)
def test_wilson_gives_the_published_intervals(successes, total, low, high):
    interval = wilson(successes, total)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 2000).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_wilson_holds_the_share_and_stays_within_0_and_1(pair):
    successes, total = pair
    interval = wilson(successes, total)
    assert 0.0 <= interval.low <= successes / total <= interval.high <= 1.0


@pytest.mark.parametrize(("successes", "total"), [(0, 0), (3, 2), (-1, 2)])
def test_wilson_refuses_impossible_counts(successes, total):
    with pytest.raises(RecordError, match="expected 0 <= successes <= total"):
        wilson(successes, total)


def test_the_bootstrap_does_not_depend_on_the_order_of_its_input():
    rng = np.random.default_rng(5)
    values, scenes = rng.random(60).tolist(), [f"scene{i % 13}" for i in range(60)]
    order = rng.permutation(60)
    shuffled = of_one([values[i] for i in order], [scenes[i] for i in order])
    assert of_one(values, scenes) == shuffled
    assert of_one(values, scenes, seed=1) != shuffled


def test_the_bootstrap_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(300):
        levels = rng.normal(0.5, 0.2, size=40)
        values = (levels[:, None] + rng.normal(0, 0.1, size=(40, 3))).ravel().tolist()
        interval = of_one(values, np.repeat(np.arange(40), 3).tolist(), resamples=400, seed=trial)
        assert interval is not None
        covered += interval.low <= 0.5 <= interval.high
    assert 0.90 <= covered / 300 <= 0.98


def test_episodes_of_one_scene_that_agree_widen_the_interval():
    values = [float(i % 2) for i in range(20) for _ in range(5)]
    by_scene = of_one(values, [i // 5 for i in range(100)])
    by_episode = of_one(values, list(range(100)))
    assert by_scene is not None
    assert by_episode is not None
    assert by_scene.high - by_scene.low > 1.8 * (by_episode.high - by_episode.low)


def test_many_resamples_of_many_scenes_are_drawn_in_portions_with_the_same_result(monkeypatch):
    values, scenes = [float(i % 3) for i in range(50)], list(range(50))
    whole = of_one(values, scenes, resamples=1000)
    monkeypatch.setattr("evaluation.statistics._DRAWS_AT_ONCE", 700)
    assert of_one(values, scenes, resamples=1000) == whole


@pytest.mark.parametrize(
    ("values", "scenes"),
    [
        ([0.0, 1.0], ["a", "a"]),
        ([0.0, 1.0, 0.0, 1.0], list("abcd")),
        ([0.3] * 8, list("abcdefgh")),
        ([0.0, 1.0] * 6, list("aabbccddeeff")),
    ],
    ids=["one scene", "four scenes", "equal values", "scenes alike"],
)
def test_no_interval_is_given_where_resampling_cannot_show_the_spread(values, scenes):
    assert of_one(values, scenes) is None


def test_five_scenes_that_differ_have_an_interval():
    interval = of_one([0.0, 1.0, 0.0, 1.0, 1.0], list("abcde"))
    assert interval == Interval(0.2, 1.0)


@pytest.mark.parametrize(("values", "scenes"), [([], []), ([1.0], ["a", "b"])])
def test_the_bootstrap_refuses_nothing_and_lengths_that_differ(values, scenes):
    with pytest.raises(RecordError, match="expected as many"):
        of_one(values, scenes)


def test_the_interval_of_paired_differences_is_narrower_than_the_runs_own_spread():
    hard = [float(i % 2) for i in range(200)]
    easier = [1.0 if i % 10 == 0 else value for i, value in enumerate(hard)]
    interval = of_one([a - b for a, b in zip(easier, hard, strict=True)], list(range(200)))
    assert interval is not None
    assert 0.0 < interval.low < 0.1 < interval.high < 0.16


@pytest.mark.parametrize(
    ("only_first", "only_second", "p"),
    [(0, 0, 1.0), (5, 5, 1.0), (1, 9, 22 / 1024), (9, 1, 22 / 1024), (0, 10, 2 / 1024), (6, 16, 0.052479)],
)
def test_mcnemar_gives_the_exact_two_sided_p(only_first, only_second, p):
    assert mcnemar_exact(only_first, only_second) == pytest.approx(p, abs=1e-6)


def test_mcnemar_of_thousands_of_tasks_does_not_overflow():
    assert mcnemar_exact(0, 5000) == pytest.approx(0.0, abs=1e-300)


def test_mcnemar_refuses_negative_counts():
    with pytest.raises(RecordError, match="at least 0"):
        mcnemar_exact(-1, 3)


def test_several_figures_from_the_same_draws_have_the_intervals_of_each_alone():
    rng = np.random.default_rng(2)
    columns, scenes = rng.random((3, 40)).tolist(), [i % 9 for i in range(40)]
    alone = [of_one(column, scenes) for column in columns]
    for one, other in zip(cluster_bootstrap(columns, scenes), alone, strict=True):
        assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=1e-12)


def test_weights_that_split_an_episode_change_nothing():
    rng = np.random.default_rng(3)
    values, scenes = rng.random(30).tolist(), [i % 7 for i in range(30)]
    halves = cluster_bootstrap([values * 2], scenes * 2, weights=[[0.5] * 60])[0]
    whole = of_one(values, scenes)
    assert halves is not None
    assert (halves.low, halves.high) == (pytest.approx(whole.low), pytest.approx(whole.high))
