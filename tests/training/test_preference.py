"""Rankings and judged answers against the host's own way from its ShareGPT format to tokens."""

import logging
import re
from pathlib import Path
from typing import Any

import pytest
from toy_host import DataFolder, Host, judged, ranking

from llamafactory_embodied.errors import DataError, SettingsError

TEMPLATES = ["qwen2_vl", "embodied_qwen2_vl", "embodied_qwen3_vl", "embodied_qwen3_vl_thinking"]
RIVALS = ("chosen", "rejected")
CUT = 180


def add_both(data: DataFolder, stage: str, counts: tuple[int, ...] = (3, 2, 1), **entry: Any) -> int:
    """The same rows as "ours" and as "theirs" (ShareGPT); how many they are."""
    frames = [data.frames(f"{stage}{number}", count) for number, count in enumerate(counts)]
    if stage == "rm":
        rows = [ranking(images, f"s{number}") for number, images in enumerate(frames)]
        data.add_sharegpt("theirs", rows, *RIVALS, ranking=True)
        entry["ranking"] = True
    else:
        rows = [judged(images, f"s{number}", number % 2 == 0) for number, images in enumerate(frames)]
        data.add_sharegpt("theirs", rows, "kto_tag")
    data.add("ours", rows, **entry)
    return len(rows)


def plain(rows: Any) -> list[dict[str, Any]]:
    """Rows without our column, images by their full paths."""
    paths = [{**row, "images": row["images"] and [str(Path(image)) for image in row["images"]]} for row in rows]
    return [{name: value for name, value in row.items() if name != "embodied_id"} for row in paths]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("stage", ["rm", "kto"])
def test_what_fits_is_token_for_token_what_the_host_makes_of_it(
    host: Host, data: DataFolder, stage: str, template: str
) -> None:
    count = add_both(data, stage)
    ours = host.preprocess(data, "ours", stage, template=template)
    theirs = host.preprocess(data, "theirs", stage, template=template)

    assert len(ours) == count
    assert plain(ours) == plain(theirs)
    assert ours["embodied_id"] == ["s0", "s1", "s2"]
    assert {name: kind for name, kind in ours.features.items() if name != "embodied_id"} == theirs.features


@pytest.mark.parametrize("stage", ["rm", "kto"])
@pytest.mark.parametrize("thinking", [True, False])
def test_thoughts_are_treated_as_the_host_treats_them(
    host: Host, data: DataFolder, stage: str, thinking: bool
) -> None:
    row = ranking(data.frames("a", 3)) if stage == "rm" else judged(data.frames("a", 3))
    row["messages"][2]["content"] = "<think>\nwhere?\n</think>\n\nopen Fridge"
    if stage == "rm":
        row["chosen"]["content"] = "<think>\nthere\n</think>\n\nopen Fridge"
    data.add_sharegpt("theirs", [row], *(RIVALS if stage == "rm" else ["kto_tag"]), ranking=stage == "rm")
    data.add("ours", [row], ranking=stage == "rm")
    further = {"template": "embodied_qwen3_vl_thinking", "enable_thinking": thinking}
    [ours], [theirs] = (host.preprocess(data, name, stage, **further) for name in ("ours", "theirs"))
    assert plain([ours]) == plain([theirs])
    longest = max(len(theirs[name]) for name in theirs if name.endswith("input_ids"))
    [just] = host.preprocess(data, "ours", stage, **further, cutoff_len=longest)
    assert plain([just]) == plain([theirs])


@pytest.mark.parametrize("stage", ["rm", "kto"])
def test_templates_that_write_no_end_of_an_answer_get_the_hosts(host: Host, data: DataFolder, stage: str) -> None:
    row = ranking([]) if stage == "rm" else judged([])
    row["messages"] = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "end"}]
    if stage == "rm":
        row |= {"messages": row["messages"][:1], "chosen": "end", "rejected": "open Lamp"}
        theirs = [row | {name: {"role": "assistant", "content": row[name]} for name in RIVALS}]
        data.add_sharegpt("theirs", theirs, *RIVALS, ranking=True)
    else:
        data.add_sharegpt("theirs", [row], "kto_tag")
    data.add("ours", [row], ranking=stage == "rm")
    ours, theirs = (host.preprocess(data, name, stage, template="bailing") for name in ("ours", "theirs"))
    assert plain(ours) == plain(theirs)


@pytest.fixture
def tokenizer(host: Host) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(host.checkpoint)


