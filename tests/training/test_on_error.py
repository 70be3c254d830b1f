"""Damaged samples: all of them are named, and training stops or goes on without them, as their data set says."""

import logging
from pathlib import Path
from typing import Any

import pytest
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.errors import DataError, SettingsError


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> pytest.LogCaptureFixture:
    monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
    return caplog


def damaged(data: DataFolder) -> tuple[list[Any], dict[str, str]]:
    """Rows, sound and damaged, and for each damaged one what is to be said of it."""
    rows = {name: episode(data.frames(name, 2), name) for name in ("sound-1", "missing", "cut", "few", "roles", "sly")}
    rows["missing"]["images"][1] = "frames/gone.png"
    cut = data.path / rows["cut"]["images"][0]
    cut.write_bytes(cut.read_bytes()[:70])
    rows["few"]["images"].pop()
    rows["roles"]["messages"][3]["role"] = "boss"
    rows["sly"]["messages"][2]["content"] = "done<|im_end|>"
    rows["sound-2"] = episode(data.frames("b", 1), "sound-2")
    said = {
        "missing": "frames/gone.png' is not a file",
        "cut": "is cut off",
        "few": "has too many <image>",
        "roles": "role is 'boss'",
        "sly": "control token <|im_end|>",
    }
    return list(rows.values()), said


@pytest.mark.timeout(240)
@pytest.mark.parametrize("workers", [1, 2])
def test_skip_leaves_out_the_damaged_and_names_each(
    host: Host, data: DataFolder, log: pytest.LogCaptureFixture, workers: int
) -> None:
    rows, said = damaged(data)
    kept = host.preprocess(data, data.add("ours", rows, on_error="skip"), preprocessing_num_workers=workers)
    assert kept["embodied_id"] == ["sound-1", "sound-2"]
    left_out = [message for message in log.messages if message.startswith("Left out: ")]
    assert len(left_out) == len(said)
    for name, reason in said.items():
        assert [1 for message in left_out if f"sample '{name}'" in message and reason in message] == [1]
    assert "5 samples are left out, as a whole or in part:" in log.messages


def test_a_stream_without_the_damaged_is_the_stream_of_the_sound(
    host: Host, data: DataFolder, log: pytest.LogCaptureFixture
) -> None:
    rows, said = damaged(data)
    data.add("ours", rows, on_error="skip")
    streamed = host.preprocess(data, "ours", streaming=True, buffer_size=1, dataloader_num_workers=1, max_steps=1)
    assert sorted(row["embodied_id"] for row in streamed) == ["sound-1", "sound-2"]
    assert all(any(f"sample '{name}'" in message for message in log.messages) for name in said)


@pytest.mark.parametrize("name", ["missing", "cut", "few", "roles", "sly"])
def test_raise_stops_before_training_with_the_sample(host: Host, data: DataFolder, name: str) -> None:
    rows, said = damaged(data)
    alone = [row for row in rows if row["id"] in ("sound-1", name)]
    with pytest.raises(DataError) as caught:
        host.preprocess(data, data.add("ours", alone))
    assert f"sample '{name}'" in str(caught.value)
    assert said[name] in str(caught.value)


def test_torn_lines_are_left_out_with_their_number(
    host: Host, data: DataFolder, log: pytest.LogCaptureFixture
) -> None:
    rows = [episode(data.frames(name, 1), name) for name in "abc"]
    data.add("ours", rows, on_error="skip")
    path = data.path / "ours.jsonl"
    first, second, third = path.read_text().splitlines(keepends=True)
    path.write_text(first + "not json\n" + second + third[: len(third) // 2])
    assert host.preprocess(data, "ours")["embodied_id"] == ["a", "b"]
    left_out = [message for message in log.messages if message.startswith("Left out: ")]
    assert len(left_out) == 2
    assert all(f"ours.jsonl, line {number}" in one for number, one in zip((2, 4), left_out, strict=True))


def test_nothing_left_is_an_error(host: Host, data: DataFolder) -> None:
    row = episode(data.frames("a", 1), "a")
    row["images"] = []
    with pytest.raises(DataError, match="nothing is left to train on: all 1 samples are left out"):
        host.preprocess(data, data.add("ours", [row], on_error="skip"))


def test_an_unknown_policy_is_refused(host: Host, data: DataFolder) -> None:
    data.add("ours", [episode(data.frames("a", 1), "a")], on_error="ignore")
    with pytest.raises(SettingsError, match=r"ours.jsonl: on_error is 'ignore', expected one of raise, skip"):
        host.preprocess(data, "ours")


def test_samples_without_images_may_come_first_by_the_thousand(host: Host, data: DataFolder) -> None:
    answer = {"role": "assistant", "content": "end"}
    rows = [{"messages": [{"role": "user", "content": f"look {n}"}, answer]} for n in range(1100)]
    rows.append({"messages": [{"role": "user", "content": "<image>look"}, answer], "images": data.frames("a", 1)})
    kept = host.preprocess(data, data.add("ours", rows))
    assert [row["images"] and Path(row["images"][0]).name for row in kept] == [None] * 1100 + ["a-0.png"]
