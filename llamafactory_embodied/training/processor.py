"""Tokenizes our rows with the host's own code, then takes the labels away from every message with "loss": false.

Rows of other datasets that are mixed with ours go through the host's code untouched. A sample that is longer than
`cutoff_len` becomes windows that begin and end at turns, or what its data set's `overflow` says: it is never cut in a
turn, since a cut inside an image ends the run, and nothing is emitted without a token to train on.
"""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from llamafactory.data.processor import PackedSupervisedDatasetProcessor, SupervisedDatasetProcessor
from llamafactory.extras import logging
from llamafactory.extras.constants import IGNORE_INDEX

from .. import __version__
from ..episodes.windows import Window, images_before, open_window, plan_windows
from ..errors import DataError
from .converter import CONTEXT, ID, LOSS, OVERFLOW
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
        overflow: What becomes of it when it is too long, one of `entry.OVERFLOWS`.
        context: The share of `cutoff_len` that a window may spend on turns that it does not train on.
    """

    id: str
    loss: tuple[bool, ...]
    overflow: str
    context: float


Row = dict[str, Any]
"""One row of the standard format, column -> value."""
Encoded = tuple[list[int], list[int]]
"""input_ids and labels."""


class MarkedPrompt(list[dict[str, str]]):
    """The messages of `_prompt`, carrying the row's marks through the host's code to `_encode_data_example`.

    Attributes:
        marks: What our columns say about the row.
        encoded: What it came to, where that is known already.
    """

    def __init__(self, messages: Sequence[dict[str, str]], marks: Marks) -> None:
        super().__init__(messages)
        self.marks = marks
        self.encoded: Encoded | None = None


class _OverlongError(Exception):
    """A sample that does not fit in `cutoff_len`. Never leaves this module.

    Attributes:
        lengths: Tokens of each pair of turns.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        super().__init__(f"{sum(lengths)} tokens")
        self.lengths = list(lengths)


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
    ) -> Encoded:
        if not isinstance(prompt, MarkedPrompt):
            return self._encode_stock(self, prompt, response, system, tools, images, videos, audios)
        if prompt.encoded is None:
            prompt.encoded = self._encode_marked(prompt, response, system, tools, images, videos, audios)
        return prompt.encoded

    def _encode_marked(self, prompt: MarkedPrompt, response: Any, system: Any, *others: Any) -> Encoded:
        self._refuse_control_tokens(prompt, response, system)
        (input_ids, labels), lengths = self._encode_recorded(prompt, response, system, *others)
        tail = 1 if self.template.efficient_eos else 0
        whole = sum(map(sum, lengths)) + tail
        if len(input_ids) < whole or whole > self.data_args.cutoff_len:
            raise _OverlongError([source + target for source, target in lengths])
        for start, end in _spans_without_loss(lengths, prompt.marks.loss, self.template.efficient_eos):
            labels[start:end] = [IGNORE_INDEX] * (end - start)
        if all(label == IGNORE_INDEX for label in labels):
            raise DataError(f"sample {prompt.marks.id!r}: none of its {len(labels)} tokens is trained on")
        return input_ids, labels

    def _encode_recorded(self, prompt: MarkedPrompt, *others: Any) -> tuple[Encoded, list[tuple[int, int]]]:
        """What the host makes of a row of ours, and how long each prompt and response is before the host cuts."""
        recorder = _TurnRecorder(self.template)
        recording = copy.copy(self)
        recording.template = recorder
        recording.processor = self._counting()
        try:
            return self._encode_stock(recording, list(prompt), *others), recorder.lengths
        except (OSError, ValueError) as error:
            raise DataError(f"sample {prompt.marks.id!r}: {error}") from error

    def _counting(self) -> Any:
        """The host's processor without its pixels, which tokenizing does not need; made once."""
        if self.processor is not None and not hasattr(self, "_counter"):
            self._counter = counting(self.processor, close_images=True)
        return self._counter if self.processor is not None else None

    @staticmethod
    def _encode_stock(processor: Any, *args: Any) -> Encoded:
        encoded: Encoded = SupervisedDatasetProcessor._encode_data_example(processor, *args)
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

    def _fitting(self, examples: Mapping[str, list[Any]]) -> list[Row]:
        """The rows of a batch, ours encoded and those that are too long replaced by what their data set asks for."""
        rows, notes = [], []
        for row in _marked(examples):
            if not isinstance(row["_prompt"], MarkedPrompt):
                rows.append(row)
                continue
            try:
                self._encode_row(row)
                rows.append(row)
            except _OverlongError as overlong:
                kept = self._shortened(row, overlong.lengths)
                notes.append(_note(row["_prompt"].marks, sum(overlong.lengths), len(kept), self.data_args.cutoff_len))
                rows += kept
        for note in notes:
            logger.warning(note)
        if notes:
            logger.warning(
                f"{len(notes)} of {len(examples['_prompt'])} samples of this batch are too long, see above."
            )
        return rows

    def _encode_row(self, row: Row) -> Encoded:
        names = ("_prompt", "_response", "_system", "_tools", "_images", "_videos", "_audios")
        prompt, response, system, tools, *media = (row[name] for name in names)
        return self._encode_data_example(prompt, response, system, tools, *(medium or [] for medium in media))

    def _shortened(self, row: Row, lengths: list[int]) -> list[Row]:
        """The windows of a row that is too long: all of them, the last one, or none."""
        marks: Marks = row["_prompt"].marks
        if marks.overflow == "drop":
            return []
        limit = self.data_args.cutoff_len - (1 if self.template.efficient_eos else 0)
        if marks.overflow == "error":
            raise DataError(
                f"sample {marks.id!r}: takes {sum(lengths)} tokens, cutoff_len is {self.data_args.cutoff_len}; raise "
                'cutoff_len, lower image_max_pixels, or set "overflow": "window" in the dataset\'s entry'
            )
        trained = [any(marks.loss[2 * pair : 2 * pair + 2]) for pair in range(len(lengths))]
        if self.data_args.mask_history:  # the host trains the last turn only
            trained = [False] * (len(lengths) - 1) + trained[-1:]
        opening = cache(lambda pair: self._opening(row, pair) if pair else lengths[0])
        try:
            windows = plan_windows(lengths, opening, trained, limit, marks.context)
        except DataError as error:
            raise DataError(
                f"sample {marks.id!r}: {error}; raise cutoff_len (it is {self.data_args.cutoff_len}) or lower "
                "image_max_pixels"
            ) from error
        rows = [_window_row(row, window) for window in (windows[-1:] if marks.overflow == "keep_last" else windows)]
        for one in rows:
            self._encode_row(one)
        return rows

    def _opening(self, row: Row, pair: int) -> int:
        """Tokens of a pair of turns where it opens a window."""
        alone = _window_row(row, Window(pair, pair, pair + 1))
        others = (alone[name] or [] for name in ("_images", "_videos", "_audios"))
        _, lengths = self._encode_recorded(
            alone["_prompt"], alone["_response"], alone["_system"], alone["_tools"], *others
        )
        return sum(lengths[0])


