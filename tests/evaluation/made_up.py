"""Made-up episode records: the smallest that the figures and the page need."""

from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

Record = dict[str, Any]
PICKUP_KEYS = (("navigate to", "CounterTop"), ("pickup", "Apple"), ("end", ""))


def step(action: str, target: str | None = None, **changes: Any) -> Record:
    """One step that succeeded, unless `changes` say otherwise."""
    wording = f"{action} {target}" if target else action
    reply = None if action == "init" else f"<Planning>I will act.</Planning><DecisionMaking>{wording}</DecisionMaking>"
    usual = {"success": True, "legal": True, "feedback": None, "error": "", "frames": []}
    hidden = {"cost_to_go": 3, "target_seen": False, "new": 1, "tokens": 10, "seconds": 0.5}
    acted_on = {"action": action, "target": target, "object_id": target and f"{target}|1"}
    return {**acted_on, "reply": reply, **usual, **hidden, **changes}


def episode(
    actions: list[Record],
    *,
    end: str = "ended",
    holds: bool | list[bool] = True,
    keys: tuple[tuple[str, str], ...] = PICKUP_KEYS,
    task_type: str = "single_pickup",
    number: int = 0,
    scene: str = "Embodied-demo-1",
    cost: int | None = 3,
    **changes: Any,
) -> Record:
    """An episode of these actions after `init`; its `success` follows from its end and its goals."""
    judged = [holds] if isinstance(holds, bool) else holds
    steps = [step("init", cost_to_go=cost, tokens=0, seconds=0.0), *actions]
    record: Record = {
        "format": "embodied-episode-2",
        "id": f"{task_type}-{scene}-{number}",
        "backend": "embedded",
        "rules": "unaided",
        "prompts": "brief@1a2b3c4d",
        "policy": "checkpoint:runs/stage1",
        "control": "none",
        "seed": 0,
        "benchmark": "",
        "scene": {"name": scene, "kind": "generated", "room": "kitchen", "seed": 1, "profile": "demo"},
        "frame": {"width_px": 140, "height_px": 140, "fov_deg": 60.0},
        "task": {
            "id": f"{task_type}-{scene}-{number}",
            "type": task_type,
            "instruction": "Pick up the apple.",
            "scene": scene,
            "target_type": "Apple",
            "key_actions": [{"action": action, "object_type": kind, "object_id": ""} for action, kind in keys],
            "goals": [{"kind": "holds", "object_type": "Apple"} for _ in judged],
            "max_steps": 22,
        },
        "steps": [{**one, "index": index} for index, one in enumerate(steps)],
        "end": end,
        "goals": [{"kind": "holds", "object_type": "Apple", "holds": held} for held in judged],
        "legal_objects": [],
        "success": end == "ended" and bool(judged) and all(judged),
        "message": "",
    }
    return {**record, **changes}


def solved(number: int = 0, **changes: Any) -> Record:
    """The shortest way: navigate, pick up, end."""
    return episode([step("navigate to", "CounterTop"), step("pickup", "Apple"), step("end")], number=number, **changes)


def unsolved(number: int = 0, **changes: Any) -> Record:
    """Ends at once, with empty hands."""
    return episode([step("end")], holds=False, number=number, **changes)


def write_frame(folder: Path, name: str, size_px: tuple[int, int] = (140, 140), hue: int = 0) -> str:
    """Write a small drawing into the run folder; returns its path as records have it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size_px, (200, 190, 180))
    draw = ImageDraw.Draw(image)
    draw.rectangle([0, size_px[1] // 2, size_px[0], size_px[1]], fill=(120, 90, (60 + hue) % 256))
    draw.ellipse([40, 40, 70, 70], fill=((200 + hue) % 256, 40, 40))
    image.save(path)
    return name
