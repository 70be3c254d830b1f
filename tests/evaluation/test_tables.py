import io

import pytest
from made_up import solved, unsolved
from rich.console import Console

from evaluation.summary import summarize
from evaluation.tables import comparison_table, summary_table, type_table
from llamafactory_embodied.errors import RecordError


def summaries(**changes):
    trained = [solved(i, scene=f"Embodied-demo-{i}") for i in range(3)] + [unsolved(3, task_type="single_search")]
    return {"trained": summarize(trained), "untrained": summarize([unsolved(i, **changes) for i in range(4)])}


def printed(table):
    console = Console(width=200, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def test_markdown_has_one_row_per_run_with_counts_intervals_and_conditions():
    lines = comparison_table(summaries()).splitlines()
    assert len(lines) == 2 + 2 + 2
    assert lines[2].startswith("| trained | 3/4 = 75% [30, 95] | 75%")
    assert lines[3].startswith("| untrained | 0/4 = 0% [0, 49] | 0% | 0% |")
    assert lines[3].endswith("0/4 = 0% [0, 49] | not played |")
    assert "Backend embedded, rules unaided, prompts brief@1a2b3c4d, metrics true; 95% intervals" in lines[-1]
    assert len({line.count("|") for line in lines[:4]}) == 1


def test_a_runs_name_cannot_break_the_markdown_table():
    table = comparison_table({"a|b\n| c": summarize([solved()])})
    assert "| a\\|b \\| c | 1/1" in table


def test_the_terminal_shows_the_same_figures():
    text = printed(summary_table(summaries()))
    assert "3/4 = 75% [30, 95]" in text
    assert "Backend embedded" in text
    assert "not played" in printed(type_table(summaries()))


def test_markup_in_a_runs_name_is_shown_as_it_is():
    assert "[red]x[/red]" in printed(summary_table({"[red]x[/red]": summarize([solved()])}))


@pytest.mark.parametrize("make", [summary_table, type_table, comparison_table])
@pytest.mark.parametrize(("field", "other"), [("backend", "unity"), ("rules", "reference")])
def test_no_table_mixes_worlds(make, field, other):
    with pytest.raises(RecordError, match=rf"different {field}.*untrained"):
        make(summaries(**{field: other}))


def test_a_table_of_nothing_is_a_clear_error():
    with pytest.raises(RecordError, match="no runs to tabulate"):
        comparison_table({})
