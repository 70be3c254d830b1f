"""LLaMA-Factory as it is used: configurations, data sets preprocessed in a process of its own, collators.

`python -m benchmarks.host plan.json` preprocesses data sets through `llamafactory.data.get_dataset` and saves them.
`preprocess` starts that, with or without the plugin, so that what is called stock here is stock.
"""

import json
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .settings import OUT

OFF = {"LLAMAFACTORY_EMBODIED_AUTOLOAD": "0"}
PLENTY = 10_000_000
"""A cutoff_len that cuts nothing."""
IGNORED = -100


def configuration(model: Path, dataset_dir: Path, dataset: str, **further: Any) -> dict[str, Any]:
    """A training configuration; `output_dir` and `cache_dir` are filled in where it is used, see `placed`."""
    return {
        "model_name_or_path": str(model),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "full",
        "dataset": dataset,
        "dataset_dir": str(dataset_dir),
        "template": "qwen2_vl",
        "cutoff_len": PLENTY,
        "preprocessing_num_workers": 1,
        "dataloader_num_workers": 0,
        "overwrite_cache": True,
        "overwrite_output_dir": True,
        "per_device_train_batch_size": 1,
        "max_steps": 1,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "bf16": False,
        "seed": 7,
        **further,
    }


def placed(name: str, given: dict[str, Any]) -> Path:
    """Writes a configuration into a folder that is empty otherwise, which takes the run's outputs and its cache.

    Returns:
        The file, `train.yaml` in a folder of this name.
    """
    place = OUT / "runs" / name
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    own = {"output_dir": str(place / "out"), "cache_dir": str(place / "cache")}
    (place / "train.yaml").write_text(json.dumps(given | own))
    return place / "train.yaml"


def command_line(configured: Path) -> list[str]:
    """The host's own command for a configuration."""
    return [str(Path(sys.executable).with_name("llamafactory-cli")), "train", str(configured)]


def environment(plugin: bool = True, **further: str) -> dict[str, str]:
    """Variables of a process of the host."""
    quiet = {
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
    }
    paths = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return {**os.environ, **quiet, **paths, **({} if plugin else OFF), **further}


