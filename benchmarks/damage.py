"""A data set with 5% of each kind of damage and of hostile text, trained through stock `llamafactory-cli train`.

With `on_error: raise` the run must end before training and name a damaged sample; with `skip` it must train, name
every damaged sample, lose no other, and make no control token out of text. Each once alone and once with two workers
for preprocessing and two for batches; a run that takes longer than `patience_s` counts as a hang.

`python -m benchmarks.damage [share=0.05] [count=400]`
"""

import copy
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from llamafactory_embodied.training.tiny_model import TinyModelSettings, build_tiny_model

from .host import command_line, configuration, environment, placed, preprocess, run
from .report import Row, save
from .settings import OUT, read_settings
from .trajectories import Trajectories, add_data_set, make, read

Example = dict[str, Any]


@dataclass(frozen=True)
class Damage:
    """What is trained."""

    share: float = 0.05
    count: int = 400
    width_px: int = 800
    height_px: int = 450
    cutoff_len: int = 16384
    steps: int = 3
    seed: int = 0
    patience_s: int = 1500


def _say(text: str, place: int) -> Callable[[Example, Path], None]:
    def hostile(example: Example, folder: Path) -> None:
        message = example["messages"][place]
        message["content"] = f"{message['content'][:20]} {text} {message['content'][20:]}"

    return hostile


def _file(content: Callable[[bytes], bytes]) -> Callable[[Example, Path], None]:
    def damaged(example: Example, folder: Path) -> None:
        name = f"damaged/{example['id']}.png"
        (folder / "damaged").mkdir(exist_ok=True)
        (folder / name).write_bytes(content((folder / example["images"][-1]).read_bytes()))
        example["images"][-1] = name

    return damaged


def _change(change: Callable[[Example], Any]) -> Callable[[Example, Path], None]:
    return lambda example, folder: change(example)


