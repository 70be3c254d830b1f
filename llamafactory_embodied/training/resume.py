"""The weights of a checkpoint that a run goes on from, where Transformers passes over them.

Transformers 5 saves Qwen2-VL and Qwen2.5-VL under the names of older versions, and translates these where a model is
loaded, but not where a run is resumed: there it only warns of names that are missing, and goes on from the weights
with which the run began.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .preprocess import note_of


def load_weights(stock: Callable[..., None]) -> Callable[..., None]:
    """Wraps the trainer's `_load_from_checkpoint`, for runs on data sets with rows of ours."""

    def _load_from_checkpoint(self: Any, resume_from_checkpoint: str, model: Any = None) -> None:
        stock(self, resume_from_checkpoint, model)
        model = self.model if model is None else model
        if note_of(self.train_dataset) and not self.is_fsdp_enabled and _renamed(Path(resume_from_checkpoint), model):
            import torch

            saved = type(model).from_pretrained(resume_from_checkpoint, dtype=torch.float32)  # holds each value
            model.load_state_dict(saved.state_dict())

    return _load_from_checkpoint


def _renamed(checkpoint: Path, model: Any) -> bool:
    """Tells whether a checkpoint has weights of a whole model under names that the model does not know."""
    from safetensors import safe_open

    known = model.state_dict().keys()
    for path in checkpoint.glob("model*.safetensors"):
        with safe_open(path, "pt") as file:
            if any(name not in known for name in file.keys()):  # noqa: SIM118
                return True
    return False
