"""Tokenizes our rows with the host's own code, then takes the labels away from every message with "loss": false.

Rows of other datasets that are mixed with ours go through the host's code untouched. A sample is emitted whole or not
at all: never cut, since a cut inside an image ends the run, and never without a token to train on.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from llamafactory.data.processor import PackedSupervisedDatasetProcessor, SupervisedDatasetProcessor
from llamafactory.extras import logging
from llamafactory.extras.constants import IGNORE_INDEX

from .. import __version__
from ..errors import DataError
from .converter import ID, LOSS, OVERFLOW
from .grids import counting

logger = logging.get_logger(__name__)

# Column of the preprocessed data set that names the sample, for the collator; "" in rows of others.
SAMPLE_ID = "embodied_id"


@dataclass(frozen=True)
class Marks:
    """What our columns say about a row.

    Attributes:
        id: The sample's id.
        loss: For each message of prompt and response, whether it is trained on.
        overflow: "error" or "drop".
    """

    id: str
    loss: tuple[bool, ...]
    overflow: str


class MarkedPrompt(list[dict[str, str]]):
    """The messages of `_prompt`, carrying the row's marks through the host's code to `_encode_data_example`."""

    def __init__(self, messages: Sequence[dict[str, str]], marks: Marks) -> None:
        super().__init__(messages)
        self.marks = marks


class _OverlongError(Exception):
    """A sample that does not fit in `cutoff_len` and whose data set says "drop". Never leaves this module."""


class _TurnRecorder:
    """A template that remembers how many tokens each prompt and response took."""

    def __init__(self, template: Any) -> None:
        self._template = template
        self.lengths: list[tuple[int, int]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._template, name)

    def encode_multiturn(self, *args: Any, **kwargs: Any) -> list[tuple[list[int], list[int]]]:
        pairs: list[tuple[list[int], list[int]]] = self._template.encode_multiturn(*args, **kwargs)
        self.lengths = [(len(source), len(target)) for source, target in pairs]
        return pairs


class MarkedRows:
    """Mixed into the host's processors: sees which rows are ours and applies their marks."""

    if TYPE_CHECKING:
        template: Any
        tokenizer: Any
        processor: Any
        data_args: Any

    def _encode_data_example(
        self, prompt: Any, response: Any, system: Any, tools: Any, images: Any, videos: Any, audios: Any
    ) -> tuple[list[int], list[int]]:
        if not isinstance(prompt, MarkedPrompt):
            return self._encode_stock(self, prompt, response, system, tools, images, videos, audios)

        self._refuse_control_tokens(prompt, response, system)
        recorder = _TurnRecorder(self.template)
        recording = copy.copy(self)
        recording.template = recorder
        recording.processor = self._counting()
        try:
            input_ids, labels = self._encode_stock(
                recording, list(prompt), response, system, tools, images, videos, audios
            )
        except (OSError, ValueError) as error:
            raise DataError(f"sample {prompt.marks.id!r}: {error}") from error

        self._require_whole(input_ids, recorder.lengths, prompt.marks)
        for start, end in _spans_without_loss(recorder.lengths, prompt.marks.loss, self.template.efficient_eos):
            labels[start:end] = [IGNORE_INDEX] * (end - start)
        if all(label == IGNORE_INDEX for label in labels):
            raise DataError(f"sample {prompt.marks.id!r}: none of its {len(labels)} tokens is trained on")
        return input_ids, labels

    def _counting(self) -> Any:
        """The host's processor without its pixels, which tokenizing does not need; made once."""
        if self.processor is not None and not hasattr(self, "_counter"):
            self._counter = counting(self.processor, close_images=True)
        return self._counter if self.processor is not None else None

    @staticmethod
    def _encode_stock(processor: Any, *args: Any) -> tuple[list[int], list[int]]:
        encoded: tuple[list[int], list[int]] = SupervisedDatasetProcessor._encode_data_example(processor, *args)
        return encoded

    def _refuse_control_tokens(self, prompt: MarkedPrompt, response: Any, system: str) -> None:
        """Text that spells a control token would be encoded as one: a turn could end, or an image begin, in a text."""
        texts = [system, *(message["content"] for message in (*prompt, *response))]
        control_tokens = _control_tokens(self.template, self.tokenizer)
        for text in texts:
            found = control_tokens.search(text or "")
            if found:
                raise DataError(
                    f"sample {prompt.marks.id!r}: has the control token {found.group()} in its text: "
                    f"{text[max(found.start() - 30, 0) : found.end()]!r}; remove it, the template writes its own"
                )

    def _require_whole(self, input_ids: list[int], lengths: Sequence[tuple[int, int]], marks: Marks) -> None:
        """The host cuts what is longer than `cutoff_len`, wherever that falls."""
        whole = sum(map(sum, lengths)) + (1 if self.template.efficient_eos else 0)
        if len(input_ids) >= whole and len(input_ids) <= self.data_args.cutoff_len:
            return
        if marks.overflow == "drop":
            raise _OverlongError(
                f"Dropped sample {marks.id!r}: {whole} tokens > cutoff_len {self.data_args.cutoff_len}."
            )
        raise DataError(
            f"sample {marks.id!r}: takes {whole} tokens, cutoff_len is {self.data_args.cutoff_len}; raise cutoff_len, "
            'lower image_max_pixels, or set "overflow": "drop" in the dataset\'s entry'
        )


