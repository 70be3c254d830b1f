import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.message import Names
from llamafactory_embodied.training.sample import read_sample


def example(**changes: Any) -> dict[str, Any]:
    messages = [
        {"role": "system", "content": "You are a robot."},
        {"role": "user", "content": "<image>Find the apple."},
        {"role": "assistant", "content": "open Fridge"},
        {"role": "user", "content": "<image><image>open Fridge is done."},
        {"role": "assistant", "content": "end"},
    ]
    return {"id": "find-0", "messages": messages, "images": ["0.png", "1.png", "2.png"], **changes}


def read(row: dict[str, Any], **names: Any) -> Any:
    return read_sample(row, Names(**names), "toy.jsonl")


def test_the_systems_message_is_apart_and_assistant_turns_are_trained_on() -> None:
    sample = read(example(prompts="brief@12ab", task="search", stage=1))
    assert sample.system == "You are a robot."
    assert [turn.loss for turn in sample.turns] == [False, True, False, True]
    assert [turn.index for turn in sample.turns] == [1, 2, 3, 4]
    assert sample.image_turns == (1, 3, 3)
    assert (sample.id, sample.prompts) == ("find-0", "brief@12ab")


def test_loss_is_taken_from_the_message_and_null_means_not_given() -> None:
    row = example()
    row["messages"][2]["loss"] = False
    row["messages"][4]["loss"] = None
    assert [turn.loss for turn in read(row).turns] == [False, False, False, True]


def test_sharegpt_names_are_understood_without_being_declared() -> None:
    roles = {"system": "system", "user": "human", "assistant": "gpt"}
    row = example()
    turns = [{"from": roles[m["role"]], "value": m["content"]} for m in row.pop("messages")]
    shared = read({**row, "conversations": turns})
    assert shared == read(example())


def test_declared_names_are_used() -> None:
    row = example()
    turns = [{"who": m["role"].upper(), "text": m["content"]} for m in row.pop("messages")]
    roles = (("SYSTEM", "system"), ("USER", "user"), ("ASSISTANT", "assistant"))
    images = row.pop("images")
    sample = read(
        {**row, "turns": turns, "frames": images},
        messages="turns",
        images="frames",
        role="who",
        content="text",
        roles=roles,
    )
    assert sample.turns == read(example()).turns


def test_a_sample_without_an_id_is_named_by_its_content() -> None:
    row = example(id=None)
    other = copy.deepcopy(row)
    other["messages"][2]["content"] = "open Drawer"
    assert read(row).id == read(copy.deepcopy(row)).id != read(other).id


def changed(index: int, **changes: Any) -> dict[str, Any]:
    row = example()
    row["messages"][index] |= changes
    return row


def without(index: int) -> dict[str, Any]:
    row = example()
    del row["messages"][index]
    return row


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (changed(3, role="robot"), r"messages\[3\]: role is 'robot', expected one of system, user"),
        (changed(3, role=None), r"messages\[3\]: role is None"),
        (changed(3, role="assistant", content="x"), r"messages\[3\]: role is 'assistant' where user or observation"),
        (changed(3, role="system", content="x"), r"messages\[3\]: role is 'system' where"),
        (without(1), r"messages\[1\]: role is 'assistant' where user"),
        (without(4), "does not end with an assistant"),
        (example(messages=[]), "the conversation is empty"),
        (example(messages=example()["messages"][:1]), "does not end with an assistant"),
        (example(images=["0.png", "1.png"]), r"messages\[3\]: has too many <image>: 3 .* for 2 images"),
        (example(images=None), r"messages\[1\]: has too many <image>: 3 .* for 0 images"),
        (example(images=["0.png", "1.png", "2.png", "3.png"]), "too few <image>: 3 .* for 4 .* is '3.png'"),
        (example(images=[{"bytes": None}]), "images is not a list of images: expected a path"),
        (changed(2, content="open <image>"), r"messages\[2\]: has <image> in an assistant message"),
        (changed(0, content="<image>"), r"messages\[0\]: has <image> in a system message"),
        (changed(2, content="<video>"), r"messages\[2\]: has <video>"),
        (example(videos=["a.mp4"]), "has videos"),
        (changed(2, content=None), r"messages\[2\]: its content is NoneType, expected text"),
        (changed(2, content=[{"type": "text"}]), r"messages\[2\]: content\[0\] has NoneType for its text"),
        (changed(2, loss="no"), r"messages\[2\]: loss is 'no', expected true or false"),
        (changed(1, loss=True), r"messages\[1\]: loss is true in a user message"),
        (example(messages=[{**m, "loss": False} for m in example()["messages"]]), "no assistant turn is trained on"),
        (example(messages=["hello"]), r"messages\[0\]: is str, expected an object"),
    ],
)
def test_what_is_wrong_is_named_with_file_sample_and_message(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"^toy\.jsonl: sample 'find-0'.*{message}"):
        read(row)


def test_a_row_without_messages_names_its_keys() -> None:
    with pytest.raises(
        DataError, match=r"toy\.jsonl: sample 7 has no 'messages' or 'conversations'.* id, instruction"
    ):
        read({"id": 7, "instruction": "x"})


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=1, max_size=8), st.integers(-2, 2))
def test_a_conversation_is_accepted_exactly_if_images_match_and_something_is_trained_on(
    turns: list[tuple[int, bool]], surplus: int
) -> None:
    messages: list[dict[str, Any]] = []
    for count, loss in turns:
        messages += [
            {"role": "user", "content": "<image>" * count},
            {"role": "assistant", "content": "x", "loss": loss},
        ]
    total = sum(count for count, _ in turns)
    row = {"id": "any", "messages": messages, "images": [f"{n}.png" for n in range(max(total + surplus, 0))]}
    valid = len(row["images"]) == total and any(loss for _, loss in turns)

    if valid:
        assert len(read(row).image_turns) == total
    else:
        with pytest.raises(DataError):
            read(row)
