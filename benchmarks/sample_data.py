"""A data set of realistic samples, as many as a benchmark wants: real rooms, frames of 800x450 px, the usual words."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_TASKS = ("selection.rooms=8", "selection.tasks_per_room=6")


def grown_data(folder: Path, count: int) -> Path:
    """Returns a folder with dataset_info.json and `count` samples, each with a name, words and files of its own.

    The trajectories are synthesized once (two minutes on two cores) and then repeated under other names.
    """
    target = folder / f"samples-{count}"
    if (target / "dataset_info.json").is_file():
        return target
    rows = [json.loads(line) for line in (_trajectories(folder) / "train.jsonl").open(encoding="utf-8")]
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with (target / "train.jsonl").open("w", encoding="utf-8") as lines:
        for number in range(count):
            row = _copied(rows[number % len(rows)], number, folder / "trajectories", target)
            lines.write(json.dumps(row) + "\n")
    entry = {"file_name": "train.jsonl", "formatting": "embodied"}
    (target / "dataset_info.json").write_text(json.dumps({"grown": entry}), encoding="utf-8")
    return target


def _trajectories(folder: Path) -> Path:
    made = folder / "trajectories"
    if not (made / "train.jsonl").is_file():
        verb = [sys.executable, "-m", "llamafactory_embodied", "synthesize", str(ROOT / "recipes/synthesize.yaml")]
        subprocess.run([*verb, f"output_dir={made}", *_TASKS], check=True)
    return made


def _copied(row: dict[str, Any], number: int, source: Path, target: Path) -> dict[str, Any]:
    copied = json.loads(json.dumps(row))
    copied["id"] = f"{number:06d}-{row['id']}"
    copied["messages"][1]["content"] += f"\nRun {number}."
    copied["images"] = [f"frames/{number:06d}/{place:03d}.png" for place in range(len(row["images"]))]
    for old, new in zip(row["images"], copied["images"], strict=True):
        (target / new).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / old, target / new)
    return copied
