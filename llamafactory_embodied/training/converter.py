"""Rows of our format -> rows of LLaMA-Factory's standard format, beside columns of our own (see `columns`)."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import DataError
from .columns import CONTEXT, ERROR, ID, LOSS, ON_ERROR, OVERFLOW, PROMPTS, REVISION, ROW
from .embedded import cache_folder
from .entry import Entry
from .images import ImageRoots
from .sample import Names, Sample, read_sample


@dataclass(frozen=True)
class EmbodiedConverter:
    """Converts one row; what `datasets.map` calls.

    Attributes:
        dataset: The dataset's file name, for errors.
        names: What its columns are called.
        roots: Where its images are.
        overflow: What becomes of samples that are too long.
        on_error: What becomes of samples that cannot be trained on.
        window_context: The share of a window that may repeat earlier turns.
        train_on_prompt: Whether turns that ask are trained on, as the training configuration says.
        revision: See `columns.REVISION`.
    """

    dataset: str
    names: Names
    roots: ImageRoots
    overflow: str
    window_context: float
    on_error: str
    train_on_prompt: bool
    revision: int = REVISION

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
            on_error=entry.on_error,
            train_on_prompt=bool(data_args.train_on_prompt),
        )

    def __call__(self, example: Mapping[str, Any]) -> dict[str, Any]:
        """Converts one row.

        Raises:
            DataError: The row is not as the format wants it, and such rows are not skipped. Names file, sample and
                message.
        """
        if example.get(ROW):
            example = json.loads(example[ROW])
        try:
            return self._convert(example)
        except DataError as error:
            if self.on_error != "skip":
                raise
            return self._marked([], id_=str(example.get("id") or ""), error=str(error))

    def _convert(self, example: Mapping[str, Any]) -> dict[str, Any]:
        if example.get(ERROR):
            raise DataError(example[ERROR])
        sample = read_sample(example, self.names, self.dataset, self.train_on_prompt)
        return self._marked(
            [{"role": turn.role, "content": turn.content} for turn in sample.turns],
            id_=sample.id,
            system=sample.system,
            tools=sample.tools,
            images=self._resolve_images(sample),
            loss=[turn.loss for turn in sample.turns],
            prompts=sample.prompts,
        )

    def _marked(
        self,
        messages: list[dict[str, str]],
        *,
        id_: str,
        system: str = "",
        tools: str = "",
        images: Sequence[str] = (),
        loss: Sequence[bool] = (),
        prompts: str = "",
        error: str | None = None,
    ) -> dict[str, Any]:
        return {
            "_prompt": messages[:-1],
            "_response": messages[-1:],
            "_system": system,
            "_tools": tools,
            "_images": list(images) or None,
            "_videos": None,
            "_audios": None,
            ID: id_,
            LOSS: list(loss),
            OVERFLOW: self.overflow,
            CONTEXT: self.window_context,
            ON_ERROR: self.on_error,
            ERROR: error,
            PROMPTS: prompts,
        }

    def _resolve_images(self, sample: Sample) -> list[str]:
        return [
            self.roots.resolve(image, f"{self.dataset}: sample {sample.id!r}, messages[{turn}]")
            for image, turn in zip(sample.images, sample.image_turns, strict=True)
        ]


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
