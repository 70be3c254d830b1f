"""A packed data set trains as the one that it was made of."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.cli import main


def rows_of(loaded: Any) -> list[tuple[Any, ...]]:
    """What trains of each row: its id, token ids, labels, and its images by content."""
    return [
        (
            row["embodied_id"],
            list(row["input_ids"]),
            list(row["labels"]),
            [
                hashlib.sha256(image if isinstance(image, bytes) else Path(image).read_bytes()).hexdigest()
                for image in row["images"] or ()
            ],
        )
        for row in loaded
    ]


def every_dialect(data: DataFolder) -> list[dict[str, Any]]:
    """Examples that say the same in each way the format knows, some of them only here."""
    names = ("masked", "plain", "parts", "shared", "illegal", "bare", "long")
    rows = [episode(data.frames(name, 2), name) for name in names]
    masked, plain, parts, shared, illegal, bare, windowed = rows
    masked["loss_mask"] = [0, 0, 0, 0, 1]
    plain["messages"][2]["weight"] = 0
    plain["note"] = {"any": "thing"}
    for message in parts["messages"]:
        message["content"] = [{"type": "text", "text": message["content"]}]
    tags = {"user": "human", "assistant": "gpt", "system": "system"}
    shared["conversations"] = [
        {"from": tags[message["role"]], "value": message["content"]} for message in shared.pop("messages")
    ]
    del shared["id"]
    illegal["messages"][3]["content"] = "<|feedback|> not possible. <image>"
    illegal["note"] = 7
    bare["messages"] = [
        message | {"content": message["content"].replace("<image>", "")} for message in bare["messages"]
    ]
    del bare["images"]
    windowed["messages"][2]["content"] += " I look for it." * 60
    return rows


@pytest.mark.parametrize("shape", ["jsonl", "json", "parquet"])
@pytest.mark.parametrize("further", [{}, {"train_on_prompt": True}, {"streaming": True}])
def test_a_packed_set_gives_the_same_training_rows(
    host: Host, data: DataFolder, shape: str, further: dict[str, Any]
) -> None:
    rows = every_dialect(data)
    data.add("ours", rows, file_name=f"ours.{shape}", window_context=0.25)
    if shape == "json":
        (data.path / "ours.json").write_text(json.dumps(rows, indent=1))
    if shape == "parquet":
        assert main(["pack", str(data.path / "ours.jsonl"), f"output_dir={data.path / 'before'}"]) == 0
        (data.path / "before/ours/train-00000-of-00001.parquet").rename(data.path / "ours.parquet")
    packed = data.path / "packed"
    assert main(["pack", str(data.path), f"output_dir={packed}", "shards=3"]) == 0
    if "streaming" in further:
        further = {"streaming": True, "dataloader_num_workers": 2, "buffer_size": 1, "max_steps": 1}

    how = {"cutoff_len": 380, **further}
    expected = rows_of(host.preprocess(data, "ours", **how))
    assert len(expected) > len(rows)  # windows
    loaded = rows_of(host.preprocess(DataFolder(packed), "ours", output_dir=data.path / "out", **how))
    if "streaming" in further:  # shards are streamed in an order of the host's
        loaded, expected = sorted(loaded), sorted(expected)
    assert loaded == expected


def test_a_packed_set_streams_shard_by_shard(host: Host, data: DataFolder) -> None:
    from llamafactory.data import get_dataset
    from toy_host import configuration

    data.add("ours", [episode(data.frames(f"e{number}", 1), f"e{number}") for number in range(8)])
    packed = data.path / "packed"
    assert main(["pack", str(data.path), f"output_dir={packed}", "shards=4"]) == 0
    how = {"streaming": True, "dataloader_num_workers": 2, "buffer_size": 1, "max_steps": 1}
    *arguments, tokens = host.load(**configuration(host.checkpoint, packed, "ours", data.path / "out", **how))
    stream = get_dataset(*arguments, stage="sft", **tokens)["train_dataset"]
    assert stream.n_shards == 4
    assert sorted(row["embodied_id"] for row in stream) == [f"e{number}" for number in range(8)]
