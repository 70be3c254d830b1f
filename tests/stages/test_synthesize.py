"""Rooms and tasks become a data set: whole, accounted for, and the same however it was made."""

import hashlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from kitchens import BRIEF, TOY_FRAME
from PIL import Image

from llamafactory_embodied.episodes.account import key_only, kind
from llamafactory_embodied.episodes.record import read_records
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.errors import RecordError, SettingsError
from llamafactory_embodied.stages.grounding import GroundingSettings, ground
from llamafactory_embodied.stages.imitation import to_example
from llamafactory_embodied.stages.synthesize import SynthesizeSettings, synthesize

ROOMS = Selection(profile="demo", split="dev", rooms=3, tasks_per_room=3)
TOY = SynthesizeSettings(selection=ROOMS, frame=TOY_FRAME, prompts="brief", workers=1)
ALBUMS = GroundingSettings(selection=replace(ROOMS, rooms=2), frame=TOY_FRAME, albums=2, stops=4, workers=1)


LOOK = re.compile(r"<Observation>I see ([^.]*)\. The (\w+) (is here|is over there|must be elsewhere)\.</Observation>")


def sums(folder):
    """What was made, file by file; the settings say how many workers made it and are left out."""
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file() and path.name != "settings.yaml")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def examples_of(folder):
    return [json.loads(line) for line in (Path(folder) / "train.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made")
    return folder, synthesize(replace(TOY, output_dir=str(folder)))


def test_every_episode_is_accounted_for_and_every_solved_one_is_an_example(made):
    folder, report = made
    records = list(read_records(folder))
    assert len(records) == report.episodes == 9 == sum(report.ends.values())
    assert [example["id"] for example in examples_of(folder)] == [one["id"] for one in records if one["success"]]
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["by_type"] == dict(sorted(Counter(example["task"] for example in examples_of(folder)).items()))


def check_data_set(folder, name):
    info = json.loads((folder / "dataset_info.json").read_text())
    assert info == {name: {"file_name": "train.jsonl", "formatting": "embodied"}}
    examples = examples_of(folder)
    for example in examples:
        assert sum(one["content"].count("<image>") for one in example["messages"]) == len(example["images"])
        roles = [one["role"] for one in example["messages"]]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2)]
        for path in example["images"]:
            with Image.open(folder / path) as image:
                assert image.size == (TOY_FRAME.width_px, TOY_FRAME.height_px)
    return len(examples)


def test_the_data_set_is_named_and_each_image_has_its_placeholder(made):
    assert check_data_set(made[0], "embodied_stage1") >= 8


def test_two_workers_make_the_same_bytes_as_one(made, tmp_path):
    synthesize(replace(TOY, output_dir=str(tmp_path), workers=2))
    assert sums(tmp_path) == sums(made[0])


def test_a_torn_run_is_continued_to_the_same_bytes(made, tmp_path):
    synthesize(replace(TOY, output_dir=str(tmp_path)))
    episodes = tmp_path / "episodes.jsonl"
    lines = episodes.read_bytes().splitlines(keepends=True)
    episodes.write_bytes(b"".join(lines[:4]) + lines[4][:200])
    (tmp_path / "train.jsonl").unlink()
    synthesize(replace(TOY, output_dir=str(tmp_path)))
    assert sums(tmp_path) == sums(made[0])


def test_after_the_interrupt_key_the_same_command_continues_to_the_same_bytes(tmp_path):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    words = ["prompts=brief", "workers=2", f"output_dir={stopped}", "selection.profile=demo", "selection.split=dev"]
    words += ["selection.rooms=8", "selection.tasks_per_room=3", f"frame.width_px={TOY_FRAME.width_px}"]
    words += [f"frame.height_px={TOY_FRAME.height_px}", "frame.fov_deg=75", f"frame.seen_px={TOY_FRAME.seen_px}"]
    command = [sys.executable, "-m", "llamafactory_embodied.cli", "synthesize", *words]
    heard = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "  # muted behind a `&`
    command[1:3] = ["-c", heard + "from llamafactory_embodied.cli import main; sys.exit(main(sys.argv[1:]))"]
    running = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wait_for(stopped / "episodes.jsonl", running)
    running.send_signal(signal.SIGINT)
    _, error = running.communicate(timeout=60)
    assert running.returncode == 130
    assert error.splitlines()[-1] == "Stopped. The same command continues."
    assert "Traceback" not in error
    assert 0 < len(list(read_records(stopped))) < 24
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    synthesize(replace(TOY, output_dir=str(whole), selection=replace(ROOMS, rooms=8)))
    assert sums(stopped) == sums(whole)


def wait_for(path, process):
    while process.poll() is None and not path.exists():
        time.sleep(0.01)


def test_other_settings_do_not_mix_into_a_folder(made):
    with pytest.raises(RecordError, match=r"made with other settings \(slips differ\)"):
        synthesize(replace(TOY, output_dir=str(made[0]), slips=0.5))


def test_other_words_need_no_new_episodes(made, tmp_path):
    shutil.copytree(made[0], tmp_path / "again")
    before = sums(made[0])
    synthesize(replace(TOY, output_dir=str(tmp_path / "again"), writer="plain"))
    after = sums(tmp_path / "again")
    changed = {name for name in after if after[name] != before.get(name)}
    assert "train.jsonl" in changed
    assert not any(name.startswith(("frames", "episodes", "tasks")) for name in changed)


