"""Decides whether a data set is ours, and has the host preprocess it with our processors if it is."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any

from llamafactory.extras import logging

from ..errors import DataError, SettingsError
from .columns import ID
from .packing import check_packing
from .report import REPORT, Report, total
from .sidecar import checkpoint_terms, write_sidecar

logger = logging.get_logger(__name__)

# Set while the host preprocesses a data set of ours: the function in which it picks the processor does not see it.
_ours: ContextVar[bool] = ContextVar("ours", default=False)


def is_ours(dataset: Any) -> bool:
    """Tells whether any row of a merged data set may be ours, by its columns."""
    if dataset is None:
        return False
    columns = dataset.column_names
    return ID in (columns if columns is not None else next(iter(dataset)))


def preprocess(
    stock: Callable[..., Any],
    dataset: Any,
    data_args: Any,
    training_args: Any,
    stage: str,
    template: Any,
    tokenizer: Any,
    processor: Any = None,
    is_eval: bool = False,
) -> Any:
    """Preprocesses a data set that has rows of ours; the signature is the host's `_get_preprocessed_dataset`.

    Raises:
        SettingsError: The configuration asks for what this format does not have. Names it.
        DataError: A sample cannot be trained on as it is. Names it.
    """
    _refuse_megatron(training_args)
    typed = _Typed(dataset)
    token = _ours.set(True)
    try:
        prepared = stock(typed, data_args, training_args, stage, template, tokenizer, processor, is_eval)
    finally:
        _ours.reset(token)

    terms = None if is_eval else checkpoint_terms(dataset, data_args, processor)
    _leave_terms(terms, training_args)
    # Beside the data, so that it is told again when `tokenized_path` brings the data back.
    prepared.info.description = json.dumps({"embodied": {"report": str(typed.report), "terms": terms}})
    if hasattr(prepared, "__len__"):
        return prepared

    from .streams import for_training, with_image_bytes

    rows = prepared.map(with_image_bytes)
    return rows if is_eval else for_training(rows, training_args)


def recall(dataset_module: Mapping[str, Any], model_args: Any, data_args: Any, training_args: Any) -> None:
    """Tells what a data set that was preprocessed earlier was made with, and what is missing from it.

    Args:
        dataset_module: The host's data sets, as `get_dataset` returns them from a `tokenized_path`.
        model_args: The host's.
        data_args: The host's.
        training_args: The host's.

    Raises:
        SettingsError: It cannot be packed with these settings.
    """
    left = note_of(dataset_module.get("train_dataset"))
    if left is None:
        return
    check_packing(data_args, model_args)
    _tell(Report.parse(left["report"]))
    _leave_terms(left["terms"], training_args)


def note_of(dataset: Any) -> Mapping[str, Any] | None:
    """What `preprocess` left beside a data set; None if it did not make it."""
    described = getattr(getattr(dataset, "info", None), "description", None) or ""
    try:
        note: Mapping[str, Any] = json.loads(described)["embodied"]
    except (ValueError, KeyError, TypeError):
        return None
    return note


def processor_for(stock: Any) -> Any:
    """Returns our processor for the one that the host picked, while it preprocesses a data set of ours."""
    if not _ours.get():
        return stock

    from llamafactory.data import processor as host

    from . import preference
    from . import processor as ours

    kinds: dict[Any, Any] = {
        host.SupervisedDatasetProcessor: ours.EmbodiedProcessor,
        host.PackedSupervisedDatasetProcessor: ours.EmbodiedPackedProcessor,
        host.UnsupervisedDatasetProcessor: ours.EmbodiedPromptProcessor,
        host.PairwiseDatasetProcessor: preference.EmbodiedPairwiseProcessor,
        host.FeedbackDatasetProcessor: preference.EmbodiedFeedbackProcessor,
    }
    return kinds[type(stock)](
        template=stock.template, tokenizer=stock.tokenizer, processor=stock.processor, data_args=stock.data_args
    )


def _refuse_megatron(training_args: Any) -> None:
    if getattr(training_args, "use_mca", False):
        raise SettingsError(
            '"formatting": "embodied" is not trained with USE_MCA=1: Megatron\'s workflow has a collator of its own, '
            "which knows nothing of this format; unset USE_MCA, or use ZeRO-3 or FSDP for models of that size"
        )


class _Typed:
    """A data set whose `map` makes columns of fixed types, takes the reports out, and lets the processor finish.

    Left to itself `datasets` takes the types from the first thousand rows, and fails at a thousand without an image
    that are followed by one with.

    Attributes:
        report: What became of the samples; nothing for a stream, which is told as it comes by.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self.report = Report()

    def __iter__(self) -> Iterator[Any]:
        """The host looks up the columns in the first row, for which a stream would fill its buffer."""
        names = self._dataset.column_names
        return iter(self._dataset if names is None else [dict.fromkeys(names)])

    def map(self, function: Any, **kwargs: Any) -> Any:
        from datasets import Features, IterableDataset

        processor = function.__self__
        if isinstance(self._dataset, IterableDataset):
            samples = self._dataset.map(function, **kwargs).filter(_is_sample).remove_columns(REPORT)
            return processor.finish(samples, **kwargs)
        given = self._dataset.features
        media = {name: given[f"_{name}"] for name in ("images", "videos", "audios")}
        types = {name: _feature(kind) for name, kind in processor.column_types().items()}
        types |= {**media, REPORT: _feature("string")}
        samples, self.report = _without_reports(self._dataset.map(function, features=Features(types), **kwargs))
        _tell(self.report)
        if not len(samples):
            raise DataError(f"nothing is left to train on: all {len(self._dataset)} samples are left out, see above")
        return processor.finish(samples, **kwargs)


def _feature(kind: Any) -> Any:
    """An Arrow type from the name of one, for lists of such names too."""
    from datasets import Value

    return [_feature(kind[0])] if isinstance(kind, list) else Value(kind)


def _without_reports(prepared: Any) -> tuple[Any, Report]:
    """Takes the rows that hold reports out of a preprocessed data set."""
    texts = prepared.select_columns(REPORT).with_format("arrow")[:][REPORT].to_pylist() if len(prepared) else []
    if any(text is not None for text in texts):
        prepared = prepared.select([place for place, text in enumerate(texts) if text is None])
    return prepared.remove_columns(REPORT), total(texts)


def _is_sample(row: Mapping[str, Any]) -> bool:
    """Leaves the rows that hold reports out of a stream, and tells them as they come by."""
    if row[REPORT] is not None:
        _tell(Report.parse(row[REPORT]))
    return row[REPORT] is None


def _tell(report: Report) -> None:
    for line in report.lines():
        logger.warning_rank0(line)


def _leave_terms(terms: Mapping[str, Any] | None, training_args: Any) -> None:
    if terms is not None and training_args.do_train and training_args.should_save:
        write_sidecar(training_args.output_dir, terms)
