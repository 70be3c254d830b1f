"""The verbs over run folders: what they write, print and refuse."""

import json
import subprocess
import sys

import pytest
from made_up import episode, solved, step, unsolved

from evaluation.verbs import CompareSettings, ReportSettings, run_compare, run_report
from llamafactory_embodied.cli import main
from llamafactory_embodied.errors import RecordError, SettingsError


def write(folder, records):
    folder.mkdir()
    (folder / "episodes.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return str(folder)


@pytest.fixture
def runs(tmp_path):
    late = episode([step("pickup", "Apple")], end="step_limit", number=2)
    old = write(tmp_path / "old", [solved(0), unsolved(1), late])
    return old, write(tmp_path / "new", [solved(0), solved(1), solved(2)])


def test_runs_become_tables_and_one_page(runs, tmp_path, capsys):
    settings = ReportSettings((f"first:{runs[0]}", runs[1]), str(tmp_path / "all.html"), published=("GPT-4o",))
    assert run_report(settings) == 0
    text, page = (tmp_path / "all.md").read_text(), (tmp_path / "all.html").read_text()
    assert "| success rate | 1/3 = 33% [6, 79] | 3/3 = 100% [44, 100] |" in text
    assert "| success rate | 2/3 = 67% [21, 94] | 3/3 = 100% [44, 100] | 66.67% |" in text
    assert set(json.loads((tmp_path / "all.json").read_text())) == {"first", "new"}
    assert "published, Unity, 809 entries: GPT-4o" in page
    assert "Paired differences" in page
    printed = capsys.readouterr().out
    assert "Metrics true" in printed
    assert "Metrics paper" in printed


def test_runs_of_both_rule_sets_are_reported_together_but_not_paired(runs, tmp_path):
    other = write(tmp_path / "aided", [solved(0, rules="reference")])
    assert run_report(ReportSettings((runs[0], other), str(tmp_path / "all.html"))) == 0
    text = (tmp_path / "all.md").read_text()
    assert [f"rules {rules}, " in text for rules in ("unaided", "reference")] == [True, True]
    assert text.count("**Metrics true**") == text.count("**Metrics paper**") == 2
    assert "Paired differences" not in (tmp_path / "all.html").read_text()


def test_runs_of_two_backends_share_no_report_table_unless_that_is_allowed(runs, tmp_path):
    both = (runs[0], write(tmp_path / "there", [solved(0, backend="unity")]))
    with pytest.raises(RecordError, match="allow_mixed=true"):
        run_report(ReportSettings(both, str(tmp_path / "all.html")))
    assert not (tmp_path / "all.html").exists()
    assert run_report(ReportSettings(both, str(tmp_path / "all.html"), allow_mixed=True)) == 0
    assert "| old (embedded) | there (unity) |" in (tmp_path / "all.md").read_text()


def test_a_comparison_is_printed_and_written_in_both_families(runs, tmp_path, capsys):
    assert main(["compare", f"runs=[{runs[0]},{runs[1]}]", f"output={tmp_path}/gap.html"]) == 0
    found = json.loads((tmp_path / "gap.json").read_text())
    assert {name: len(one["flips"]) for name, one in found.items()} == {"true": 2, "paper": 1}
    assert found["true"]["overall"]["difference"] == -2 / 3
    assert [flip["first_end"] for flip in found["true"]["flips"]] == ["ended", "step_limit"]
    text = (tmp_path / "gap.md").read_text()
    assert text.count("**old minus new, metrics") == 6
    assert "| new | single_pickup-Embodied-demo-1-2 | Pick up the apple. | step_limit | ended |" in text
    assert "old minus new, metrics true" in capsys.readouterr().out


def test_the_page_of_a_comparison_shows_only_the_tasks_that_flipped(runs, tmp_path):
    run_compare(CompareSettings(runs, str(tmp_path / "gap.html")))
    page = (tmp_path / "gap.html").read_text()
    assert page.count('<details class="episode"') == 4
    assert "2 of 3 from old; 2 of 3 from new." in page.replace("\n", " ")


def test_a_run_compared_with_itself_shows_no_difference_and_no_episode(runs, tmp_path):
    assert run_compare(CompareSettings((f"a:{runs[0]}", f"b:{runs[0]}"), str(tmp_path / "gap.html"))) == 0
    found = json.loads((tmp_path / "gap.json").read_text())["true"]
    assert (found["overall"]["difference"], found["overall"]["p_value"], found["flips"]) == (0.0, 1.0, [])
    assert '<details class="episode"' not in (tmp_path / "gap.html").read_text()


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), "compare needs runs="),
        (("a",), "two run folders; got 1"),
        (("a", "b", "c"), "got 3"),
    ],
)
def test_compare_takes_two_runs(names, said):
    with pytest.raises(SettingsError, match=said):
        run_compare(CompareSettings(names))


def test_two_runs_of_one_name_must_be_told_apart(runs):
    with pytest.raises(SettingsError, match=r"Both runs are called old; give names"):
        run_compare(CompareSettings((runs[0], runs[0])))


def test_runs_of_different_worlds_are_compared_only_where_that_is_said(runs, tmp_path):
    there = write(tmp_path / "there", [solved(0, backend="unity"), solved(1, backend="unity")])
    settings = f"runs=[{runs[1]},{there}]", f"output={tmp_path}/gap.html"
    assert main(["compare", *settings]) == 1
    assert main(["compare", *settings, "allow_mixed=true"]) == 0
    assert "Backend embedded against unity" in (tmp_path / "gap.md").read_text()


def test_a_report_of_nothing_or_of_an_unknown_model_is_a_clear_error(runs):
    with pytest.raises(SettingsError, match="report needs runs="):
        run_report(ReportSettings())
    with pytest.raises(SettingsError, match="'mine' is not in the paper's table"):
        run_report(ReportSettings(runs, published=("mine",)))


def test_the_module_has_the_same_verbs_and_evaluates_where_none_is_said():
    for words, said in ((["compare"], "compare [config.yaml]"), ([], "evaluate [config.yaml]")):
        done = subprocess.run(
            [sys.executable, "-m", "evaluation", *words, "--help"], capture_output=True, text=True, check=True
        )
        assert said in done.stdout
