"""`pack`: data sets become Parquet shards with their images inside, which train as they are and can be uploaded.

What is made lies under a temporary name until it is complete; a stopped call starts anew. The same data and settings
give the same bytes.
"""

import json
import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from ..episodes.progress import progress
from ..errors import DataError, SettingsError
from ..files import replace_file
from ..settings import claim_folder, option
from ..training.entry import Entry
from ..training.rows import count_rows, read_rows
from .card import card
from .check import Linter, describe
from .findings import Finding
from .packed import Columns, packed_row
from .recipe import open_sources
from .source import INFO_FILE, Source

_MEGABYTE = 10**6
_GROUP_BYTES, _GROUP_ROWS = 64 * _MEGABYTE, 1000
_SHOWN = 10


@dataclass(frozen=True)
class PackSettings:
    """Settings of the verb `pack`."""

    data: str = option("", "a data file, or a folder with dataset_info.json; without it the recipe's dataset_dir")
    output_dir: str = option("", "folder to make: the `dataset_dir` of who trains on it")
    datasets: tuple[str, ...] = option((), "names in dataset_info.json; without them the recipe's, or all")
    recipe: str = option("", "a training configuration of LLaMA-Factory: what it cannot tokenize is damaged, too")
    media_dir: str = option("", "second folder that images are looked up in, where there is no recipe")
    shard_mb: int = option(500, "about how large a shard is, in megabytes", least=1)
    shards: int = option(0, "number of shards of each data set, instead of their size", least=0)
    shuffle: bool = option(False, "whether the samples are put in another order")
    seed: int = option(0, "decides the order")
    on_error: str = option("raise", "what becomes of damaged samples: raise stops, skip leaves them out by name")


@dataclass
class _Draft:
    """The sound samples of a data set, each as a line of a file.

    Attributes:
        path: The file.
        starts: Where each line starts.
        sizes: What each takes with its images, in bytes.
        columns: What all of them need.
        errors: Why the others are damaged.
    """

    path: Path
    starts: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    columns: Columns = field(default_factory=Columns)
    errors: list[Finding] = field(default_factory=list)


def run_pack(settings: PackSettings) -> None:
    """Packs data sets, and says what was made and left out."""
    if not settings.output_dir:
        raise SettingsError("needs output_dir=, the folder to make")
    if settings.on_error not in ("raise", "skip"):
        raise SettingsError(f"on_error is {settings.on_error!r}, expected raise or skip")
    recipe, sources = open_sources(settings.data, settings.datasets, settings.recipe, settings.media_dir)
    output = Path(settings.output_dir)
    if output.exists():
        raise SettingsError(f"{output} is there already; remove it, or choose another output_dir")
    folder = output.with_name(f"{output.name}.tmp")
    shutil.rmtree(folder, ignore_errors=True)
    claim_folder(settings, folder)
    linter, sizes, entries = Linter(recipe), {}, {}
    for source in sources.found:
        name = source.name.removesuffix(source.files[0].suffix)
        sizes[name], entries[name] = _pack(source, name, linter, folder, settings)
    replace_file(folder / INFO_FILE, json.dumps(entries, indent=2) + "\n")
    replace_file(folder / "README.md", card(sizes, entries))
    folder.replace(output)
    for name, (samples, images, shards, _) in sizes.items():
        _print(f"{name}: {samples} samples, {images} images, {shards} shards in {output}")
    for left_out in sources.left_out:
        _print(f"Not packed: {left_out}.")


def _print(line: str) -> None:
    Console().print(Text(line), soft_wrap=True)


def _pack(
    source: Source, name: str, linter: Linter, folder: Path, settings: PackSettings
) -> tuple[tuple[int, int, int, int], dict[str, Any]]:
    """Packs a data set; returns its samples, images, shards and bytes, and its entry in dataset_info.json."""
    work, target = folder / "work", folder / name
    work.mkdir()
    target.mkdir()
    draft = _draft(source, linter, work)
    _tell(source, draft, settings.on_error)
    order = list(range(len(draft.starts)))
    if settings.shuffle:
        random.Random(f"{settings.seed} {name}").shuffle(order)
    shards = list(_shards(order, draft.sizes, settings))
    images = 0
    with progress(f"pack {name}", len(order)) as advance:
        for number, shard in enumerate(shards):
            for row in _write_shard(target / f"train-{number:05d}-of-{len(shards):05d}.parquet", draft, shard):
                images += len(row["images"])
                advance("")
    shutil.rmtree(work)
    size = sum(path.stat().st_size for path in target.iterdir())
    return (len(order), images, len(shards), size), _entry(name, source, draft)