def run(command: Sequence[str], variables: dict[str, str], log: Path, timeout_s: float = 3600) -> tuple[int, str]:
    """Runs a process of the host.

    Returns:
        Its exit code and what it wrote.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as file:
        ended = subprocess.run(command, env=variables, stdout=file, stderr=file, timeout=timeout_s, check=False)
    return ended.returncode, log.read_text(errors="replace")


@dataclass(frozen=True)
class Preprocessed:
    """What the host made of one configuration.

    Attributes:
        rows: the training set, None where it failed.
        error: the traceback where it failed.
        seconds: wall time of `get_dataset`.
        log: what the process wrote, which others of the same call share.
    """

    rows: Any
    error: str
    seconds: float
    log: str


def preprocess(given: Sequence[dict[str, Any]], plugin: bool = True) -> list[Preprocessed]:
    """Preprocesses data sets one after the other in one process of their own.

    Args:
        given: see `configuration`.
        plugin: whether ours is loaded.
    """
    from datasets import load_from_disk

    folder = OUT / "runs" / f"{os.getpid()}-{time.time_ns()}"
    folder.mkdir(parents=True)
    plan = [one | {"output_dir": str(folder / f"{n}" / "out")} for n, one in enumerate(given)]
    plan = [one | {"cache_dir": str(folder / f"{n}" / "cache")} for n, one in enumerate(plan)]
    (folder / "plan.json").write_text(json.dumps(plan))
    code, log = run(
        [sys.executable, "-m", "benchmarks.host", str(folder / "plan.json")], environment(plugin), folder / "log.txt"
    )
    if code != 0:
        raise RuntimeError(f"the host ended with {code}:\n{log[-3000:]}")
    made = []
    for number in range(len(plan)):
        place = folder / f"{number}"
        told = json.loads((place / "told.json").read_text())
        rows = None if told["error"] else load_from_disk(str(place / "rows"), keep_in_memory=True)
        made.append(Preprocessed(rows, told["error"], told["seconds"], log))
    shutil.rmtree(folder)
    return made


class Loaded:
    """Template, tokenizer, processor and model of one configuration, in this process, and its collators.

    The plugin is registered: templates of ours are there, and the host's own collator is still the host's.
    """

    def __init__(self, given: dict[str, Any], with_model: bool = True) -> None:
        from llamafactory.data import get_template_and_fix_tokenizer
        from llamafactory.hparams import get_train_args
        from llamafactory.model import load_tokenizer
        from transformers import AutoModelForImageTextToText

        from llamafactory_embodied import register

        register()
        full = {"output_dir": str(OUT / "runs" / "loaded"), **given}
        self.model_args, self.data_args, self.training_args, _, _ = get_train_args(full)
        self.tokens: dict[str, Any] = load_tokenizer(self.model_args)
        self.template = get_template_and_fix_tokenizer(self.tokens["tokenizer"], self.data_args)
        model = AutoModelForImageTextToText.from_pretrained(given["model_name_or_path"]) if with_model else None
        self.model = model

    def collator(self, ours: bool, pixels: bool = True, dtype: Any = None) -> Any:
        """Makes a collator as the host's workflow does.

        Args:
            ours: ours instead of the host's.
            pixels: False leaves pixel values out where that is possible, to compare the rest quickly.
            dtype: of the training, by default single precision.
        """
        import torch
        from llamafactory.data.collator import SFTDataCollatorWith4DAttentionMask

        from llamafactory_embodied.training.collator import EmbodiedCollator

        tokens = dict(self.tokens)
        if not pixels:
            tokens["processor"] = _without_pixels(tokens["processor"])
        return (EmbodiedCollator if ours else SFTDataCollatorWith4DAttentionMask)(
            template=self.template,
            model=self.model,
            pad_to_multiple_of=8,
            label_pad_token_id=IGNORED,
            block_diag_attn=self.model_args.block_diag_attn,
            neat_packing=False,
            attn_implementation="sdpa",
            compute_dtype=dtype or torch.float32,
            **tokens,
        )


def _without_pixels(processor: Any) -> Any:
    import copy

    other = copy.copy(processor)
    other.image_processor = _Grids(processor.image_processor)
    return other


class _Grids:
    """An image processor that tells the grids only, each size of image measured once with the real one."""

    def __init__(self, real: Any) -> None:
        self._real, self._known = real, dict[tuple[int, int], Any]()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._real, name)

    def __call__(self, images: list[Any], **kwargs: Any) -> dict[str, Any]:
        import torch

        for image in images:
            if image.size not in self._known:
                self._known[image.size] = self._real([image], return_tensors="pt")["image_grid_thw"]
        return {"image_grid_thw": torch.cat([self._known[image.size] for image in images])}


def prepared(given: dict[str, Any]) -> Callable[[], Any]:
    """Loads what `get_dataset` needs for one configuration, and returns what makes the training set."""
    from llamafactory.data import get_dataset, get_template_and_fix_tokenizer
    from llamafactory.hparams import get_train_args
    from llamafactory.model import load_tokenizer

    model_args, data_args, training_args, _, _ = get_train_args(dict(given))
    tokens = load_tokenizer(model_args)
    template = get_template_and_fix_tokenizer(tokens["tokenizer"], data_args)
    return lambda: get_dataset(template, model_args, data_args, training_args, stage="sft", **tokens)["train_dataset"]


def main() -> None:
    for given in json.loads(Path(sys.argv[1]).read_text()):
        place = Path(given["output_dir"]).parent
        place.mkdir()
        started, error = time.perf_counter(), ""
        try:
            make = prepared(given)
            started = time.perf_counter()
            rows = make()
        except Exception:  # whatever the host died of is what is measured
            error = traceback.format_exc()
        told = {"error": error, "seconds": time.perf_counter() - started}
        if not error:
            rows.save_to_disk(str(place / "rows"))
        (place / "told.json").write_text(json.dumps(told))
        shutil.rmtree(place / "cache", ignore_errors=True)


if __name__ == "__main__":
    main()