@dataclass
class EmbodiedProcessor(MarkedRows, SupervisedDatasetProcessor):  # type: ignore[misc]
    """One row in, one row out.

    `revision` is there for the cache of `datasets`, which looks at the values of an object and not at its code.
    """

    revision: str = __version__

    def preprocess_dataset(self, examples: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Tokenizes a batch of rows.

        Args:
            examples: Columns of the standard format and of ours (see `converter`).

        Returns:
            The host's columns, and `SAMPLE_ID`.

        Raises:
            DataError: A sample of ours cannot be trained on as it is. Names it.
        """
        columns: dict[str, list[Any]] = defaultdict(list)
        dropped: list[str] = []
        for row in _rows(examples):
            try:
                encoded = super().preprocess_dataset(row)
            except _OverlongError as overlong:
                dropped.append(str(overlong))
                continue
            for name, values in encoded.items():
                columns[name] += values
            columns[SAMPLE_ID] += [row[ID][0] or ""] * len(encoded.get("input_ids", ()))
        _report_dropped(dropped, len(examples["_prompt"]))
        return columns


@dataclass
class EmbodiedPackedProcessor(MarkedRows, PackedSupervisedDatasetProcessor):  # type: ignore[misc]
    """Several rows packed into one of `cutoff_len` tokens, as the host packs them."""

    revision: str = __version__

    def preprocess_dataset(self, examples: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Tokenizes and packs a batch of rows; see `EmbodiedProcessor`."""
        packed: dict[str, list[Any]] = super().preprocess_dataset(_marked(examples))
        return packed

    def _encode_data_example(self, *args: Any, **kwargs: Any) -> tuple[list[int], list[int]]:
        try:
            return super()._encode_data_example(*args, **kwargs)
        except _OverlongError as overlong:
            # The host's packing leaves out what is longer than `cutoff_len`, and only that.
            logger.warning(str(overlong))
            length = self.data_args.cutoff_len + 1
            return [self.tokenizer.pad_token_id] * length, [IGNORE_INDEX] * length


def _report_dropped(dropped: Sequence[str], total: int) -> None:
    for warning in dropped:
        logger.warning(warning)
    if dropped:
        logger.warning(f"Dropped {len(dropped)} of {total} samples of this batch, because they are too long.")


def _rows(examples: Mapping[str, list[Any]]) -> Iterator[dict[str, list[Any]]]:
    marked = _marked(examples)
    for index in range(len(marked["_prompt"])):
        yield {name: values[index : index + 1] for name, values in marked.items()}


def _marked(examples: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
    prompts = [
        prompt if id_ is None else MarkedPrompt(prompt, Marks(id_, tuple(loss), overflow))
        for prompt, id_, loss, overflow in zip(
            examples["_prompt"], examples[ID], examples[LOSS], examples[OVERFLOW], strict=True
        )
    ]
    return {**examples, "_prompt": prompts}


def _spans_without_loss(
    lengths: Sequence[tuple[int, int]], loss: Sequence[bool], efficient_eos: bool
) -> Iterator[tuple[int, int]]:
    """Yields [start, end) of each message that is not trained on.

    With `efficient_eos` the end of an answer is the first token after it, which the host labels there.
    """
    position = 0
    tail = 1 if efficient_eos else 0
    flags = iter(loss)
    for source, target in lengths:
        head = tail if position > 0 else 0
        if not next(flags):
            yield position + head, position + source
        position += source
        if not next(flags):
            yield position, position + target + tail
        position += target


def _control_tokens(template: Any, tokenizer: Any) -> re.Pattern[str]:
    """Matches the special tokens that the template or its images are built of."""
    plugin = template.mm_plugin
    slots = [
        str(slot)
        for formatter in (template.format_user, template.format_assistant, template.format_system)
        for slot in formatter.slots
    ]
    written = "".join([*slots, *template.stop_words, *map(str, vars(plugin).values())])
    special = [str(token) for token in tokenizer.added_tokens_decoder.values() if token.special]
    tokens = {token for token in special if token in written}
    tokens |= {token for token in (tokenizer.bos_token, tokenizer.eos_token, tokenizer.pad_token) if token}
    return re.compile("|".join(map(re.escape, sorted(tokens))))
