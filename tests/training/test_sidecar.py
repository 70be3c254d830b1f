import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.training.sidecar import checkpoint_terms, write_sidecar

pytestmark = pytest.mark.every_host


@pytest.fixture
def rows(data: DataFolder) -> DataFolder:
    first = episode(data.frames("a", 1), "a") | {"prompts": "brief@1a2b3c4d"}
    data.add("ours", [first, episode(data.frames("b", 1), "b") | {"prompts": "full@99999999"}])
    data.add_sharegpt("theirs", [episode(data.frames("c", 1))])
    return data


def test_what_a_policy_must_repeat_is_written_beside_the_checkpoint(host: Host, rows: DataFolder) -> None:
    host.preprocess(rows, "ours,theirs", cutoff_len=300, image_max_pixels=180_000)

    written = json.loads((rows.path / "out" / "embodied.json").read_text())
    versions = written.pop("versions")
    assert written == {
        "format": "embodied-checkpoint-1",
        "template": "embodied_qwen2_vl",
        "image_max_pixels": 180_000,
        "image_min_pixels": 1024,
        "cutoff_len": 300,
        "window_context": 0.5,
        "prompts": ["brief@1a2b3c4d", "full@99999999"],
    }
    assert set(versions) == {"llamafactory_embodied", "llamafactory", "transformers", "torch"}


def test_a_stream_names_the_prompt_set_it_comes_to_first(host: Host, rows: DataFolder) -> None:
    host.preprocess(rows, "theirs,ours", streaming=True, dataloader_num_workers=1)
    [prompts] = json.loads((rows.path / "out" / "embodied.json").read_text())["prompts"]
    assert prompts in ("brief@1a2b3c4d", "full@99999999")


@pytest.mark.parametrize(
    ("dataset", "further"), [("theirs", {}), ("ours", {"do_train": False, "do_eval": True, "eval_dataset": "ours"})]
)
def test_nothing_is_written_without_training_on_our_data(
    host: Host, rows: DataFolder, dataset: str, further: dict[str, object]
) -> None:
    host.preprocess(rows, dataset, **further)
    assert not (rows.path / "out" / "embodied.json").exists()


def test_samples_that_never_become_windows_leave_no_share_for_them(host: Host, data: DataFolder) -> None:
    data.add("ours", [episode(data.frames("a", 1), "a")], overflow="drop")
    host.preprocess(data, "ours")
    assert json.loads((data.path / "out" / "embodied.json").read_text())["window_context"] is None


def test_a_model_that_reads_text_only_has_no_image_limits(tmp_path: Path) -> None:
    terms = checkpoint_terms([], SimpleNamespace(template="qwen", cutoff_len=64), None)
    written = write_sidecar(str(tmp_path), terms)
    assert json.loads(written.read_text())["image_max_pixels"] is None
    assert [path.name for path in tmp_path.iterdir()] == ["embodied.json"]
