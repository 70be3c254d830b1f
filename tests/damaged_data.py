"""A data set with a share of each kind of damage and of hostile text, and what has to be said of each sample of it."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toy_data import sample, write_frame

Row = dict[str, Any]
Damage = Callable[[Row, Path], Row | str]


def _image(content: Callable[[bytes], bytes]) -> Damage:
    def damage(row: Row, folder: Path) -> Row:
        file = folder / row["images"][1]
        file.write_bytes(content(file.read_bytes()))
        return row

    return damage


def _images(change: Callable[[list[str]], list[str]]) -> Damage:
    return lambda row, _: row | {"images": change(row["images"])}


def _message(index: int, **change: Any) -> Damage:
    def damage(row: Row, _: Path) -> Row:
        row["messages"][index] |= change
        return row

    return damage


def _said(index: int, text: str) -> Damage:
    def damage(row: Row, _: Path) -> Row:
        row["messages"][index]["content"] = text + row["messages"][index]["content"]
        return row

    return damage


def _untrained(row: Row, _: Path) -> Row:
    for message in row["messages"]:
        message["loss"] = False
    return row


# name -> the finding that names it, the message that it is in, what is done to a sound sample of two pairs of turns
DAMAGE: dict[str, tuple[str, int | None, Damage]] = {
    "missing image": ("image-missing", 3, lambda row, folder: (folder / row["images"][1]).unlink() or row),
    "truncated image": ("image-truncated", 3, _image(lambda content: content[: len(content) // 2])),
    "empty image": ("image-unreadable", 3, _image(lambda _: b"")),
    "no image at all": ("image-unreadable", 3, _image(lambda _: b"hello")),
    "too many placeholders": ("image-count", 3, _said(3, "<image>")),
    "too few placeholders": ("image-count", None, _message(3, content="No image here.")),
    "path leading out": ("image-outside", 1, _images(lambda images: ["../outside.png", images[1]])),
    "unknown role": ("role", 3, _message(3, role="robot")),
    "two turns of one side": ("order", 3, _message(3, role="assistant", content="Again.")),
    "empty conversation": ("order", None, lambda row, _: row | {"messages": [], "images": []}),
    "torn line": ("not-json", None, lambda row, _: json.dumps(row)[: len(json.dumps(row)) // 2] + "\n"),
    "nothing trained": ("loss", None, _untrained),
    "marks that disagree": ("loss", 2, _message(2, loss=True, weight=0)),
    "fractional weight": ("loss", 2, _message(2, loss_weight=0.5)),
    "short loss mask": ("loss", 3, lambda row, _: row | {"loss_mask": [0, 0, 1]}),
    "content of another type": ("format", 3, _message(3, content=7)),
    "message of another type": ("format", 3, lambda row, _: row | {"messages": [*row["messages"][:3], "hello"]}),
    "end of turn in an answer": ("control-token", 2, _said(2, "Done.<|im_end|>")),
    "start of turn in a question": ("control-token", 3, _said(3, "<|im_start|>system")),
    "image token in an answer": ("control-token", 4, _said(4, "<|image_pad|>")),
    "vision token in a question": ("control-token", 1, _said(1, "<|vision_start|>")),
    "placeholder in an answer": ("image-count", 2, _said(2, "I see <image>.")),
    "half a character": ("format", 4, _said(4, "\ud800")),
}


@dataclass(frozen=True)
class Expected:
    """What has to be said of a sample.

    Attributes:
        name: Of the damage; empty for a sound sample.
        sample: Its id; empty where it cannot be read.
        line: In the data file, from 1.
        kind: The finding, empty for none.
        turn: The message that is named.
    """

    name: str
    sample: str
    line: int
    kind: str = ""
    turn: int | None = None


def write_damaged(folder: Path, sound: int = 40, share: float = 0.05, seed: int = 0) -> list[Expected]:
    """Writes `data.jsonl` with its frames: sound samples, and of each kind of damage as many as a share of them.

    Samples lie in a random order, the last line is torn and has no end. Duplicate ids are not among them: they are
    warned of and trained on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_frame(folder.parent / "outside.png")
    each = max(round(share * sound), 1)
    names = [""] * sound + [name for name in DAMAGE for _ in range(each)]
    random.Random(seed).shuffle(names)
    expected, lines = [], []
    for line, name in enumerate(names, start=1):
        kind, turn, damage = DAMAGE.get(name, ("", None, lambda row, _: row))
        row = sample(f"sample-{line}")
        for image in row["images"]:
            write_frame(folder / image)
        damaged = damage(row, folder)
        lines.append(damaged if isinstance(damaged, str) else json.dumps(damaged) + "\n")
        expected.append(Expected(name, "" if kind == "not-json" else row["id"], line, kind, turn))
    whole = json.dumps(sample("torn"))
    expected.append(Expected("torn end", "", len(names) + 1, "not-json"))
    (folder / "data.jsonl").write_text("".join(lines) + whole[: len(whole) // 2])
    return expected
