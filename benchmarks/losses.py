"""Loss curves of stock and ours: same data, same seed, tiny model, stock `llamafactory-cli train` with and without us.

`python -m benchmarks.losses [steps=50] [trajectories=100] [image_max_pixels=50000]`
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llamafactory_embodied.training.tiny_model import TinyModelSettings, build_tiny_model

from .host import command_line, configuration, environment, placed, run
from .report import Row, save
from .settings import OUT, read_settings
from .trajectories import Trajectories, add_data_set, make, read


@dataclass(frozen=True)
class Losses:
    """What is trained."""

    steps: int = 50
    batch: int = 2
    trajectories: int = 100
    of: int = 400
    width_px: int = 800
    height_px: int = 450
    image_max_pixels: int = 50_000
    cutoff_len: int = 32768
    seed: int = 7


def train(settings: Losses, name: str, model: Path, folder: Path, dataset: str, plugin: bool) -> list[dict[str, Any]]:
    """Trains once through the command line and returns the log of its steps."""
    given = configuration(
        model,
        folder,
        dataset,
        cutoff_len=settings.cutoff_len,
        image_max_pixels=settings.image_max_pixels,
        max_steps=settings.steps,
        per_device_train_batch_size=settings.batch,
        learning_rate=1e-3,
        freeze_vision_tower=False,
        freeze_multi_modal_projector=False,
        seed=settings.seed,
    )
    file = placed(f"losses-{name}", given)
    code, log = run(command_line(file), environment(plugin), file.with_name("log.txt"))
    if code != 0:
        raise RuntimeError(log[-3000:])
    state = json.loads((file.parent / "out" / "trainer_state.json").read_text())
    shutil.rmtree(file.parent / "cache")
    return [entry for entry in state["log_history"] if "loss" in entry]


def measure(settings: Losses) -> Row:
    """Trains both and compares them step by step."""
    folder = make(Trajectories(settings.of, settings.width_px, settings.height_px))
    examples = [one for one in read(folder) if len(one["images"]) <= 10][: settings.trajectories]
    ours, stock = add_data_set(folder, f"losses-{settings.trajectories}", examples)
    sizes = TinyModelSettings(
        output_dir=str(OUT / "models" / "tiny"), vocab_size=2048, hidden_size=128, layers=2, overwrite=True
    )
    said = [message["content"] for one in examples for message in one["messages"]]
    model = build_tiny_model(sizes, said)
    with_us = train(settings, "ours", model, folder, ours, plugin=True)
    without = train(settings, "stock", model, folder, stock, plugin=False)
    assert len(with_us) == len(without) == settings.steps
    differences = [abs(a["loss"] - b["loss"]) for a, b in zip(with_us, without, strict=True)]
    norms = [abs(a["grad_norm"] - b["grad_norm"]) for a, b in zip(with_us, without, strict=True)]
    return {
        "steps": settings.steps,
        "samples a step": settings.batch,
        "first loss": without[0]["loss"],
        "last loss": without[-1]["loss"],
        "largest difference of losses": max(differences),
        "largest difference of gradient norms": max(norms),
    }


def main() -> None:
    settings = read_settings(Losses)
    save("losses", settings, [measure(settings)])


if __name__ == "__main__":
    main()
