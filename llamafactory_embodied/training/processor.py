"""The host's processors of supervised fine-tuning, with a loss for each message and windows for long samples.

Nothing is emitted without a token to train on.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from llamafactory.data.processor import SupervisedDatasetProcessor, UnsupervisedDatasetProcessor
from llamafactory.extras.constants import IGNORE_INDEX

from ..episodes.windows import Window, last_window, plan_windows
from ..errors import DataError
from .columns import CONTEXT, ID, LOSS, REVISION
from .encoder import EncodedConversation, Pair
from .labels import label_pairs
from .marked_rows import SAMPLE_ID, EncodedPrompt, MarkedRows, Row
from .packing import Packer, packed
from .report import Report, with_report
from .seams import PACKING_PARAMS

_TOKENS = {"input_ids": [0], "attention_mask": [0], "labels": [IGNORE_INDEX]}
_MEDIA = {"images": None, "videos": None, "audios": None}
_TOKEN_TYPES = {"input_ids": ["int32"], "attention_mask": ["int8"], "labels": ["int64"]}


class ConversationRows(MarkedRows):
    """Rows that are one conversation each."""

    def _fit(self, row: Row) -> tuple[list[Row], Report]:
        messages = [*row["_prompt"], *row["_response"]]
        conversation = self._encoder.encode(messages, row["_system"], row["_tools"], row["_images"] or [])
        if sum(conversation.lengths) <= self._limit:
            return [self._whole(row, conversation)], Report()
        return self._shortened(row, conversation)

    @abstractmethod
    def _whole(self, row: Row, conversation: EncodedConversation) -> Row:
        """The row of a sample that fits."""


class UnpackedRows(MarkedRows):
    """Rows that stay by themselves: one in, one out, or as many as it has windows."""

    def preprocess_dataset(self, examples: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Tokenizes a batch of rows.

        Args:
            examples: Columns of the standard format and of ours (see `columns`).

        Returns:
            The host's columns, `SAMPLE_ID`, and in one more row the batch's report. Ids, masks and labels are arrays
            [tokens].

        Raises:
            DataError: A sample of ours cannot be trained on as it is. Names it.
        """
        rows, report = self._encode_rows(examples)
        columns = with_report(self._columns(rows), {**_TOKENS, **_MEDIA, SAMPLE_ID: ""}, report)
        return columns | {
            name: self._stored(columns[name], kinds[0]) for name, kinds in _TOKEN_TYPES.items() if columns
        }

    def _stored(self, values: Sequence[Any], kind: str) -> list[Any]:
        """Sequences as `datasets` takes them fastest; a stream hands them to the collator, which wants lists."""
        if self.data_args.streaming:
            return [list(map(int, value)) for value in values]
        if kind == "int8":  # masks of rows that are not packed: the host makes them of ones only
            return [np.ones(len(value), kind) for value in values]
        return [np.asarray(value, kind) for value in values]

    def column_types(self) -> dict[str, Any]:
        """Arrow types of the columns that this adds to those of the images."""
        return {**_TOKEN_TYPES, SAMPLE_ID: "string"}


class SupervisedRows(ConversationRows):
    """Rows whose marked messages are trained on."""

    def _whole(self, row: Row, conversation: EncodedConversation) -> Row:
        return self._trained(row, conversation.pairs, self._loss(row))

    def _windows(self, row: Row, conversation: EncodedConversation) -> list[Row]:
        loss = self._loss(row)
        trained = [any(loss[place : place + 2]) for place in range(0, len(loss), 2)]
        windows = plan_windows(conversation.lengths, conversation.opening_length, trained, self._limit, row[CONTEXT])
        return [self._window_row(row, conversation, window, loss) for window in windows]

    def _window_row(self, row: Row, conversation: EncodedConversation, window: Window, loss: Sequence[bool]) -> Row:
        """One window of a row: its turns, its images, and loss on what is fresh in it."""
        known = 2 * (window.fresh - window.start)
        fresh = [*[False] * known, *loss[2 * window.fresh : 2 * window.end]]
        named = row | {
            ID: f"{row[ID]}[{window.start}:{window.end}]",
            "_images": list(conversation.images(window.start, window.end)) or None,
        }
        return self._trained(named, conversation.window(window), fresh)

    def _trained(self, row: Row, pairs: Sequence[Pair], loss: Sequence[bool]) -> Row:
        encoded = label_pairs(pairs, loss, self._late_end)
        if (encoded[1] == IGNORE_INDEX).all():
            raise DataError(f"none of its {len(encoded[1])} tokens is trained on")
        return row | {"_prompt": EncodedPrompt(row["_prompt"], encoded)}

    def _loss(self, row: Row) -> Sequence[bool]:
        """The marks of its messages; the host's `mask_history` leaves the last answer only."""
        loss: list[bool] = row[LOSS]
        return [*[False] * (len(loss) - 1), loss[-1]] if self.data_args.mask_history else loss


@dataclass
class EmbodiedProcessor(UnpackedRows, SupervisedRows, SupervisedDatasetProcessor):  # type: ignore[misc]
    """For supervised fine-tuning without packing."""

    revision: int = REVISION


@dataclass
class EmbodiedPackedProcessor(EmbodiedProcessor):
    """As `EmbodiedProcessor`, for rows that are packed once all of them are tokenized."""

    def _stored(self, values: Sequence[Any], kind: str) -> list[Any]:
        return [np.asarray(value, kind) for value in values]  # in a stream too: they go into packs

    def finish(self, rows: Any, **how: Any) -> Any:
        """Packs the rows: all of a data set, or each batch of a stream; see `packing`."""
        neat = bool(self.data_args.neat_packing)
        with_params = neat and not PACKING_PARAMS.lacks("sequence_boundaries")
        packer = Packer(self.data_args.cutoff_len, self.tokenizer.pad_token_id, neat, with_params)
        return packed(rows, packer, **how)


@dataclass
class EmbodiedPromptProcessor(UnpackedRows, ConversationRows, UnsupervisedDatasetProcessor):  # type: ignore[misc]
    """Prompts for the host's `predict_with_generate`: a sample up to its last answer, which is the label."""

    revision: int = REVISION

    def _whole(self, row: Row, conversation: EncodedConversation) -> Row:
        return self._asked(row, conversation.pairs)

    def _windows(self, row: Row, conversation: EncodedConversation) -> list[Row]:
        window = last_window(conversation.lengths, conversation.opening_length, self._limit, row[CONTEXT])
        images = list(conversation.images(window.start, window.end)) or None
        name = f"{row[ID]}[{window.start}:{window.end}]"
        return [self._asked(row | {ID: name, "_images": images}, conversation.window(window))]

    def _asked(self, row: Row, pairs: Sequence[Pair]) -> Row:
        *before, (question, answer) = pairs
        prompt = [token for pair in before for turn in pair for token in turn] + [*question]
        end = [] if self._late_end is None else [self._late_end]
        return row | {"_prompt": EncodedPrompt(row["_prompt"], (prompt, [*answer, *end]))}
