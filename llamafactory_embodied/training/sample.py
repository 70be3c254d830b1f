"""One training example as the data file has it, read and checked. Knows nothing of LLaMA-Factory.

An example is `{"id", "messages": [{"role", "content", "loss"?}], "images": [path], "prompts"?, ...}`; ShareGPT's names
(`conversations`, `from`, `value`, `human`, `gpt`) are understood as well. Each `<image>` in the text of a user or
observation turn stands for the next image of the list. See `loss`, `verdict` and `content` for what else may be said.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import DataError
from .content import IMAGE, Shown
from .embedded import EmbeddedImage, read_image
from .loss import ANSWERING, ASKING, read_losses
from .message import Names, Turn, read_message
from .place import Place
from .stage import Stage
from .verdict import read_rivals, read_stage, read_tag


@dataclass(frozen=True)
class Sample:
    """A training example that has passed every check that needs no file and no tokenizer.

    Attributes:
        id: Its name in the data set; from its content if it has none.
        system: The system message, empty if there is none.
        tools: Descriptions of tools, empty if there are none.
        stage: What it is for.
        turns: The other messages: asking and answering in turn, an answer last; in a ranking, a turn that asks.
        rivals: The chosen and the rejected answer of a ranking, else empty.
        kto_tag: Whether the last answer was good, None where it was not judged.
        images: Paths as the file has them, or bytes; one for each `<image>` in order.
        image_turns: For each image, the index of the message that shows it.
        prompts: The prompt set that worded it, "name@hash", empty if not given.
    """

    id: str
    system: str
    tools: str
    stage: Stage
    turns: tuple[Turn, ...]
    rivals: tuple[Turn, ...]
    kto_tag: bool | None
    images: tuple[str | EmbeddedImage, ...]
    image_turns: tuple[int, ...]
    prompts: str


def read_sample(example: Mapping[str, Any], names: Names, file: str, prompt_loss: bool = False) -> Sample:
    """Reads one example.

    Args:
        example: A row of the data file.
        names: What its columns and keys are called.
        file: What to call the file in errors.
        prompt_loss: Whether turns that ask are trained on unless they say otherwise (the host's `train_on_prompt`).

    Raises:
        DataError: The example is not as the format wants it. Names file, sample and message.
    """
    messages = _messages_of(example, names, file)
    place = Place(file, _id_of(example, messages, names))
    if not messages:
        place.fail("the conversation is empty; expected at least one user and one assistant message")
    for medium in ("videos", "audios"):
        if example.get(medium):
            place.fail(f"has {medium}; this format carries images only")

    stage = read_stage(example, names, place)
    read = [read_message(message, index, names, place) for index, message in enumerate(messages)]
    if stage == "sft":
        losses = read_losses(example, messages, [(role, text) for role, text, _ in read], place, prompt_loss)
    else:
        losses = [*(False for _ in read[1:]), stage == "kto"]
    turns = [Turn(index, role, text, losses[index]) for index, (role, text, _) in enumerate(read)]
    system = str(example.get(names.system) or "") if names.system else ""
    if turns[0].role == "system":
        system, turns = turns[0].content, turns[1:]
    if IMAGE in system:
        place.fail(f"has {IMAGE} in its system message; images belong to user turns")
    _check_order(turns, place, ASKING if stage == "rm" else ANSWERING)
    if stage == "sft" and not any(turn.loss for turn in turns if turn.role in ANSWERING):
        place.fail('no assistant turn is trained on; at least one must not have "loss": false')
    shown = [(index, image) for index, (_, _, images) in enumerate(read) for image in images]
    return Sample(
        id=place.sample,
        system=system,
        tools=str(example.get(names.tools) or "") if names.tools else "",
        stage=stage,
        turns=tuple(turns),
        rivals=read_rivals(example, names, len(messages), place) if stage == "rm" else (),
        kto_tag=read_tag(example, names, turns, place) if stage == "kto" else None,
        images=_match_images(shown, _images_of(example, names, place), place),
        image_turns=tuple(index for index, _ in shown),
        prompts=str(example.get("prompts") or ""),
    )


def _messages_of(example: Mapping[str, Any], names: Names, file: str) -> Sequence[Any]:
    candidates = [names.messages] if names.messages else ["messages", "conversations"]
    for name in candidates:
        if example.get(name) is not None:
            if not isinstance(example[name], list):
                raise DataError(f"{file}: {name!r} is {type(example[name]).__name__}, expected a list of messages")
            return list(example[name])

    sample = f"sample {example['id']!r}" if example.get("id") is not None else "a sample"
    raise DataError(f"{file}: {sample} has no {' or '.join(map(repr, candidates))}; its keys are {', '.join(example)}")


def _id_of(example: Mapping[str, Any], messages: Sequence[Any], names: Names) -> str:
    if example.get("id") is not None:
        return str(example["id"])
    said = [example[name] for name in (names.chosen, names.rejected, names.kto_tag) if example.get(name) is not None]
    parts = _said([messages, example.get("images"), *said])
    content = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return f"sample-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _said(value: Any) -> Any:
    """Leaves out what is null: Arrow gives every message the keys that any message of the file has."""
    if isinstance(value, Mapping):
        return {key: _said(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_said(item) for item in value]
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def _check_order(turns: Sequence[Turn], place: Place, last: Sequence[str]) -> None:
    for position, turn in enumerate(turns):
        expected = (ASKING, ANSWERING)[position % 2]
        if turn.role not in expected:
            place.fail(f"role is {turn.role!r} where {' or '.join(expected)} should speak", turn.index)
    if not turns or turns[-1].role not in last:
        speaker = "a user" if last == ASKING else "an assistant"
        place.fail(f"the conversation does not end with {speaker} message")


def _images_of(example: Mapping[str, Any], names: Names, place: Place) -> list[str | EmbeddedImage]:
    images = example.get(names.images)
    if images is None:
        return []
    if not isinstance(images, list):
        images = [images]
    try:
        return [read_image(image) for image in images]
    except ValueError as error:
        place.fail(f"{names.images} is not a list of images: {error}")


def _match_images(
    shown: Sequence[tuple[int, Shown]], listed: Sequence[str | EmbeddedImage], place: Place
) -> tuple[str | EmbeddedImage, ...]:
    """Gives the images of the example's list to those of its messages that do not bring their own."""
    asking = [index for index, image in shown if image is None]
    if len(asking) > len(listed):
        place.fail(
            f"has too many {IMAGE}: {len(asking)} in its messages for {len(listed)} images; "
            f"the first one without an image is here",
            asking[len(listed)],
        )
    if len(asking) < len(listed):
        place.fail(
            f"has too few {IMAGE}: {len(asking)} in its messages for {len(listed)} images; "
            f"the first image that is not shown is {listed[len(asking)]!r}"
        )
    following = iter(listed)
    return tuple(next(following) if image is None else image for _, image in shown)
