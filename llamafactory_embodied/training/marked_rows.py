"""Rows of a batch -> encoded rows: what is common to the host's processors that we extend.

Rows of other datasets that are mixed with ours go through the host's code untouched. A sample that is longer than
`cutoff_len` becomes windows that begin and end at turns, or what its data set's `overflow` says: it is never cut in a
turn, since a cut inside an image ends the run.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..errors import DataError
from . import seams
from .columns import ERROR, ID, ON_ERROR, OVERFLOW
from .encoder import Conversation, ConversationEncoder, EncodedConversation
from .report import Report

# Column of the preprocessed data set that names the sample, for the collator; "" in rows of others.
SAMPLE_ID = "embodied_id"

Row = dict[str, Any]
"""One row of the standard format, column -> value."""
Encoded = tuple[Any, ...]
"""What the host's `_encode_data_example` returns: input_ids and labels, or those of two answers."""


class EncodedPrompt(list[dict[str, str]]):
    """The messages of a row's `_prompt`, carrying what the row came to through the host's code.

    Attributes:
        encoded: As `Encoded`.
    """

    def __init__(self, messages: Sequence[dict[str, str]], encoded: Encoded) -> None:
        super().__init__(messages)
        self.encoded = encoded


class MarkedRows(ABC):
    """Mixed into the host's processors: sees which rows are ours, encodes them, and reports what became of them."""

    if TYPE_CHECKING:
        template: Any
        tokenizer: Any
        processor: Any
        data_args: Any

    def _encode_data_example(self, prompt: Any, *args: Any, **kwargs: Any) -> Encoded:
        if isinstance(prompt, EncodedPrompt):
            return prompt.encoded
        encoded: Encoded = super()._encode_data_example(prompt, *args, **kwargs)  # type: ignore[misc]
        return encoded

    @cached_property
    def _encoder(self) -> ConversationEncoder:
        discard_thoughts = (
            self.data_args.mask_history
            and not seams.ENCODE_MULTITURN.lacks("discarding_history_cot")
            and not self.template.preserve_thinking
        )
        return ConversationEncoder(self.template, self.tokenizer, self.processor, discard_thoughts)

    @cached_property
    def _late_end(self) -> int | None:
        return self.tokenizer.eos_token_id if self.template.efficient_eos else None

    @cached_property
    def _limit(self) -> int:
        """The most tokens of a sample, without the end that some templates owe."""
        return int(self.data_args.cutoff_len) - (self._late_end is not None)

    @cached_property
    def _control_tokens(self) -> re.Pattern[str]:
        return _control_tokens(self.template, self.tokenizer)

    def _encode_rows(self, examples: Mapping[str, list[Any]]) -> tuple[list[Row], Report]:
        """The rows of a batch, ours encoded and cut to windows, and what became of them.

        Raises:
            DataError: A sample cannot be trained on, and its data set does not say that such samples are skipped.
        """
        rows: list[Row] = []
        report = Report()
        given = [dict(zip(examples, values, strict=True)) for values in zip(*examples.values(), strict=True)]
        self._encoder.expect(_conversation(row) for row in given if row[ID] is not None and row[ERROR] is None)
        for row in given:
            if row[ID] is None:
                rows.append(row)
                continue
            kept, outcome = self._try_row(row)
            rows += kept
            report += outcome
        return rows, report

    def _try_row(self, row: Row) -> tuple[list[Row], Report]:
        """As `encode_row`; samples that cannot be trained on are left out where their data set says so."""
        try:
            return self.encode_row(row)
        except DataError as error:
            if row[ON_ERROR] != "skip":
                raise
            return [], Report(left_out=((row[ID], str(error)),))

    def encode_row(self, row: Row) -> tuple[list[Row], Report]:
        """What a sample becomes: itself, its windows, or nothing, and a report unless it is itself.

        Raises:
            DataError: It cannot be trained on as it is. Names it.
        """
        if row[ERROR] is not None:
            raise DataError(row[ERROR])
        messages = [*row["_prompt"], *row["_response"]]
        self._refuse_control_tokens(row[ID], [row["_system"], *(message["content"] for message in messages)])
        try:
            return self._fit(row)
        except DataError as error:
            raise DataError(f"sample {row[ID]!r}: {error}") from error

    @abstractmethod
    def _fit(self, row: Row) -> tuple[list[Row], Report]:
        """What a sample becomes that nothing is known against."""

    @abstractmethod
    def _windows(self, row: Row, conversation: EncodedConversation) -> list[Row]:
        """The windows of a sample that is too long."""

    def _shortened(self, row: Row, conversation: EncodedConversation) -> tuple[list[Row], Report]:
        """The rows of a sample that is too long."""
        too_long = f"sample {row[ID]!r}: {sum(conversation.lengths)} tokens > cutoff_len {self.data_args.cutoff_len}"
        if row[OVERFLOW] == "drop":
            return [], Report(left_out=((row[ID], f"{too_long}, dropped"),))
        if row[OVERFLOW] == "error":
            raise DataError(
                f"takes {sum(conversation.lengths)} tokens, cutoff_len is {self.data_args.cutoff_len}; raise "
                'cutoff_len, lower image_max_pixels, or set "overflow": "window" in the dataset\'s entry'
            )
        try:
            windows = self._windows(row, conversation)
        except DataError as error:
            raise DataError(
                f"{error}; raise cutoff_len (it is {self.data_args.cutoff_len}) or lower image_max_pixels; "
                "`llamafactory-embodied check recipe=...` says which cutoff_len holds every sample"
            ) from error
        if row[OVERFLOW] == "keep_last":
            lost = f"{too_long}, only the last of its {len(windows)} windows is kept"
            return windows[-1:], Report(1, 1, ((row[ID], lost),))
        return windows, Report(1, len(windows))

    def _refuse_control_tokens(self, sample: str, texts: Sequence[str | None]) -> None:
        """Text that spells a control token would be encoded as one: a turn could end, or an image begin, in a text."""
        for text in texts:
            found = self._control_tokens.search(text or "")
            if text and found:
                raise DataError(
                    f"sample {sample!r}: has the control token {found.group()} in its text: "
                    f"{text[max(found.start() - 30, 0) : found.end()]!r}; remove it, the template writes its own"
                )

    def _columns(self, rows: Sequence[Row]) -> dict[str, list[Any]]:
        """What the host's code makes of rows, one by one, and their names."""
        columns: dict[str, list[Any]] = defaultdict(list)
        for row in rows:
            encoded = super().preprocess_dataset({name: [value] for name, value in row.items()})  # type: ignore[misc]
            for name, values in encoded.items():
                columns[name] += values
            columns[SAMPLE_ID] += [row[ID] or ""] * len(encoded.get("input_ids", ()))
        return columns

    def finish(self, rows: Any, **_how: Any) -> Any:
        """What is left to do to all rows of a data set, or of a stream, once they are tokenized: nothing.

        Args:
            rows: The data set or the stream.
            _how: The host's arguments for `map`.
        """
        return rows


def _conversation(row: Row) -> Conversation:
    return [*row["_prompt"], *row["_response"]], row["_system"], row["_tools"], row["_images"] or []


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
