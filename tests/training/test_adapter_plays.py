"""A LoRA adapter that stock LLaMA-Factory has trained plays in `evaluate`, alone or over a base model beside it."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from toy_host import DataFolder, configuration, episode

from evaluation.run import EvaluateSettings, evaluate
from llamafactory_embodied.episodes.record import read_records
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.tasks.generate import SIMPLE_TYPES
from llamafactory_embodied.world.controller import FrameSettings

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def adapter(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three steps of stock training on samples that become windows."""
    data = DataFolder(tmp_path_factory.mktemp("lora"))
    data.add("ours", [episode(data.frames(name, 2), name) for name in "ab"], overflow="window", window_context=0.5)
    lora = {"finetuning_type": "lora", "lora_rank": 2, "lora_target": "all", "max_steps": 3, "learning_rate": 0.1}
    trained = configuration(tiny_checkpoint, data.path, "ours", data.path / "adapter", **lora)
    (data.path / "lora.yaml").write_text(yaml.safe_dump(trained))
    command = [Path(sys.executable).with_name("llamafactory-cli"), "train", data.path / "lora.yaml"]
    subprocess.run(command, check=True, cwd=data.path, capture_output=True)
    return data.path / "adapter"


def played(settings: EvaluateSettings, folder: Path, **changes: Any) -> list[dict[str, Any]]:
    evaluate(replace(settings, output_dir=str(folder), **changes))
    return list(read_records(folder))


def replies(records: list[dict[str, Any]]) -> list[str]:
    return [step["reply"] for record in records for step in record["steps"][1:]]


def test_an_adapter_plays_and_says_what_it_was_shown(adapter: Path, tiny_checkpoint: Path, tmp_path: Path) -> None:
    rooms = Selection(profile="demo", split="dev", rooms=1, tasks_per_room=2, types=SIMPLE_TYPES)
    settings = EvaluateSettings(
        policy="checkpoint",
        checkpoint=str(adapter),
        selection=rooms,
        frame=FrameSettings(56, 56, 75.0, 16),
        prompts="brief",
        max_new_tokens=6,
        batch=2,
    )
    alone = played(settings, tmp_path / "alone")
    assert {(record["policy"], record["context"]) for record in alone} == {
        (f"checkpoint:{adapter}", "frames: all, windows")
    }
    assert {record["end"] for record in alone} <= {"ended", "unparseable", "step_limit", "repetition"}
    assert all(step["tokens"] <= 6 for record in alone for step in record["steps"][1:])

    over = {"checkpoint": str(tiny_checkpoint), "adapter_name_or_path": str(adapter)}
    assert replies(played(settings, tmp_path / "over", **over)) == replies(alone)
    shown = played(settings, tmp_path / "few", context="1")
    assert {record["context"] for record in shown} == {"frames: newest 1, windows"}
    assert {record["context"] for record in played(settings, tmp_path / "all", context="all")} == {"frames: all"}
    bare = {"checkpoint": str(tiny_checkpoint), "template": "embodied_qwen2_vl", "image_max_pixels": 6000}
    with (
        pytest.warns(UserWarning, match="assuming"),
        pytest.raises(SettingsError, match=r"context=window: .*tiny was not trained with windows"),
    ):
        played(settings, tmp_path / "bare", context="window", **bare)
