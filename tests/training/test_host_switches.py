"""Each switch of the host that touches data does to our data what it does to the same data in ShareGPT's format."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from toy_host import DataFolder, Host, configuration, episode

from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.training.seams import host_version

pytestmark = pytest.mark.every_host

PLAIN = ("embodied_id", "videos", "audios")


@pytest.fixture
def both(data: DataFolder) -> DataFolder:
    """The same rows as "ours" and as "theirs" (ShareGPT), with two thoughts in one of them."""
    rows = [episode(data.frames(name, 1 + n % 3), name) for n, name in enumerate("abcdefgh")]
    for place in (2, 4):
        rows[1]["messages"][place]["content"] = "<think>\nIt is near.\n</think>\n\nopen Fridge"
    data.add("ours", rows)
    data.add_sharegpt("theirs", rows)
    return data


def columns(module: Mapping[str, Any]) -> dict[str, Any]:
    """Every set of a module, with the columns that training reads; images by file."""
    sets: dict[str, Any] = {}
    for name, dataset in module.items():
        if isinstance(dataset, dict):
            sets |= {f"{name}/{part}": one for part, one in dataset.items()}
        else:
            sets[name] = dataset
    return {name: [_plain(row) for row in dataset] for name, dataset in sets.items()}


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name not in PLAIN}
    return kept | {"images": [str(image).rsplit("/", 1)[-1] for image in row["images"] or ()]}


THINKING = {"template": "embodied_qwen3_vl_thinking"}
SWITCHES: dict[str, dict[str, Any]] = {
    "mask_history": {"mask_history": True},
    "mask_history with thoughts": {"mask_history": True, **THINKING},
    "train_on_prompt": {"train_on_prompt": True},
    "val_size, a share": {"val_size": 0.25, "do_eval": True},
    "val_size, a number": {"val_size": 3, "do_eval": True},
    "max_samples": {"max_samples": 3},
    "enable_thinking": {"enable_thinking": True, **THINKING},
    "enable_thinking off": {"enable_thinking": False, **THINKING},
    "preserve_thinking": {"preserve_thinking": True, "mask_history": True, **THINKING},
    "new special tokens": {"add_special_tokens": "Fridge"},
    "new tokens": {"add_tokens": "Fridge,thing"},
    "default_system": {"default_system": "Be brief."},
    "streaming": {"streaming": True, "buffer_size": 1, "dataloader_num_workers": 1, "max_steps": 1},
}
# Version -> switches that it does not know, or refuses with the transformers that it takes.
UNKNOWN = {"0.9.4": ("preserve_thinking",)}


@pytest.mark.parametrize("name", SWITCHES)
def test_a_switch_does_what_it_does_to_sharegpt_data(host: Host, both: DataFolder, name: str) -> None:
    if name in UNKNOWN.get(host_version(), ()):
        pytest.skip(f"LLaMA-Factory {host_version()} does not have {name}")
    ours = columns(host.datasets(both, "ours", **SWITCHES[name]))
    theirs = columns(host.datasets(both, "theirs", **SWITCHES[name]))
    assert ours == theirs
    assert sum(map(len, ours.values())) >= 2
    unswitched = SWITCHES[name].keys() & {
        "template",
        "cutoff_len",
        "buffer_size",
        "dataloader_num_workers",
        "max_steps",
    }
    without = host.datasets(both, "ours", **{key: SWITCHES[name][key] for key in unswitched})
    same = ("enable_thinking", "streaming", "default_system")  # on by default; another way to the same; rows have one
    assert (columns(without) == ours) is (name in same)


@pytest.mark.parametrize("each", [False, True])
def test_eval_dataset_and_eval_on_each_dataset(host: Host, both: DataFolder, each: bool) -> None:
    more = {"do_eval": True, "eval_on_each_dataset": each}
    ours = columns(host.datasets(both, "ours", eval_dataset="ours,theirs", **more))
    if each:
        assert set(ours) == {"train_dataset", "eval_dataset/ours", "eval_dataset/theirs"}
        assert ours["eval_dataset/ours"] == ours["eval_dataset/theirs"] == ours["train_dataset"]
    else:
        assert ours["eval_dataset"] == ours["train_dataset"] * 2


@pytest.mark.parametrize("cutoff_len", [1024, 110])
def test_predict_with_generate_asks_for_the_last_answer(host: Host, both: DataFolder, cutoff_len: int) -> None:
    ours, theirs = (predictions(host, both, name, cutoff_len) for name in ("ours", "theirs"))
    if cutoff_len == 1024:
        assert ours == theirs
    else:  # the host cuts in the middle of an image here
        pads = [row["input_ids"].count(host.image_token) for row in ours]
        assert min(pads) > 0
        assert all(len(row["input_ids"]) + len(row["labels"]) <= cutoff_len for row in ours)
        assert [row["images"] for row in ours if row["images"] == ["c-2.png"]]


def predictions(host: Host, data: DataFolder, name: str, cutoff_len: int) -> list[dict[str, Any]]:
    from llamafactory.data import get_dataset

    arguments = configuration(
        host.checkpoint, data.path, None, data.path / "out", eval_dataset=name, cutoff_len=cutoff_len, do_train=False
    )
    *loaded, tokenizer_module = host.load(**arguments)
    loaded[3].predict_with_generate = True  # as a key it wants packages for its metrics
    rows: list[dict[str, Any]] = columns(get_dataset(*loaded, stage="sft", **tokenizer_module))["eval_dataset"]
    return rows


def test_tokenized_path_brings_back_rows_terms_and_what_was_left_out(
    host: Host, both: DataFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
    rows = [json.loads(line) for line in (both.path / "ours.jsonl").read_text().splitlines()]
    rows[4]["images"] = ["frames/gone.png"] * len(rows[4]["images"])
    both.add("ours", rows, on_error="skip")
    kept = str(both.path / "tokenized")
    first = columns(host.datasets(both, "ours", tokenized_path=kept, cutoff_len=110))
    told = [message for message in caplog.messages if "eft out" in message or "windows" in message]
    terms = (both.path / "out" / "embodied.json").read_text()
    caplog.clear()

    again = columns(host.datasets(both, "ours", tokenized_path=kept, output_dir=both.path / "later" / "out"))

    assert again == first
    assert (both.path / "later" / "out" / "embodied.json").read_text() == terms
    assert [message for message in caplog.messages if "eft out" in message or "windows" in message] == told
    assert len(told) == 3
    assert "frames/gone.png" in told[2]


def test_the_cache_tells_again_what_was_left_out(
    host: Host, both: DataFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
    both.add("ours", [episode(both.frames("a", 6), "long"), episode(both.frames("b", 1), "short")], overflow="drop")
    told = []
    for _ in range(2):
        caplog.clear()
        host.datasets(both, "ours", cutoff_len=150, overwrite_cache=False)
        told.append([message for message in caplog.messages if "'long'" in message])
    assert told[0] == told[1] != []


def test_hyper_parallel_gets_the_collator_and_the_data_sets_of_the_other_workflows(host: Host) -> None:
    workflow = pytest.importorskip("llamafactory.train.hyper_parallel.workflow", exc_type=ModuleNotFoundError)
    from llamafactory.train.sft import workflow as usual

    from llamafactory_embodied.training.register import register_hyper_parallel

    register_hyper_parallel()
    for name in ("SFTDataCollatorWith4DAttentionMask", "get_dataset"):
        assert getattr(workflow, name) is getattr(usual, name)


def test_the_second_engine_says_that_the_format_is_not_there() -> None:
    command = [str(Path(sys.executable).with_name("llamafactory-cli")), "help"]
    done = subprocess.run(
        command, env={**os.environ, "USE_V1": "1"}, capture_output=True, text=True, timeout=200, check=True
    )
    assert "USE_V1=1 starts LLaMA-Factory's second engine, which reads text only" in done.stderr
    assert done.stderr.count("unset USE_V1") == 1


def test_megatron_is_refused_with_the_reason(host: Host, both: DataFolder) -> None:
    from llamafactory.data import get_dataset

    arguments = configuration(host.checkpoint, both.path, "ours", both.path / "out")
    *loaded, tokenizer_module = host.load(**arguments)
    loaded[3].use_mca = True
    with pytest.raises(SettingsError, match=r"not trained with USE_MCA=1.*unset USE_MCA"):
        get_dataset(*loaded, stage="sft", **tokenizer_module)