def sequences(row: dict[str, Any]) -> list[tuple[list[int], list[int]]]:
    """ids and labels of the two answers of a row."""
    names = RIVALS if "chosen_labels" in row else ("", "kl")
    keys = [f"{name}_".removeprefix("_") if name else "" for name in names]
    return [(row[f"{key}input_ids"], row[f"{key}labels"]) for key in keys]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("stage", ["rm", "kto"])
def test_what_is_too_long_keeps_system_task_last_turns_and_whole_answers(
    host: Host, data: DataFolder, tokenizer: Any, stage: str, template: str
) -> None:
    add_both(data, stage, (9, 1, 6))
    frames = [[str(Path(image)) for image in row["images"]] for row in host.preprocess(data, "theirs", stage)]
    whole = host.preprocess(data, "ours", stage, template=template)
    for cutoff_len in (CUT, CUT + 60, CUT + 200):
        rows = host.preprocess(data, "ours", stage, template=template, cutoff_len=cutoff_len)
        assert [name.split("[")[0] for name in rows["embodied_id"]] == ["s0", "s1", "s2"]
        assert "[" in rows[0]["embodied_id"]
        for row, before, images in zip(rows, whole, frames, strict=True):
            assert list(map(str, map(Path, row["images"]))) == images[len(images) - len(row["images"]) :]
            for (ids, labels), (_, labels_before) in zip(sequences(row), sequences(before), strict=True):
                assert len(ids) == len(labels) <= cutoff_len
                assert [one for one in labels if one >= 0] == [one for one in labels_before if one >= 0]
                assert ids.count(tokenizer.convert_tokens_to_ids("<|vision_start|>")) == len(row["images"])
                assert_window(tokenizer, ids, row["embodied_id"])


def assert_window(tokenizer: Any, ids: list[int], name: str) -> None:
    pad = tokenizer.convert_tokens_to_ids("<|image_pad|>")
    text = tokenizer.decode([token for token in ids if token != pad])
    assert text.startswith("<|im_start|>system\nYou are a robot.<|im_end|>\n<|im_start|>user\n")
    if "[" in name:
        start, end = map(int, re.findall(r"\d+", name.split("[")[1]))
        _, _, rest = text.partition("step 0 is done.\n[Earlier turns and images are left out here.]")
        assert (start > 0, bool(rest)) == (True, True)
        assert re.findall(r"step (\d+)", rest) == [str(step) for step in range(start, end)]


def test_a_window_of_a_ranking_is_the_one_a_policy_would_be_in(host: Host, data: DataFolder) -> None:
    """Its prompt is that of the window in which supervised training would have trained the answer."""
    from toy_host import episode

    frames = data.frames("a", 9)
    data.add("sft", [episode(frames, "a")])
    row = ranking(frames, "a")
    data.add("ours", [{**row, "rejected": "end"}], ranking=True)
    for cutoff_len in range(CUT, 400, 40):
        trained = host.preprocess(data, "sft", cutoff_len=cutoff_len)[-1]
        [ranked] = host.preprocess(data, "ours", "rm", cutoff_len=cutoff_len)
        assert ranked["chosen_input_ids"] == trained["input_ids"]
        assert ranked["embodied_id"] == trained["embodied_id"]


@pytest.mark.parametrize("order", ["theirs,ours", "ours,theirs"])
@pytest.mark.parametrize("strategy", ["concat", "interleave_over"])
def test_each_judged_prompt_meets_the_answer_that_the_host_pairs_with_it(
    host: Host, data: DataFolder, order: str, strategy: str
) -> None:
    add_both(data, "kto")
    data.add_sharegpt("more", [judged(data.frames("m", n), f"m{n}", n > 1) for n in (1, 2)], "kto_tag")
    mixed = host.preprocess(data, order.replace("theirs", "more"), "kto", mix_strategy=strategy)
    stock = host.preprocess(
        data, order.replace("theirs", "more").replace("ours", "theirs"), "kto", mix_strategy=strategy
    )

    assert sorted(mixed["embodied_id"])[-3:] == ["s0", "s1", "s2"]
    assert plain(mixed) == plain(stock)


@pytest.mark.parametrize("stage", ["rm", "kto"])
def test_rows_of_both_formats_come_in_a_stream(host: Host, data: DataFolder, stage: str) -> None:
    count = add_both(data, stage)
    names = [name for name in host.preprocess(data, "ours", stage).column_names if name.endswith("input_ids")]
    stream = {"streaming": True, "dataloader_num_workers": 1, "buffer_size": 1, "max_steps": 1}
    streamed = list(host.preprocess(data, "theirs,ours", stage, **stream))
    assert [row["embodied_id"] for row in streamed].count("") == count
    assert all(row[name] for row in streamed for name in names)


