"""What the benchmarks claim: the mix at once, the rest at real size behind `slow`."""

from importlib import metadata

import numpy as np
import pytest

from benchmarks.mix import SETS, shapes, thought_kinds


@pytest.fixture
def vocabulary() -> None:
    """Qwen's vocabulary, which the default tests do without."""
    try:
        metadata.distribution("dashscope")
    except metadata.PackageNotFoundError:
        pytest.skip("needs benchmarks/requirements.txt")


def test_the_mix_has_the_papers_shares_means_and_longest_trajectories() -> None:
    mix = shapes(400, seed=0)
    assert len(mix) == 400
    for kind in SETS:
        images = [shape.images for shape in mix if shape.set == kind.name]
        assert len(images) == round(400 * kind.share)
        assert np.mean(images) == pytest.approx(kind.images, abs=0.15)
        assert max(images) == kind.most_images
    assert np.mean([shape.images for shape in mix]) == pytest.approx(64_200 / 9390, abs=0.15)


def test_thoughts_follow_each_other_as_in_the_paper() -> None:
    rng = np.random.default_rng(0)
    first = [thought_kinds(rng, True) for _ in range(2000)]
    later = [thought_kinds(rng, False)[0] for _ in range(2000)]
    assert {kinds[0] for kinds in first} == {"Observation"}
    assert later.count("Thinking") / 2000 == pytest.approx(0.42, abs=0.04)
    assert later.count("Reflection") / 2000 == pytest.approx(0.33, abs=0.04)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("vocabulary")
def test_three_hundred_trajectories_are_stocks_number_for_number_in_every_family() -> None:
    from benchmarks.identity import Identity, measure

    rows = measure(Identity(trajectories=304, pixels=16))
    assert len(rows) == 8
    assert all(row["trajectories"] == 304 and row["differing"] == 0 and row["tokens"] > 10**6 for row in rows)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("vocabulary")
def test_every_supervised_token_is_trained_once_where_stock_loses_turns_or_ends() -> None:
    from benchmarks.cutoffs import Bench, Cutoffs

    settings = Cutoffs(trajectories=40, longest=12)
    bench = Bench(settings, limit=180_000)
    rows = bench.measure(settings.cutoffs)
    assert len(rows) >= 5
    for row in rows:
        assert row["our crashes"] == row["not exactly once"] == 0
        assert row["our tokens trained"] == row["supervised tokens"] > 0
    assert sum(row["stock crashes"] for row in rows) > 0
    assert sum(row["stock turns lost or cut"] for row in rows) > 0
    refused = bench.refusals(settings.cutoffs)
    assert refused
    assert all(row["refused below it"] and row["trained at it"] for row in refused)


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("vocabulary")
def test_one_epoch_trains_every_supervised_token_once_in_one_process_and_in_two() -> None:
    from benchmarks.epoch import Epoch, measure

    rows = measure(Epoch(trajectories=12, longest=4))
    assert [row["processes"] for row in rows] == [1, 2, 1, 2]
    for row in rows:
        assert row["exit code"] == row["trajectories not exactly once"] == 0
        assert row["trained"] == row["supervised tokens"] > 0


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.usefixtures("vocabulary")
def test_windows_read_at_most_three_tenths_again_at_8k_on_the_papers_mix() -> None:
    from benchmarks.multiplier import Multiplier, measure

    [row] = measure(Multiplier(cutoffs=(8192,), contexts=(0.5,), limits=(589824,)))
    assert row["longer than cutoff"] > 10
    assert 1.0 < row["multiplier"] <= 1.3
