"""A data set in our format on disk: `train.jsonl`, its frames beside it, and the `dataset_info.json` that names it."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..files import replace_file

DATA_FILE = "train.jsonl"

Example = dict[str, Any]
"""One training example, see `data_info/README.md`."""


def example_line(example: Mapping[str, Any]) -> str:
    """An example as one line of the data file, without its line break."""
    return json.dumps(example, ensure_ascii=False)


def write_data_set(folder: Path, name: str, examples: Iterable[Mapping[str, Any]]) -> Path:
    """Writes all examples of a data set and its entry for LLaMA-Factory.

    Args:
        folder: what a recipe calls `dataset_dir`; the examples' image paths are relative to it.
        name: what a recipe calls `dataset`.
        examples: see `data_info/README.md`.

    Returns:
        The data file.
    """
    replace_file(folder / DATA_FILE, "".join(example_line(example) + "\n" for example in examples))
    return name_data_set(folder, name)


def name_data_set(folder: Path, name: str) -> Path:
    """Writes the entry that makes a finished data file known to LLaMA-Factory.

    Returns:
        The data file.
    """
    entry = {name: {"file_name": DATA_FILE, "formatting": "embodied"}}
    replace_file(folder / "dataset_info.json", json.dumps(entry, indent=2) + "\n")
    return folder / DATA_FILE
