"""A data set in our format on disk: `train.jsonl`, its frames beside it, and the `dataset_info.json` that names it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..files import replace_file

DATA_FILE = "train.jsonl"

Example = dict[str, Any]
"""One training example, see `data_info/README.md`."""


def example_line(example: Mapping[str, Any]) -> str:
    """An example as one line of the data file, without its line break."""
    return json.dumps(example, ensure_ascii=False)


def name_data_set(folder: Path, name: str, others: Mapping[str, Any] | None = None) -> Path:
    """Writes the entry that makes a finished data file known to LLaMA-Factory, and those of others.

    Returns:
        The data file.
    """
    entry = {**(others or {}), name: {"file_name": DATA_FILE, "formatting": "embodied"}}
    replace_file(folder / "dataset_info.json", json.dumps(entry, indent=2) + "\n")
    return folder / DATA_FILE
