"""Useful tokens a second of training: tokens that are not padding, over the time between the steps.

A small random model of Qwen2-VL's classes is trained by the host's own workflow, each run in a process of its own, on
the same trajectories: without packing by stock and by ours, and with `neat_packing` by stock and by ours. Runs take
turns; each reports the steps after the first, which warms up. Stock's rows are the trajectories, so the cutoff must
hold the longest.

`python -m benchmarks.throughput [trajectories=40] [steps=6] [rounds=2]`
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from llamafactory_embodied.training.tiny_model import TinyModelSettings, build_tiny_model

from .host import configuration, environment, placed, run
from .report import Row, save
from .settings import OUT, read_settings
from .trajectories import Trajectories, add_data_set, make, read

RUNS: tuple[tuple[str, bool, bool], ...] = (
    ("stock, no packing", False, False),
    ("ours, no packing", True, False),
    ("stock, neat_packing", False, True),
    ("ours, neat_packing", True, True),
)
"""Name, whether with the plugin, whether packed."""


@dataclass(frozen=True)
class Throughput:
    """What is trained."""

    of: int = 400
    width_px: int = 800
    height_px: int = 450
    trajectories: int = 40
    most_images: int = 12
    cutoff: int = 4096
    limit: int = 50_000
    batch: int = 4
    steps: int = 6
    rounds: int = 2


def measure(settings: Throughput) -> list[Row]:
    """A row for each way to train, with the median and the range over the rounds."""
    folder = make(Trajectories(settings.of, settings.width_px, settings.height_px))
    chosen = [one for one in read(folder) if len(one["images"]) <= settings.most_images][: settings.trajectories]
    names = add_data_set(folder, f"throughput-{settings.trajectories}", chosen)
    sizes = {"hidden_size": 128, "intermediate_size": 256, "layers": 2, "vision_layers": 1}
    tiny = TinyModelSettings(output_dir=str(OUT / "models" / "tiny-throughput"), overwrite=True, **sizes)
    model = build_tiny_model(tiny, [message["content"] for one in chosen for message in one["messages"]])
    taken: dict[str, list[dict[str, float]]] = {name: [] for name, *_ in RUNS}
    for number in range(settings.rounds):
        for name, plugin, packs in RUNS if number % 2 == 0 else RUNS[::-1]:
            taken[name].append(_train(settings, model, folder, names[0 if plugin else 1], plugin, packs))
            print(name, taken[name][-1], flush=True)
    return [_row(name, found) for name, found in taken.items()]


def _train(
    settings: Throughput, model: Path, folder: Path, dataset: str, plugin: bool, packs: bool
) -> dict[str, float]:
    given = configuration(
        model,
        folder,
        dataset,
        image_max_pixels=settings.limit,
        cutoff_len=settings.cutoff,
        neat_packing=packs,
        # A pack holds several trajectories, so a step has about as many tokens either way.
        per_device_train_batch_size=1 if packs else settings.batch,
        gradient_accumulation_steps=settings.batch // 2 if packs else 1,
        max_steps=settings.steps,
        dataloader_num_workers=1,
    )
    file = placed("throughput", given)
    command = [sys.executable, "-m", "benchmarks.throughput", "run", str(file)]
    code, log = run(command, environment(plugin), file.with_name("log.txt"))
    if code != 0:
        raise RuntimeError(f"a run ended with {code}:\n{log[-3000:]}")
    found: dict[str, float] = json.loads(file.with_name("found.json").read_text())
    return found


def train_and_time(configured: str) -> None:
    """One run: tokens and times of the steps after the first."""
    import torch
    from llamafactory.train.sft.trainer import CustomSeq2SeqTrainer
    from llamafactory.train.tuner import run_exp
    from transformers import TrainerCallback

    given = json.loads(Path(configured).read_text())
    ends: list[float] = []
    tokens: list[tuple[int, int, int]] = []  # step, tokens, those that are not padding
    stock = CustomSeq2SeqTrainer.compute_loss

    def counted(self: Any, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        ids: torch.Tensor = inputs["input_ids"]
        tokens.append((len(ends), ids.numel(), int((ids != self.processing_class.pad_token_id).sum())))
        return stock(self, model, inputs, *args, **kwargs)

    class Clock(TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *_: Any, **__: Any) -> None:
            ends.append(time.perf_counter())

    CustomSeq2SeqTrainer.compute_loss = counted
    run_exp(given, callbacks=[Clock()])
    seconds = ends[-1] - ends[0]
    timed = [one for one in tokens if one[0] > 0]
    useful, all_tokens = (sum(one[place] for one in timed) for place in (2, 1))
    found = {"useful tokens/s": useful / seconds, "tokens/s": all_tokens / seconds, "padding": 1 - useful / all_tokens}
    (Path(configured).parent / "found.json").write_text(json.dumps(found))


def _row(name: str, found: list[dict[str, float]]) -> Row:
    middle = {key: median(one[key] for one in found) for key in found[0]}
    useful = [one["useful tokens/s"] for one in found]
    return {"run": name, **middle, "least": min(useful), "most": max(useful)}


def main() -> None:
    if sys.argv[1:2] == ["run"]:
        train_and_time(sys.argv[2])
        return
    settings = read_settings(Throughput)
    save("throughput", settings, measure(settings))


if __name__ == "__main__":
    main()
