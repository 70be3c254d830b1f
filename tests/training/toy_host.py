"""A tiny model, folders of toy data, and LLaMA-Factory's own way from a configuration to preprocessed data."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

# Sizes that give different numbers of tokens: 4, 6, 12.
SIZES_PX = ((56, 56), (84, 56), (112, 84))


@dataclass
class DataFolder:
    """A `dataset_dir` in the making: frames, data files and dataset_info.json."""

    path: Path
    info: dict[str, Any] = field(default_factory=dict)

    def frames(self, name: str, count: int) -> list[str]:
        """Writes images and returns their paths, relative to the folder."""
        (self.path / "frames").mkdir(parents=True, exist_ok=True)
        paths = []
        for index in range(count):
            width, height = SIZES_PX[index % len(SIZES_PX)]
            image = Image.new("RGB", (width, height), (40 * index % 255, 90, 200))
            image.paste((250, 30 * index % 255, 10), (index, 3, 20 + index, 30))
            paths.append(f"frames/{name}-{index}.png")
            image.save(self.path / paths[-1])
        return paths

    def add(self, name: str, rows: list[dict[str, Any]] | str, **entry: Any) -> str:
        """Writes a data file and its entry; rows as text are written as they are."""
        text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
        (self.path / f"{name}.jsonl").write_text(text)
        self.info[name] = {"file_name": f"{name}.jsonl", "formatting": "embodied", **entry}
        (self.path / "dataset_info.json").write_text(json.dumps(self.info))
        return name

    def add_sharegpt(self, name: str, rows: list[dict[str, Any]], *further: str, ranking: bool = False) -> str:
        """Writes the same rows for the host's own converter; `further` are columns that it is to know."""
        tags = {"role_tag": "role", "content_tag": "content", "user_tag": "user", "assistant_tag": "assistant"}
        columns = {column: column for column in ("messages", "images", *further)}
        entry = {"columns": columns, "tags": {**tags, "system_tag": "system"}, "ranking": ranking}
        return self.add(name, rows, formatting="sharegpt", **entry)


def episode(images: list[str], id_: str = "episode-0", loss: dict[int, bool] | None = None) -> dict[str, Any]:
    """An example with one image and one answer a turn; `loss` by index of the message."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You are a robot."}]
    for step in range(len(images)):
        messages.append({"role": "user", "content": f"<image>step {step} is done."})
        messages.append({"role": "assistant", "content": f"I see thing {step}. open Fridge {step}"})
    for index, value in (loss or {}).items():
        messages[index]["loss"] = value
    return {"id": id_, "messages": messages, "images": images}


def ranking(images: list[str], id_: str = "ranking-0") -> dict[str, Any]:
    """An episode whose last answer has a worse one beside it."""
    *messages, chosen = episode(images, id_)["messages"]
    rejected = {"role": "assistant", "content": "I see nothing, so I open the Lamp. open Lamp"}
    return {"id": id_, "messages": messages, "chosen": chosen, "rejected": rejected, "images": images}


def judged(images: list[str], id_: str = "judged-0", good: bool = True) -> dict[str, Any]:
    """An episode whose last answer is judged."""
    return {**episode(images, id_), "kto_tag": good}


def configuration(
    checkpoint: Path, dataset_dir: Path, dataset: str | None, output_dir: Path, **further: Any
) -> dict[str, Any]:
    """A training configuration as LLaMA-Factory reads it."""
    return {
        "model_name_or_path": str(checkpoint),
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "full",
        "dataset": dataset,
        "dataset_dir": str(dataset_dir),
        "template": "embodied_qwen2_vl",
        "cutoff_len": 1024,
        "preprocessing_num_workers": 1,
        "dataloader_num_workers": 0,
        "output_dir": str(output_dir),
        "cache_dir": str(output_dir.with_name("cache")),
        "overwrite_cache": True,
        "overwrite_output_dir": True,
        "per_device_train_batch_size": 2,
        "learning_rate": 1e-3,
        "max_steps": 2,
        "logging_steps": 1,
        "save_strategy": "no",
        "report_to": "none",
        "use_cpu": True,
        "accelerator_config": {"dispatch_batches": False},
        "bf16": False,
        "seed": 7,
        **further,
    }


@dataclass
class Host:
    """LLaMA-Factory in this process."""

    checkpoint: Path

    @property
    def image_token(self) -> int:
        """The id that stands for a part of an image."""
        from transformers import AutoTokenizer

        return int(AutoTokenizer.from_pretrained(self.checkpoint).convert_tokens_to_ids("<|image_pad|>"))

    def load(self, **configured: Any) -> tuple[Any, ...]:
        """Returns the host's (template, model_args, data_args, training_args, tokenizer_module)."""
        from llamafactory.data import get_template_and_fix_tokenizer
        from llamafactory.hparams import get_train_args
        from llamafactory.model import load_tokenizer

        model_args, data_args, training_args, _, _ = get_train_args(configured)
        tokenizer_module = load_tokenizer(model_args)
        template = get_template_and_fix_tokenizer(tokenizer_module["tokenizer"], data_args)
        return template, model_args, data_args, training_args, tokenizer_module

    def preprocess(self, data: DataFolder, dataset: str, load_for: str = "sft", **further: Any) -> Any:
        """Returns the training set as `llamafactory.data.get_dataset` makes it."""
        return self.datasets(data, dataset, load_for=load_for, **further)["train_dataset"]

    def datasets(self, data: DataFolder, dataset: str | None, **further: Any) -> dict[str, Any]:
        """Returns the data sets as `llamafactory.data.get_dataset` makes them for a stage (its `load_for`)."""
        from llamafactory.data import get_dataset

        load_for = further.pop("load_for", "sft")
        output_dir = Path(further.pop("output_dir", data.path / "out"))
        loaded = self.load(**configuration(self.checkpoint, data.path, dataset, output_dir, **further))
        *arguments, tokenizer_module = loaded
        module: dict[str, Any] = get_dataset(*arguments, stage=load_for, **tokenizer_module)
        return module
