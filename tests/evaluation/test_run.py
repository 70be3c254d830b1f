"""Evaluation runs: played, stopped, continued, summed up."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from kitchens import TOY_FRAME

from evaluation import run
from evaluation.run import EvaluateSettings, evaluate, run_evaluate
from llamafactory_embodied.episodes.policy import Oracle, Reply
from llamafactory_embodied.episodes.record import read_records
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.errors import PolicyError, RecordError, SettingsError

ROOMS = Selection(profile="demo", split="dev", rooms=3, tasks_per_room=3)
TOY = EvaluateSettings(policy="oracle", selection=ROOMS, frame=TOY_FRAME, prompts="brief", batch=2)


def digest(folder):
    return hashlib.sha256((folder / "episodes.jsonl").read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    evaluate(replace(TOY, output_dir=str(folder)))
    return folder


def test_the_file_is_in_the_order_of_the_tasks_whatever_batch_and_workers(whole, tmp_path):
    ids = [record["id"] for record in read_records(whole)]
    assert ids == [task.id for _, task in ROOMS.tasks()]
    evaluate(replace(TOY, output_dir=str(tmp_path / "a"), batch=5))
    evaluate(replace(TOY, output_dir=str(tmp_path / "b"), batch=1, workers=2))
    assert digest(tmp_path / "a") == digest(tmp_path / "b") == digest(whole)


def test_the_rules_are_a_setting_and_stand_in_the_records(tmp_path):
    few = replace(ROOMS, rooms=1)
    summary = evaluate(replace(TOY, output_dir=str(tmp_path), policy="replay", rules="reference", selection=few))
    assert summary.rules == "reference"
    assert summary.policies == ("replay",)
    with pytest.raises(SettingsError, match="rules='none' is unknown"):
        evaluate(replace(TOY, output_dir=str(tmp_path / "other"), rules="none", selection=few))


class Fragile(Oracle):
    """Fails after some turns."""

    turns = 0

    def reply(self, views: Sequence) -> list[Reply]:
        Fragile.turns += 1
        if Fragile.turns == 12:
            raise PolicyError("The server is gone.")
        return super().reply(views)


def test_a_run_that_broke_off_keeps_what_was_played_and_continues_to_the_same_bytes(whole, tmp_path, monkeypatch):
    run._open_policy.cache_clear()
    monkeypatch.setattr(run, "make_policy", lambda name: Fragile())
    settings = replace(TOY, output_dir=str(tmp_path))
    with pytest.raises(PolicyError, match="The server is gone"):
        evaluate(settings)
    kept = len(list(read_records(tmp_path)))
    assert 0 < kept < 9
    evaluate(settings)
    run._open_policy.cache_clear()
    assert digest(tmp_path) == digest(whole)


def test_a_finished_run_needs_no_policy_any_more(whole, monkeypatch):
    monkeypatch.setattr(run, "_open_policy", lambda settings: 1 / 0)
    assert evaluate(replace(TOY, output_dir=str(whole))).to_json()


def test_other_settings_do_not_mix_into_a_run(whole):
    with pytest.raises(RecordError, match=r"made with other settings \(policy differ\)"):
        evaluate(replace(TOY, output_dir=str(whole), policy="prior"))


def test_the_verb_writes_summary_and_page_and_prints_the_table(tmp_path, capsys):
    folder = tmp_path / "oracle"
    assert run_evaluate(replace(TOY, output_dir=str(folder), policy="oracle")) == 0
    assert json.loads((folder / "summary.json").read_text())
    assert "<html" in (folder / "report.html").read_text()
    assert "oracle" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (replace(TOY, policy="genius"), "policy='genius' is unknown"),
        (replace(TOY, policy="server"), "policy=server needs model="),
        (replace(TOY, policy="checkpoint"), "policy=checkpoint needs checkpoint="),
        (replace(TOY, context="some"), "context='some': give auto, all or a number of frames"),
        (replace(TOY, policy="server", context="window"), "context='window': give auto, all or a number"),
    ],
)
def test_a_policy_that_is_not_named_in_full_is_one_clear_error(settings, said, tmp_path):
    with pytest.raises(SettingsError, match=said):
        evaluate(replace(settings, output_dir=str(tmp_path)))


def test_the_prompts_of_the_checkpoint_are_taken_and_others_are_warned_of():
    trained = ("brief@642e3afa",)
    assert run._trained_prompts(trained, "auto") == "brief"
    with pytest.warns(UserWarning, match="trained with the prompt set brief@642e3afa and is now talked to with full@"):
        assert run._trained_prompts(trained, "full") == "full"
    with pytest.warns(UserWarning, match="trained with the prompt set brief@00000000"):
        run._trained_prompts(("brief@00000000",), "auto")
    with pytest.raises(SettingsError, match=r"give prompts="):
        run._trained_prompts((), "auto")


def test_a_policy_is_opened_once_a_process():
    run._open_policy.cache_clear()
    oracle = replace(TOY, policy="oracle")
    assert run._open_policy(oracle).policy is run._open_policy(oracle).policy
    assert isinstance(run._open_policy(oracle).policy, Oracle)


def test_records_say_how_much_the_policy_was_shown(tmp_path):
    few = replace(TOY, selection=replace(ROOMS, rooms=1, tasks_per_room=1))
    for context, said in (("auto", "frames: all"), ("2", "frames: newest 2")):
        folder = tmp_path / context
        evaluate(replace(few, output_dir=str(folder), context=context))
        assert [record["context"] for record in read_records(folder)] == [said]
    with pytest.raises(RecordError, match="context differ"):
        evaluate(replace(few, output_dir=str(tmp_path / "2"), context="3"))
