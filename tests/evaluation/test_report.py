import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser

import pytest
from made_up import episode, solved, step, unsolved, write_frame

from evaluation.compare import paired_difference
from evaluation.report import write_report
from evaluation.runs import Run
from llamafactory_embodied.errors import RecordError

HOSTILE = (
    "</style></script><script>alert(1)</script><img src=x onerror=alert(2)>\" onmouseover='alert(3)' "
    "javascript:alert(4) {{ 7*7 }} {% raw %} &lt; \u202egnp.exe \ud800 \0"
)


class Page(HTMLParser):
    """What a browser would find: elements with their attributes, the text outside script and style, the scripts."""

    def __init__(self, path):
        super().__init__()
        self.elements, self.text, self.scripts, self._inside = [], [], [], ""
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag):
        self._inside = ""

    def handle_data(self, data):
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.text.append(data)

    def words(self):
        return re.sub(r"\s+", " ", "".join(self.text))

    def found(self, tag, **wanted):
        return [attrs for name, attrs in self.elements if name == tag and wanted.items() <= attrs.items()]


def run(tmp_path, name="trained", records=None, **changes):
    folder = tmp_path / name
    frame = write_frame(folder, "frames/0.png")
    records = records or [solved(0, **changes), unsolved(1, **changes)]
    for record in records:
        record["steps"][0]["frames"] = [frame]
    return Run(name, folder, records)


def page(tmp_path, runs, **settings):
    return Page(write_report(runs, tmp_path / "out" / "page.html", "A title", **settings))


def hostile_record():
    said = {"reply": f"<Planning>{HOSTILE}</Planning>{HOSTILE}", "feedback": HOSTILE, "error": HOSTILE}
    record = episode(
        [step(HOSTILE, HOSTILE, legal=False, success=False, frames=[HOSTILE], **said)], end=HOSTILE, holds=False
    )
    record["task"].update(instruction=HOSTILE, type=HOSTILE)
    record["scene"].update(name=HOSTILE, kind=HOSTILE)
    record["goals"] = [{"kind": HOSTILE, "object_type": HOSTILE, "holds": False}]
    return {**record, **dict.fromkeys(("id", "message", "policy", "prompts", "backend", "rules", "control"), HOSTILE)}


def test_the_page_loads_nothing_from_outside(tmp_path):
    found = page(tmp_path, [run(tmp_path)])
    links = [
        value
        for _, attrs in found.elements
        for name, value in attrs.items()
        if name in ("src", "href", "srcset", "action")
    ]
    assert len(links) == 2
    assert all(link.startswith("data:image/webp;base64,") for link in links)
    raw = (tmp_path / "out" / "page.html").read_text()
    assert not re.search(r"https?://|url\(|@import", raw)


