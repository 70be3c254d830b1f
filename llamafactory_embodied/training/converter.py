"""Rows of our format -> rows of LLaMA-Factory's standard format, beside columns of our own.

`_prompt`, `_response`, `_system`, `_tools`, `_images`, `_videos` and `_audios` have exactly the types that the host's
own converters give them, so that our rows can be concatenated and interleaved with any others. What is ours travels in
columns of its own, each of one Arrow type from the first row on (rows of others are null there):

    _embodied_id        string         the sample's id; not null marks a row as ours
    _embodied_loss      list of bool   one for each message of _prompt + _response
    _embodied_overflow  string         what becomes of it when it is too long, one of `entry.OVERFLOWS`
    _embodied_context   float          the share of a window that may repeat earlier turns
    _embodied_prompts   string         prompt set, "" if unknown
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .. import __version__
from .embedded import cache_folder
from .entry import Entry
from .images import ImageRoots
from .sample import Names, Sample, Turn, read_sample

ID, LOSS, PROMPTS = "_embodied_id", "_embodied_loss", "_embodied_prompts"
OVERFLOW, CONTEXT = "_embodied_overflow", "_embodied_context"
# The only column of a file that Arrow cannot hold as it is: each row as a text of JSON, see `loading`.
ROW = "_embodied_row"


@dataclass(frozen=True)
class EmbodiedConverter:
    """Converts one row; what `datasets.map` calls.

    Attributes:
        dataset: The dataset's file name, for errors.
        names: What its columns are called.
        roots: Where its images are.
        overflow: What becomes of samples that are too long.
        window_context: The share of a window that may repeat earlier turns.
        train_on_prompt: Whether turns that ask are trained on, as the training configuration says.
        revision: Version of this code. `datasets` caches by the values of this object, not by its code: without
            it an upgrade would go on using rows of the version before.
    """

    dataset: str
    names: Names
    roots: ImageRoots
    overflow: str
    window_context: float
    train_on_prompt: bool
    revision: str = __version__

    @classmethod
    def of_dataset(cls, dataset_attr: Any, data_args: Any) -> EmbodiedConverter:
        """Makes the converter of a dataset from the host's `DatasetAttr` and `DataArguments`."""
        entry = getattr(dataset_attr, "embodied_entry", None) or Entry()
        file = str(getattr(dataset_attr, "embodied_file", dataset_attr.dataset_name))
        cache = getattr(dataset_attr, "embodied_cache", cache_folder(None))
        return cls(
            dataset=file,
            names=names_of(entry),
            roots=ImageRoots(
                _folders(file, dataset_attr, data_args), entry.allow_absolute_paths, embedded=str(cache / "images")
            ),
            overflow=entry.overflow,
            window_context=entry.window_context,
            train_on_prompt=bool(data_args.train_on_prompt),
        )

    def __call__(self, example: Mapping[str, Any]) -> dict[str, Any]:
        """Converts one row.

        Raises:
            DataError: The row is not as the format wants it. Names file, sample and message.
        """
        if ROW in example:
            example = json.loads(example[ROW])
        sample = read_sample(example, self.names, self.dataset, self.train_on_prompt)
        messages = [_message(turn) for turn in sample.turns]
        return {
            "_prompt": messages[:-1],
            "_response": messages[-1:],
            "_system": sample.system,
            "_tools": sample.tools,
            "_images": self._resolve_images(sample) or None,
            "_videos": None,
            "_audios": None,
            ID: sample.id,
            LOSS: [turn.loss for turn in sample.turns],
            OVERFLOW: self.overflow,
            CONTEXT: self.window_context,
            PROMPTS: sample.prompts,
        }

    def _resolve_images(self, sample: Sample) -> list[str]:
        return [
            self.roots.resolve(image, f"{self.dataset}: sample {sample.id!r}, messages[{turn}]")
            for image, turn in zip(sample.images, sample.image_turns, strict=True)
        ]


def features() -> Any:
    """Returns the types of the columns, as the host's converters give them to a data set of images."""
    from datasets import Features, Value

    text, nothing = Value("string"), Value("null")
    messages = [{"role": text, "content": text}]
    return Features(
        {
            "_prompt": messages,
            "_response": messages,
            "_system": text,
            "_tools": text,
            "_images": [text],
            "_videos": nothing,
            "_audios": nothing,
            ID: text,
            LOSS: [Value("bool")],
            OVERFLOW: text,
            CONTEXT: Value("float64"),
            PROMPTS: text,
        }
    )


def _message(turn: Turn) -> dict[str, str]:
    return {"role": turn.role, "content": turn.content}


def _folders(file: str, dataset_attr: Any, data_args: Any) -> tuple[str, ...]:
    folders = [str(data_args.media_dir)]
    if dataset_attr.load_from in ("file", "script"):
        path = Path(data_args.dataset_dir) / file
        folders.insert(0, str(path if path.is_dir() else path.parent))
    return tuple(dict.fromkeys(os.path.abspath(folder) for folder in folders))  # noqa: PTH100 (keeps symlinks)


def names_of(entry: Entry) -> Names:
    """Returns the names that an entry of dataset_info.json sets; the others stay the usual ones."""
    roles = {"user_tag": "user", "assistant_tag": "assistant", "observation_tag": "observation"}
    roles |= {"function_tag": "function", "system_tag": "system"}
    return Names(
        messages=entry.columns.get("messages"),
        images=entry.columns.get("images", "images"),
        system=entry.columns.get("system"),
        tools=entry.columns.get("tools"),
        role=entry.tags.get("role_tag"),
        content=entry.tags.get("content_tag"),
        roles=tuple((entry.tags[tag], role) for tag, role in roles.items() if tag in entry.tags),
    )
