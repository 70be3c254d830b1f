"""A sample as `pack` writes it: in one shape, whatever dialect its data file spoke, with what training makes of it."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..training.converter import EmbodiedConverter
from ..training.embedded import EmbeddedImage
from ..training.sample import Sample, read_sample

# Columns that every packed data set has, and those that another shape of an example would have instead.
OWN = ("id", "messages", "images")
_READ = frozenset({*OWN, "prompts", "tools", "conversations", "loss_mask", "videos", "audios"})
_WHOLE = range(-(2**63), 2**63)


def packed_row(value: Mapping[str, Any], converter: EmbodiedConverter) -> dict[str, Any]:
    """Returns an example with roles, text and loss of each message, images by their paths, and its other keys.

    Loss is null where neither the example nor its shape says anything, so that `train_on_prompt` decides as before.

    Raises:
        DataError: The example is not as the format wants it, or an image is missing.
    """
    names = converter.names
    sample, prompted = (read_sample(value, names, converter.dataset, prompt_loss) for prompt_loss in (False, True))
    messages: list[dict[str, Any]] = []
    if sample.system:
        messages.append({"role": "system", "content": sample.system, "loss": None})
    for turn, again in zip(sample.turns, prompted.turns, strict=True):
        loss = turn.loss if turn.loss == again.loss else None
        messages.append({"role": turn.role, "content": turn.content, "loss": loss})
    read = {*_READ, names.messages, names.images, names.system, names.tools}
    return {
        "id": sample.id,
        "messages": messages,
        "images": _images(sample, converter),
        "prompts": sample.prompts or None,
        "tools": sample.tools or None,
        **{key: one for key, one in value.items() if key not in read},
    }


def _images(sample: Sample, converter: EmbodiedConverter) -> list[dict[str, str]]:
    """For each image its file, and what it is called: an absolute path is of this machine, so its end has to do."""
    return [
        {"file": converter.roots.resolve(image, f"sample {sample.id!r}"), "path": _name(image)}
        for image in sample.images
    ]


def _name(image: str | EmbeddedImage) -> str:
    path = Path(image.name if isinstance(image, EmbeddedImage) else image)
    return path.name if path.is_absolute() else str(path)


class Columns:
    """The columns that the rows of a data set need, each of one type."""

    def __init__(self) -> None:
        self._kinds: dict[str, set[str]] = defaultdict(set)

    def see(self, row: Mapping[str, Any]) -> None:
        """Takes note of a row's other keys."""
        for key, value in row.items():
            if key not in OWN and value is not None:
                fits = not isinstance(value, int) or value in _WHOLE
                self._kinds[key].add(type(value).__name__ if fits else "")

    @property
    def types(self) -> dict[str, str]:
        """Column -> type, as `datasets` calls it; what has no single one is written as JSON."""
        return {key: self._type(kinds) for key, kinds in sorted(self._kinds.items())}

    def _type(self, kinds: set[str]) -> str:
        if kinds <= {"int", "float"}:
            return "int64" if kinds == {"int"} else "float64"
        return "bool" if kinds == {"bool"} else "string"

    def fill(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Returns a row with exactly these columns."""
        filled = {key: row[key] for key in OWN}
        for key in self.types:
            value = row.get(key)
            as_json = value is not None and self._type(self._kinds[key]) == "string" and self._kinds[key] != {"str"}
            filled[key] = json.dumps(value, ensure_ascii=False) if as_json else value
        return filled

    def features(self) -> Any:
        """The same as `datasets` describes it: it and a hub's viewer then know that images are images."""
        from datasets import Features, Image, Value

        text = Value("string")
        messages = [{"role": text, "content": text, "loss": Value("bool")}]
        others = {key: Value(kind) for key, kind in self.types.items()}
        return Features({"id": text, "messages": messages, "images": [Image()], **others})
