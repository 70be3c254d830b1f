"""The verb `demo`: the whole path at toy size, each step skipped when its output stands.

Rooms and tasks -> trajectories -> stock `llamafactory-cli train` -> episodes with the untrained and the trained model,
with controls -> the table and the page.
"""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

from evaluation.run import EvaluateSettings, evaluate
from evaluation.verbs import ReportSettings, run_report

from .episodes.selection import RECORDINGS
from .errors import EmbodiedError
from .settings import option
from .stages.synthesize import SynthesizeSettings, synthesize
from .training.tiny_model import TinyModelSettings, build_tiny_model


@dataclass(frozen=True)
class DemoSettings:
    """Settings of the verb `demo`."""

    output_dir: str = option("out/demo", "folder for everything that is made")
    synthesize: SynthesizeSettings = option(SynthesizeSettings(), "trajectories")
    base: str = option("", "checkpoint to start from; empty builds a tiny model with random weights")
    model: TinyModelSettings = option(TinyModelSettings(output_dir="out/demo/base"), "that tiny model")
    recipe: str = option("recipes/demo/stage1.yaml", "LLaMA-Factory's recipe")
    overrides: tuple[str, ...] = option((), "key=value overrides of the recipe")
    evaluate: EvaluateSettings = option(EvaluateSettings(), "held-out rooms and tasks")
    controls: tuple[str, ...] = option(
        ("swap", "prior"), "played beside the model: swap, blind, prior, searcher, oracle"
    )
    control_rooms: int = option(0, "rooms in which the untrained model and swapped or black frames play; 0: all")
    show: EvaluateSettings = option(
        EvaluateSettings(), f"one more run for the page, in recorded scenes, where {RECORDINGS} is set"
    )


def run_demo(settings: DemoSettings) -> int:
    """Does what is still to be done and prints the table and where the page is."""
    folder = Path(settings.output_dir)
    started = time.monotonic()
    _say("1/4", "rooms, tasks and trajectories")
    data = synthesize(replace(settings.synthesize, output_dir=str(folder / "data")))
    sys.stdout.write(f"{data.examples} examples from {data.episodes} episodes\n")
    _say("2/4", "stock llamafactory-cli train")
    base, trained = _base(settings, folder, data.data_file), folder / "stage1"
    _train(settings, base, trained, data.data_file.parent)
    _say("3/4", "episodes in held-out rooms")
    runs = _play(settings, folder / "runs", {"untrained": base, "trained": trained})
    _say("4/4", "figures")
    run_report(ReportSettings(tuple(runs), str(folder / "report.html"), "Demo: a tiny model in held-out kitchens"))
    sys.stdout.write(f"{time.monotonic() - started:.0f} s in all\n")
    return 0


def _base(settings: DemoSettings, folder: Path, corpus: Path) -> Path:
    """The model to start from."""
    if settings.base:
        return Path(settings.base)
    base = folder / "base"
    if not (base / "config.json").exists():
        build_tiny_model(replace(settings.model, output_dir=str(base), corpus=str(corpus), overwrite=True))
    return base


def _say(step: str, what: str) -> None:
    sys.stdout.write(f"\n[{step}] {what}\n")
    sys.stdout.flush()


def _train(settings: DemoSettings, base: Path, output: Path, data: Path) -> None:
    """Runs the host's own command; a run that was stopped goes on from its last checkpoint."""
    if (output / "train_results.json").exists():
        return
    if output.exists() and not any(output.glob("checkpoint-*")):
        shutil.rmtree(output)  # stopped before its first checkpoint: the host would refuse the folder
    command = [
        str(Path(sys.executable).with_name("llamafactory-cli")),
        "train",
        settings.recipe,
        f"model_name_or_path={base}",
        f"dataset_dir={data}",
        f"dataset={settings.synthesize.dataset}",
        f"output_dir={output}",
        *settings.overrides,
    ]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}
    if subprocess.run(command, env=environment, check=False).returncode != 0:
        raise EmbodiedError(f"Training failed; its own words are above. The command was: {' '.join(command)}")


def _play(settings: DemoSettings, folder: Path, models: dict[str, Path]) -> list[str]:
    """Plays every run of the table; the trained model comes first, the others are compared with it."""
    rooms = min(settings.control_rooms or settings.evaluate.selection.rooms, settings.evaluate.selection.rooms)
    fewer = replace(settings.evaluate.selection, rooms=rooms)
    plans = {
        "trained": replace(settings.evaluate, policy="checkpoint", checkpoint=str(models["trained"])),
        "untrained": replace(
            settings.evaluate, policy="checkpoint", checkpoint=str(models["untrained"]), selection=fewer
        ),
    }
    for control in settings.controls:
        if control in ("swap", "blind"):
            plans[f"trained, {control}"] = replace(plans["trained"], control=control, selection=fewer)
        else:
            plans[control] = replace(settings.evaluate, policy=control)
    if settings.show.selection.recorded and os.environ.get(RECORDINGS):
        plans["searcher, recorded"] = replace(settings.show, selection=replace(settings.show.selection, rooms=0))
    return [_play_one(folder / name.replace(", ", "-"), name, plan) for name, plan in plans.items()]


def _play_one(folder: Path, name: str, plan: EvaluateSettings) -> str:
    evaluate(replace(plan, output_dir=str(folder)))
    return f"{name}:{folder}"
