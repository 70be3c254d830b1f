"""A data set with each kind of damage and of hostile text: all of it is named, and nothing else is lost."""

import json
import logging
import re
from pathlib import Path

import pytest
from PIL import Image
from toy_host import DataFolder, Host, episode

from benchmarks.damage import KINDS, spoil
from llamafactory_embodied.errors import DataError


@pytest.fixture
def noisy(data: DataFolder) -> DataFolder:
    """Twenty sound samples, whose frames are too large to lose their end unnoticed, and one of each kind of damage."""
    rows = [episode(data.frames(f"e{n}", 2), f"episode-{n}") for n in range(len(KINDS) + 20)]
    for path in (data.path / "frames").glob("*-1.png"):
        Image.effect_noise((84, 56), 90).convert("RGB").save(path)
    (data.path / "sound.json").write_text(json.dumps(rows))
    return data


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_damaged_is_named_and_nothing_else_is_lost(
    host: Host, noisy: DataFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, workers: int
) -> None:
    monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
    rows = json.loads((noisy.path / "sound.json").read_text())
    spoiled, kinds = spoil(rows, noisy.path, 1 / len(rows), seed=0)
    noisy.add("ours", spoiled, on_error="skip")
    kept = host.preprocess(noisy, "ours", preprocessing_num_workers=workers)

    assert len(set(kinds.values())) == len(KINDS) == 18
    assert {row["embodied_id"] for row in kept} == {row["id"] for row in rows} - set(kinds)
    left_out = [message for message in caplog.messages if message.startswith("Left out:")]
    named = [re.search(r"sample '([^']+)'", message)[1] for message in left_out]  # type: ignore[index]
    assert sorted(named) == sorted(kinds)
    assert any(f"{len(KINDS)} samples are left out" in message for message in caplog.messages)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_damage_stops_training_with_the_samples_name(host: Host, noisy: DataFolder, kind: str) -> None:
    rows = json.loads((noisy.path / "sound.json").read_text())[:3]
    KINDS[kind](rows[1], Path(noisy.path))
    with pytest.raises(DataError, match="sample 'episode-1'"):
        host.preprocess(noisy, noisy.add("ours", rows))


def test_no_control_token_comes_from_a_text(host: Host, noisy: DataFolder) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(host.checkpoint)
    rows = json.loads((noisy.path / "sound.json").read_text())
    spoiled, _ = spoil(rows, noisy.path, 1 / len(rows), seed=1)
    noisy.add("ours", spoiled, on_error="skip")
    for row in host.preprocess(noisy, "ours"):
        assert row["input_ids"].count(tokenizer.convert_tokens_to_ids("<|im_end|>")) == 5
        assert row["input_ids"].count(tokenizer.convert_tokens_to_ids("<|vision_start|>")) == len(row["images"]) == 2
