"""Conversations -> token ids, with the host's templates. Training and acting both encode here.

Contract: the ids are those that the host would make. It writes an image as a text of as many image tokens as the image
takes, and tokenizes that; here each image is one token of the text, and is repeated once the text has been tokenized.
How often is told by the image's size (see `image_tokens`), so no image is decoded.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import chain, repeat
from typing import Any, overload

from PIL import Image

from ..episodes.windows import Window, images_before, open_window
from ..errors import DataError
from .image_tokens import ImageSizing, size_of
from .recalled_tokenizer import RecalledTokenizer, texts_of


class Turn(Sequence[int]):
    """Token ids of a turn. As long as it is, few of them are text: it is kept short until a row is made of it.

    Attributes:
        ids: An image is one token.
        repeats: How often each of these stands there, None where each does once.
    """

    __slots__ = ("_length", "ids", "repeats")

    def __init__(self, ids: list[int], repeats: list[int] | None = None) -> None:
        self.ids, self.repeats = ids, repeats
        self._length = len(ids) if repeats is None else sum(repeats)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[int]:
        if self.repeats is None:
            return iter(self.ids)
        return chain.from_iterable(map(repeat, self.ids, self.repeats))

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> list[int]: ...
    def __getitem__(self, place: int | slice) -> int | list[int]:
        return list(self)[place]


Pair = tuple[Turn, Turn]
"""A turn that asks and the turn that answers it."""
Conversation = tuple[Sequence[Mapping[str, str]], str | None, str | None, Sequence[str | Image.Image]]
"""Messages, system, tools and images, as for `ConversationEncoder.encode`."""


class ConversationEncoder:
    """Encodes conversations for one template, tokenizer and processor.

    Args:
        template: The host's template, fixed to the tokenizer.
        tokenizer: The host's tokenizer.
        processor: The host's processor with its image limits set; None for a model that reads text only.
        discard_thoughts: Whether reasoning templates leave out the thoughts of all answers but the last.

    Attributes:
        sizing: How images are resized; None where the model's images are not Qwen-VL's.
        image_token_id: The id that stands for a part of an image; None likewise.
    """

    def __init__(self, template: Any, tokenizer: Any, processor: Any, discard_thoughts: bool = False) -> None:
        self._template = template
        self._tokenizer = RecalledTokenizer(tokenizer)
        self._processor = processor
        # Only when it is wanted: hosts before 0.9.5 do not have the parameter.
        self._options = {"discarding_history_cot": True} if discard_thoughts else {}
        self.sizing = ImageSizing.of_processor(template.mm_plugin, processor)
        self.image_token_id: int | None = None
        self._plugin = template.mm_plugin
        if self.sizing is not None:
            self.image_token_id = tokenizer.convert_tokens_to_ids(template.mm_plugin.image_token)
            self._plugin = copy.copy(template.mm_plugin)
            self._plugin.expand_mm_tokens = False

    def encode(
        self,
        messages: Sequence[Mapping[str, str]],
        system: str | None = None,
        tools: str | None = None,
        images: Sequence[str | Image.Image] = (),
    ) -> EncodedConversation:
        """Encodes a conversation.

        Args:
            messages: `role` and `content`, asking and answering in turn, an answer last; `<image>` for each image.
            system: The system message.
            tools: Descriptions of tools.
            images: Paths or Pillow images, in order.

        Raises:
            DataError: An image cannot be read, there are more or fewer than `<image>`, or the model takes none.
        """
        return EncodedConversation(self, messages, system, tools, images)

    def expect(self, conversations: Iterable[Conversation]) -> None:
        """Tokenizes together what the whole of each conversation consists of; `encode` then looks it up."""
        texts: list[str] = []
        for messages, system, tools, images in conversations:
            with suppress(DataError):  # what is wrong is told by `encode`
                plain = self._plain(messages, images)
                texts += texts_of(
                    partial(
                        self._template.encode_multiturn, messages=plain, system=system, tools=tools, **self._options
                    ),
                    self._tokenizer,
                )
        self._tokenizer.learn(texts)

    def pairs(
        self,
        messages: Sequence[Mapping[str, str]],
        system: str | None,
        tools: str | None,
        images: Sequence[str | Image.Image],
    ) -> list[Pair]:
        """Returns the ids of each pair of turns; see `encode`."""
        plain, counts = self._with_image_tokens(messages, images)
        pairs = self._template.encode_multiturn(self._tokenizer, plain, system, tools, **self._options)
        return [(self._expand(source, counts), self._expand(target, counts)) for source, target in pairs]

    def last_answer(
        self,
        messages: Sequence[Mapping[str, str]],
        system: str | None,
        tools: str | None,
        images: Sequence[str | Image.Image],
    ) -> Pair:
        """Returns the ids of all that comes before the last answer, and of that answer; see `encode`.

        For reasoning templates these are others than those of `pairs`: thoughts of earlier answers are left out.
        """
        plain, counts = self._with_image_tokens(messages, images)
        source, target = self._template.encode_oneturn(self._tokenizer, plain, system, tools)
        return self._expand(source, counts), Turn(target)

    def _with_image_tokens(
        self, messages: Sequence[Mapping[str, str]], images: Sequence[str | Image.Image]
    ) -> tuple[list[dict[str, str]], Iterator[int]]:
        """The messages with one token for each image, and how often each of these is to be repeated."""
        counts = iter(self._counts(images))
        return self._plain(messages, images), counts

    def _plain(
        self, messages: Sequence[Mapping[str, str]], images: Sequence[str | Image.Image]
    ) -> list[dict[str, str]]:
        try:
            plain: list[dict[str, str]] = self._plugin.process_messages(
                list(messages), list(images), [], [], self._processor
            )
        except ValueError as error:
            raise DataError(str(error)) from error
        return plain

    def _counts(self, images: Sequence[str | Image.Image]) -> list[int]:
        if images and self.sizing is None:
            raise DataError(
                "has images, which this format trains with models of the Qwen-VL family only: choose their template, "
                'or give the data to LLaMA-Factory as "formatting": "sharegpt"'
            )
        return [self.sizing.token_count(*size_of(image)) for image in images] if self.sizing else []

    def _expand(self, ids: list[int], counts: Iterator[int]) -> Turn:
        if self.image_token_id is None or self.image_token_id not in ids:
            return Turn(ids)
        return Turn(ids, [next(counts) if i == self.image_token_id else 1 for i in ids])


class EncodedConversation:
    """A conversation in token ids.

    Attributes:
        pairs: Ids of each pair of turns.
    """

    def __init__(
        self,
        encoder: ConversationEncoder,
        messages: Sequence[Mapping[str, str]],
        system: str | None,
        tools: str | None,
        images: Sequence[str | Image.Image],
    ) -> None:
        self._encoder, self._messages, self._head, self._images = encoder, messages, (system, tools), images
        self.pairs = encoder.pairs(messages, system, tools, images)
        self._openings = {0: self.pairs[0]}

    @property
    def lengths(self) -> list[int]:
        """Tokens of each pair."""
        return [len(source) + len(target) for source, target in self.pairs]

    def opening(self, pair: int) -> Pair:
        """A pair where it opens a window: with the system message and the first turn's words."""
        if pair not in self._openings:
            alone = open_window(self._messages[: 2 * pair + 2], pair)
            [self._openings[pair]] = self._encoder.pairs(alone, *self._head, self.images(pair, pair + 1))
        return self._openings[pair]

    def opening_length(self, pair: int) -> int:
        """Tokens of `opening(pair)`."""
        return sum(map(len, self.opening(pair)))

    def window(self, window: Window) -> list[Pair]:
        """The pairs of a window."""
        return [self.opening(window.start), *self.pairs[window.start + 1 : window.end]]

    def images(self, start: int, end: int) -> Sequence[str | Image.Image]:
        """The images of the pairs from `start` to before `end`."""
        first, last = (images_before(self._messages, pair) for pair in (start, end))
        return self._images[first:last]