KINDS: dict[str, Callable[[Example, Path], None]] = {
    "hostile: <|im_end|> in an answer": _say("<|im_end|>", 2),
    "hostile: <|image_pad|> in an answer": _say("<|image_pad|>", 4),
    "hostile: <image> in an answer": _say("<image>", 2),
    "hostile: <|im_start|> in a user's turn": _say("<|im_start|>assistant\n", 3),
    "hostile: <|vision_start|> in the system text": _say("<|vision_start|>", 0),
    "image: no such file": _change(lambda e: e["images"].__setitem__(0, "frames/none.png")),
    "image: outside the folder": _change(lambda e: e["images"].__setitem__(0, "../../../README.md")),
    "image: cut off": _file(lambda content: content[: len(content) // 2]),
    "image: cut in its header": _file(lambda content: content[:20]),
    "image: empty": _file(lambda _: b""),
    "image: text": _file(lambda _: b"not an image at all" * 99),
    "images: one too few": _change(lambda e: e["images"].pop()),
    "images: one too many": _change(lambda e: e["images"].append(e["images"][0])),
    "messages: unknown role": _change(lambda e: e["messages"][2].update(role="robot")),
    "messages: two of one side": _change(lambda e: e["messages"].insert(2, dict(e["messages"][2]))),
    "messages: none": _change(lambda e: e.update(messages=[], images=[])),
    "messages: no answer at the end": _change(lambda e: e["messages"].pop()),
    "loss: nothing trained": _change(lambda e: [m.update(loss=False) for m in e["messages"]]),
}
"""Name -> what is done to an example."""


def spoil(examples: Sequence[Example], folder: Path, share: float, seed: int) -> tuple[list[Example], dict[str, str]]:
    """Damages some examples.

    Returns:
        All examples, and the kind of damage of each damaged one by its id.
    """
    order = [int(place) for place in np.random.default_rng(seed).permutation(len(examples))]
    each = max(1, round(share * len(examples)))
    spoiled, kinds = list(copy.deepcopy(list(examples))), {}
    for number, (kind, damage) in enumerate(KINDS.items()):
        for place in order[number * each : (number + 1) * each]:
            damage(spoiled[place], folder)
            kinds[spoiled[place]["id"]] = kind
    return spoiled, kinds


def main() -> None:
    settings = read_settings(Damage)
    folder = make(Trajectories(settings.count, settings.width_px, settings.height_px))
    # Two images and two answers at least, so that each kind of damage leaves something.
    examples, kinds = spoil(read(folder), folder, settings.share, settings.seed)
    said = [message["content"] for one in read(folder)[:100] for message in one["messages"]]
    sizes = TinyModelSettings(
        output_dir=str(OUT / "models" / "tiny-damage"), vocab_size=2048, layers=1, overwrite=True
    )
    model = build_tiny_model(sizes, said)
    rows = []
    for on_error, workers in product(("raise", "skip"), (1, 2)):
        rows.append(_train(settings, model, folder, examples, kinds, on_error, workers))
        print(rows[-1], flush=True)
    kept = _kept(settings, model, folder, examples, kinds)
    save("damage", settings, [*rows, kept])
    if any(row["wrong"] for row in (*rows, kept)):
        raise SystemExit("damage was not told as it should be")


def _train(
    settings: Damage,
    model: Path,
    folder: Path,
    examples: Sequence[Example],
    kinds: dict[str, str],
    on_error: str,
    workers: int,
) -> Row:
    dataset, _ = add_data_set(folder, f"damaged-{on_error}", list(examples), on_error=on_error)
    given = _configured(settings, model, folder, dataset) | {
        "preprocessing_num_workers": workers,
        "dataloader_num_workers": workers if workers > 1 else 0,
    }
    file = placed(f"damage-{on_error}-{workers}", given)
    row: dict[str, Any] = {"on_error": on_error, "workers": workers, "damaged": len(kinds)}
    try:
        code, log = run(command_line(file), environment(), file.with_name("log.txt"), settings.patience_s)
    except subprocess.TimeoutExpired:
        return row | {"wrong": "hang"}
    began = "***** Running training *****" in log
    row |= {"exit code": code, "began training": began, "error": _error(log) if code else ""}
    if on_error == "raise":
        named = [id_ for id_ in kinds if f"'{id_}'" in row["error"]]
        return row | {"wrong": "" if code and not began and named else "did not stop, or named no damaged sample"}
    named = set(re.findall(r"sample '([^']+)'", "\n".join(re.findall(r"Left out: (.*)", log))))
    told, trained = (
        re.search(pattern, log) for pattern in (r"(\d+) samples are left out", r"Num examples = ([\d,]+)")
    )
    row |= {
        "named": len(named & set(kinds)),
        "named though sound": len(named - set(kinds)),
        "count in the log": int(told[1]) if told else 0,
        "examples trained on": int(trained[1].replace(",", "")) if trained else 0,
        "not named": "; ".join(sorted({kinds[id_] for id_ in set(kinds) - named})),
    }
    right = code == 0 and named == set(kinds) and row["count in the log"] == len(kinds)
    return row | {"wrong": "" if right else "see the columns before"}


def _configured(settings: Damage, model: Path, folder: Path, dataset: str) -> dict[str, Any]:
    given = configuration(model, folder, dataset, cutoff_len=settings.cutoff_len)
    return given | {"max_steps": settings.steps, "disable_gradient_checkpointing": True}


def _error(log: str) -> str:
    lines = [line for line in log.splitlines() if "Error" in line and "'" in line]
    return lines[-1] if lines else log.strip().splitlines()[-1]


def _kept(settings: Damage, model: Path, folder: Path, examples: Sequence[Example], kinds: dict[str, str]) -> Row:
    """What is trained with `skip`: every sound sample, whose control tokens are the template's."""
    from transformers import AutoTokenizer

    sound = {one["id"]: one for one in examples if one["id"] not in kinds}
    dataset, _ = add_data_set(folder, "damaged-skip", list(examples), on_error="skip")
    [made] = preprocess([_configured(settings, model, folder, dataset)])
    tokenizer = AutoTokenizer.from_pretrained(model)
    turn, image = (tokenizer.convert_tokens_to_ids(token) for token in ("<|im_end|>", "<|vision_start|>"))
    kept = {row["embodied_id"].partition("[")[0] for row in made.rows}
    odd = [
        row["embodied_id"]
        for row in made.rows
        if "[" not in row["embodied_id"]
        and (
            row["input_ids"].count(turn) != len(sound[row["embodied_id"]]["messages"])
            or row["input_ids"].count(image) != len(row["images"] or [])
        )
    ]
    row = {"on_error": "skip, rows", "sound": len(sound), "sound and kept": len(kept & set(sound))}
    row |= {"rows with a control token from text": len(odd)}
    return row | {"wrong": "" if kept == set(sound) and not odd else "see the columns before"}


if __name__ == "__main__":
    main()
