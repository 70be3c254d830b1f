"""A run of stock `llamafactory-cli train` on the samples of data_info: what it optimizes is the loss of the trained
tokens alone."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from toy_host import DataFolder, Host, configuration

from llamafactory_embodied.training.seams import host_version

pytestmark = [pytest.mark.every_host, pytest.mark.timeout(600)]

CLI = str(Path(sys.executable).with_name("llamafactory-cli"))
SAMPLES = Path(__file__).parents[2] / "data_info"
STEPS = 3
SMALL_PX = 8_000  # of 360,000: the test is about labels


@pytest.fixture
def samples(tmp_path: Path) -> DataFolder:
    """The samples with their first answers masked too, and once more with every answer trained on."""
    data = DataFolder(Path(shutil.copytree(SAMPLES / "samples", tmp_path / "data")))
    rows = [json.loads(line) for line in (data.path / "sample.jsonl").read_text().splitlines()]
    for row in rows:
        row["messages"][2]["loss"] = False
    data.add("masked", rows)
    for row in rows:
        row["messages"] = [{k: v for k, v in message.items() if k != "loss"} for message in row["messages"]]
    data.add("unmasked", rows)
    return data


def loss_of(host: Host, data: DataFolder, dataset: str) -> float:
    """The loss of the model before its first step, over all rows in one batch."""
    import torch
    from llamafactory.data import SFTDataCollatorWith4DAttentionMask
    from transformers import AutoModelForImageTextToText

    template, *_, tokens = host.load(
        **configuration(host.checkpoint, data.path, dataset, data.path / "out", image_max_pixels=SMALL_PX)
    )
    model = AutoModelForImageTextToText.from_pretrained(host.checkpoint)
    collator = SFTDataCollatorWith4DAttentionMask(
        template=template, model=model, label_pad_token_id=-100, compute_dtype=torch.float32, **tokens
    )
    rows = [
        {k: v for k, v in row.items() if k != "embodied_id"}
        for row in host.preprocess(data, dataset, image_max_pixels=SMALL_PX)
    ]
    with torch.inference_mode():
        return float(model(**collator(rows)).loss)


def train(arguments: dict[str, Any], folder: Path) -> None:
    (folder / "train.yaml").write_text(yaml.safe_dump(arguments))
    done = subprocess.run(
        [CLI, "train", str(folder / "train.yaml")],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-6000:]


def test_a_run_from_the_command_line_optimizes_the_loss_of_the_trained_tokens_alone(
    host: Host, samples: DataFolder, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    train(
        configuration(host.checkpoint, samples.path, "masked", output, max_steps=STEPS, image_max_pixels=SMALL_PX),
        tmp_path,
    )
    history = json.loads((output / "trainer_state.json").read_text())["log_history"]
    losses = [entry["loss"] for entry in history if "loss" in entry]
    masked, unmasked = loss_of(host, samples, "masked"), loss_of(host, samples, "unmasked")

    assert len(losses) == STEPS
    assert losses[0] == pytest.approx(masked, abs=1e-4)
    assert losses[0] != pytest.approx(unmasked, abs=1e-3)
    assert losses[-1] < losses[0]
    assert json.loads((output / "embodied.json").read_text())["versions"]["llamafactory"] == host_version()
