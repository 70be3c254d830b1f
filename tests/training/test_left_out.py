from hypothesis import given
from hypothesis import strategies as st

from llamafactory_embodied.training.report import REPORT, Report, total, with_report

texts = st.text(max_size=20)
reports = st.builds(
    Report, st.integers(0, 9), st.integers(0, 99), st.lists(st.tuples(texts, texts), max_size=3).map(tuple)
)


@given(parts=st.lists(reports, max_size=5))
def test_reports_of_batches_add_up_whatever_they_say(parts: list[Report]) -> None:
    column = [text for part in parts for text in (None, str(part))]
    assert total(column) == sum(parts, Report())


@given(report=reports, rows=st.integers(0, 3))
def test_a_report_is_one_more_row_with_a_value_in_each_column(report: Report, rows: int) -> None:
    columns = {"input_ids": [[1, 2]] * rows, "images": [["a.png"]] * rows} if rows else {}
    told = with_report(columns, {"input_ids": [0], "images": None}, report)
    if not report:
        assert told == ({**columns, REPORT: [None] * rows} if rows else {})
    else:
        assert {name: len(values) for name, values in told.items()} == dict.fromkeys(
            ("input_ids", "images", REPORT), rows + 1
        )
        assert told[REPORT] == [None] * rows + [str(report)]


def test_the_log_names_each_sample_that_is_left_out() -> None:
    report = Report(2, 7, (("a", "sample 'a': is damaged"), ("b", "sample 'b': is long")))
    assert report.lines() == [
        "2 samples longer than cutoff_len became 7 windows.",
        "2 samples are left out, as a whole or in part:",
        "Left out: sample 'a': is damaged",
        "Left out: sample 'b': is long",
    ]
    assert Report().lines() == []
