"""The verb `explore`: samples are played, judged and written, and can be continued."""

import json
from dataclasses import replace

import pytest
from kitchens import TOY_FRAME

from evaluation.run import EvaluateSettings
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.errors import RecordError, SettingsError
from llamafactory_embodied.explore import ExploreSettings, run_explore
from llamafactory_embodied.stages.synthesize import SynthesizeSettings, synthesize
from llamafactory_embodied.tasks.generate import SIMPLE_TYPES

ROOMS = Selection(profile="demo", split="train", rooms=2, tasks_per_room=3, types=SIMPLE_TYPES)
PLAY = EvaluateSettings(policy="searcher", selection=ROOMS, frame=TOY_FRAME, prompts="brief")
TOY = ExploreSettings(play=PLAY, samples=2)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("explored")
    synthesize(SynthesizeSettings(str(root / "first"), selection=ROOMS, frame=TOY_FRAME, prompts="brief", workers=1))
    run_explore(replace(TOY, output_dir=str(root / "second"), beside=(str(root / "first"),)))
    return root / "second"


def test_every_sample_has_a_verdict_and_every_kept_one_is_an_example_with_its_frames(made):
    verdicts, examples = lines(made / "verdicts.jsonl"), lines(made / "train.jsonl")
    assert len(verdicts) == 2 * 6
    kept = [f"{one['task']}#{one['sample']}" for one in verdicts if one["reason"] == "kept"]
    assert [one["id"] for one in examples] == kept
    assert 4 <= len(kept) <= 6  # the searcher plays the same each time
    assert {one["reason"] for one in verdicts} >= {"kept", "duplicate"}
    assert all((made / image).is_file() for one in examples for image in one["images"])
    assert {one["stage"] for one in examples} == {2}
    assert {one["seed"] for one in verdicts} == {0, 1}


def test_the_next_stage_finds_both_data_sets_in_one_folder(made):
    entries = json.loads((made / "dataset_info.json").read_text())
    assert set(entries) == {"embodied_stage1", "embodied_stage2"}
    for entry in entries.values():
        assert entry["formatting"] == "embodied"
        assert (made / entry["file_name"]).is_file()


def test_the_report_counts_by_type_and_names_both_verdicts(made):
    report = (made / "report.md").read_text()
    assert "pass@1" in report
    assert "pass@2" in report
    assert "goals met, key actions met" in report
    manifest = json.loads((made / "manifest.json").read_text())
    assert sum(manifest["reasons"].values()) == manifest["samples"] == 12


def test_the_same_command_again_plays_nothing_and_writes_the_same(made):
    before = (made / "train.jsonl").read_bytes()
    stamp = (made / "samples" / "1" / "episodes.jsonl").stat().st_mtime_ns
    settings = replace(TOY, output_dir=str(made), beside=(str(made.parent / "first"),))
    run_explore(settings)
    assert (made / "train.jsonl").read_bytes() == before
    assert (made / "samples" / "1" / "episodes.jsonl").stat().st_mtime_ns == stamp
    with pytest.raises(RecordError, match=r"other settings \(play\.temperature"):
        run_explore(replace(settings, play=replace(PLAY, temperature=0.5)))


@pytest.mark.parametrize(
    ("play", "told"),
    [
        (replace(PLAY, selection=replace(ROOMS, split="test")), r"choose play\.selection\.split=train"),
        (replace(PLAY, rules="reference"), r"play\.rules=reference: .* under unaided"),
    ],
)
def test_tasks_of_the_test_and_rules_that_help_are_refused(tmp_path, play, told):
    with pytest.raises(SettingsError, match=told):
        run_explore(replace(TOY, output_dir=str(tmp_path), play=play))


def test_a_folder_without_data_beside_is_refused(tmp_path):
    settings = replace(TOY, samples=1, output_dir=str(tmp_path / "x"), beside=(str(tmp_path / "nothing"),))
    with pytest.raises(SettingsError, match=r"nothing: expected a folder with dataset_info\.json"):
        run_explore(settings)
