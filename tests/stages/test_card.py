"""The card of a data set says what is in it."""

import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kitchens import TOY_FRAME

from llamafactory_embodied.episodes.mix import PAPER, mixed
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.stages.bars import bar_chart, counted
from llamafactory_embodied.stages.synthesize import SynthesizeSettings, synthesize
from llamafactory_embodied.tasks.generate import TASK_TYPES

ROOMS = Selection(profile="kitchen", split="dev", rooms=2, tasks_per_room=8, mix="paper")
TOY = SynthesizeSettings(selection=ROOMS, frame=replace(TOY_FRAME, width_px=160, height_px=120), workers=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("carded")
    synthesize(replace(TOY, output_dir=str(folder)))
    return folder


def rows(text, heading):
    """The rows of the first table below a heading: first cell -> the others."""
    table = text.partition(f"## {heading}\n")[2].partition("\n| ---")[2].partition("\n\n")[0]
    cells = [[cell.strip() for cell in line.strip("| ").split("|")] for line in table.splitlines()[1:]]
    return {first: rest for first, *rest in cells}


def test_the_card_counts_what_the_training_file_holds(made):
    examples = [json.loads(line) for line in (made / "train.jsonl").read_text().splitlines()]
    text = (made / "README.md").read_text()
    said = [one["content"] for example in examples for one in example["messages"] if one["role"] == "assistant"]
    assert rows(text, "Trajectories")["trajectories"][0] == str(len(examples))
    images = sum(len(example["images"]) for example in examples)
    assert rows(text, "Trajectories")["mean images"][0] == f"{images / len(examples):.2f}"
    actions = Counter(re.search(r"<DecisionMaking>(navigate to|move forward|\w+)", one)[1] for one in said)
    assert {name: int(cells[0]) for name, cells in rows(text, "Actions").items()} == actions
    thoughts = len(re.findall(r"<(?:Observation|Thinking|Planning|Reflection|Verification)>", "".join(said)))
    assert sum(int(cells[0]) for cells in rows(text, "Thoughts").values()) == thoughts


def test_the_card_names_its_data_for_a_hub(made):
    front = yaml.safe_load((made / "README.md").read_text().split("---\n")[1])
    assert front["configs"][0]["data_files"] == [{"split": "train", "path": "train.jsonl"}]


def test_the_plots_are_drawings_that_a_browser_reads(made):
    for name in ("types", "actions", "images"):
        root = ET.fromstring((made / "plots" / f"{name}.svg").read_text())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"


def test_a_chart_escapes_its_labels_and_draws_to_scale():
    chart = ET.fromstring(bar_chart("<a> & b", {"<x>": {"here": 2.0}, "y": {"here": 1.0}}, "%"))
    bars = [float(one.get("width")) for one in chart.iter() if one.tag.endswith("rect") and one.get("x")]
    assert bars == [360.0, 180.0]
    assert "<x>" in [one.text for one in chart.iter()]


@given(st.lists(st.integers(0, 40), max_size=50), st.integers(1, 30))
def test_every_value_is_counted_once(values, most):
    assert sum(row["trajectories"] for row in counted(values, most).values()) == len(values)


def test_a_mix_comes_near_its_shares_where_rooms_offer_enough():
    scenes = Selection(profile="demo", split="dev", rooms=3, tasks_per_room=2, mix="paper")
    every = [scenes.offered(scene) for scene in scenes.scenes()]
    assert min(map(len, every)) > 8
    taken = [task for tasks in mixed(every, {"single_search": 3, "pickup_and_put": 1}, 8) for task in tasks]
    assert Counter(task.type for task in taken) == {"single_search": 18, "pickup_and_put": 6}
    assert len({task.id for task in taken}) == len(taken)


def test_rooms_that_are_skipped_are_left_to_others():
    both = Selection(profile="demo", rooms=5).rooms_by_name()
    assert Selection(profile="demo", rooms=2, skip=3).rooms_by_name() == both[3:]


def test_the_papers_mix_knows_every_type_and_an_unknown_mix_is_refused():
    assert set(PAPER) == set(TASK_TYPES)
    with pytest.raises(SettingsError, match=r"mix='odd' is unknown; choose one of even, paper"):
        replace(ROOMS, mix="odd").tasks()
