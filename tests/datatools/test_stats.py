"""Statistics count what is there, and their page shows any text as text."""

import json
import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_data import sample, write_data

from llamafactory_embodied.cli import main
from llamafactory_embodied.datatools.histogram import Distribution, histogram
from llamafactory_embodied.datatools.source import find_sources
from llamafactory_embodied.datatools.stats import gather

VALUES = st.lists(st.integers(0, 10_000), min_size=1)


@given(VALUES)
def test_every_value_is_in_exactly_one_bar(values: list[int]) -> None:
    bars = histogram(values)
    assert len(bars) <= 24
    assert [bar.count for bar in bars] == [sum(bar.low <= value <= bar.high for value in values) for bar in bars]
    assert sum(bar.count for bar in bars) == len(values)
    assert (bars[0].low, bars[-1].high) == (min(values), max(values))


@given(VALUES, st.floats(0, 1))
def test_a_quantile_is_a_value_that_its_share_does_not_exceed(values: list[int], share: float) -> None:
    found = Distribution("x", tuple(sorted(values))).quantile(share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values) - 1e-6
    assert sum(value < found for value in values) <= share * len(values)


def test_nothing_has_no_bars_and_zero_everywhere() -> None:
    nothing = Distribution("x", ())
    assert (histogram(()), nothing.mean, nothing.quantile(0.5), nothing.total) == ([], 0.0, 0, 0)


def test_counts_are_those_of_the_samples(tmp_path: Path) -> None:
    rows = [sample("a", 2), sample("b", 3), {"id": "broken"}]
    rows[0]["messages"][2]["loss"] = False
    rows[1]["messages"][6]["content"] = "I say nothing."
    statistics = gather(find_sources(write_data(tmp_path, [*rows, "torn"])))
    assert (statistics.samples, statistics.unreadable) == (2, 2)
    assert {name: values for name, values in statistics.quantities.items() if "words" not in name} == {
        "answers": [2, 3],
        "trained answers": [1, 3],
        "images": [2, 3],
    }
    assert statistics.quantities["words"] == [
        sum(len(message["content"].split()) for message in row["messages"]) for row in rows[:2]
    ]
    assert statistics.thoughts == {"Observation": [4] * 4, "Planning": [3] * 4}
    assert statistics.actions == Counter({"open": 2, "pickup": 2, "no action": 1})
    assert statistics.targets == Counter(Fridge=2, Apple=2)


def test_the_table_is_printed_and_the_page_holds_the_plots(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, page = write_data(tmp_path, [sample("a", 2), sample("b", 3)]), tmp_path / "out" / "stats.html"
    assert main(["stats", str(data), f"output={page}"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"images +│ 2 +│ 5 +│ 2.5", out)
    assert "2 samples." in out
    html = page.read_text()
    assert html.count("<svg") == 5
    assert "navigate" not in html
    assert "Observation" in html


def test_hostile_text_is_shown_as_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)> \ud800 {{ 7 * 7 }}"
    row = sample("a", 1)
    row["messages"][2]["content"] = f"<DecisionMaking>open {evil}</DecisionMaking>"
    data = write_data(tmp_path, [row]).rename(tmp_path / "<b>data.jsonl")
    page = tmp_path / "stats.html"
    assert main(["stats", str(data), f"output={page}"]) == 0
    html = page.read_text(encoding="utf-8")
    assert "<script" not in html
    assert "<img" not in html
    assert "<b>" not in html
    assert "49" not in html[html.index("</style>") :]
    assert "&lt;script&gt;alert(1)" in html
    assert "default-src 'none'" in html


def test_a_data_set_without_a_sound_sample_exits_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["stats", str(write_data(tmp_path, [json.dumps({"id": "x"})]))]) == 1
    assert "0 samples; 1 more cannot be read, see `check`." in capsys.readouterr().out
