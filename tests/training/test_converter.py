import copy
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.errors import DataError, SettingsError
from llamafactory_embodied.training.columns import CONTEXT, ID, LOSS, OVERFLOW, PROMPTS
from llamafactory_embodied.training.converter import EmbodiedConverter


def converter(data: DataFolder, name: str, **data_args: Any) -> EmbodiedConverter:
    attributes = SimpleNamespace(dataset_name=f"{name}.jsonl", load_from="file")
    arguments = {"dataset_dir": str(data.path), "media_dir": str(data.path), "train_on_prompt": False, **data_args}
    return EmbodiedConverter.of_dataset(attributes, SimpleNamespace(**arguments))


def test_a_row_becomes_the_hosts_standard_columns_and_ours(data: DataFolder) -> None:
    row = episode(data.frames("a", 2), "a", {2: False}) | {"prompts": "brief@12ab"}
    converted = converter(data, data.add("toy", [row]))(row)

    assert [message["role"] for message in converted["_prompt"]] == ["user", "assistant", "user"]
    assert converted["_response"] == [{"role": "assistant", "content": "I see thing 1. open Fridge 1"}]
    assert (converted["_system"], converted["_tools"]) == ("You are a robot.", "")
    assert converted["_images"] == [str(data.path / image) for image in row["images"]]
    assert converted["_videos"] is converted["_audios"] is None
    assert [converted[name] for name in (ID, LOSS, OVERFLOW, CONTEXT, PROMPTS)] == [
        "a",
        [False, False, False, True],
        "window",
        0.5,
        "brief@12ab",
    ]


def test_a_sample_without_images_has_none_as_in_the_hosts_converters(data: DataFolder) -> None:
    row = {"messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "end"}]}
    assert converter(data, data.add("toy", [row]))(row)["_images"] is None


def test_images_are_sought_beside_the_data_file_and_then_in_media_dir(data: DataFolder, tmp_path: Path) -> None:
    inner = DataFolder(tmp_path / "inner")
    near, far = inner.frames("a", 1), data.frames("b", 1)
    row = episode(near + far)
    data.add("inner/toy", [row])

    images = converter(data, "inner/toy")(row)["_images"]

    assert images == [str(inner.path / near[0]), str(data.path / far[0])]


def test_a_missing_image_names_file_sample_and_message(data: DataFolder) -> None:
    row = episode([*data.frames("a", 1), "frames/lost.png"], "a")
    with pytest.raises(DataError, match=r"^toy\.jsonl: sample 'a', messages\[3\]: image 'frames/lost\.png' is not"):
        converter(data, data.add("toy", [row]))(row)


def test_the_converter_can_be_sent_to_a_worker(data: DataFolder) -> None:
    row = episode(data.frames("a", 1))
    sent = pickle.loads(pickle.dumps(converter(data, data.add("toy", [row]))))  # noqa: S301
    assert sent(row)[ID] == row["id"]


def test_the_entrys_keys_reach_the_rows(
    host: Host, data: DataFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = DataFolder(tmp_path_factory.mktemp("elsewhere"))
    row = episode([str(elsewhere.path / image) for image in elsewhere.frames("a", 2)])
    data.add("refused", [row])
    data.add("allowed", [row], allow_absolute_paths=True)

    assert len(host.preprocess(data, "allowed")) == 1
    with pytest.raises(DataError, match="lies outside"):
        host.preprocess(data, "refused")


def test_an_unknown_key_in_the_entry_is_an_error(host: Host, data: DataFolder) -> None:
    data.add("toy", [episode(data.frames("a", 1))], overflows="drop")
    with pytest.raises(SettingsError, match=r"toy\.jsonl: unknown key 'overflows'; did you mean 'overflow'"):
        host.preprocess(data, "toy")


def test_sharegpt_and_openai_files_load_unchanged(host: Host, data: DataFolder) -> None:
    row = episode(data.frames("a", 3))
    plain = copy.deepcopy(row)
    del plain["id"]
    tags = {"system": "system", "user": "human", "assistant": "gpt"}
    shared = [{"from": tags[m["role"]], "value": m["content"]} for m in row["messages"]]
    data.add("ours", [row])
    data.add("openai", [plain])
    data.add("sharegpt", [{"conversations": shared, "images": row["images"]}])

    expected, *others = (host.preprocess(data, name)[0] for name in ("ours", "openai", "sharegpt"))

    for other in others:
        assert (other["input_ids"], other["labels"]) == (expected["input_ids"], expected["labels"])


def test_a_loss_key_may_appear_late_in_the_file(host: Host, data: DataFolder) -> None:
    images = data.frames("a", 1)
    rows = [episode(images, f"a{n}") for n in range(1200)] + [episode(images * 2, "late", {2: False, 4: True})]
    assert len(host.preprocess(data, data.add("toy", rows))) == 1201
