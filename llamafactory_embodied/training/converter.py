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
from .message import Names, Turn
from .place import Place
from .sample import Sample, read_sample
from .stage import loaded_for, require_sample


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
        stage: What the host loads it for, None outside of a training run.
        revision: See `columns.REVISION`.
    """

    dataset: str
    names: Names
    roots: ImageRoots
    overflow: str
    window_context: float
    on_error: str
    train_on_prompt: bool
    stage: str | None = None
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
                _folders(file, dataset_attr, data_args),
                entry.allow_absolute_paths,
                embedded=None if cache is None else str(cache / "images"),
            ),
            overflow=entry.overflow,
            window_context=entry.window_context,
            on_error=entry.on_error,
            train_on_prompt=bool(data_args.train_on_prompt),
            stage=loaded_for(),
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
            return self._marked(id_=str(example.get("id") or ""), error=str(error))

    def _convert(self, example: Mapping[str, Any]) -> dict[str, Any]:
        if example.get(ERROR):
            raise DataError(example[ERROR])
        sample = read_sample(example, self.names, self.dataset, self.train_on_prompt)
        require_sample(sample.stage, self.stage, self.names.kto_tag, Place(self.dataset, sample.id))
        prompt, response = _answered(sample)
        return self._marked(
            [_message(turn) for turn in prompt],
            [_message(turn) for turn in response],
            id_=sample.id,
            system=sample.system,
            tools=sample.tools,
            images=self._resolve_images(sample),
            loss=[turn.loss for turn in (*prompt, *response)],
            prompts=sample.prompts,
        )

    def _marked(
        self,
        prompt: Sequence[dict[str, str]] = (),
        response: Sequence[dict[str, str]] = (),
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
            "_prompt": list(prompt),
            "_response": list(response),
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


def _answered(sample: Sample) -> tuple[Sequence[Turn], Sequence[Turn]]:
    """The turns that lead to an answer, and the answers as the host has them: two of them for preference stages.

    A judged answer has an empty one beside it, in front if it was bad.
    """
    if sample.stage == "rm":
        return sample.turns, sample.rivals
    *prompt, answer = sample.turns
    nothing = Turn(answer.index, "assistant", "", loss=False)
    return prompt, {None: (answer,), True: (answer, nothing), False: (nothing, answer)}[sample.kto_tag]


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
        chosen=entry.columns.get("chosen", "chosen"),
        rejected=entry.columns.get("rejected", "rejected"),
        kto_tag=entry.columns.get("kto_tag", "kto_tag"),
        role=entry.tags.get("role_tag"),
        content=entry.tags.get("content_tag"),
        roles=tuple((entry.tags[tag], role) for tag, role in roles.items() if tag in entry.tags),
        ranking=entry.ranking,
    )
