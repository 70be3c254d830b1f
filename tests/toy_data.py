"""Small data sets whose every sample is sound, and ways to damage them."""

import json
from pathlib import Path
from typing import Any

from PIL import Image

TAGGED = "<Observation>I see a Fridge.</Observation><Planning>I open it.</Planning>"


def write_frame(path: Path, width: int = 56, height: int = 56, **how: Any) -> Path:
    """An image that takes a few kilobytes, so that its end is far from its beginning."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = Image.effect_noise((width, height), 80).convert("RGB")
    noise.save(path, **how)
    return path


def sample(id_: str, steps: int = 2) -> dict[str, Any]:
    """A sound sample; its images are `frames/ID-STEP.png`."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You are a robot."}]
    for step in range(steps):
        target = ("open Fridge", "pickup Apple", "end")[step % 3]
        messages.append({"role": "user", "content": f"<image>{id_} step {step} is done."})
        messages.append(
            {"role": "assistant", "content": f"{TAGGED}<DecisionMaking>{target}</DecisionMaking>", "loss": True}
        )
    return {"id": id_, "messages": messages, "images": [f"frames/{id_}-{step}.png" for step in range(steps)]}


def write_data(folder: Path, rows: list[Any], name: str = "data.jsonl") -> Path:
    """Writes rows (text as it is) and the images of those that are samples."""
    for row in rows:
        for image in row.get("images", ()) if isinstance(row, dict) else ():
            if isinstance(image, str) and not (folder / image).exists() and image.startswith("frames/"):
                write_frame(folder / image)
    lines = [row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows]
    (folder / name).write_text("".join(lines), encoding="utf-8")
    return folder / name


def register_data(folder: Path, **entries: Any) -> None:
    """Writes dataset_info.json."""
    (folder / "dataset_info.json").write_text(json.dumps(entries))
