"""A training configuration of LLaMA-Factory, as far as it decides what becomes of a sample: the host's own objects."""

import copy
import dataclasses
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import SettingsError
from ..settings import read_mapping
from ..training.columns import LOSS
from ..training.image_tokens import ImageSizing, size_of
from ..training.report import REPORT, Report
from .source import Sources, find_sources

_UNCUT = 2**30
_HEADER_TOKENS = 64  # more than a template writes around a message


class Encoded(NamedTuple):
    """A sample, or a window of one, as the trainer gets it.

    Attributes:
        input_ids: Token ids.
        labels: As long; -100 where nothing is trained on.
        images: Paths, or mappings with the file's bytes, in order.
    """

    input_ids: list[int]
    labels: list[int]
    images: list[Any]


class Recipe:
    """Template, tokenizer, processor and data arguments of a training configuration.

    Args:
        path: The YAML file that `llamafactory-cli train` takes.

    Raises:
        SettingsError: There is no such file, it names no template, or its model cannot be loaded.
        HostMismatchError: LLaMA-Factory is missing or not the one that the plugin knows.
    """

    def __init__(self, path: Path) -> None:
        told = _read(path)

        from .. import register
        from ..training.checkpoint import quiet_host

        with quiet_host():
            register()
            try:
                self._load(told)
            except (OSError, TypeError, ValueError) as error:
                raise SettingsError(f"{path}: {error}") from error

    def _load(self, told: Mapping[str, Any]) -> None:
        from llamafactory.data import get_template_and_fix_tokenizer
        from llamafactory.hparams import DataArguments, ModelArguments
        from llamafactory.model import load_tokenizer

        self.data_args = _arguments(DataArguments, told)
        loaded = load_tokenizer(_arguments(ModelArguments, told))
        self.tokenizer, self.processor = loaded["tokenizer"], loaded["processor"]
        self.template = get_template_and_fix_tokenizer(self.tokenizer, self.data_args)

    def sources(self, data: str = "", datasets: tuple[str, ...] = ()) -> Sources:
        """Returns the data sets that the recipe names, or those under another path.

        Raises:
            SettingsError: As `find_sources`.
        """
        media_dir, train_on_prompt = self.data_args.media_dir, bool(self.data_args.train_on_prompt)
        if data:
            return find_sources(Path(data), datasets, train_on_prompt=train_on_prompt)
        named = datasets or tuple(self.data_args.dataset or ())
        return find_sources(Path(self.data_args.dataset_dir), named, media_dir, train_on_prompt)

    def encode(self, row: Mapping[str, Any]) -> list[Encoded]:
        """Returns what training makes of a row of the standard format: one sample, its windows, or none.

        Raises:
            DataError: It cannot be trained on as it is.
        """
        return _encode(self._as_trained, row)

    def encode_whole(self, row: Mapping[str, Any]) -> Encoded:
        """Returns a row as it would be if `cutoff_len` were endless; raises as `encode`."""
        return _encode(self._uncut, row)[0]

    def becomes(self, row: Mapping[str, Any]) -> Report:
        """Returns what training reports of a row of the standard format, nothing of one that fits `cutoff_len`.

        Raises:
            DataError: It cannot be trained on as it is; at this `cutoff_len`, maybe.
        """
        if self._surely_fits(row):
            return Report()
        report: Report = self._as_trained.encode_row(dict(_with_one_answer(row)))[1]
        return report

    def _surely_fits(self, row: Mapping[str, Any]) -> bool:
        """Tells from its bytes and images, without tokenizing, that a row is no longer than `cutoff_len`.

        A token is a byte of text at least. Normalizing (NFC) makes no text longer than three times its bytes.
        """
        if row["_tools"] or self.data_args.mask_history:
            return False
        messages = [*row["_prompt"], *row["_response"]]
        texts = [row["_system"] or self.template.default_system, *(message["content"] for message in messages)]
        text_bytes = sum(len(text) if text.isascii() else 3 * len(text.encode()) for text in texts)
        sizes = map(size_of, row["_images"] or ())
        tokens = text_bytes + _HEADER_TOKENS * len(texts) + sum(self.sizing.token_count(*size) for size in sizes)
        return bool(tokens <= self.data_args.cutoff_len)

    @cached_property
    def image_token_id(self) -> int:
        """The id that stands for a part of an image."""
        return int(self.tokenizer.convert_tokens_to_ids(self.template.mm_plugin.image_token))

    @cached_property
    def sizing(self) -> ImageSizing:
        """How images are resized.

        Raises:
            SettingsError: The model's images are not Qwen-VL's.
        """
        sizing = ImageSizing.of_processor(self.template.mm_plugin, self.processor)
        if sizing is None:
            raise SettingsError(f"the images of a {type(self.processor).__name__} are not those of the Qwen-VL family")
        return sizing

    @cached_property
    def _as_trained(self) -> Any:
        return self._make_processor(self.data_args)

    @cached_property
    def _uncut(self) -> Any:
        data_args = copy.copy(self.data_args)
        data_args.cutoff_len = _UNCUT
        return self._make_processor(data_args)

    def _make_processor(self, data_args: Any) -> Any:
        from ..training.processor import EmbodiedProcessor

        return EmbodiedProcessor(
            template=self.template, tokenizer=self.tokenizer, processor=self.processor, data_args=data_args
        )


def open_sources(
    data: str, datasets: tuple[str, ...], recipe: str, media_dir: str = ""
) -> tuple[Recipe | None, Sources]:
    """Opens what the settings of a verb name; without a recipe nothing of LLaMA-Factory is imported.

    Raises:
        SettingsError: Neither data nor a recipe is given, or one of them is wrong.
    """
    if recipe:
        opened = Recipe(Path(recipe))
        return opened, opened.sources(data, datasets)
    if not data:
        raise SettingsError("needs data=, a data file or a folder with dataset_info.json, or recipe=")
    return None, find_sources(Path(data), datasets, media_dir or None)


def _encode(processor: Any, row: Mapping[str, Any]) -> list[Encoded]:
    columns = processor.preprocess_dataset({name: [value] for name, value in _with_one_answer(row).items()})
    names = ("input_ids", "labels", "images", REPORT)
    parts = zip(*(columns.get(name, ()) for name in names), strict=True)
    return [
        Encoded(list(map(int, ids)), list(map(int, labels)), list(images or ()))
        for ids, labels, images, report in parts
        if report is None
    ]


def _with_one_answer(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row as it is, or with the longer of two answers that are compared, which decides whether it fits."""
    if len(row["_response"]) < 2:
        return row
    longer = max(row["_response"], key=lambda message: len(message["content"]))
    return {**row, "_response": [longer], LOSS: [*[False] * len(row["_prompt"]), True]}


def _read(path: Path) -> Mapping[str, Any]:
    told = read_mapping(path)
    if not {"model_name_or_path", "template"} <= set(told):
        raise SettingsError(f"{path} is no configuration of training: it must name model_name_or_path and template")
    return told


def _arguments(kind: Any, told: Mapping[str, Any]) -> Any:
    """The host's arguments of one kind; the trainer's own, such as bf16, need a GPU to be valid and decide nothing."""
    names = {field.name for field in dataclasses.fields(kind) if field.init}
    return kind(**{key: value for key, value in told.items() if key in names})
