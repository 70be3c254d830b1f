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
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ..errors import DataError
from .columns import ERROR, ROW, features
from .embedded import cache_folder
from .rows import Row, read_rows


def load(stock: Callable[..., Any], dataset_attr: Any, model_args: Any, data_args: Any, training_args: Any) -> Any:
    """Loads a data set; the signature is the host's `_load_single_dataset`.

    Raises:
        DataError: A row of a JSON file is not a JSON object. Names file and line.
    """
    from datasets.exceptions import DatasetGenerationError

    dataset_attr = copy.copy(dataset_attr)
    dataset_attr.embodied_cache = None if data_args.streaming else cache_folder(model_args.cache_dir)
    if data_args.streaming:
        from .streams import require_own_batches

        require_own_batches(training_args)
        if dataset_attr.load_from == "file":
            return _streamed(dataset_attr, model_args, data_args, training_args)
        data_args = copy.copy(data_args)
        data_args.preprocessing_num_workers = None  # `datasets` streams in one process, and refuses to be told of more
    try:
        return stock(dataset_attr, model_args, data_args, training_args)
    except DatasetGenerationError:
        if dataset_attr.load_from != "file":
            raise
        files = [file for file in _files(dataset_attr, data_args) if file.suffix in (".jsonl", ".json")]
        if not files:
            raise
        skip = dataset_attr.embodied_entry.on_error == "skip"
        rows = _as_texts(files, dataset_attr.embodied_cache / "rows", skip)

    dataset_attr.embodied_file, dataset_attr.dataset_name = dataset_attr.dataset_name, str(rows)
    return stock(dataset_attr, model_args, data_args, training_args)


def _streamed(dataset_attr: Any, model_args: Any, data_args: Any, training_args: Any) -> Any:
    """A data set on the local disk as a stream, which the host would first copy into its cache as a whole."""
    from datasets import Features, IterableDataset, Value, load_dataset
    from llamafactory.data import loader
    from llamafactory.extras.constants import FILEEXT2TYPE

    from .streams import least_shards

    files = _files(dataset_attr, data_args)
    kinds = {FILEEXT2TYPE.get(file.suffix[1:], file.suffix) for file in files}
    if kinds == {"json"}:
        parts = -(-least_shards(training_args) // len(files))
        shards = [(str(file), part, parts) for file in files for part in range(parts)]
        given = {"shards": shards, "skip": dataset_attr.embodied_entry.on_error == "skip"}
        text = Features({ROW: Value("string"), ERROR: Value("string")})
        rows = IterableDataset.from_generator(_texts, features=text, gen_kwargs=given)
    elif len(kinds) == 1:
        names, split = list(map(str, files)), dataset_attr.split
        rows = load_dataset(*kinds, data_files=names, split=split, cache_dir=model_args.cache_dir, streaming=True)
    else:
        raise DataError(f"{dataset_attr.dataset_name}: expected files of one kind, found {sorted(kinds) or 'none'}")
    return loader.align_dataset(rows, dataset_attr, data_args, training_args)


def _files(dataset_attr: Any, data_args: Any) -> list[Path]:
    """The files of a data set that lies on the local disk.

    Raises:
        DataError: There is no such file or folder.
    """
    path = Path(data_args.dataset_dir) / dataset_attr.dataset_name
    if not path.exists():
        raise DataError(f"{path} is not there")
    return sorted(path.iterdir()) if path.is_dir() else [path]


def _texts(shards: list[tuple[str, int, int]], skip: bool) -> Iterator[dict[str, str]]:
    """The rows of parts of JSON files, each as one text.

    Raises:
        DataError: A row is damaged, and such rows are not skipped.
    """
    for name, part, parts in shards:
        file = Path(name)
        for row in read_rows(file, part, parts):
            text = _as_text(file, row)
            if text[ERROR] and not skip:
                raise DataError(text[ERROR])
            yield text


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
        texts = _texts([(str(file), 0, 1) for file in files], skip)
        lines.writelines(json.dumps(text) + "\n" for text in texts)
    temporary.replace(path)
    return path


def _as_text(file: Path, row: Row) -> dict[str, str]:
    """A row, or in its place why it cannot be read: the converter names it when it leaves it out."""
    if row.value is None:
        return {ROW: "", ERROR: f"{file}, line {row.line}: {row.problem}"}
    return {ROW: json.dumps(row.value), ERROR: ""}


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