def test_only_kinds_that_are_kept_become_examples(made, tmp_path):
    records = list(read_records(made[0]))
    shutil.copytree(made[0], tmp_path / "again")
    sizes = []
    for kinds in (("b",), ("a", "c"), ("key",)):
        synthesize(replace(TOY, output_dir=str(tmp_path / "again"), keep=kinds))
        expected = [one["id"] for one in records if kind(one) in kinds or ("key" in kinds and key_only(one))]
        assert [example["id"] for example in examples_of(tmp_path / "again")] == expected
        sizes.append(len(expected))
    assert sum(sizes[:2]) == len(examples_of(made[0]))
    assert len(set(sizes)) > 1
    with pytest.raises(SettingsError, match=r"keep='d' is unknown; choose some of a, b, c, key"):
        synthesize(replace(TOY, output_dir=str(tmp_path / "again"), keep=("d",)))


def test_an_episode_of_other_words_makes_no_example(made):
    record = next(read_records(made[0]))
    with pytest.raises(RecordError, match=r"was played with the prompt set full@0, not brief@"):
        to_example(record | {"prompts": "full@0"}, BRIEF, stage=1)


def test_the_rules_are_a_setting_and_stand_in_the_records(tmp_path):
    settings = replace(TOY, output_dir=str(tmp_path), rules="reference", selection=replace(ROOMS, rooms=1))
    report = synthesize(settings)
    assert {record["rules"] for record in read_records(tmp_path)} == {"reference"}
    assert report.examples > 0


def test_thoughts_that_do_not_pass_the_checks_are_reported_and_never_used(tmp_path):
    grammar = tmp_path / "own.yaml"
    tags = ("Observation", "Thinking", "Planning", "Reflection", "Verification")
    grammar.write_text("".join(f"{tag}: [I see a zeppelin.]\n" for tag in tags) + "intent: [Well.]\nafter: [Well.]\n")
    report = synthesize(replace(TOY, output_dir=str(tmp_path / "data"), grammar=str(grammar)))
    assert report.examples == 0
    assert report.episodes == 9
    refused = json.loads((tmp_path / "data" / "manifest.json").read_text())["thoughts_refused"]
    assert len(refused) == report.ends["ended, solved"]
    assert all(re.match(r"Episode \S+, turn 1: unstated: ", one) for one in refused)


def test_slips_are_marked_read_and_not_trained_on(tmp_path):
    synthesize(replace(TOY, output_dir=str(tmp_path), slips=0.3))
    records = {record["id"]: record for record in read_records(tmp_path)}
    slips = 0
    for example in examples_of(tmp_path):
        steps = [step for step in records[example["id"]]["steps"] if step["reply"] is not None]
        turns = [one for one in example["messages"] if one["role"] == "assistant"]
        for step, turn in zip(steps, turns, strict=True):
            assert turn["loss"] is not step.get("slip", False)
            slips += step.get("slip", False)
    assert slips >= 5


def test_albums_are_a_data_set_with_an_answer_for_each_frame(tmp_path):
    ground(replace(ALBUMS, output_dir=str(tmp_path)))
    assert check_data_set(tmp_path, "embodied_grounding") == 4
    for example in examples_of(tmp_path):
        assert len(example["images"]) == 4
        assert all(one["content"] for one in example["messages"])


def test_albums_are_the_same_bytes_whatever_the_workers_and_interruptions(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    ground(replace(ALBUMS, output_dir=str(one)))
    ground(replace(ALBUMS, output_dir=str(two), workers=2))
    assert sums(one) == sums(two)
    data = two / "train.jsonl"
    data.write_bytes(data.read_bytes()[:-100])
    (two / "dataset_info.json").unlink()
    ground(replace(ALBUMS, output_dir=str(two)))
    assert sums(one) == sums(two)


def looks(folder):
    """(what is listed, what is sought, what is concluded) of every look in a data set's first wording."""
    said = [one["content"] for example in examples_of(folder) for one in example["messages"]]
    return [
        (set(re.findall(r"\w+", things)) - {"and"}, target, end)
        for things, target, end in LOOK.findall("\n".join(said))
    ]


def check_conclusions(folder):
    found = looks(folder)
    assert {end for _, _, end in found} >= {"is here", "must be elsewhere"}
    for things, target, end in found:
        assert (target in things) is (end != "must be elsewhere")


def test_a_look_concludes_what_it_lists(tmp_path):
    synthesize(replace(TOY, writer="plain", output_dir=str(tmp_path / "episodes")))
    ground(replace(ALBUMS, output_dir=str(tmp_path / "albums")))
    check_conclusions(tmp_path / "episodes")
    check_conclusions(tmp_path / "albums")


def test_lists_ask_in_words_alone_whether_a_thing_is_among_them(tmp_path):
    ground(replace(ALBUMS, lists=3, output_dir=str(tmp_path)))
    lists = [example for example in examples_of(tmp_path) if example["id"].startswith("list-")]
    assert len(lists) == 6
    assert not any(example["images"] for example in lists)
    for example in lists:
        _, *said = [one["content"] for one in example["messages"]]
        for asked, answered in zip(said[::2], said[1::2], strict=True):
            assert asked.startswith(f"You see {LOOK.match(answered)[1]}. ")
    check_conclusions(tmp_path)


def test_an_unfinished_search_ends_with_the_observation_of_what_it_sought(tmp_path):
    synthesize(replace(TOY, writer="plain", unfinished=True, output_dir=str(tmp_path)))
    assert check_data_set(tmp_path, "embodied_stage1") >= 5
    for example in examples_of(tmp_path):
        *before, last = [one["content"] for one in example["messages"] if one["role"] == "assistant"]
        assert before
        assert not any(re.search("<DecisionMaking>(pickup|put|end)", reply) for reply in before)
        assert LOOK.fullmatch(last)[3] != "must be elsewhere"
