"""What the benchmark of thoughts claims of a small data set, and that it finds what is planted into one."""

import json
import shutil
from dataclasses import replace

import pytest
from kitchens import TOY_FRAME

from benchmarks.thought_quality import Wanted, distinct, measure, read_episodes, runs
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.stages.claims import claims
from llamafactory_embodied.stages.synthesize import SynthesizeSettings, synthesize


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("thoughts")
    selection = Selection(profile="demo", split="dev", rooms=3, tasks_per_room=3)
    synthesize(SynthesizeSettings(selection=selection, frame=TOY_FRAME, workers=1, output_dir=str(made)))
    return made


def figures(folder):
    rows, wrong = measure(Wanted(folder=str(folder), workers=1))
    return {(row["figure"], row["of"]): row for row in rows}, wrong


def planted(folder, tmp_path, sentence):
    """A copy of a data set in which each first thought begins with a sentence more."""
    copy = tmp_path / "planted"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("frames"))
    lines = []
    for line in (folder / "train.jsonl").read_text().splitlines():
        example = json.loads(line)
        for message in example["messages"]:
            if message["role"] == "assistant":
                message["content"] = message["content"].replace(">", f">{sentence} ", 1)
        lines.append(json.dumps(example))
    (copy / "train.jsonl").write_text("\n".join(lines) + "\n")
    return copy


def test_every_turn_is_judged_and_the_grammars_thoughts_are_sound(folder):
    episodes = read_episodes(folder)
    found, _ = figures(folder)
    turns = sum(len(one.thoughts) for one in episodes)
    assert len(episodes) >= 8
    assert found["turns with problems, %", "any"]["count"] == turns >= 30
    assert found["leaks by masks", "all"]["value"] == 0
    assert found["actions recovered, %", "all"]["value"] >= 95
    stated = found["claims true in the simulator, %", "all"]
    assert stated["count"] >= 40
    assert stated["value"] >= 99
    assert found["follows, %", "Begin -> Observation"]["value"] == 100


def test_planted_leaks_and_false_claims_are_found_without_the_records_sights(folder, tmp_path):
    sound, _ = figures(folder)
    turns = sound["leaks by masks", "all"]["count"]
    said = "The dumbbell is far away. The counter is behind me."
    assert len(claims(said)) == 2
    found, wrong = figures(planted(folder, tmp_path, said))
    assert sum("leak of Dumbbell" in one for one in wrong) == turns
    assert found["turns with problems, %", "leak"]["value"] == 100
    true = found["claims true in the simulator, %", "far"]
    assert true["count"] >= turns
    assert true["value"] < 50
    assert any("CounterTop behind" in one for one in wrong)


def test_an_episode_that_does_not_come_out_as_recorded_is_an_error(folder, tmp_path):
    copy = tmp_path / "other"
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("frames"))
    lines = [json.loads(line) for line in (folder / "episodes.jsonl").read_text().splitlines()]
    for record in lines:
        record["steps"][1]["object_id"] = "Fridge|elsewhere"
    (copy / "episodes.jsonl").write_text("".join(json.dumps(record) + "\n" for record in lines))
    with pytest.raises(ValueError, match="not as recorded"):
        measure(replace(Wanted(), folder=str(copy), workers=1))


def test_distinct_runs_are_those_that_differ():
    assert distinct(runs(["a b a b"], 2)) == 2 / 3
    assert distinct(runs(["a b", "A b"], 2)) == 1 / 2
    assert distinct(runs(["a"], 2)) == 0