def test_the_pages_policy_allows_its_own_script_and_no_other(tmp_path):
    found = page(tmp_path, [run(tmp_path)])
    policy = found.found("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]
    digest = base64.b64encode(hashlib.sha256("".join(found.scripts).encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'")


def test_hostile_text_is_shown_and_never_runs(tmp_path):
    harmless = page(tmp_path, [run(tmp_path)])
    found = page(
        tmp_path, [run(tmp_path, HOSTILE.replace("/", "").replace("\0", "").replace("\ud800", ""), [hostile_record()])]
    )
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in harmless.elements} | {"div"}
    assert not [name for _, attrs in found.elements for name in attrs if name.startswith("on")]
    assert found.scripts == harmless.scripts
    assert found.words().count("<script>alert(1)</script>") >= 8
    assert "{{ 7*7 }}" in found.words()


def test_the_table_states_figures_counts_intervals_and_conditions(tmp_path):
    words = page(tmp_path, [run(tmp_path)]).words()
    for said in (
        "50% [9, 91]",
        "1 of 2",
        "backend embedded",
        "rules unaided",
        "checkpoint:runs/stage1",
        "brief@1a2b3c4d",
    ):
        assert said in words


def test_different_backends_stand_in_tables_of_their_own(tmp_path):
    found = page(tmp_path, [run(tmp_path), run(tmp_path, "in unity", backend="unity")])
    assert len(found.found("section")) == 3
    assert "backend unity" in found.words()


def test_an_episode_shows_instruction_thoughts_action_outcome_goals_and_hidden_notes(tmp_path):
    illegal = step(
        "open", "Fridge", legal=False, success=False, feedback="not_in_view", reply="<Thinking>Maybe here.</Thinking>"
    )
    record = episode([illegal, step("end")], holds=False, scene="FloorPlan5")
    record["scene"]["kind"] = "recorded"
    words = page(tmp_path, [run(tmp_path, records=[record])]).words()
    for said in (
        "Pick up the apple.",
        "recorded scene FloorPlan5",
        "spatial reasoning Maybe here.",
        "open Fridge",
        "illegal: not in view",
        "no new frame",
        "hidden: cost to go 3, target not seen",
        "failed: it said end, but 1 of 1 goals does not hold",
        "holds: Apple (does not hold)",
    ):
        assert said in words


def test_a_missing_frame_is_named_on_the_page(tmp_path):
    one = run(tmp_path)
    (one.folder / "frames/0.png").unlink()
    found = page(tmp_path, [one])
    assert found.words().count("frame frames/0.png is missing: no such file") == 2
    assert not found.found("img")


def test_the_page_says_how_many_of_how_many_episodes_it_shows(tmp_path):
    many = run(tmp_path, records=[solved(i) for i in range(9)])
    found = page(tmp_path, [many], max_episodes_per_run=4)
    assert "Shown: 4 of 9 from trained." in found.words()
    assert "taken in turn from every task type and outcome" in found.words()
    assert len(found.found("details", **{"class": "episode"})) == 4
    assert "9 of 9" in found.words()
    assert "taken in turn" not in page(tmp_path, [many]).words()


def test_the_first_solved_and_the_first_failed_episode_start_unfolded(tmp_path):
    records = [unsolved(0), unsolved(1), solved(2), solved(3)]
    shown = page(tmp_path, [run(tmp_path, records=records)]).found("details", **{"class": "episode"})
    assert ["open" in attrs for attrs in shown] == [True, False, True, False]


def test_filters_know_every_run_type_and_outcome(tmp_path):
    found = page(tmp_path, [run(tmp_path), run(tmp_path, "other", [solved(task_type="single_search")])])
    values = {attrs["value"] for attrs in found.found("option") if "value" in attrs}
    assert values == {"", "single_pickup", "single_search", "success", "ended"}
    shown = [
        (attrs["data-run"], attrs["data-type"], attrs["data-outcome"])
        for attrs in found.found("details")
        if "data-run" in attrs
    ]
    assert shown == [
        ("trained", "single_pickup", "success"),
        ("trained", "single_pickup", "ended"),
        ("other", "single_search", "success"),
    ]


def test_paired_gaps_and_notes_are_shown_where_given(tmp_path):
    seeing, blind = run(tmp_path), run(tmp_path, "blind", [unsolved(i, control="blind") for i in range(2)])
    gap = paired_difference(seeing.records, blind.records, names=("trained", "blind"))
    words = page(tmp_path, [seeing, blind], differences=[gap], notes=["Read this first."]).words()
    for said in ("Paired differences", "+50", "control blind", "Read this first."):
        assert said in words
    assert "Paired differences" not in page(tmp_path, [seeing]).words()


def test_run_folders_are_read_and_the_page_is_the_same_each_time(tmp_path):
    one = run(tmp_path)
    (one.folder / "episodes.jsonl").write_text("".join(json.dumps(record) + "\n" for record in one.records))
    first = write_report([one.folder], tmp_path / "a.html", "A title").read_bytes()
    assert first == write_report([one], tmp_path / "b.html", "A title").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "b.html", "trained"]


def test_a_failed_report_leaves_the_old_page_alone(tmp_path):
    output = write_report([run(tmp_path)], tmp_path / "page.html")
    before = output.read_bytes()
    with pytest.raises(RecordError):
        write_report([Run("bad", tmp_path, [{"id": "x"}])], output)
    assert output.read_bytes() == before


def test_no_runs_and_runs_of_one_name_are_clear_errors(tmp_path):
    with pytest.raises(RecordError, match="no runs to report"):
        page(tmp_path, [])
    with pytest.raises(RecordError, match="several runs are called trained"):
        page(tmp_path, [run(tmp_path), run(tmp_path)])


def test_titles_are_escaped_too(tmp_path):
    path = write_report([run(tmp_path)], tmp_path / "page.html", "<script>")
    assert html.escape("<script>") in path.read_text()


def test_a_policy_without_a_model_has_no_tokens_and_no_false_precision(tmp_path):
    record = episode([step("end", tokens=None, seconds=0.0004)], holds=False)
    assert "< 0.01 sno model" in page(tmp_path, [run(tmp_path, records=[record])]).words()
