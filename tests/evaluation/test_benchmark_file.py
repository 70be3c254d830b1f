"""The reference system's test file as a benchmark: played as it is, what cannot be played is named."""

import json
from pathlib import Path

import pytest

from evaluation.benchmark import reference_benchmark
from evaluation.run import EvaluateSettings, evaluate
from llamafactory_embodied.episodes.record import read_records
from llamafactory_embodied.errors import SettingsError, TaskError
from llamafactory_embodied.world.controller import FrameSettings


def shortened(thor_data: Path, folder: Path, wanted: list[int]) -> Path:
    entries = json.loads((thor_data / "test_tasks_313.json").read_text())
    path = folder / "test_few.json"
    path.write_text(json.dumps([one for one in entries if one["identity"] in wanted]))
    (folder / "agent_positions.json").write_text((thor_data / "agent_positions.json").read_text())
    return path


@pytest.fixture
def few(thor_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EMBODIED_THOR_DATA", str(thor_data))
    return shortened(thor_data, tmp_path, [1, 61, 795])


def test_possible_entries_are_tasks_and_the_others_are_named(few: Path) -> None:
    benchmark = reference_benchmark(few)
    assert [task.id for _, task in benchmark.tasks] == ["benchmark-001", "benchmark-061"]
    assert list(benchmark.left_out) == ["entry 795"]
    assert "pickup of Potato names the object Egg" in benchmark.left_out["entry 795"]
    assert benchmark.label.startswith("test_few@")
    assert benchmark.label.endswith(", possible")


def test_another_file_is_another_version(few: Path, thor_data: Path) -> None:
    first = reference_benchmark(few).label
    assert reference_benchmark(shortened(thor_data, few.parent, [1])).label != first


def test_a_run_says_what_it_was_and_what_was_not_played(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = EvaluateSettings(
        output_dir=str(few.parent / "run"),
        policy="replay",
        benchmark=str(few),
        rules="reference",
        frame=FrameSettings(200, 112, 90.0, 2),
        prompts="brief",
    )
    summary = evaluate(settings)
    assert (summary.overall.episodes, summary.benchmark) == (2, reference_benchmark(few).label)
    assert all(record["success"] for record in read_records(few.parent / "run"))
    assert "not played: entry 795" in capsys.readouterr().err


def test_an_entry_whose_scene_is_not_recorded_is_named(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (few.parent / "scenes").mkdir()
    monkeypatch.delenv("EMBODIED_THOR_DATA")
    benchmark = reference_benchmark(few)
    assert benchmark.tasks == []
    assert "FloorPlan1 is not among the recordings" in benchmark.left_out["entry 1"]


def test_without_scenes_the_error_says_what_to_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMBODIED_THOR_DATA", raising=False)
    (tmp_path / "empty.json").write_text("[]")
    with pytest.raises(SettingsError, match="set EMBODIED_THOR_DATA"):
        reference_benchmark(tmp_path / "empty.json")
    (tmp_path / "none.json").write_text("{")
    with pytest.raises(TaskError, match="cannot be read as a list of test entries"):
        reference_benchmark(tmp_path / "none.json")


def test_an_identity_that_comes_twice_is_refused(few: Path) -> None:
    entries = json.loads(few.read_text())
    few.write_text(json.dumps([entries[0], entries[0]]))
    with pytest.raises(TaskError, match="has benchmark-001 more than once"):
        reference_benchmark(few)
