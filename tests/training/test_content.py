import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.embedded import EmbeddedImage
from llamafactory_embodied.training.message import Names
from llamafactory_embodied.training.sample import Sample, read_sample


def read(content: Any, images: list[Any] | None = None, answer: Any = "end") -> Sample:
    messages = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
    return read_sample({"id": "a", "messages": messages, "images": images}, Names(), "toy.jsonl")


def text(words: str) -> dict[str, Any]:
    return {"type": "text", "text": words, "image_url": None}


PIXELS = EmbeddedImage(b"pixels", "a.png")


@pytest.mark.parametrize(
    ("part", "image"),
    [
        ({"type": "image", "image": "a.png"}, "a.png"),
        ({"type": "image", "image": "file:///frames/a.png", "text": None}, "/frames/a.png"),
        ({"type": "image", "path": "a.png"}, "a.png"),
        ({"type": "image_url", "image_url": {"url": "a.png"}}, "a.png"),
        ({"type": "image_url", "image_url": "a.png"}, "a.png"),
        ({"type": "image_url", "value": "a.png"}, "a.png"),
        ({"type": "image", "image": {"bytes": b"pixels", "path": "a.png"}}, PIXELS),
        ({"type": "image", "image": {"bytes": None, "path": "a.png"}}, "a.png"),
        (
            {
                "type": "image_url",
                "image_url": {"url": f"data:image/png;base64,{base64.b64encode(b'pixels').decode()}"},
            },
            EmbeddedImage(b"pixels"),
        ),
    ],
)
def test_a_part_of_an_image_brings_its_image(part: dict[str, Any], image: Any) -> None:
    sample = read([text("Look: "), part, text(" Find it.")], answer=[{"type": "text", "value": "end"}])
    assert [turn.content for turn in sample.turns] == ["Look: <image> Find it.", "end"]
    assert sample.images == (image,)


@given(st.lists(st.sampled_from(["text", "listed", "own", "placeholder"]), min_size=1))
def test_images_are_in_the_order_in_which_the_parts_show_them(kinds: list[str]) -> None:
    parts, listed, expected = [], [], []
    for number, kind in enumerate(kinds):
        image = f"{number}.png"
        expected += [image] if kind != "text" else []
        listed += [image] if kind in ("listed", "placeholder") else []
        parts.append({
            "text": text("words"),
            "listed": {"type": "image"},
            "own": {"type": "image", "image": image},
            "placeholder": text("a <image>"),
        }[kind])  # fmt: skip
    sample = read(parts, listed)
    assert sample.images == tuple(expected)
    assert sample.turns[0].content.count("<image>") == len(expected) == len(sample.image_turns)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"type": "video", "video": "a.mp4"}], r"content\[0\] is of type 'video', expected .*\"text\""),
        ([text("a"), "b"], r"content\[1\] is str, expected"),
        ([{"type": "image", "image": 7}], r"content\[0\]: expected a path or an image's bytes, got int"),
        ([{"type": "image", "image": "https://x.org/a.png"}], r"content\[0\]: 'https://x.org/a.png' is on another"),
        ([{"type": "image", "image": "data:image/png,abc"}], r"content\[0\]: .* of another encoding, expected base64"),
        ([{"type": "image", "image": "data:;base64,?"}], r"content\[0\]: .* is not base64"),
        ([{"type": "image"}], "has too many <image>: 1 in its messages for 0 images"),
        ({"text": "a"}, "its content is dict, expected text"),
    ],
)
def test_other_parts_are_refused_with_message_and_part(content: Any, message: str) -> None:
    with pytest.raises(DataError, match=rf"^toy\.jsonl: sample 'a', messages\[0\]: {message}"):
        read(content)


def test_an_answer_shows_no_image() -> None:
    with pytest.raises(DataError, match=r"messages\[1\]: has <image> in an assistant message"):
        read("hello", answer=[{"type": "image", "image": "a.png"}])


def test_a_sample_without_id_is_named_alike_whatever_nulls_arrow_adds() -> None:
    bare: dict[str, Any] = {"messages": [{"role": "user", "content": "x"}, {"role": "assistant", "content": "end"}]}
    filled = {"messages": [{**message, "loss": None} for message in bare["messages"]], "images": None}
    assert read_sample(bare, Names(), "f").id == read_sample(filled, Names(), "f").id