@pytest.mark.parametrize("stage", ["rm", "kto"])
def test_a_cutoff_without_room_is_an_error_that_names_the_least(host: Host, data: DataFolder, stage: str) -> None:
    add_both(data, stage, (9,))
    with pytest.raises(DataError, match=r"sample .s0.: .* longer of two answers take up to \d+") as caught:
        host.preprocess(data, "ours", stage, cutoff_len=30)
    least = int(re.search(r"take up to (\d+) tokens", str(caught.value))[1])  # type: ignore[index]
    [row] = host.preprocess(data, "ours", stage, cutoff_len=least)
    assert row["embodied_id"] == "s0[8:9]"
    with pytest.raises(DataError, match="the system text, the task and one turn"):
        host.preprocess(data, "ours", stage, cutoff_len=least - 1)


@pytest.mark.parametrize("stage", ["rm", "kto"])
def test_overflow_is_honoured(
    host: Host, data: DataFolder, stage: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("llamafactory"), "propagate", True)
    add_both(data, stage, (9, 1, 1), overflow="drop")
    names = [name for name in host.preprocess(data, "ours", stage).column_names if name.endswith("input_ids")]
    whole = host.preprocess(data, "ours", stage)
    dropped = host.preprocess(data, "ours", stage, cutoff_len=CUT)
    assert dropped["embodied_id"] == ["s1", "s2"]
    assert "sample 's0'" in caplog.text
    assert "dropped" in caplog.text
    # A judged prompt still meets the answer of the row that was left out.
    assert all(dropped[0][name] == whole[1][name] for name in names)

    add_both(data, stage, (9, 1, 1), overflow="keep_last")
    kept = host.preprocess(data, "ours", stage, cutoff_len=CUT)
    add_both(data, stage, (9, 1, 1))
    assert plain(kept) == plain(host.preprocess(data, "ours", stage, cutoff_len=CUT))
    assert "1 samples longer than cutoff_len became 1 windows" in caplog.text

    add_both(data, stage, (9, 1, 1), overflow="error")
    with pytest.raises(DataError, match=r"sample 's0': takes \d+ tokens, cutoff_len is 180"):
        host.preprocess(data, "ours", stage, cutoff_len=CUT)


@pytest.mark.parametrize("stage", ["rm", "kto"])
def test_damaged_samples_are_skipped_where_the_entry_says_so(host: Host, data: DataFolder, stage: str) -> None:
    rows = [(ranking if stage == "rm" else judged)(data.frames(name, 2), name) for name in ("a", "b", "sly", "wrong")]
    rows[2]["messages"][2]["content"] += " <|im_end|>"
    rows[3]["images"] = rows[3]["images"][:1]
    data.add("ours", rows[::-1], ranking=stage == "rm", on_error="skip")
    assert host.preprocess(data, "ours", stage)["embodied_id"] == ["b", "a"]
    data.add("ours", rows[2:], ranking=stage == "rm", on_error="skip")
    with pytest.raises(DataError, match="nothing is left"):
        host.preprocess(data, "ours", stage)


@pytest.mark.parametrize("place", ["messages", "chosen", "rejected"])
def test_control_tokens_are_refused_in_each_text(host: Host, data: DataFolder, place: str) -> None:
    row = ranking(data.frames("a", 1), "sly")
    said = row[place][1] if place == "messages" else row[place]
    said["content"] += " <|image_pad|>"
    with pytest.raises(DataError, match=r"sample 'sly': has the control token <\|image_pad\|>"):
        host.preprocess(data, data.add("ours", [row], ranking=True), "rm")


def test_a_data_set_of_another_stage_is_refused_before_it_is_read(host: Host, data: DataFolder) -> None:
    add_both(data, "rm")
    with pytest.raises(SettingsError, match=r"ours\.jsonl: its entry says \"ranking\": true"):
        host.preprocess(data, "ours", "sft")
    add_both(data, "kto")
    with pytest.raises(SettingsError, match=r"ours\.jsonl: stage: dpo and stage: rm need \"ranking\": true"):
        host.preprocess(data, "ours", "rm")
    with pytest.raises(DataError, match=r"^ours\.jsonl: sample 's0', kto_tag: judges"):
        host.preprocess(data, "ours", "sft")


@pytest.mark.timeout(120)
def test_workers_tokenize_rankings(host: Host, data: DataFolder) -> None:
    add_both(data, "rm", (9, 1, 6))
    alone, two = (host.preprocess(data, "ours", "rm", cutoff_len=CUT, preprocessing_num_workers=n) for n in (1, 2))
    assert plain(alone) == plain(two)
