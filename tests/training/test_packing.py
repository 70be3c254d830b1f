"""Packs: planned over all rows, each what the host makes of its samples, kept apart in the batch."""

import itertools
import logging
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.training.packing import Packer, plan_packs, unpack
from llamafactory_embodied.training.seams import host_version

pytestmark = pytest.mark.every_host

LENGTHS = st.lists(st.integers(1, 60), max_size=60)


@given(lengths=LENGTHS, capacity=st.integers(60, 200))
def test_a_plan_holds_each_row_once_and_no_two_packs_that_would_fit_into_one(
    lengths: list[int], capacity: int
) -> None:
    packs = plan_packs(np.array(lengths), capacity)
    assert sorted(itertools.chain.from_iterable(pack.tolist() for pack in packs)) == list(range(len(lengths)))
    sums = sorted(sum(lengths[row] for row in pack) for pack in packs)
    assert all(total <= capacity for total in sums)
    assert len(sums) < 2 or sums[0] + sums[1] > capacity
    assert [min(pack) for pack in packs] == sorted(min(pack) for pack in packs)


def test_a_plan_fills_what_can_be_filled() -> None:
    lengths = [50, 50, 30, 70, 20, 80, 10, 90, 100]
    assert [sorted(lengths[row] for row in pack) for pack in plan_packs(np.array(lengths), 100)] == [
        *([50, 50], [30, 70], [20, 80], [10, 90], [100])
    ]


def test_a_row_without_room_is_refused_by_its_number() -> None:
    with pytest.raises(ValueError, match="row 1 has 9 tokens, a pack takes 8"):
        plan_packs(np.array([3, 9]), 8)


@given(lengths=st.lists(st.integers(1, 9), min_size=1, max_size=6), images=st.data(), spare=st.integers(0, 9))
def test_unpacking_gives_back_each_sample(lengths: list[int], images: Any, spare: int) -> None:
    def media(kind: str) -> list[list[str]]:
        counts = [images.draw(st.integers(0, 3)) for _ in lengths]
        return [[f"{kind}-{place}-{number}" for number in range(count)] for place, count in enumerate(counts)]

    samples: dict[str, list[Any]] = {
        "input_ids": [np.arange(length) + 100 for length in lengths],
        "labels": [-np.arange(length) for length in lengths],
        **{kind: media(kind) for kind in ("images", "videos", "audios")},
        "embodied_id": [f"sample-{place}" for place, _ in enumerate(lengths)],
    }
    pack = Packer(sum(lengths) + spare, 7, numbered=True, with_params=True).lists(samples)
    assert len(pack["input_ids"]) == sum(lengths) + spare + 1
    again = unpack(pack)
    for name in ("input_ids", "labels"):
        assert [one.tolist() for one in again[name]] == [one.tolist() for one in samples[name]]
    assert {name: again[name] for name in samples.keys() - {"input_ids", "labels"}} == {
        name: samples[name] for name in samples.keys() - {"input_ids", "labels"}
    }


@pytest.fixture(params=[False, True], ids=["packing", "neat packing"])
def neat(request: pytest.FixtureRequest, host: Host) -> bool:
    if request.param and host_version() == "0.9.4":
        pytest.skip("LLaMA-Factory 0.9.4 refuses neat_packing with transformers>=4.53")
    return bool(request.param)


@pytest.fixture
def rows(data: DataFolder) -> list[dict[str, Any]]:
    """Samples of many lengths in no order."""
    made = [episode(data.frames(f"e{n}", 1 + n % 4), f"e{n}") for n in range(11)]
    for number, row in enumerate(made):
        row["messages"][2]["content"] += " I look." * (number % 5)
    random.Random(0).shuffle(made)
    return made


def test_each_pack_is_what_the_host_makes_of_its_samples(
    host: Host, data: DataFolder, rows: list[dict[str, Any]], neat: bool
) -> None:
    how = {"packing": True, "neat_packing": neat, "cutoff_len": 400}
    packs = list(host.preprocess(data, data.add("ours", rows), **how))
    assert len(packs) > 2
    for pack in packs:
        names = pack.pop("embodied_id")
        data.add_sharegpt("theirs", [row for row in rows if row["id"] in names])
        [stock] = host.preprocess(data, "theirs", **how)
        assert list(map(Path, pack.pop("images"))) == list(map(Path, stock.pop("images")))
        assert pack == stock


@pytest.mark.parametrize("further", [{"preprocessing_batch_size": 2}, {"preprocessing_num_workers": 2}])
def test_the_same_packs_come_of_any_batches_and_workers(
    host: Host, data: DataFolder, rows: list[dict[str, Any]], neat: bool, further: dict[str, Any]
) -> None:
    how = {"packing": True, "neat_packing": neat, "cutoff_len": 300}
    data.add("ours", rows)
    packs, others = list(host.preprocess(data, "ours", **how)), list(host.preprocess(data, "ours", **how, **further))
    assert packs == others
    assert sorted(name for pack in packs for name in pack["embodied_id"]) == sorted(row["id"] for row in rows)


