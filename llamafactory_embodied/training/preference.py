"""The host's processors of rankings and of judged answers, their prompts cut between turns where they must be.

The host runs over a batch as ever, so that each judged prompt meets the answer of the row before it, whoever's that
is; what it asks of our rows is answered here. Both answers of a row share its prompt and its images, so the longer one
decides whether it fits. A row that does not loses its earliest turns and their images, as far as a policy would have
lost them when it was to give the answer.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from llamafactory.data.processor import FeedbackDatasetProcessor, PairwiseDatasetProcessor
from llamafactory.extras.constants import IGNORE_INDEX

from ..episodes.windows import images_before, open_window, plan_windows
from ..errors import DataError
from .columns import CONTEXT, ERROR, ID, OVERFLOW, REVISION
from .encoder import EncodedConversation, Pair, Turn
from .marked_rows import SAMPLE_ID, Encoded, EncodedPrompt, MarkedRows, Row
from .report import Report, with_report

_MEDIA = {"images": None, "videos": None, "audios": None}
# Of the row that holds a batch's report.
_FILLERS = {"int32": [0], "int8": [0], "int64": [0], "bool": False}
# The answer that the host pairs with a judged prompt.
_OTHER = "kl_response"


class _AskedPrompt(list[dict[str, str]]):
    """The messages of a row's `_prompt` on their way through the host's code, and what became of the row there.

    Attributes:
        row: The row.
        emitted: Whether the host has encoded it, as it does all rows that it thinks valid.
        kept: What is kept of it; None for nothing.
        report: What there is to report.
    """

    def __init__(self, row: Row) -> None:
        super().__init__(row["_prompt"])
        self.row = row
        self.emitted = False
        self.kept: Row | None = row
        self.report = Report()


class ComparedRows(MarkedRows):
    """Rows whose answers are compared with others.

    Attributes:
        types: Arrow types of the columns that the host makes, as it leaves them to be.
        nothing: What stands for the row of a sample that is left out until it is taken away.
    """

    types: ClassVar[Mapping[str, Any]]
    nothing: ClassVar[Encoded]

    def preprocess_dataset(self, examples: Mapping[str, list[Any]]) -> dict[str, list[Any]]:
        """Tokenizes a batch of rows.

        Args:
            examples: Columns of the standard format and of ours (see `columns`).

        Returns:
            The host's columns, `SAMPLE_ID`, and in one more row the batch's report.

        Raises:
            DataError: A sample of ours cannot be trained on as it is. Names it.
        """
        rows = [dict(zip(examples, values, strict=True)) for values in zip(*examples.values(), strict=True)]
        # What could not be read has no answer that could be paired with another prompt.
        report = sum((self._try_row(row)[1] for row in rows if row[ERROR] is not None), Report())
        prompts = [_AskedPrompt(row) for row in rows if row[ERROR] is None]
        columns = self._compare(prompts, examples) if prompts else {}
        report = sum((prompt.report for prompt in prompts), report)
        return with_report(columns, {**self._fillers(), **_MEDIA, SAMPLE_ID: ""}, report)

    def column_types(self) -> dict[str, Any]:
        """Arrow types of the columns that this adds to those of the images."""
        return {**self.types, SAMPLE_ID: "string"}

    def _fillers(self) -> dict[str, Any]:
        return {name: _FILLERS[kind[0] if isinstance(kind, list) else kind] for name, kind in self.types.items()}

    def _compare(self, prompts: list[_AskedPrompt], names: Mapping[str, Any]) -> dict[str, list[Any]]:
        """What the host makes of rows, without those that are left out."""
        examples = {name: [prompt.row[name] for prompt in prompts] for name in names}
        columns = super().preprocess_dataset({**examples, "_prompt": prompts})  # type: ignore[misc]
        emitted = [prompt for prompt in prompts if prompt.emitted]
        kept = [place for place, prompt in enumerate(emitted) if prompt.kept is not None]
        left = [prompt.kept for prompt in emitted if prompt.kept is not None]
        return {
            **{name: [values[place] for place in kept] for name, values in columns.items()},
            "images": [row["_images"] for row in left],
            SAMPLE_ID: [row[ID] or "" for row in left],
        }

    def _encode_data_example(self, prompt: _AskedPrompt, **row: Any) -> Encoded:
        prompt.emitted = True
        if prompt.row[ID] is None:
            return super()._encode_data_example(prompt, **row)
        kept, prompt.report = self._try_row(prompt.row | {_OTHER: row.get(_OTHER)})
        prompt.kept = kept[0] if kept else None
        encoded: Encoded = prompt.kept["_prompt"].encoded if prompt.kept else self.nothing
        return encoded

    def _fit(self, row: Row) -> tuple[list[Row], Report]:
        whole = self._compared(row, 0)
        if _tokens(whole) <= self.data_args.cutoff_len:
            return [row | {"_prompt": EncodedPrompt(row["_prompt"], whole)}], Report()
        first, second = self._answers(row)
        longer = first if len(whole[0]) >= len(whole[2]) else second
        conversation = self._encoder.encode(
            [*row["_prompt"], longer], row["_system"], row["_tools"], row["_images"] or []
        )
        # There is one window: earlier ones would hold no answer that is compared.
        return self._shortened(row | {OVERFLOW: row[OVERFLOW].replace("keep_last", "window")}, conversation)

    def _windows(self, row: Row, conversation: EncodedConversation) -> list[Row]:
        last = len(conversation.pairs) - 1
        for start in range(self._start(row, conversation), last + 1):
            encoded = self._compared(row, start)
            if _tokens(encoded) <= self.data_args.cutoff_len:
                images = list(conversation.images(start, last + 1)) or None
                prompt = EncodedPrompt(row["_prompt"], encoded)
                return [row | {"_prompt": prompt, "_images": images, ID: f"{row[ID]}[{start}:{last + 1}]"}]
        raise DataError(
            "the system text, the task and one turn with the longer of two answers "
            f"take up to {_tokens(encoded)} tokens, the limit is {self.data_args.cutoff_len}"
        )

    def _start(self, row: Row, conversation: EncodedConversation) -> int:
        """The first pair of turns of the window in which a policy would have been."""
        lengths = conversation.lengths
        fits = [conversation.opening_length(pair) <= self._limit for pair in range(len(lengths))]
        if not fits[-1]:
            return len(lengths) - 1
        return plan_windows(lengths, conversation.opening_length, fits, self._limit, row[CONTEXT])[-1].start

    def _compared(self, row: Row, start: int) -> Encoded:
        """A row from a pair of turns on, with each of its answers."""
        asked = open_window(row["_prompt"], start)
        images = (row["_images"] or [])[images_before(row["_prompt"], start) :]
        first, second = (
            self._encoder.last_answer([*asked, answer], row["_system"], row["_tools"], images)
            for answer in self._answers(row)
        )
        return self._joined(row, first, second)

    def _labelled(self, asked: Turn, answer: Turn) -> tuple[list[int], list[int]]:
        """input_ids and labels of an answer after what it answers."""
        end = [] if self._late_end is None else [self._late_end]
        return [*asked, *answer, *end], [*[IGNORE_INDEX] * len(asked), *answer, *end]

    @abstractmethod
    def _answers(self, row: Row) -> tuple[dict[str, str], dict[str, str]]:
        """The two answers that share a row's prompt."""

    @abstractmethod
    def _joined(self, row: Row, first: Pair, second: Pair) -> Encoded:
        """What the host wants to have of a row: ids and labels of each answer, and more."""


