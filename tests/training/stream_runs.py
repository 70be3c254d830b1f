"""A script that torchrun starts in each process: LLaMA-Factory's own workflow, noting the rows that are trained on.

`stream_runs.py plan.json folder`: the plan maps names to configurations, trained one after the other. Each process
writes `folder/rank.json`: for each run its batches, its losses and a digest of the weights that it ended with.
"""

import hashlib
import json
import os
import sys
from pathlib import Path
from typing import Any

import torch
from llamafactory.hparams import get_train_args
from llamafactory.train.sft import workflow

from llamafactory_embodied import register

register()
# Where several processes train without GPUs, Transformers wants an optimizer back on "cpu:0"; torch knows "cpu" only.
torch.serialization.register_package(0, lambda _: None, lambda held, place: held if place == "cpu:0" else None)

notes: dict[str, Any] = {}
base: Any = workflow.CustomSeq2SeqTrainer


def digest(ids: list[int]) -> str:
    return hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:16]


class Noting(base):  # type: ignore[misc]
    def training_step(self, model: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        rows = zip(inputs["input_ids"], inputs["attention_mask"], strict=True)
        notes["batches"].append([digest(ids[mask.bool()].tolist()) for ids, mask in rows])
        return super().training_step(model, inputs, *args, **kwargs)

    def train(self, *args: Any, **kwargs: Any) -> Any:
        notes.update(batches=[])
        result = super().train(*args, **kwargs)
        weights = hashlib.sha256()
        for parameter in self.model.parameters():
            weights.update(parameter.detach().numpy().tobytes())
        notes["weights"] = weights.hexdigest()
        notes["losses"] = [entry["loss"] for entry in self.state.log_history if "loss" in entry]
        return result


def main() -> None:
    workflow.CustomSeq2SeqTrainer = Noting
    plan = json.loads(Path(sys.argv[1]).read_text())
    done = {}
    for name, configured in plan.items():
        model_args, data_args, training_args, finetuning_args, generating_args = get_train_args(configured)
        workflow.run_sft(model_args, data_args, training_args, finetuning_args, generating_args)
        done[name] = dict(notes)
    (Path(sys.argv[2]) / f"{os.environ['RANK']}.json").write_text(json.dumps(done))


if __name__ == "__main__":
    main()
