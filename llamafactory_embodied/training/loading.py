"""How the host loads a data set of ours: with fixed column types, images left as they are, and rows of any keys.

What the host reads with is Arrow, in which all rows of a file have the same keys and types. JSON files need not be so:
a key may first appear late, content may be text here and a list there. Such a file is read once by ourselves and
handed to the host with each row as one text, which the converter reads.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any

from .columns import ERROR, ROW, features
from .embedded import cache_folder
from .rows import Row, read_rows, sound_rows


def load(stock: Callable[..., Any], dataset_attr: Any, model_args: Any, data_args: Any, training_args: Any) -> Any:
    """Loads a data set; the signature is the host's `_load_single_dataset`.

    Raises:
        DataError: A row of a JSON file is not a JSON object. Names file and line.
    """
    from datasets.exceptions import DatasetGenerationError

    dataset_attr = copy.copy(dataset_attr)
    dataset_attr.embodied_cache = cache_folder(model_args.cache_dir)
    if data_args.streaming and dataset_attr.load_from != "file":
        data_args = copy.copy(data_args)
        data_args.preprocessing_num_workers = None  # `datasets` streams in one process, and refuses to be told of more
    try:
        return stock(dataset_attr, model_args, data_args, training_args)
    except DatasetGenerationError:
        files = _json_files(dataset_attr, data_args)
        if not files:
            raise
        skip = dataset_attr.embodied_entry.on_error == "skip"
        rows = _as_texts(files, dataset_attr.embodied_cache / "rows", skip)

    dataset_attr.embodied_file, dataset_attr.dataset_name = dataset_attr.dataset_name, str(rows)
    return stock(dataset_attr, model_args, data_args, training_args)


def _json_files(dataset_attr: Any, data_args: Any) -> list[Path]:
    """The JSON files of a data set that lies on the local disk."""
    if dataset_attr.load_from != "file":
        return []
    path = Path(data_args.dataset_dir) / dataset_attr.dataset_name
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [file for file in files if file.suffix in (".jsonl", ".json")]


def _as_texts(files: list[Path], folder: Path, skip: bool) -> Path:
    """Writes the rows of JSON files as JSON lines with one text each; named so that a changed file is read anew.

    Raises:
        DataError: A row is damaged, and such rows are not skipped.
    """
    stats = [(str(file.absolute()), file.stat().st_mtime_ns, file.stat().st_size) for file in files]
    path = folder / f"{_digest([stats, skip])}.jsonl"
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("w", encoding="utf-8") as lines:
        for file in files:
            texts = map(_as_text, repeat(file), read_rows(file)) if skip else map(_text_of, sound_rows(file))
            lines.writelines(json.dumps(text) + "\n" for text in texts)
    temporary.replace(path)
    return path


def _as_text(file: Path, row: Row) -> dict[str, str]:
    """A row, or in its place why it cannot be read: the converter names it when it leaves it out."""
    return {ROW: "", ERROR: f"{file}, line {row.line}: {row.problem}"} if row.value is None else _text_of(row.value)


def _text_of(value: Mapping[str, Any]) -> dict[str, str]:
    return {ROW: json.dumps(value), ERROR: ""}


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value).encode()).hexdigest()[:20]


def align(stock: Callable[..., Any], dataset: Any, *args: Any, **kwargs: Any) -> Any:
    """Converts a data set; the signature is the host's `align_dataset`."""
    return stock(_Typed(dataset), *args, **kwargs)


class _Typed:
    """A data set whose `map` makes columns of fixed types, from rows as they lie in the file.

    Left to itself `datasets` takes the types from the first thousand rows, and fails at a thousand without an image
    that are followed by one with; and it would decode each image that a file holds as bytes.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        return iter(self._dataset)

    def map(self, converter: Any, **kwargs: Any) -> Any:
        from datasets import IterableDataset

        if isinstance(self._dataset, IterableDataset):
            stream = self._dataset.decode(False) if self._dataset.features else self._dataset
            return stream.map(converter, features=features(), **kwargs)
        rows = self._dataset.with_format("arrow")
        return rows.map(_OfTable(converter), features=features(), **kwargs).with_format(None)


class _OfTable:
    """A converter that takes its row as a table, which leaves images as they are."""

    def __init__(self, converter: Any) -> None:
        self.converter = converter

    def __call__(self, table: Any) -> dict[str, Any]:
        converted: dict[str, Any] = self.converter(table.to_pylist()[0])
        return converted
