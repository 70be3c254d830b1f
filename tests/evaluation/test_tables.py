import io

import pytest
from made_up import episode, solved, step, unsolved
from rich.console import Console

from evaluation.published import PUBLISHED, published_rows
from evaluation.sheet import Sheet
from evaluation.summary import summarize
from evaluation.tables import sheets
from llamafactory_embodied.errors import RecordError, SettingsError


def summaries(**changes):
    trained = [solved(i, scene=f"Embodied-demo-{i}") for i in range(3)] + [unsolved(3, task_type="single_search")]
    return {"trained": summarize(trained), "untrained": summarize([unsolved(i, **changes) for i in range(4)])}


def printed(table):
    console = Console(width=200, file=io.StringIO())
    console.print(table.to_rich())
    return console.file.getvalue()


def test_markdown_has_one_column_per_run_with_counts_intervals_and_conditions():
    true, paper = sheets(summaries())
    lines = true.to_markdown().splitlines()
    assert lines[0] == "**Metrics true**"
    assert lines[2] == "|  | trained | untrained |"
    assert lines[4] == "| success rate | 3/4 = 75% [30, 95] | 0/4 = 0% [0, 49] |"
    assert "| task type: single_search | 0/1 = 0% [0, 79] | not played |" in lines
    assert "Backend embedded, rules unaided, benchmark none, prompts brief@1a2b3c4d, metrics true; 95%" in lines[-1]
    assert "metrics paper; 95%" in paper.to_markdown()
    assert len({line.count("|") for line in lines if line.startswith("|")}) == 1


def test_each_family_has_a_table_with_its_own_figures():
    late = episode([step("navigate to", "CounterTop"), step("pickup", "Apple")], end="step_limit")
    true, paper = sheets({"late": summarize([late])})
    assert ["success rate", "0/1 = 0% [0, 79]"] in true.rows
    assert ["goal conditions", "100%"] in true.rows
    assert ["success rate", "1/1 = 100% [21, 100]"] in paper.rows
    assert ["task completeness", "100%"] in paper.rows
    assert not {row[0] for row in paper.rows} & {"goal conditions", "repeated exploration"}


def test_a_grouping_of_a_single_group_is_not_shown_twice():
    (true, _) = sheets({"one": summarize([solved(0), solved(1)])})
    assert not [row for row in true.rows if ":" in row[0]]


def test_a_runs_name_cannot_break_the_markdown_table():
    (true, _) = sheets({"a|b\n| c": summarize([solved()])})
    assert "|  | a\\|b \\| c |" in true.to_markdown()


def test_the_terminal_shows_the_same_figures():
    text = printed(sheets(summaries())[0])
    assert "3/4 = 75% [30, 95]" in text
    assert "Backend embedded" in text
    assert "not played" in text


def test_what_steers_a_terminal_or_fits_no_file_is_left_out():
    hostile = Sheet("\x1b[2J[red]t", ("", "a\x07\n|"), [("\ud800\x1b]0;x", "\\|")], "c\x9b")
    shown = printed(hostile) + hostile.to_markdown()
    assert not {"\x1b", "\x07", "\x9b", "\ud800"} & set(shown)
    assert "[2J[red]t" in printed(hostile)
    assert "| a \\| |" in hostile.to_markdown()
    assert "| \\\\\\| |" in hostile.to_markdown()


def test_markup_in_a_runs_name_is_shown_as_it_is():
    assert "[red]x[/red]" in printed(sheets({"[red]x[/red]": summarize([solved()])})[0])


@pytest.mark.parametrize("field", ["rules", "benchmark"])
def test_rule_sets_and_benchmarks_stand_in_tables_of_their_own(field):
    tables = sheets(summaries(**{field: "another"}))
    assert [list(table.columns) for table in tables] == [["", "trained"]] * 2 + [["", "untrained"]] * 2
    assert [f"{field} another" in table.caption for table in tables] == [False, False, True, True]


def test_no_table_mixes_backends_unless_that_is_allowed_and_then_columns_name_them():
    mixed = summaries(backend="unity")
    with pytest.raises(RecordError, match=r"different backend.*unity \(untrained\).*allow_mixed=true"):
        sheets(mixed)
    tables = sheets(mixed, allow_mixed=True)
    assert [list(table.columns) for table in tables] == [["", "trained (embedded)", "untrained (unity)"]] * 2
    assert "Backend embedded and unity" in tables[0].caption


def test_published_figures_stand_in_a_column_of_their_own_beside_the_papers_metrics_only():
    runs = {"mine": summarize([solved(0), solved(1, task_type="single_search")])}
    true, paper = sheets(runs, published=published_rows(["Embodied-Reasoner-7B"]))
    assert list(true.columns) == ["", "mine"]
    assert list(paper.columns) == ["", "mine", "published, Unity, 809 entries: Embodied-Reasoner-7B"]
    cells = {row[0]: row[2] for row in paper.rows}
    shown = [cells[name] for name in ("success rate", "search efficiency", "task completeness")]
    assert shown == ["80.96%", "55.07%", "86.30%"]
    assert (cells["group: search"], cells["group: manipulate"]) == ("65.16%", "93.31%")
    assert cells["ordered completeness"] == cells["task type: single_search"] == ""


def test_published_success_lies_between_that_of_its_groups():
    for row in PUBLISHED.values():
        groups = (row.search, row.manipulate, row.transport, row.composite)
        assert min(groups) <= row.success <= max(groups)


def test_a_model_that_the_paper_does_not_have_is_a_clear_error():
    with pytest.raises(SettingsError, match=r"published='GPT-9' is not in the paper's table; it has .*GPT-4o"):
        published_rows(["GPT-9"])


def test_a_table_of_nothing_is_a_clear_error():
    with pytest.raises(RecordError, match="no runs to tabulate"):
        sheets({})
