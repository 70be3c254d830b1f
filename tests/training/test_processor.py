import itertools
import logging
import re
from pathlib import Path
from typing import Any

import pytest
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.seams import host_version

pytestmark = pytest.mark.every_host

IGNORED = -100


def trained_texts(row: dict[str, list[int]], tokenizer: Any) -> list[str]:
    """The runs of tokens that have labels, as text."""
    runs: list[list[int]] = [[]]
    for token, label in zip(row["input_ids"], row["labels"], strict=True):
        if label == IGNORED:
            runs.append([])
        else:
            assert label == token
            runs[-1].append(token)
    return [tokenizer.decode(run) for run in runs if run]


@pytest.fixture
def tokenizer(host: Host) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(host.checkpoint)


@pytest.fixture
def both(data: DataFolder) -> DataFolder:
    """The same rows as "ours" and as "theirs" (ShareGPT)."""
    rows = [episode(data.frames("a", 3), "a"), episode(data.frames("b", 2), "b"), episode(data.frames("c", 1), "c")]
    data.add("ours", rows)
    data.add_sharegpt("theirs", rows)
    return data


@pytest.mark.parametrize(
    "template", ["qwen2_vl", "embodied_qwen2_vl", "embodied_qwen3_vl", "embodied_qwen3_vl_thinking"]
)
def test_ids_and_labels_are_those_of_the_hosts_sharegpt_path(host: Host, both: DataFolder, template: str) -> None:
    ours = host.preprocess(both, "ours", template=template)
    theirs = host.preprocess(both, "theirs", template=template)

    assert len(ours) == len(theirs) == 3
    for mine, stock in zip(ours, theirs, strict=True):
        assert mine["input_ids"] == stock["input_ids"]
        assert mine["labels"] == stock["labels"]
        assert list(map(Path, mine["images"])) == list(map(Path, stock["images"]))


@pytest.fixture(params=[False, True], ids=["packing", "neat packing"])
def neat(request: pytest.FixtureRequest, host: Host) -> bool:
    if request.param and host_version() == "0.9.4":
        pytest.skip("LLaMA-Factory 0.9.4 refuses neat_packing with transformers>=4.53")
    return bool(request.param)


def test_a_data_set_of_others_has_exactly_the_stock_columns(host: Host, both: DataFolder) -> None:
    columns = host.preprocess(both, "theirs").column_names
    assert columns == ["input_ids", "attention_mask", "labels", "images", "videos", "audios"]


@pytest.mark.parametrize("strategy", ["concat", "interleave_over"])
@pytest.mark.parametrize("order", ["theirs,ours", "ours,theirs"])
def test_rows_of_others_are_the_same_when_mixed_with_ours(
    host: Host, both: DataFolder, strategy: str, order: str
) -> None:
    alone = [row["input_ids"] + row["labels"] for row in host.preprocess(both, "theirs")]
    mixed = host.preprocess(both, order, mix_strategy=strategy)

    others = [row["input_ids"] + row["labels"] for row in mixed if not row["embodied_id"]]
    assert sorted(others) == sorted(alone)
    assert sorted(row["embodied_id"] for row in mixed if row["embodied_id"]) == ["a", "b", "c"]


@pytest.mark.parametrize("order", ["theirs,ours", "ours,theirs"])
def test_a_stream_of_both_gives_the_rows_of_each(host: Host, both: DataFolder, order: str) -> None:
    alone = [row["input_ids"] + row["labels"] for row in host.preprocess(both, "theirs")]
    streamed = list(host.preprocess(both, order, streaming=True, buffer_size=1, dataloader_num_workers=1, max_steps=1))

    others = [row["input_ids"] + row["labels"] for row in streamed if not row["embodied_id"]]
    assert sorted(others) == sorted(alone)
    assert sorted(row["embodied_id"] for row in streamed if row["embodied_id"]) == ["a", "b", "c"]


def test_a_message_with_loss_false_contributes_no_label(host: Host, data: DataFolder, tokenizer: Any) -> None:
    images = data.frames("a", 3)
    for masked in itertools.chain.from_iterable(itertools.combinations((2, 4, 6), n) for n in (1, 2)):
        data.add("-".join(map(str, masked)), [episode(images, "a", dict.fromkeys(masked, False))])
    data.add("none", [episode(images, "a")])
    whole = host.preprocess(data, "none")[0]

    merged = host.preprocess(data, ",".join(name for name in data.info if name != "none"))

    assert len(merged) == 6
    for name, row in zip(data.info, merged, strict=False):
        kept = [step for step in range(3) if str(2 * step + 2) not in name.split("-")]
        assert trained_texts(row, tokenizer) == [f"I see thing {n}. open Fridge {n}<|im_end|>\n" for n in kept]
        assert row["input_ids"] == whole["input_ids"]


