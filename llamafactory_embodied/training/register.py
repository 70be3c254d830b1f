"""Puts the plugin into LLaMA-Factory: two registries and a few assignments, all of them in `seams.SEAMS`.

Everything here may be called as often as you like. It imports the rest of the plugin only when LLaMA-Factory calls
for it: the import hook runs in the middle of the host's own imports, when half of our modules may be waiting for them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import HostMismatchError
from . import seams

FORMATTING = "embodied"

_MARK = "__llamafactory_embodied__"
_mismatch: HostMismatchError | None = None


def register() -> None:
    """Imports LLaMA-Factory and registers everything.

    Raises:
        HostMismatchError: LLaMA-Factory is not installed, or its seams are not as expected.
    """
    try:
        import_module("llamafactory.data")
    except ModuleNotFoundError as error:
        raise HostMismatchError(
            f"LLaMA-Factory cannot be imported ({error}). "
            "Install it: pip install 'llamafactory-embodied[train]', "
            f"or llamafactory>={seams.TESTED_HOST_VERSIONS[0]} by itself."
        ) from error

    register_data()
    data: Any = import_module("llamafactory.data")
    data.get_dataset = import_module("llamafactory.data.loader").get_dataset
    register_collator()


def register_data() -> None:
    """Registers the data format and the templates, and puts the processor in place.

    Raises:
        HostMismatchError: A seam is not as expected; nothing but the format's name has been registered then, and
            a dataset of this format raises the same error.
    """
    try:
        _check(seams.DATA_SEAMS)
    finally:
        # On a mismatch too: who trains this format shall read what does not fit, not that the format is unknown.
        _register_converter()

    from .template import register_templates

    register_templates()
    parser, loader = import_module("llamafactory.data.parser"), import_module("llamafactory.data.loader")
    assign(parser.DatasetAttr, "join", _join_with_entry)
    assign(loader, "_get_merged_dataset", _merge_for_stage)
    assign(loader, "_load_single_dataset", _load_ours)
    assign(loader, "align_dataset", _align_ours)
    assign(loader, "_get_preprocessed_dataset", _preprocess_ours)
    assign(loader, "_get_dataset_processor", _processor_for_ours)
    assign(loader, "get_dataset", _recall_ours)


def register_collator() -> None:
    """Puts the collators into the workflows of the host's stages, which look them up by name.

    Raises:
        HostMismatchError: A seam is not as expected; a dataset of this format raises the same error.
    """
    _check(seams.TRAIN_SEAMS)

    from .collator import OURS, hand_on
    from .resume import load_weights

    assign(import_module("transformers").Trainer, "_load_from_checkpoint", load_weights)
    assign(import_module("llamafactory.train.kto.trainer").CustomKTOTrainer, "forward", hand_on)
    for stage, name in seams.COLLATORS.items():
        workflow: Any = import_module(f"llamafactory.train.{stage}.workflow")
        setattr(workflow, name, OURS[name])
        workflow.get_dataset = import_module("llamafactory.data.loader").get_dataset


def register_hyper_parallel() -> None:
    """Puts the collator into the workflow of `use_hyper_parallel`, which has the name from elsewhere.

    Raises:
        HostMismatchError: The seam is not as expected.
    """
    _check(seams.HYPER_PARALLEL_SEAMS)

    from .collator import OURS

    workflow: Any = import_module("llamafactory.train.hyper_parallel.workflow")
    setattr(workflow, seams.COLLATORS["sft"], OURS[seams.COLLATORS["sft"]])
    workflow.get_dataset = import_module("llamafactory.data.loader").get_dataset


def refuse_v1() -> None:
    """Says that the host's second engine is not the place for this format.

    Raises:
        HostMismatchError: Always; the import hook logs it and lets the engine start.
    """
    raise HostMismatchError(
        "USE_V1=1 starts LLaMA-Factory's second engine, which reads text only and knows neither this format nor these "
        "recipes; unset USE_V1 to train them"
    )


def assign(owner: Any, name: str, wrap: Callable[[Any], Callable[..., Any]]) -> None:
    """Replaces `owner.name` by `wrap(stock)`, once; the wrapper shows the stock signature."""
    stock = getattr(owner, name)
    if not hasattr(stock, _MARK):
        wrapper = functools.wraps(stock)(wrap(stock))
        setattr(wrapper, _MARK, True)
        setattr(owner, name, wrapper)


def _check(table: tuple[seams.Seam, ...]) -> None:
    global _mismatch
    try:
        seams.check(table)
    except HostMismatchError as mismatch:
        _mismatch = mismatch
        raise


def _register_converter() -> None:
    if seams.CONVERTER_REGISTRY.mismatch() is not None:
        return

    converter = import_module("llamafactory.data.converter")
    if FORMATTING not in converter.DATASET_CONVERTERS:
        converter.register_dataset_converter(FORMATTING, embodied_converter)


def embodied_converter(dataset_attr: Any, data_args: Any) -> Any:
    """Makes the converter of one dataset; what the host's registry calls for "formatting": "embodied".

    Args:
        dataset_attr: The host's `DatasetAttr`.
        data_args: The host's `DataArguments`.

    Raises:
        HostMismatchError: Registration found a mismatch; our data must not be trained with this host.
        SettingsError: The dataset's entry asks for what the format does not have.
    """
    if _mismatch is not None:
        raise _mismatch

    from .converter import EmbodiedConverter

    return EmbodiedConverter.of_dataset(dataset_attr, data_args)


def _join_with_entry(stock: Callable[..., None]) -> Callable[..., None]:
    def join(self: Any, attr: dict[str, Any]) -> None:
        stock(self, attr)
        if attr.get("formatting") == FORMATTING:
            from .entry import Entry
            from .stage import loaded_for, require_entry

            name = str(self.dataset_name)
            self.embodied_entry = Entry.of_dataset_info(name, attr)
            require_entry(name, self.embodied_entry.ranking, loaded_for())

    return join


def _merge_for_stage(stock: Callable[..., Any]) -> Callable[..., Any]:
    def _get_merged_dataset(
        dataset_names: Any, model_args: Any, data_args: Any, training_args: Any, stage: str, *args: Any, **kwargs: Any
    ) -> Any:
        from .stage import loading_for

        with loading_for(stage):
            return stock(dataset_names, model_args, data_args, training_args, stage, *args, **kwargs)

    return _get_merged_dataset


def _load_ours(stock: Callable[..., Any]) -> Callable[..., Any]:
    def _load_single_dataset(dataset_attr: Any, model_args: Any, data_args: Any, training_args: Any) -> Any:
        if dataset_attr.formatting != FORMATTING:
            return stock(dataset_attr, model_args, data_args, training_args)

        from .loading import load
        from .packing import check_packing

        check_packing(data_args, model_args)
        return load(stock, dataset_attr, model_args, data_args, training_args)

    return _load_single_dataset


def _align_ours(stock: Callable[..., Any]) -> Callable[..., Any]:
    def align_dataset(dataset: Any, dataset_attr: Any, *args: Any, **kwargs: Any) -> Any:
        if dataset_attr.formatting != FORMATTING:
            return stock(dataset, dataset_attr, *args, **kwargs)

        from .loading import align

        return align(stock, dataset, dataset_attr, *args, **kwargs)

    return align_dataset


def _preprocess_ours(stock: Callable[..., Any]) -> Callable[..., Any]:
    def _get_preprocessed_dataset(dataset: Any, *args: Any, **kwargs: Any) -> Any:
        from .preprocess import is_ours, preprocess

        if not is_ours(dataset):
            return stock(dataset, *args, **kwargs)
        return preprocess(stock, dataset, *args, **kwargs)

    return _get_preprocessed_dataset


def _processor_for_ours(stock: Callable[..., Any]) -> Callable[..., Any]:
    def _get_dataset_processor(*args: Any, **kwargs: Any) -> Any:
        from .preprocess import processor_for

        return processor_for(stock(*args, **kwargs))

    return _get_dataset_processor


def _recall_ours(stock: Callable[..., Any]) -> Callable[..., Any]:
    def get_dataset(template: Any, model_args: Any, data_args: Any, training_args: Any, *args: Any, **kw: Any) -> Any:
        tokenized = data_args.tokenized_path is not None and any(Path(data_args.tokenized_path).glob("*"))
        dataset_module = stock(template, model_args, data_args, training_args, *args, **kw)
        if tokenized:
            from .preprocess import recall

            recall(dataset_module, model_args, data_args, training_args)
        return dataset_module

    return get_dataset