@dataclass
class EmbodiedProcessor(MarkedRows, SupervisedDatasetProcessor):  # type: ignore[misc]
    """One row in, one row out, or as many as it has windows.

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
        for row in self._fitting(examples):
            encoded = super().preprocess_dataset({name: [value] for name, value in row.items()})
            for name, values in encoded.items():
                columns[name] += values
            columns[SAMPLE_ID] += [row[ID] or ""] * len(encoded.get("input_ids", ()))
        return columns


@dataclass
class EmbodiedPackedProcessor(MarkedRows, PackedSupervisedDatasetProcessor):  # type: ignore[misc]
    """Several rows packed into one of `cutoff_len` tokens, as the host packs them."""

    revision: str = __version__

    def preprocess_dataset(self, examples: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Tokenizes and packs a batch of rows; see `EmbodiedProcessor`."""
        rows = self._fitting(examples)
        packed: dict[str, list[Any]] = super().preprocess_dataset(
            {name: [row[name] for row in rows] for name in examples}
        )
        return packed


def _note(marks: Marks, tokens: int, windows: int, cutoff_len: int) -> str:
    """What became of a sample that is too long."""
    kept = f"in {windows} window{'s' * (windows > 1)}" if windows else "dropped"
    kept = f"{kept}, its last" if windows and marks.overflow == "keep_last" else kept
    return f"Sample {marks.id!r}: {tokens} tokens > cutoff_len {cutoff_len}, {kept}."


def _marked(examples: Mapping[str, list[Any]]) -> Iterator[Row]:
    """The rows of a batch, prompts of ours with their marks."""
    for index, prompt in enumerate(examples["_prompt"]):
        row = {name: values[index] for name, values in examples.items()}
        if row[ID] is not None:
            marks = Marks(row[ID], tuple(row[LOSS]), row[OVERFLOW], row[CONTEXT])
            row["_prompt"] = MarkedPrompt(prompt, marks)
        yield row


def _window_row(row: Row, window: Window) -> Row:
    """One window of a row: its turns, its images, and loss on what is fresh in it."""
    marks: Marks = row["_prompt"].marks
    messages = [*row["_prompt"], *row["_response"]][: 2 * window.end]
    *asked, answer = open_window(messages, window.start)
    known = 2 * (window.fresh - window.start)
    loss = (*(False,) * known, *marks.loss[2 * window.fresh : 2 * window.end])
    first, last = (images_before(messages, pair) for pair in (window.start, window.end))
    name = f"{marks.id}[{window.start}:{window.end}]"
    return row | {
        "_prompt": MarkedPrompt(asked, replace(marks, id=name, loss=loss)),
        "_response": [answer],
        "_images": (row["_images"] or [])[first:last] or None,
        ID: name,
    }


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
