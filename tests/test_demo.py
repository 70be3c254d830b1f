"""The whole path at toy size: what `make demo` does, with a handful of rooms and a few training steps."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evaluation.metrics import measure
from llamafactory_embodied.episodes.record import read_records
from llamafactory_embodied.episodes.selection import RECORDINGS

ROOT = Path(__file__).parent.parent
TOY = [
    "synthesize.selection.rooms=3",
    "synthesize.selection.tasks_per_room=3",
    "evaluate.selection.rooms=2",
    "evaluate.selection.tasks_per_room=2",
    "evaluate.max_new_tokens=24",
    "overrides=[max_steps=3]",
]


def demo(folder: Path, *extra: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "llamafactory_embodied", "demo", "recipes/demo/demo.yaml", f"output_dir={folder}"]
    env = {name: value for name, value in os.environ.items() if name != RECORDINGS}  # it would play one more run
    return subprocess.run(
        [*command, *TOY, *extra], cwd=ROOT, env=env, capture_output=True, text=True, timeout=280, check=False
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("demo")
    done = demo(folder)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder, done


def test_the_whole_path_leaves_data_checkpoint_runs_and_page(
    made: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = made
    lines = (folder / "data" / "train.jsonl").read_text().splitlines()
    assert 1 <= len(lines) <= 9
    assert (folder / "stage1" / "model.safetensors").exists()
    terms = json.loads((folder / "stage1" / "embodied.json").read_text())
    assert terms["template"] == "embodied_qwen2_vl"
    assert terms["prompts"][0].startswith("brief@")
    page = (folder / "report.html").read_text()
    assert "trained" in page
    assert "data:image/" in page
    assert str(folder / "report.html") in done.stdout


def test_each_run_of_the_table_plays_every_task(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = made
    runs = sorted(path.name for path in (folder / "runs").iterdir())
    assert runs == ["prior", "trained", "trained-swap", "untrained"]
    ids = {run: [record["id"] for record in read_records(folder / "runs" / run)] for run in runs}
    assert len(set(ids["trained"])) == 4
    assert all(sorted(played) == sorted(ids["trained"]) for played in ids.values())


def test_the_trained_model_acts_on_the_words_it_was_trained_on(
    made: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, _ = made
    label = json.loads((folder / "stage1" / "embodied.json").read_text())["prompts"]
    records = list(read_records(folder / "runs" / "trained"))
    assert {record["prompts"] for record in records} == set(label)
    assert all(measure(record).actions >= 1 for record in records)


def test_a_second_call_skips_what_stands(made: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    folder, _ = made
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")}
    records = (folder / "runs" / "trained" / "episodes.jsonl").read_bytes()
    again = demo(folder)
    assert again.returncode == 0, again.stderr[-2000:]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.safetensors")} == before
    assert (folder / "runs" / "trained" / "episodes.jsonl").read_bytes() == records