def _draft(source: Source, linter: Linter, work: Path) -> _Draft:
    """Reads a data set once: what is sound, how large it is and which columns it needs."""
    draft = _Draft(work / "rows.jsonl")
    roots = replace(source.converter.roots, embedded=str(work / "images"))
    source = replace(source, converter=replace(source.converter, roots=roots))
    total = sum(map(count_rows, source.files))
    with draft.path.open("wb") as lines, progress(f"check {source.name}", total) as advance:
        for file in source.files:
            for row in read_rows(file):
                errors = [one for one in linter.lint(source, file, row) if one.severity == "error"]
                draft.errors += errors
                if not errors and row.value is not None:
                    packed = packed_row(row.value, source.converter)
                    line = json.dumps(packed, default=str).encode() + b"\n"
                    draft.columns.see(packed)
                    draft.starts.append(lines.tell())
                    draft.sizes.append(
                        len(line) + sum(Path(image["file"]).stat().st_size for image in packed["images"])
                    )
                    lines.write(line)
                advance(f"{len(draft.errors)} findings")
    return draft


def _tell(source: Source, draft: _Draft, on_error: str) -> None:
    """Names damaged samples, in an error if they are not to be left out."""
    damaged = {one.place[:2] for one in draft.errors}
    named = [describe(one) for one in draft.errors[:_SHOWN]]
    more = [f"and {len(draft.errors) - _SHOWN} more; `check` lists them all"] if len(draft.errors) > _SHOWN else []
    if damaged and on_error == "raise":
        raise DataError(
            f"{source.name}: {len(damaged)} damaged samples; mend them, or leave them out with on_error=skip: "
            + "; ".join([*named, *more])
        )
    if not draft.starts:
        raise DataError(f"{source.name}: there is no sound sample in it")
    for line in [f"{source.name}: {len(damaged)} damaged samples are left out.", *named, *more] if damaged else ():
        _print(line)


def _shards(order: Sequence[int], sizes: Sequence[int], settings: PackSettings) -> Iterator[list[int]]:
    """Cuts the samples into runs of about equal size."""
    total = sum(sizes)
    count = settings.shards or -(-total // (settings.shard_mb * _MEGABYTE))
    before, shard_of = 0, {}
    for place in order:
        shard_of[place] = before * count // total
        before += sizes[place]
    for _, run in groupby(order, key=lambda place: shard_of[place]):
        yield list(run)


def _write_shard(path: Path, draft: _Draft, shard: Sequence[int]) -> Iterator[dict[str, Any]]:
    """Writes a shard and yields its rows."""
    import pyarrow
    from pyarrow import parquet

    schema = draft.columns.features().arrow_schema
    with draft.path.open("rb") as lines, parquet.ParquetWriter(path, schema, write_page_index=True) as writer:
        for group in _groups(shard, draft.sizes):
            rows = [_whole_row(lines, draft, place) for place in group]
            writer.write_table(pyarrow.Table.from_pylist(rows, schema=schema))
            yield from rows


def _groups(shard: Sequence[int], sizes: Sequence[int]) -> Iterator[list[int]]:
    """Row groups: what is held in memory at once, here and by who reads them."""
    group: list[int] = []
    held = 0
    for place in shard:
        if group and (len(group) == _GROUP_ROWS or held + sizes[place] > _GROUP_BYTES):
            yield group
            group, held = [], 0
        group.append(place)
        held += sizes[place]
    yield group


def _whole_row(lines: Any, draft: _Draft, place: int) -> dict[str, Any]:
    lines.seek(draft.starts[place])
    row = json.loads(lines.readline())
    row["images"] = [{"bytes": Path(one["file"]).read_bytes(), "path": one["path"]} for one in row["images"]]
    return draft.columns.fill(row)


def _entry(name: str, source: Source, draft: _Draft) -> dict[str, Any]:
    """What dataset_info.json says of a packed data set; named as a script's folder it streams shard by shard."""
    usual, converter = Entry(), source.converter
    keys = ("overflow", "window_context", "on_error")
    how = {key: getattr(converter, key) for key in keys if getattr(converter, key) != getattr(usual, key)}
    columns = {"columns": {"tools": "tools"}} if "tools" in draft.columns.types else {}
    return {"script_url": name, "formatting": "embodied", **how, **columns}
