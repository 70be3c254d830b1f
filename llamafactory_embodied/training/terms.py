"""The terms a checkpoint was trained on, which its policy has to keep: template, image limits, prompt sets.

They are read from `embodied.json`, which training leaves beside the checkpoint (see `sidecar`).
"""

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import PolicyError
from .sidecar import FILE_NAME, FORMAT

# LLaMA-Factory's own defaults, for checkpoints without the file.
HOST_LIMITS = {"image_max_pixels": 768 * 768, "image_min_pixels": 32 * 32}


@dataclass(frozen=True)
class Terms:
    """What a checkpoint was trained with.

    Attributes:
        template: The host's template.
        image_max_pixels: Greatest area of an image, in pixels.
        image_min_pixels: Smallest area of an image, in pixels.
        prompts: Prompt sets of the training data, `name@hash` each.
        cutoff_len: Longest training sample, in tokens; None where nothing says so.
        window_context: The share of a window that repeated earlier turns in training; None where longer samples did
            not become windows.
    """

    template: str
    image_max_pixels: int
    image_min_pixels: int
    prompts: tuple[str, ...] = ()
    cutoff_len: int | None = None
    window_context: float | None = None


def read_terms(checkpoint: Path) -> Terms | None:
    """Reads `embodied.json` from the checkpoint's folder or the one above it; None where there is none.

    Raises:
        PolicyError: The file is damaged or of another format.
    """
    path = next((p for p in (checkpoint / FILE_NAME, checkpoint.parent / FILE_NAME) if p.is_file()), None)
    if path is None:
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise PolicyError(f"{path} has format {content['format']!r}, expected {FORMAT!r}")
        return Terms(
            template=str(content["template"]),
            image_max_pixels=int(content["image_max_pixels"]),
            image_min_pixels=int(content["image_min_pixels"]),
            prompts=tuple(content.get("prompts", ())),
            cutoff_len=content.get("cutoff_len"),
            window_context=content.get("window_context"),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PolicyError(
            f"{path} is damaged ({error!r}); remove it and name the template, or train the checkpoint again"
        ) from error


def settle_terms(path: Path, said: Mapping[str, Any]) -> Terms:
    """Brings together what the checkpoint's file says and what the caller says (None: nothing).

    Raises:
        PolicyError: They contradict each other, or neither names a template.
    """
    trained = read_terms(path)
    said = {name: value for name, value in said.items() if value is not None}
    if trained is not None:
        for name, value in said.items():
            expected = getattr(trained, name)
            if value != expected:
                raise PolicyError(f"{name} is {value!r}, but {path} was trained with {expected!r}: leave it out")
        return trained
    if "template" not in said:
        raise PolicyError(
            f"{path} has no {FILE_NAME}, so nothing says which template it was trained with: "
            "name one, for example template=embodied_qwen2_vl"
        )
    assumed = {name: value for name, value in HOST_LIMITS.items() if name not in said}
    if assumed:
        warnings.warn(f"{path} has no {FILE_NAME}: assuming LLaMA-Factory's defaults, {assumed}", stacklevel=4)
    return Terms(**{**assumed, **said})