def test_loss_is_honoured_beside_the_hosts_own_masks(host: Host, data: DataFolder, tokenizer: Any) -> None:
    data.add("ours", [episode(data.frames("a", 3), "a", {2: False, 3: False})])

    with_prompts = trained_texts(host.preprocess(data, "ours", train_on_prompt=True)[0], tokenizer)
    last_only = trained_texts(host.preprocess(data, "ours", mask_history=True)[0], tokenizer)

    assert last_only == ["I see thing 2. open Fridge 2<|im_end|>\n"]
    text = "".join(with_prompts)
    assert [f"step {n}" in text for n in range(3)] == [True, False, True]
    assert [f"thing {n}" in text for n in range(3)] == [False, True, True]


def test_loss_is_honoured_in_packed_samples(host: Host, data: DataFolder, tokenizer: Any, neat: bool) -> None:
    rows = [episode(data.frames(name, 2), name, {2: False}) for name in "abc"]
    packed = host.preprocess(data, data.add("ours", rows), packing=True, neat_packing=neat, cutoff_len=512)

    texts = [text for row in packed for text in trained_texts(row, tokenizer)]
    assert texts == ["I see thing 1. open Fridge 1<|im_end|>\n"] * 3


def test_a_sample_over_cutoff_len_is_an_error_where_the_entry_says_so(host: Host, data: DataFolder) -> None:
    data.add("ours", [episode(data.frames("a", 3), "a")], overflow="error")
    with pytest.raises(DataError, match=r"sample 'a'.*tokens, cutoff_len is 90.*raise cutoff_len"):
        host.preprocess(data, "ours", cutoff_len=90)


@pytest.mark.parametrize("template", ["embodied_qwen2_vl", "embodied_qwen3_vl", "bailing"])
@pytest.mark.parametrize("packing", [False, True])
def test_windows_train_each_answer_once_at_any_cutoff(
    host: Host, data: DataFolder, tokenizer: Any, template: str, packing: bool
) -> None:
    rows = [episode(data.frames("a", 9), "long", {4: False, 10: False}), episode(data.frames("b", 2), "short")]
    if template == "bailing":  # a host's template without images, whose answers end where the next turn begins
        rows = [without_images(row) for row in rows]
    data.add("ours", rows)
    expected = answers(host.preprocess(data, "ours", template=template), tokenizer)
    for cutoff_len in range(120, 430, 60):
        windows = host.preprocess(data, "ours", template=template, cutoff_len=cutoff_len, packing=packing)
        assert sorted(answers(windows, tokenizer)) == sorted(expected)
        for row in windows:
            assert len(row["input_ids"]) <= cutoff_len + 1  # packing adds a token of padding
            assert sum(
                token == tokenizer.convert_tokens_to_ids("<|vision_start|>") for token in row["input_ids"]
            ) == len(row["images"] or [])


def without_images(row: dict[str, Any]) -> dict[str, Any]:
    messages = [{**message, "content": message["content"].replace("<image>", "")} for message in row["messages"]]
    return {**row, "messages": messages, "images": []}


def answers(rows: Any, tokenizer: Any) -> list[str]:
    """What is trained on, answer by answer, by the labels: some templates label an answer's end after it."""
    texts = (tokenizer.decode([label for label in row["labels"] if label != IGNORED]) for row in rows)
    return [answer for text in texts for answer in re.findall(r"I see[^<]*", text)]


