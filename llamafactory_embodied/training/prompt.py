"""Turns a conversation into the token ids that training would have made of it, with LLaMA-Factory's own functions.

Contract: for the first turns of a training example, the ids are the example's ids up to the answer that is asked for;
where the example became windows, those of the window that the answer would be fresh in.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import numpy as np
from PIL import Image

from ..episodes.windows import images_before, last_window, open_window
from ..errors import DataError, PolicyError
from .grids import counting

PLACEHOLDERS = ("<image>", "<video>", "<audio>")

Frame = Image.Image | np.ndarray[Any, Any]


class Conversation(Protocol):
    """What a policy is asked: messages up to a user turn, and the images of their `<image>` places in order."""

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """Each with `role` (system, user, assistant) and `content`."""

    @property
    def images(self) -> Sequence[Frame]:
        """Pillow images, or uint8 arrays [height, width, 3]."""


@dataclass(frozen=True)
class Prompt:
    """A conversation as the model reads it.

    Attributes:
        ids: Token ids, each image expanded to its image tokens.
        keys: As long as `ids`; equal prefixes of two prompts mean equal text and equal images. An image token's key
            is made from the image's content.
        images: The images, in order.
        grids: (frames, rows, columns) of each image in patches.
    """

    ids: tuple[int, ...]
    keys: np.ndarray[Any, np.dtype[np.int64]]
    images: tuple[Image.Image, ...]
    grids: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True)
class Room:
    """How much a model may read at once.

    Attributes:
        tokens: Longest prompt and answer together, `cutoff_len` of training.
        answer: Tokens to keep free for the answer.
        context: The share of a window that repeats earlier turns, as in training.
    """

    tokens: int
    answer: int
    context: float


class PromptEncoder:
    """Encodes conversations for one model.

    Args:
        template: The host's template, fixed to the tokenizer.
        tokenizer: The host's tokenizer.
        processor: The host's processor, which carries the image limits of training.
        room: What a longer conversation is cut to, at turns; None never cuts.
    """

    def __init__(self, template: Any, tokenizer: Any, processor: Any, room: Room | None = None) -> None:
        self.template = template
        self.tokenizer = tokenizer
        self.processor = processor
        self.room = room
        self._counting = counting(processor)
        self._image_token_id: int = tokenizer.convert_tokens_to_ids(template.mm_plugin.image_token)

    def encode(self, conversation: Conversation) -> Prompt:
        """Encodes one conversation.

        Raises:
            PolicyError: It does not end with a user's turn, images and `<image>` places do not match, or its last turn
                is longer than the model may read.
        """
        system, turns = self._read_messages(conversation.messages)
        images = tuple(map(_as_image, conversation.images))
        ids = self._ids(system, turns, images)
        if self.room is not None and len(ids) + self.room.answer > self.room.tokens:
            start = self._window_start(system, turns, images, self.room)
            images = images[images_before(turns, start) :]
            ids = self._ids(system, open_window(turns, start), images)
        grids = self._grids(images)
        return Prompt(tuple(ids), self._keys(ids, images, grids), images, grids)

    def _ids(self, system: str | None, turns: Sequence[Mapping[str, Any]], images: Sequence[Image.Image]) -> list[int]:
        ids, _ = self.template.encode_oneturn(self.tokenizer, self._closed(turns, images), system, None)
        return list(ids)

    def _lengths(
        self, system: str | None, turns: Sequence[Mapping[str, Any]], images: Sequence[Image.Image]
    ) -> list[int]:
        """Tokens of each pair of turns; a pair that lacks its answer is counted with an empty one."""
        pairs = self.template.encode_multiturn(self.tokenizer, self._closed(turns, images), system, None)
        return [len(source) + len(target) for source, target in pairs]

    def _closed(self, turns: Sequence[Mapping[str, Any]], images: Sequence[Image.Image]) -> list[dict[str, str]]:
        """The turns with their image tokens, and with an empty answer where none is yet."""
        closed = [*turns, {"role": "assistant", "content": ""}] if len(turns) % 2 else [*turns]
        try:
            expanded: list[dict[str, str]] = self.template.mm_plugin.process_messages(
                closed, images, [], [], self._counting
            )
        except ValueError as error:
            raise PolicyError(f"the conversation cannot be encoded: {error}") from error
        return expanded

    def _window_start(
        self, system: str | None, turns: Sequence[Mapping[str, Any]], images: Sequence[Image.Image], room: Room
    ) -> int:
        """The pair of turns that opens the window in which training would have had the last one."""
        lengths = self._lengths(system, turns, images)

        @cache
        def opening(pair: int) -> int:
            first, end = (images_before(turns, number) for number in (pair, pair + 1))
            [length] = self._lengths(system, open_window(turns[: 2 * pair + 2], pair), images[first:end])
            return length + (room.answer if pair == len(lengths) - 1 else 0)

        try:
            return last_window([*lengths[:-1], lengths[-1] + room.answer], opening, room.tokens, room.context).start
        except DataError as error:
            raise PolicyError(
                f"the conversation does not fit: {error}, with {room.answer} of them kept for the answer"
            ) from error

    def pixels(self, images: Sequence[Image.Image]) -> dict[str, Any]:
        """Returns the model's image inputs (`pixel_values`, `image_grid_thw`), as the training collator makes them."""
        if not images:
            return {}
        inputs: dict[str, Any] = self.template.mm_plugin.get_mm_inputs(
            list(images), [], [], [len(images)], [0], [0], [[]], self.processor
        )
        return inputs

    def _read_messages(self, messages: Sequence[Mapping[str, Any]]) -> tuple[str | None, list[dict[str, str]]]:
        texts = [{"role": str(message["role"]), "content": self._plain(message)} for message in messages]
        system = texts.pop(0)["content"] if texts and texts[0]["role"] == "system" else None
        roles = [text["role"] for text in texts]
        expected = [("user", "assistant")[turn % 2] for turn in range(len(roles))]
        if not roles or len(roles) % 2 == 0 or roles != expected:
            raise PolicyError(
                f"the conversation's turns are {roles}; expected user and assistant by turns, a user's turn last"
            )
        return system, texts

    def _plain(self, message: Mapping[str, Any]) -> str:
        """Breaks control tokens that a text spells out: the host's templates would encode them as control.

        Training refuses such texts, so no prompt of a training example changes here. What a model wrote may not
        place images either.
        """
        text = str(message["content"])
        broken = [*self.tokenizer.all_special_tokens, *(PLACEHOLDERS if message["role"] == "assistant" else ())]
        for token in broken:
            text = text.replace(token, f"{token[0]} {token[1:]}")
        return text

    def _grids(self, images: tuple[Image.Image, ...]) -> tuple[tuple[int, int, int], ...]:
        if not images:
            return ()
        grids = self.template.mm_plugin.get_mm_inputs(
            list(images), [], [], [len(images)], [0], [0], [[]], self._counting
        )["image_grid_thw"]
        return tuple((int(frames), int(rows), int(columns)) for frames, rows, columns in grids)

    def _keys(
        self, ids: Sequence[int], images: Sequence[Image.Image], grids: Sequence[tuple[int, int, int]]
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        keys = np.array(ids, dtype=np.int64)
        per_token = self.processor.image_processor.merge_size**2
        counts = [frames * rows * columns // per_token for frames, rows, columns in grids]
        places = keys == self._image_token_id
        if int(places.sum()) != sum(counts):
            raise PolicyError(f"the prompt has {int(places.sum())} image tokens, its images give {sum(counts)}")
        keys[places] = np.repeat(np.array([_image_key(image) for image in images], dtype=np.int64), counts)
        return keys


def _as_image(frame: Frame) -> Image.Image:
    return frame if isinstance(frame, Image.Image) else Image.fromarray(frame)


def _image_key(image: Image.Image) -> int:
    """Returns a negative number made from an image's content; token ids are never negative."""
    content = f"{image.mode}{image.size}".encode() + image.tobytes()
    return -1 - (int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1)
