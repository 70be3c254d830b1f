from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.message import Names
from llamafactory_embodied.training.sample import read_sample

KEYS = ("loss", "loss_weight", "weight")
YES, NO = (True, 1, 1.0), (False, 0, 0.0)


def example(answers: int = 3, **changes: Any) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You are a robot."}]
    for step in range(answers):
        messages += [{"role": "user", "content": f"step {step}"}, {"role": "assistant", "content": f"open {step}"}]
    return {"id": "find-0", "messages": messages, **changes}


def losses(row: dict[str, Any], prompt_loss: bool = False) -> list[bool]:
    return [turn.loss for turn in read_sample(row, Names(), "toy.jsonl", prompt_loss).turns]


@given(
    st.lists(st.tuples(st.booleans(), st.sets(st.sampled_from([*KEYS, "mask"]), min_size=1)), min_size=1), st.data()
)
def test_each_way_to_say_it_means_the_same(said: list[tuple[bool, set[str]]], data: st.DataObject) -> None:
    row = example(len(said) + 1)
    masked = any("mask" in ways for _, ways in said)
    mask: list[Any] = [False]
    for step, (loss, ways) in enumerate(said):
        value = st.sampled_from(YES if loss else NO)
        row["messages"][2 * step + 2] |= {key: data.draw(value) for key in ways if key != "mask"}
        mask += [0, data.draw(value)]
    if masked:
        row["loss_mask"] = [*mask, False, True]
    assert losses(row)[1::2] == [*(loss for loss, _ in said), True]


def test_a_mask_need_not_count_the_system_message() -> None:
    assert losses(example(loss_mask=[0, 1, 0, 0, 0, 1]))[1::2] == [True, False, True]


def said(index: int, **keys: Any) -> dict[str, Any]:
    row = example()
    row["messages"][index] |= keys
    return row


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (said(2, loss=True, weight=0), r"messages\[2\]: loss is true, weight is false: they contradict"),
        (said(4, loss_weight=1) | {"loss_mask": [0] * 7}, r"messages\[4\]: loss_weight is true, loss_mask is false"),
        (said(2, weight=0.5), r"messages\[2\]: weight is 0.5, expected true or false, 1 or 0; .* nothing in between"),
        (said(2, loss_weight=2), r"messages\[2\]: loss_weight is 2, expected"),
        (said(2, loss=float("nan")), r"messages\[2\]: loss is nan, expected"),
        (said(2, loss="true"), r"messages\[2\]: loss is 'true', expected"),
        (said(1, weight=1), r"messages\[1\]: loss is true in a user message"),
        (example(loss_mask=[1] * 7), r"messages\[0\]: loss is true in a system message"),
        (example(loss_mask=[0, 0, 1]), r"messages\[3\]: loss_mask has 3 values for 7 messages"),
        (example(loss_mask=[0] * 9), r"messages\[6\]: loss_mask has 9 values for 7 messages"),
        (example(loss_mask=[0, 0, 1, 0, 0.25, 0, 1]), r"loss_mask\[4\] is 0.25, expected"),
        (example(loss_mask=1), r"loss_mask is 1, expected a list"),
        (example(loss_mask=[0] * 7), "no assistant turn is trained on"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_sample_and_message(row: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=rf"^toy\.jsonl: sample 'find-0'.*{message}"):
        losses(row)


def feedback(step: int, row: dict[str, Any]) -> dict[str, Any]:
    row["messages"][2 * step + 1]["content"] = "<|feedback|>Action: open Lamp is illegal."
    return row


def test_the_answer_before_feedback_is_not_trained_on_where_nothing_says_otherwise() -> None:
    assert losses(feedback(1, feedback(2, example(4))))[1::2] == [False, False, True, True]
    assert losses(feedback(0, example()))[1::2] == [True, True, True]


def test_feedback_within_a_text_or_in_an_answer_changes_nothing() -> None:
    row = example()
    row["messages"][3]["content"] = "It said <|feedback|>."
    row["messages"][4]["content"] = "<|feedback|>"
    assert losses(row)[1::2] == [True, True, True]


@pytest.mark.parametrize("given_loss", [{"loss_mask": [0, 0, 1, 0, 1, 0, 1]}, None])
def test_feedback_changes_nothing_where_the_example_says_what_is_trained_on(given_loss: dict[str, Any] | None) -> None:
    row = feedback(1, said(6, loss=True)) if given_loss is None else feedback(1, example(**given_loss))
    assert losses(row)[1::2] == [True, True, True]


def test_prompts_are_trained_on_as_the_configuration_says_unless_they_say_otherwise() -> None:
    assert losses(example(2), prompt_loss=True) == [True] * 4
    assert losses(said(1, weight=0), prompt_loss=True) == [False, *[True] * 5]
