import json

import pytest
from made_up import solved

from evaluation.runs import load_run
from llamafactory_embodied.errors import RecordError


def write(folder, *lines):
    folder.mkdir(exist_ok=True)
    (folder / "episodes.jsonl").write_text("".join(lines))
    return folder


def test_a_run_folder_gives_its_records_under_its_own_name(tmp_path):
    run = load_run(write(tmp_path / "trained", json.dumps(solved()) + "\n", "\n", json.dumps(solved(1)) + "\n"))
    assert (run.name, len(run.records)) == ("trained", 2)
    assert load_run(tmp_path / "trained", "mine").name == "mine"


def test_a_torn_last_line_is_owed_again(tmp_path):
    text = json.dumps(solved())
    assert len(load_run(write(tmp_path, text + "\n", text[:50])).records) == 1


@pytest.mark.parametrize(
    ("line", "said"), [("{half", "is not JSON"), ('{"format": "embodied-episode-2", "id": "x"}', "'x' lacks backend")]
)
def test_a_damaged_line_is_refused_and_named(tmp_path, line, said):
    with pytest.raises(RecordError, match=said):
        load_run(write(tmp_path, json.dumps(solved()) + "\n", line + "\n"))


@pytest.mark.parametrize("lines", [[], ["{half"]])
def test_a_folder_without_a_complete_episode_is_refused(tmp_path, lines):
    with pytest.raises(RecordError, match=r"episodes\.jsonl holds no complete episode"):
        load_run(write(tmp_path, *lines))
    (tmp_path / "episodes.jsonl").unlink()
    with pytest.raises(RecordError, match="or is not there"):
        load_run(tmp_path)
