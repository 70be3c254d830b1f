"""Counts what a training run really trains on: one epoch, in one process and under torchrun with two.

`python -m benchmarks.epoch [cutoffs=[4096]] [trajectories=24] ...` makes the runs; `python -m benchmarks.epoch run
configuration.json folder` is one of them: the host's own `run_exp`, with a collator that notes each row that it is
given. A row is counted when it is collated, which in training happens once for each time that it is trained on. Where
the number of rows does not divide by the processes, the host gives some rows twice, so that all take as many steps.
"""

import json
import os
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llamafactory_embodied.training.tiny_model import TinyModelSettings, build_tiny_model

from .cutoffs import Turns, chosen, supervised_turns
from .host import configuration, environment, placed, preprocess, run
from .mix import THOUGHT_TOKENS
from .report import Row, save
from .settings import OUT, read_settings
from .trajectories import Trajectories, add_data_set, make, read


@dataclass(frozen=True)
class Epoch:
    """What is trained."""

    trajectories: int = 24
    longest: int = 8
    of: int = 400
    width_px: int = 800
    height_px: int = 450
    prompts: str = "full"
    thought_tokens: float = THOUGHT_TOKENS
    cutoffs: tuple[int, ...] = (4096, 8192)
    limit: int = 180_000
    processes: tuple[int, ...] = (1, 2)
    workers: int = 2


def _runs(settings: Epoch, model: Path, folder: Path, dataset: str, whole: dict[str, Turns]) -> list[Row]:
    """A row for each cutoff and number of processes."""
    rows = []
    for cutoff in settings.cutoffs:
        for processes in settings.processes:
            given = _configured(settings, model, folder, dataset, cutoff, processes)
            file = placed(f"epoch-{cutoff}-{processes}", given)
            place = file.parent
            words = ["-m", "benchmarks.epoch", "run", str(file), str(place)]
            torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
            command = [sys.executable, *(torchrun if processes > 1 else []), *words]
            code, log = run(command, environment(), place / "log.txt")
            row = {"cutoff": cutoff, "processes": processes, "exit code": code}
            rows.append(row | (_count(place, whole) if code == 0 else {"error": log.strip().splitlines()[-1]}))
            print(rows[-1], flush=True)
    return rows


def _configured(
    settings: Epoch, model: Path, folder: Path, dataset: str, cutoff: int, processes: int
) -> dict[str, Any]:
    return configuration(
        model,
        folder,
        dataset,
        cutoff_len=cutoff,
        image_max_pixels=settings.limit,
        preprocessing_num_workers=settings.workers,
        max_steps=-1,
        num_train_epochs=1,
        **({"ddp_backend": "gloo"} if processes > 1 else {}),
    )


def _count(place: Path, whole: dict[str, Turns]) -> Row:
    notes = [json.loads(line) for path in place.glob("rank-*.jsonl") for line in path.read_text().splitlines()]
    times = Counter(note["id"] for note in notes)
    turns: dict[str, Turns] = {id_: [] for id_ in whole}
    for note in sorted({note["id"]: note for note in notes}.values(), key=_place_of):
        turns[note["id"].rpartition("[")[0] or note["id"]] += note["turns"]
    steps = json.loads((place / "out" / "trainer_state.json").read_text())["global_step"]
    return {
        "steps": steps,
        "rows": len(times),
        "rows given twice to even the processes": sum(times.values()) - len(times),
        "supervised tokens": sum(len(turn) for one in whole.values() for turn in one),
        "trained": sum(len(turn) for one in turns.values() for turn in one),
        "trajectories not exactly once": sum(turns[id_] != whole[id_] for id_ in whole),
    }


def _place_of(note: dict[str, Any]) -> tuple[str, int]:
    name, _, span = note["id"].rpartition("[")
    return (name, int(span.partition(":")[0])) if name else (note["id"], 0)


def train_and_note(configured: str, folder: str) -> None:
    """One run: the host's workflow, and a file of each process with what it was given."""
    from llamafactory.train.sft import workflow
    from llamafactory.train.tuner import run_exp

    from llamafactory_embodied import register

    register()
    notes = Path(folder) / f"rank-{os.environ.get('RANK', '0')}.jsonl"
    base: Any = workflow.SFTDataCollatorWith4DAttentionMask

    class Noting(base):  # type: ignore[misc]
        def __call__(self, features: list[dict[str, Any]]) -> Any:
            with notes.open("a") as file:
                for feature in features:
                    note = {"id": feature["embodied_id"], "turns": supervised_turns(feature["labels"])}
                    file.write(json.dumps(note) + "\n")
            return super().__call__(features)

    workflow.SFTDataCollatorWith4DAttentionMask = Noting
    run_exp(json.loads(Path(configured).read_text()))


def measure(settings: Epoch) -> list[Row]:
    """A row for each cutoff and number of processes."""
    folder = make(
        Trajectories(
            settings.of,
            settings.width_px,
            settings.height_px,
            prompts=settings.prompts,
            thought_tokens=settings.thought_tokens,
        )
    )
    examples = chosen(read(folder), settings.trajectories, settings.longest)
    dataset, _ = add_data_set(folder, f"epoch-{settings.trajectories}", examples)
    said = [message["content"] for one in examples for message in one["messages"]]
    tiny = TinyModelSettings(
        output_dir=str(OUT / "models" / "tiny-epoch"),
        vocab_size=2048,
        layers=1,
        hidden_size=64,
        vision_layers=1,
        overwrite=True,
    )
    model = build_tiny_model(tiny, said)
    [made] = preprocess([configuration(model, folder, dataset, image_max_pixels=settings.limit)])
    whole = {row["embodied_id"]: supervised_turns(row["labels"]) for row in made.rows}
    return _runs(settings, model, folder, dataset, whole)


def main() -> None:
    if sys.argv[1:2] == ["run"]:
        train_and_note(*sys.argv[2:4])
        return
    settings = read_settings(Epoch)
    rows = measure(settings)
    save(f"epoch-{settings.width_px}x{settings.height_px}", settings, rows)
    if any(row["exit code"] or row["trajectories not exactly once"] for row in rows):
        raise SystemExit("a run failed, or did not train each supervised token exactly once")


if __name__ == "__main__":
    main()
