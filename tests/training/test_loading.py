import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from toy_host import DataFolder, Host, configuration, episode

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.columns import features


def tokens(rows: Any) -> list[tuple[list[int], list[int]]]:
    return [(row["input_ids"], row["labels"]) for row in rows]


def with_parts(row: dict[str, Any]) -> dict[str, Any]:
    """The same example with users' contents as lists of parts."""
    images = iter(row["images"])
    messages = [dict(message) for message in row["messages"]]
    for message in messages:
        if message["role"] == "user":
            words = message["content"].removeprefix("<image>")
            url = {"url": next(images)}
            message["content"] = [{"type": "image_url", "image_url": url}, {"type": "text", "text": words}]
    return {"id": row["id"], "messages": messages}


def array(data: DataFolder, name: str, rows: list[dict[str, Any]], **json_style: Any) -> str:
    data.add(name, [], file_name=f"{name}.json")
    (data.path / f"{name}.json").write_text(json.dumps(rows, **json_style))
    return name


@pytest.mark.parametrize("streaming", [False, True])
def test_rows_load_whatever_keys_and_types_they_have(host: Host, data: DataFolder, streaming: bool) -> None:
    plain = [episode(data.frames(name, 2), name, {2: False} if name == "c" else None) for name in "abc"]
    third = with_parts(plain[2])
    third["messages"][2] = {**third["messages"][2], "loss": 0.0}
    odd = [with_parts(plain[0]) | {"note": 1}, plain[1] | {"note": {"any": "thing"}}, third]
    data.add("plain", plain)
    data.add("lines", odd)
    array(data, "array", odd, indent=1)
    further = {"streaming": True, "dataloader_num_workers": 1, "buffer_size": 1, "max_steps": 1} if streaming else {}

    expected = tokens(host.preprocess(data, "plain"))

    for name in ("lines", "array"):
        rows = list(host.preprocess(data, name, **further))
        assert tokens(rows) == expected
        assert [row["embodied_id"] for row in rows] == ["a", "b", "c"]


def test_a_wrong_row_among_rows_of_other_keys_is_named_as_ever(host: Host, data: DataFolder) -> None:
    row = episode(data.frames("a", 1), "a")
    wrong = with_parts(row) | {"id": "wrong"}
    wrong["messages"][1]["content"][0] = {"type": "video", "video": "a.mp4"}
    with pytest.raises(DataError, match=r"^toy\.jsonl: sample 'wrong', messages\[1\]: content\[0\] is of type"):
        host.preprocess(data, data.add("toy", [row, wrong]))


def test_a_changed_file_of_other_keys_is_read_anew(host: Host, data: DataFolder) -> None:
    row = episode(data.frames("a", 1), "a")
    for ids in ("ab", "cde"):
        rows = [row | {"id": ids[0]}, *(with_parts(row) | {"id": id_} for id_ in ids[1:])]
        assert host.preprocess(data, data.add("toy", rows))["embodied_id"] == list(ids)


def text_only(id_: str) -> dict[str, Any]:
    return {"id": id_, "messages": [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "end"}]}


def test_images_may_first_appear_late_in_the_file(host: Host, data: DataFolder) -> None:
    from llamafactory.data.loader import _get_merged_dataset

    rows = [text_only(f"t{n}") for n in range(1100)] + [episode(data.frames("a", 2), "late")]
    configured = configuration(host.checkpoint, data.path, data.add("toy", rows), data.path / "out")
    _, *arguments, _ = host.load(**configured)
    loaded = _get_merged_dataset(["toy"], *arguments, stage="sft")
    assert (len(loaded), len(loaded[1100]["_images"])) == (1101, 2)


def parquet(data: DataFolder, name: str, rows: list[dict[str, Any]], decoded: bool = False) -> str:
    """Writes rows with the images' bytes in them."""
    from datasets import Dataset, Features
    from datasets import Image as ImageFeature

    packed = []
    for row in rows:
        content = [{"bytes": (data.path / image).read_bytes(), "path": image} for image in row["images"]]
        packed.append({**row, "images": content})
    dataset = Dataset.from_list(packed)
    if decoded:
        dataset = dataset.cast(Features(dataset.features | {"images": [ImageFeature()]}))
    dataset.to_parquet(data.path / f"{name}.parquet")
    data.add(name, [], file_name=f"{name}.parquet")
    return name


@pytest.mark.parametrize("decoded", [False, True])
def test_images_within_a_file_are_kept_once_as_they_are(host: Host, data: DataFolder, decoded: bool) -> None:
    frames = data.frames("a", 2)
    rows = [episode(frames, "a"), episode(frames[::-1], "b")]
    expected = host.preprocess(data, data.add("paths", rows))

    loaded = list(host.preprocess(data, parquet(data, "packed", rows, decoded)))

    assert tokens(loaded) == tokens(expected)
    kept = {path for row in loaded for path in row["images"]}
    assert sorted(kept) == sorted(map(str, (data.path / "cache/llamafactory_embodied/images").iterdir()))
    assert loaded[0]["images"] == loaded[1]["images"][::-1]
    for frame, path in zip(frames, loaded[0]["images"], strict=True):
        assert Path(path).read_bytes() == (data.path / frame).read_bytes()
        assert Path(path).name == f"{hashlib.sha256(Path(path).read_bytes()).hexdigest()}.png"