def test_a_window_keeps_system_task_and_the_images_of_its_turns(
    host: Host, data: DataFolder, tokenizer: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
    frames = data.frames("a", 6)
    data.add("ours", [episode(frames, "long")])
    windows = host.preprocess(data, "ours", cutoff_len=150)
    pad = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    assert windows[0]["embodied_id"] == "long[0:3]"
    assert len(windows) > 1
    for row in windows:
        start, end = map(int, re.findall(r"\d+", row["embodied_id"]))
        assert [Path(image).name for image in row["images"]] == [Path(frame).name for frame in frames[start:end]]
        text = tokenizer.decode([token for token in row["input_ids"] if token != pad])
        assert text.startswith("<|im_start|>system\nYou are a robot.<|im_end|>\n<|im_start|>user\n")
        assert ("step 0 is done.\n[Earlier turns and images are left out here.]" in text) is (start > 0)
    assert f"1 samples longer than cutoff_len became {len(windows)} windows" in caplog.text


def test_keep_last_keeps_the_last_window(host: Host, data: DataFolder) -> None:
    rows = [episode(data.frames("a", 6), "long")]
    data.add("all", rows)
    data.add("last", rows, overflow="keep_last")
    *_, last = host.preprocess(data, "all", cutoff_len=150)
    (kept,) = host.preprocess(data, "last", cutoff_len=150)
    assert kept == last


def test_mask_history_trains_the_last_answer_of_a_long_sample_only(
    host: Host, data: DataFolder, tokenizer: Any
) -> None:
    data.add("ours", [episode(data.frames("a", 6), "long")])
    (only,) = host.preprocess(data, "ours", cutoff_len=150, mask_history=True)
    assert answers([only], tokenizer) == ["I see thing 5. open Fridge 5"]


def test_a_cutoff_without_room_for_a_turn_is_an_error_that_names_the_least(host: Host, data: DataFolder) -> None:
    data.add("ours", [episode(data.frames("a", 4), "long")])
    with pytest.raises(
        DataError, match=r"sample 'long': the system text, the task and one turn take up to \d+"
    ) as caught:
        host.preprocess(data, "ours", cutoff_len=40)
    least = int(re.search(r"up to (\d+) tokens", str(caught.value))[1])  # type: ignore[index]
    assert len(host.preprocess(data, "ours", cutoff_len=least)) >= 3
    with pytest.raises(DataError, match="the system text, the task and one turn"):
        host.preprocess(data, "ours", cutoff_len=least - 1)


@pytest.mark.parametrize("packing", [False, True])
def test_a_sample_over_cutoff_len_is_dropped_by_name_where_the_entry_says_so(
    host: Host, data: DataFolder, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, packing: bool
) -> None:
    monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
    rows = [episode(data.frames("a", 6), "long-one"), episode(data.frames("b", 1), "short-one")]
    kept = host.preprocess(data, data.add("ours", rows, overflow="drop"), cutoff_len=200, packing=packing)

    assert len(kept) == 1
    assert [message for message in caplog.messages if "long-one" in message and "> cutoff_len" in message]
    assert packing or kept[0]["embodied_id"] == "short-one"
    assert [message for message in caplog.messages if "1 samples are left out" in message]


@pytest.mark.parametrize("streaming", [False, True])
def test_a_sample_that_just_fits_is_whole(host: Host, both: DataFolder, streaming: bool) -> None:
    lengths = [len(row["input_ids"]) for row in host.preprocess(both, "ours")]
    further = {"streaming": True, "dataloader_num_workers": 1, "max_steps": 1} if streaming else {}
    rows = host.preprocess(both, "ours", cutoff_len=max(lengths), **further)
    assert sorted(len(row["input_ids"]) for row in rows) == sorted(lengths)


@pytest.mark.parametrize("token", ["<|im_end|>", "<|im_start|>", "<|image_pad|>", "<|vision_start|>"])
def test_control_tokens_in_a_text_are_refused(host: Host, data: DataFolder, token: str) -> None:
    row = episode(data.frames("a", 1), "sly")
    row["messages"][2]["content"] += f" {token} more"
    with pytest.raises(DataError, match=rf"sample 'sly'.*control token {token}".replace("|", r"\|")):
        host.preprocess(data, data.add("ours", [row]))


def test_an_unreadable_image_names_the_sample(host: Host, data: DataFolder) -> None:
    row = episode(data.frames("a", 1), "broken-image")
    (data.path / row["images"][0]).write_bytes(b"not a png")
    with pytest.raises(DataError, match=r"sample 'broken-image'.*cannot identify image file.*a-0\.png"):
        host.preprocess(data, data.add("ours", [row]))


@pytest.mark.timeout(120)
@pytest.mark.parametrize("cutoff_len", [1024, 30], ids=["in the converter", "in the tokenizer"])
def test_an_error_in_a_worker_process_arrives_instead_of_hanging(
    host: Host, data: DataFolder, cutoff_len: int
) -> None:
    rows = [episode(data.frames("a", 3), f"sample-{n}") for n in range(4)]
    if cutoff_len == 1024:
        rows[3]["images"] = rows[3]["images"][:2]
    with pytest.raises(DataError, match=r"sample 'sample-\d'"):
        host.preprocess(data, data.add("ours", rows), preprocessing_num_workers=2, cutoff_len=cutoff_len)


@pytest.mark.parametrize("stage", ["pt", "ppo"])
def test_other_stages_are_refused_rather_than_trained_without_the_marks(
    host: Host, both: DataFolder, stage: str
) -> None:
    from llamafactory.data import get_dataset
    from toy_host import configuration

    from llamafactory_embodied.errors import SettingsError

    arguments = configuration(host.checkpoint, both.path, "ours", both.path / "out")
    *loaded, tokenizer_module = host.load(**arguments)
    with pytest.raises(SettingsError, match="stage: sft"):
        get_dataset(*loaded, stage=stage, **tokenizer_module)


def test_the_end_of_a_masked_answer_is_masked_where_the_host_labels_it_later(
    host: Host, data: DataFolder, tokenizer: Any
) -> None:
    """Templates such as bailing write no end token: the host labels the first token after the answer with it."""

    data.add("whole", [without_images(episode(data.frames("a", 3), "a"))])
    data.add("masked", [without_images(episode(data.frames("a", 3), "a", {4: False}))])
    whole, masked = (host.preprocess(data, name, template="bailing")[0] for name in ("whole", "masked"))

    ends = [position for position, label in enumerate(whole["labels"]) if label == tokenizer.eos_token_id]
    assert len(ends) == 3
    lost = [p for p, (a, b) in enumerate(zip(whole["labels"], masked["labels"], strict=True)) if a != b]
    assert lost == list(range(lost[0], ends[1] + 1))
    assert tokenizer.decode([whole["labels"][p] for p in lost]).startswith("I see thing 1. open Fridge 1")
    assert masked["input_ids"] == whole["input_ids"]
