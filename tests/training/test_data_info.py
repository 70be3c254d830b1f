import json
import re
from pathlib import Path

import pytest
from toy_host import DataFolder, Host

from llamafactory_embodied.training.entry import HOST_KEYS, TAGS, Entry
from llamafactory_embodied.training.message import Names
from llamafactory_embodied.training.sample import read_sample

pytestmark = pytest.mark.every_host

FOLDER = Path(__file__).parents[2] / "data_info"
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_sample_data_set_is_preprocessed_for_training(host: Host, tmp_path: Path) -> None:
    rows = host.preprocess(DataFolder(FOLDER), "embodied_sample", output_dir=tmp_path / "out")
    assert rows["embodied_id"] == ["find-apple-0", "pickup-apple-0"]
    assert [len(row["images"]) for row in rows] == [4, 2]


def test_the_examples_in_the_readme_are_of_the_format() -> None:
    example, entry, ranking, judged = map(json.loads, re.findall(r"```json\n(.*?)```", README, re.DOTALL))
    sample = read_sample(example, Names(), "README.md")
    assert [turn.loss for turn in sample.turns] == [False, False, False, True, False, True]
    assert all((FOLDER / "samples" / image).is_file() for image in sample.images)
    info = json.loads((FOLDER / "dataset_info.json").read_text(encoding="utf-8"))
    assert entry.items() <= info.items()
    assert read_sample(ranking, Names(ranking=True), "README.md").stage == "rm"
    assert read_sample(judged, Names(), "README.md").stage == "kto"


@pytest.mark.parametrize(("name", "stage", "count"), [("embodied_rankings", "rm", 2), ("embodied_verdicts", "kto", 3)])
def test_the_samples_of_compared_answers_are_preprocessed(
    host: Host, tmp_path: Path, name: str, stage: str, count: int
) -> None:
    rows = host.preprocess(DataFolder(FOLDER), name, stage, output_dir=tmp_path / "out")
    assert [len(row["images"]) for row in rows] == [1, 3, 3][:count]


def test_every_key_of_an_entry_that_is_ours_is_in_the_readme() -> None:
    ours = [name for name in Entry.__dataclass_fields__ if name not in HOST_KEYS]
    missing = [name for name in (*ours, *TAGS, "columns", "tags") if f"`{name}`" not in README]
    assert missing == []
