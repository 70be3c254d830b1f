"""Turns a conversation into the token ids that training would have made of it, with LLaMA-Factory's own functions.

Contract: for the first turns of a training example, the ids are the example's ids up to the answer that is asked for;
where the example became windows, those of the window that the answer would be fresh in.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from PIL import Image

from ..episodes.windows import Window, last_window
from ..errors import DataError, PolicyError
from .encoder import ConversationEncoder, EncodedConversation

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

    Raises:
        PolicyError: The model's images are not Qwen-VL's.
    """

    def __init__(self, template: Any, tokenizer: Any, processor: Any, room: Room | None = None) -> None:
        self.template = template
        self.tokenizer = tokenizer
        self.processor = processor
        self.room = room
        self._encoder = ConversationEncoder(template, tokenizer, processor)
        if self._encoder.sizing is None:
            raise PolicyError(
                f"a {type(processor).__name__} with the images of another model family; checkpoints in this process "
                "are Qwen-VL's, others can be served and played with policy=server"
            )
        self._sizing = self._encoder.sizing

    def encode(self, conversation: Conversation) -> Prompt:
        """Encodes one conversation.

        Raises:
            PolicyError: It does not end with a user's turn, images and `<image>` places do not match, or its last turn
                is longer than the model may read.
        """
        system, turns = self._read_messages(conversation.messages)
        images: Sequence[Any] = tuple(map(_as_image, conversation.images))
        try:
            encoded = self._encoder.encode([*turns, {"role": "assistant", "content": ""}], system, None, images)
        except DataError as error:
            raise PolicyError(f"the conversation cannot be encoded: {error}") from error
        pairs = encoded.pairs
        if self.room is not None and sum(encoded.lengths) + self.room.answer > self.room.tokens:
            window = _window(encoded, self.room)
            pairs, images = encoded.window(window), encoded.images(window.start, window.end)
        *before, (question, _) = pairs
        ids = [token for pair in before for turn in pair for token in turn] + [*question]
        grids = tuple((1, *self._sizing.grid(*image.size)) for image in images)
        return Prompt(tuple(ids), self._keys(ids, images, grids), tuple(images), grids)

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

    def _keys(
        self, ids: Sequence[int], images: Sequence[Image.Image], grids: Sequence[tuple[int, int, int]]
    ) -> np.ndarray[Any, np.dtype[np.int64]]:
        keys = np.array(ids, dtype=np.int64)
        counts = [rows * columns // self._sizing.merge**2 for _, rows, columns in grids]
        places = keys == self._encoder.image_token_id
        keys[places] = np.repeat(np.array([_image_key(image) for image in images], dtype=np.int64), counts)
        return keys


def _window(encoded: EncodedConversation, room: Room) -> Window:
    """The window in which training would have had the last pair, whose answer is still to be given."""
    last = len(encoded.pairs) - 1

    def opening(pair: int) -> int:
        return encoded.opening_length(pair) + (room.answer if pair == last else 0)

    *lengths, asked = encoded.lengths
    try:
        return last_window([*lengths, asked + room.answer], opening, room.tokens, room.context)
    except DataError as error:
        raise PolicyError(
            f"the conversation does not fit: {error}, with {room.answer} of them kept for the answer"
        ) from error


def _as_image(frame: Frame) -> Image.Image:
    return frame if isinstance(frame, Image.Image) else Image.fromarray(frame)


def _image_key(image: Image.Image) -> int:
    """Returns a negative number made from an image's content; token ids are never negative."""
    content = f"{image.mode}{image.size}".encode() + image.tobytes()
    return -1 - (int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big") >> 1)
