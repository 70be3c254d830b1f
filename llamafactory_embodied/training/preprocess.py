"""Decides whether a data set is ours, and has the host preprocess it with our processors if it is."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ..errors import SettingsError
from .converter import ID
from .sidecar import write_sidecar

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
        SettingsError: The stage is not supervised fine-tuning.
        DataError: A sample cannot be trained on as it is. Names it.
    """
    if stage != "sft":
        raise SettingsError(f'"formatting": "embodied" is trained with `stage: sft`, the configuration says {stage!r}')

    token = _ours.set(True)
    try:
        preprocessed = stock(dataset, data_args, training_args, stage, template, tokenizer, processor, is_eval)
    finally:
        _ours.reset(token)

    if training_args.do_train and not is_eval and training_args.should_save:
        write_sidecar(training_args.output_dir, dataset, data_args, processor)
    return preprocessed


def processor_for(stock: Any) -> Any:
    """Returns our processor for the one that the host picked, while it preprocesses a data set of ours."""
    if not _ours.get():
        return stock

    from llamafactory.data.processor import PackedSupervisedDatasetProcessor, SupervisedDatasetProcessor

    from .processor import EmbodiedPackedProcessor, EmbodiedProcessor

    ours = {
        SupervisedDatasetProcessor: EmbodiedProcessor,
        PackedSupervisedDatasetProcessor: EmbodiedPackedProcessor,
    }.get(type(stock))
    # Others, such as the one that makes prompts for generation in evaluation, train on nothing.
    if ours is None:
        return stock
    return ours(
        template=stock.template, tokenizer=stock.tokenizer, processor=stock.processor, data_args=stock.data_args
    )