@dataclass
class EmbodiedPairwiseProcessor(ComparedRows, PairwiseDatasetProcessor):  # type: ignore[misc]
    """For rankings: a better and a worse answer."""

    types: ClassVar[Mapping[str, Any]] = {
        f"{answer}_{column}": ["int64"]
        for answer in ("chosen", "rejected")
        for column in ("input_ids", "attention_mask", "labels")
    }
    nothing: ClassVar[Encoded] = ([], [], [], [])
    revision: int = REVISION

    def _answers(self, row: Row) -> tuple[dict[str, str], dict[str, str]]:
        chosen, rejected = row["_response"]
        return chosen, rejected

    def _joined(self, row: Row, first: Pair, second: Pair) -> Encoded:
        return (*self._labelled(*first), *self._labelled(first[0], second[1]))


@dataclass
class EmbodiedFeedbackProcessor(ComparedRows, FeedbackDatasetProcessor):  # type: ignore[misc]
    """For judged answers: a row's own, and the one that the host pairs with its prompt."""

    types: ClassVar[Mapping[str, Any]] = {
        "input_ids": ["int32"],
        "attention_mask": ["int8"],
        "labels": ["int64"],
        **{f"kl_{column}": ["int64"] for column in ("input_ids", "attention_mask", "labels")},
        "kto_tags": "bool",
    }
    nothing: ClassVar[Encoded] = ([], [], [], [], False)
    revision: int = REVISION

    def _answers(self, row: Row) -> tuple[dict[str, str], dict[str, str]]:
        own, other = (given[0] if given[0]["content"] else given[1] for given in (row["_response"], row[_OTHER]))
        return own, other

    def _joined(self, row: Row, first: Pair, second: Pair) -> Encoded:
        return (*self._labelled(*first), *self._labelled(*second), bool(row["_response"][0]["content"]))


def _tokens(encoded: Encoded) -> int:
    """Tokens of the longer of two sequences."""
    return max(len(encoded[0]), len(encoded[2]))
