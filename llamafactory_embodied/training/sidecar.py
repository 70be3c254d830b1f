"""`embodied.json` beside a checkpoint: what a policy must repeat so that the model acts as it was trained.

Image limits and template are stored nowhere else: a server that loads the checkpoint knows neither.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from .. import __version__
from .columns import CONTEXT, OVERFLOW, PROMPTS
from .seams import host_version

FILE_NAME = "embodied.json"
FORMAT = "embodied-checkpoint-1"
_STREAM_ROWS = 1000


def checkpoint_terms(dataset: Any, data_args: Any, processor: Any) -> dict[str, Any]:
    """Returns what the file says.

    Args:
        dataset: The merged data set, before tokenization.
        data_args: The host's `DataArguments`.
        processor: The host's processor, which carries the limits of the training configuration; None for a model
            that reads text only, whose limits are null then.
    """
    import torch
    import transformers

    return {
        "format": FORMAT,
        "template": data_args.template,
        "image_max_pixels": processor and processor.image_max_pixels,
        "image_min_pixels": processor and processor.image_min_pixels,
        "cutoff_len": data_args.cutoff_len,
        "window_context": window_context(dataset),
        "prompts": prompt_sets(dataset),
        "versions": {
            "llamafactory_embodied": __version__,
            "llamafactory": host_version(),
            "transformers": transformers.__version__,
            "torch": torch.__version__,
        },
    }


def write_sidecar(output_dir: str, terms: Mapping[str, Any]) -> Path:
    """Writes the file into the folder that checkpoints are saved to."""
    path = Path(output_dir) / FILE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{FILE_NAME}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(terms, indent=2) + "\n", encoding="utf-8")
    temporary.replace(path)
    return path


def prompt_sets(dataset: Any) -> list[str]:
    """Returns the prompt sets that the samples name; of a stream, the first that is named in its beginning."""
    if hasattr(dataset, "unique"):
        return sorted(name for name in dataset.unique(PROMPTS) if name)
    return next(([row[PROMPTS]] for row in islice(dataset, _STREAM_ROWS) if row.get(PROMPTS)), [])


def window_context(dataset: Any) -> float | None:
    """The share of a window that may repeat earlier turns; None where no sample is windowed when it is too long."""
    columns = (OVERFLOW, CONTEXT)
    rows = dataset.select_columns(columns) if hasattr(dataset, "unique") else islice(dataset, _STREAM_ROWS)
    shares = [row[CONTEXT] for row in rows if row.get(OVERFLOW) in ("window", "keep_last")]
    return max(shares, default=None)
