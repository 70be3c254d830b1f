"""One training example as the data file has it, read and checked. Knows nothing of LLaMA-Factory.

An example is `{"id", "messages": [{"role", "content", "loss"?}], "images": [path], "prompts"?, ...}`; ShareGPT's names
(`conversations`, `from`, `value`, `human`, `gpt`) are understood as well. Each `<image>` in the text of a user or
observation turn stands for the next image of the list. See `loss` and `content` for what else files may say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import DataError
from .content import IMAGE, Shown, read_content
from .embedded import EmbeddedImage, read_image
from .loss import ANSWERING, ASKING, read_losses
from .place import Place

OTHER_MEDIA = ("<video>", "<audio>")

ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "observation": "observation",
    "tool": "observation",
    "assistant": "assistant",
    "gpt": "assistant",
    "function": "function",
    "function_call": "function",
}


@dataclass(frozen=True)
class Names:
    """What the columns and the keys of messages are called; None stands for the usual names."""

    messages: str | None = None
    images: str = "images"
    system: str | None = None
    tools: str | None = None
    role: str | None = None
    content: str | None = None
    roles: tuple[tuple[str, str], ...] = ()

    @property
    def role_table(self) -> dict[str, str]:
        """The role that each tag in a file stands for."""
        return {**ROLES, **dict(self.roles)}


@dataclass(frozen=True)
class Turn:
    """One message after the system message.

    Attributes:
        index: Its place in the example's list of messages, from 0.
        role: "user", "observation", "assistant" or "function".
        content: Its text.
        loss: Whether its tokens are trained on.
    """

    index: int
    role: str
    content: str
    loss: bool


@dataclass(frozen=True)
class Sample:
    """A training example that has passed every check that needs no file and no tokenizer.

    Attributes:
        id: Its name in the data set; from its content if it has none.
        system: The system message, empty if there is none.
        tools: Descriptions of tools, empty if there are none.
        turns: The other messages: asking and answering in turn, an answer last.
        images: Paths as the file has them, or bytes; one for each `<image>` in order.
        image_turns: For each image, the index of the message that shows it.
        prompts: The prompt set that worded it, "name@hash", empty if not given.
    """

    id: str
    system: str
    tools: str
    turns: tuple[Turn, ...]
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
    place = Place(file, _id_of(example, messages))
    if not messages:
        place.fail("the conversation is empty; expected at least one user and one assistant message")
    for medium in ("videos", "audios"):
        if example.get(medium):
            place.fail(f"has {medium}; this format carries images only")

    read = [_read_message(message, index, names, place) for index, message in enumerate(messages)]
    losses = read_losses(example, messages, [(role, text) for role, text, _ in read], place, prompt_loss)
    turns = [Turn(index, role, text, losses[index]) for index, (role, text, _) in enumerate(read)]
    system = str(example.get(names.system) or "") if names.system else ""
    if turns[0].role == "system":
        system, turns = turns[0].content, turns[1:]
    if IMAGE in system:
        place.fail(f"has {IMAGE} in its system message; images belong to user turns")
    _check_order(turns, place)
    if not any(turn.loss for turn in turns if turn.role in ANSWERING):
        place.fail('no assistant turn is trained on; at least one must not have "loss": false')
    shown = [(index, image) for index, (_, _, images) in enumerate(read) for image in images]
    return Sample(
        id=place.sample,
        system=system,
        tools=str(example.get(names.tools) or "") if names.tools else "",
        turns=tuple(turns),
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


def _id_of(example: Mapping[str, Any], messages: Sequence[Any]) -> str:
    if example.get("id") is not None:
        return str(example["id"])
    content = json.dumps(_said([messages, example.get("images")]), sort_keys=True, ensure_ascii=False, default=str)
    return f"sample-{hashlib.sha256(content.encode()).hexdigest()[:12]}"


def _said(value: Any) -> Any:
    """Leaves out what is null: Arrow gives every message the keys that any message of the file has."""
    if isinstance(value, Mapping):
        return {key: _said(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_said(item) for item in value]
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def _read_message(message: Any, index: int, names: Names, place: Place) -> tuple[str, str, list[Shown]]:
    """Returns its role, its text, and its images."""
    if not isinstance(message, Mapping):
        place.fail(f"is {type(message).__name__}, expected an object with role and content", index)
    role_key, tag = _first_of(message, [names.role] if names.role else ["role", "from"])
    _, content = _first_of(message, [names.content] if names.content else ["content", "value"])
    role = names.role_table.get(tag) if isinstance(tag, str) else None
    if role is None:
        place.fail(f"{role_key} is {tag!r}, expected one of {', '.join(names.role_table)}", index)
    text, images = read_content(content, index, place)
    _check_placeholders(role, text, index, place)
    return role, text, images


def _first_of(message: Mapping[str, Any], keys: list[str]) -> tuple[str, Any]:
    for key in keys:
        if message.get(key) is not None:
            return key, message[key]
    return keys[0], None


def _check_placeholders(role: str, content: str, index: int, place: Place) -> None:
    if role not in ASKING and IMAGE in content:
        article = "an" if role == "assistant" else "a"
        place.fail(f"has {IMAGE} in {article} {role} message; images belong to user turns", index)
    for medium in OTHER_MEDIA:
        if medium in content:
            place.fail(f"has {medium} in its text; this format carries images only", index)


def _check_order(turns: Sequence[Turn], place: Place) -> None:
    for position, turn in enumerate(turns):
        expected = (ASKING, ANSWERING)[position % 2]
        if turn.role not in expected:
            place.fail(f"role is {turn.role!r} where {' or '.join(expected)} should speak", turn.index)
    if not turns or turns[-1].role not in ANSWERING:
        place.fail("the conversation does not end with an assistant message")


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
