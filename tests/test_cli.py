"""The command line: one verb, its settings, one line for an error."""

import subprocess
import sys

import pytest

from llamafactory_embodied import __version__
from llamafactory_embodied.cli import VERBS, main


def test_without_a_verb_all_verbs_are_listed(capsys):
    for words in ([], ["--help"], ["help"]):
        assert main(words) == 0
        out = capsys.readouterr().out
        assert all(f"  {verb} " in out for verb in VERBS)


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


def test_an_unknown_verb_exits_with_2_and_names_the_known_ones(capsys):
    assert main(["syntesize"]) == 2
    error = capsys.readouterr().err
    assert "Unknown verb 'syntesize'" in error
    assert "synthesize" in error


@pytest.mark.parametrize("verb", VERBS)
def test_help_lists_every_setting_of_a_verb(verb, capsys):
    if verb in ("tiny-model", "demo"):
        pytest.importorskip("torch")
    assert main([verb, "--help"]) == 0
    out = capsys.readouterr().out
    assert VERBS[verb].help in out
    assert out.count("[") > 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["synthesize", "rooms=3"], "unknown key 'rooms'"),
        (
            ["synthesize", "selection.profile=castle"],
            "profile='castle' is unknown; choose one of household, kitchen, living_room",
        ),
        (["synthesize", "selection.split=exam"], "split='exam' is unknown; choose one of base, train, dev, test"),
        (["synthesize", "prompts=none.yaml"], "Prompt set 'none.yaml'"),
        (["evaluate", "policy=genius"], "policy='genius' is unknown; choose one of checkpoint, server"),
        (["evaluate", "policy=server", "selection.rooms=1"], "policy=server needs model="),
        (["evaluate", "policy=checkpoint", "selection.rooms=1"], "policy=checkpoint needs checkpoint="),
        (["evaluate", "policy=searcher", "backend=moon", "selection.rooms=1"], "backend='moon' is unknown"),
        (["evaluate", "selection.recorded=[FloorPlan5]"], "needs the environment variable EMBODIED_THOR_DATA"),
        (["report"], "report needs runs="),
        (["report", "runs=[nowhere]"], "nowhere/episodes.jsonl holds no complete episode"),
    ],
)
def test_an_error_of_ours_is_one_line_and_exit_1(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EMBODIED_THOR_DATA", raising=False)
    assert main(words) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.startswith(f"llamafactory-embodied {words[0]}: ")
    assert error.count("\n") == 1


def test_a_bug_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("llamafactory_embodied.cli._load", lambda path: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["report"])


def test_the_interrupt_key_says_that_the_same_command_continues(monkeypatch, capsys):
    def interrupted(settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("llamafactory_embodied.verbs.run_synthesize", interrupted)
    assert main(["synthesize"]) == 130
    assert "The same command continues." in capsys.readouterr().err


def test_the_evaluation_package_is_the_verb_evaluate():
    words = [sys.executable, "-m", "evaluation", "policy=genius"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("llamafactory-embodied evaluate: policy='genius' is unknown")