def test_rows_of_others_are_packed_along(host: Host, data: DataFolder, rows: list[dict[str, Any]], neat: bool) -> None:
    data.add("ours", rows[:6])
    data.add_sharegpt("theirs", rows[6:])
    how = {"packing": True, "neat_packing": neat, "cutoff_len": 400}
    alone = [(row["input_ids"], row["labels"]) for row in host.preprocess(data, "ours,theirs", cutoff_len=399)]
    packs = host.preprocess(data, "ours,theirs", **how)
    names = [name for pack in packs for name in pack["embodied_id"]]
    assert sorted(names) == sorted([row["id"] for row in rows[:6]] + [""] * 5)
    assert any("" in pack["embodied_id"] and any(pack["embodied_id"]) for pack in packs)
    if neat:
        found = [
            (ids.tolist(), labels.tolist())
            for pack in map(unpack, packs)
            for ids, labels in zip(pack["input_ids"], pack["labels"], strict=True)
        ]
        assert sorted(found) == sorted(alone)


def test_a_stream_packs_each_batch_of_samples_the_same_way_each_time(
    host: Host, data: DataFolder, rows: list[dict[str, Any]], neat: bool
) -> None:
    how = {"packing": True, "neat_packing": neat, "cutoff_len": 400, "streaming": True, "dataloader_num_workers": 1}
    data.add("ours", rows)
    first, again = (list(host.preprocess(data, "ours", preprocessing_batch_size=6, **how)) for _ in range(2))
    assert first == again
    assert sorted(name for pack in first for name in pack["embodied_id"]) == sorted(row["id"] for row in rows)
    assert max(len(pack["embodied_id"]) for pack in first) > 1
    whole = list(host.preprocess(data, "ours", preprocessing_batch_size=100, **how))
    assert len(whole) <= len(first)


def test_windows_of_long_samples_are_packed_and_told(
    host: Host, data: DataFolder, neat: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
    data.add("ours", [episode(data.frames("a", 9), "long"), episode(data.frames("b", 1), "short")])
    packs = host.preprocess(data, "ours", packing=True, neat_packing=neat, cutoff_len=200)
    names = sorted(name for pack in packs for name in pack["embodied_id"])
    assert names[-1] == "short"
    assert names[0].startswith("long[0:")
    assert f"1 samples longer than cutoff_len became {len(names) - 1} windows" in caplog.text


def test_packs_are_found_in_the_cache_unless_something_changed(
    host: Host, data: DataFolder, rows: list[dict[str, Any]]
) -> None:
    how = {"packing": True, "overwrite_cache": False}
    data.add("ours", rows)

    def packs(cutoff_len: int) -> Any:
        return host.preprocess(data, "ours", cutoff_len=cutoff_len, **how)

    first, again, other = packs(400), packs(400), packs(304)
    assert first.cache_files == again.cache_files != other.cache_files
    assert first[:] == again[:]
    assert len(other) > len(first)


class TestSettings:
    """What is said before anything is tokenized."""

    @pytest.fixture
    def dense(self, data: DataFolder) -> dict[str, Any]:
        if host_version() == "0.9.4":
            pytest.skip("LLaMA-Factory 0.9.4 refuses neat_packing with transformers>=4.53")
        data.add("ours", [episode(data.frames("a", 1), "a")])
        return {"neat_packing": True, "cutoff_len": 8200}

    @pytest.mark.parametrize("flash_attn", ["auto", "sdpa", "disabled"])
    def test_a_mask_of_all_pairs_above_8192_tokens_is_refused_with_what_to_set(
        self, host: Host, data: DataFolder, dense: dict[str, Any], flash_attn: str
    ) -> None:
        with pytest.raises(
            SettingsError, match=rf"cutoff_len 8200 and flash_attn {flash_attn}.*0\.1 GiB.*set flash_attn: fa2"
        ):
            host.preprocess(data, "ours", flash_attn=flash_attn, **dense)
        assert host.preprocess(data, "ours", flash_attn=flash_attn, **{**dense, "cutoff_len": 8192})

    def test_flash_attention_takes_any_length_where_it_is_installed(
        self, host: Host, data: DataFolder, dense: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        import transformers.utils

        with pytest.raises(SettingsError, match=r"flash_attn fa2 \(flash-attn is not installed\)"):
            host.preprocess(data, "ours", flash_attn="fa2", **dense)
        monkeypatch.setattr(transformers.utils, "is_flash_attn_2_available", lambda: True)
        assert host.preprocess(data, "ours", flash_attn="fa2", **dense)

    def test_rows_tokenized_earlier_are_refused_too(self, host: Host, data: DataFolder, dense: dict[str, Any]) -> None:
        kept = str(data.path / "tokenized")
        host.preprocess(data, "ours", tokenized_path=kept, **{**dense, "cutoff_len": 8192})
        with pytest.raises(SettingsError, match="cutoff_len 8200"):
            host.preprocess(data, "ours", tokenized_path=kept, **dense)

    def test_packs_that_nothing_keeps_apart_are_warned_of(
        self, host: Host, data: DataFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from llamafactory.extras import logging as host_logging

        monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
        host_logging.warning_rank0_once.cache_clear()
        data.add("ours", [episode(data.frames("a", 1), "a")])
        host.preprocess(data, "ours", packing=False)
        assert "neat_packing" not in caplog.text
        host.preprocess(data, "ours", packing=True, cutoff_len=40000)
        assert "packing: true without neat_packing: true lets each sample of a pack see those before it" in caplog.text
