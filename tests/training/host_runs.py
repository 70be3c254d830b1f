"""A script, run in a process of its own: LLaMA-Factory as users have it, with or without the plugin.

`python host_runs.py plan.json`: the plan's `preprocess` and `train` map names to configurations; `workers` in one says
how the workers of its data loader start. What came out is
written to the plan's `result`: token ids, labels and images of each row; losses and a digest of the trained weights.
"""

import hashlib
import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any


def preprocess(configuration: dict[str, Any]) -> list[dict[str, Any]]:
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer

    model_args, data_args, training_args, _, _ = get_train_args(dict(configuration))
    tokens = load_tokenizer(model_args)
    template = get_template_and_fix_tokenizer(tokens["tokenizer"], data_args)
    module = get_dataset(template, model_args, data_args, training_args, stage="sft", **tokens)
    columns = ("input_ids", "labels", "images")
    return [{name: row[name] for name in columns} for row in module["train_dataset"]]


def train(configuration: dict[str, Any]) -> dict[str, Any]:
    from llamafactory.train.tuner import run_exp

    # Not the platform's choice: workers that import everything anew are where a plugin gets lost.
    multiprocessing.set_start_method(configuration.get("workers", "spawn"), force=True)
    run_exp({name: value for name, value in configuration.items() if name != "workers"})
    output = Path(configuration["output_dir"])
    state = json.loads((output / "trainer_state.json").read_text())
    [kept] = output.glob("*model.safetensors")  # or an adapter
    weights = hashlib.sha256(kept.read_bytes()).hexdigest()
    return {"losses": [entry["loss"] for entry in state["log_history"] if "loss" in entry], "weights": weights}


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    results = {
        "preprocess": {name: preprocess(given) for name, given in plan["preprocess"].items()},
        "train": {name: train(given) for name, given in plan["train"].items()},
    }
    Path(plan["result"]).write_text(json.dumps(results))


if __name__ == "__main__":
    main()