@pytest.mark.parametrize("decoded", [False, True])
def test_images_within_a_streamed_file_are_kept_nowhere(host: Host, data: DataFolder, decoded: bool) -> None:
    frames = data.frames("a", 2)
    rows = [episode(frames, "a"), episode(frames[::-1], "b")]
    expected = host.preprocess(data, data.add("paths", rows))
    further = {"streaming": True, "dataloader_num_workers": 1, "buffer_size": 1, "max_steps": 1}

    loaded = list(host.preprocess(data, parquet(data, "packed", rows, decoded), **further))

    assert tokens(loaded) == tokens(expected)
    assert not (data.path / "cache/llamafactory_embodied").exists()
    assert [row["images"] for row in loaded] == [
        [(data.path / frame).read_bytes() for frame in row["images"]] for row in rows
    ]


def test_bytes_that_are_no_image_name_sample_and_message(host: Host, data: DataFolder) -> None:
    row = episode(data.frames("a", 2), "broken")
    (data.path / row["images"][1]).write_bytes(b"not a png")
    with pytest.raises(DataError, match=r"sample 'broken', messages\[3\]: the 9 bytes of 'frames/a-1\.png' are no"):
        host.preprocess(data, parquet(data, "packed", [row]))


def others(data: DataFolder) -> None:
    """Data sets of the host's own formats, with images and without."""
    rows = [episode(data.frames(name, 2), name) for name in "xy"]
    data.add_sharegpt("shared", rows)
    bare = [text_only("z"), text_only("w")]
    tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
    data.add("text", bare, formatting="sharegpt", columns={"messages": "messages"}, tags=tags)
    data.add("alpaca", [{"instruction": "hello", "input": "", "output": "end"}] * 2, formatting="alpaca")


@pytest.mark.parametrize("other", ["shared", "text", "alpaca"])
@pytest.mark.parametrize("ours", ["paths", "bytes", "bare"])
def test_our_rows_mix_with_others_in_each_way_the_host_mixes(
    host: Host, data: DataFolder, other: str, ours: str
) -> None:
    others(data)
    rows = [episode(data.frames(name, 2), name) for name in "ab"]
    data.add("paths", rows)
    parquet(data, "bytes", rows)
    data.add("bare", [text_only("a"), text_only("b")])
    stream = {"streaming": True, "dataloader_num_workers": 1, "buffer_size": 1, "max_steps": 1}
    expected = sorted(tokens(host.preprocess(data, ours)) + tokens(host.preprocess(data, other)))

    for further in ({}, {"mix_strategy": "interleave_over"}, stream, {"mix_strategy": "interleave_over", **stream}):
        for names in (f"{ours},{other}", f"{other},{ours}"):
            mixed = list(host.preprocess(data, names, **further))
            assert sorted(tokens(mixed)) == expected
            assert sorted(row["embodied_id"] for row in mixed) == ["", "", "a", "b"]


def test_the_hosts_columns_have_the_hosts_types(data: DataFolder, host: Host) -> None:
    from types import SimpleNamespace

    from datasets import Dataset
    from llamafactory.data.converter import SharegptDatasetConverter

    names = {"user": "user", "assistant": "assistant", "system": "system", "observation": "o", "function": "f"}
    tags = {f"{role}_tag": tag for role, tag in names.items()} | {"role_tag": "role", "content_tag": "content"}
    columns = dict.fromkeys(("system", "tools", "videos", "audios", "kto_tag", "ranking"))
    attributes = SimpleNamespace(load_from="file", messages="messages", images="images", **columns, **tags)
    converter = SharegptDatasetConverter(attributes, SimpleNamespace(media_dir=str(data.path)))
    rows = Dataset.from_list([episode(data.frames("a", 2), "a")])
    stock = rows.map(converter, remove_columns=rows.column_names).features
    ours = features()
    assert {name: ours[name] for name in stock} == dict(stock)


def test_an_image_is_told_from_its_bytes_not_its_name(host: Host, data: DataFolder) -> None:
    row = episode(data.frames("a", 1), "a")
    buffer = io.BytesIO()
    Image.new("RGB", (56, 56)).save(buffer, "JPEG")
    (data.path / row["images"][0]).write_bytes(buffer.getvalue())
    [path] = host.preprocess(data, parquet(data, "packed", [row]))[0]["images"]
    assert path.endswith(".jpeg")
