"""The verb `ground`: albums of frames with what they show, no actions. A small model learns to see from them.

Large models come with eyes; the demo's has random weights. An album walks through one room, and at each stop asks for
the furniture in view, the small things, or whether one thing is there. Nothing in it says what to do.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..episodes.pool import progress, run_ordered
from ..episodes.record import frame_name, save_frame
from ..episodes.selection import Selection
from ..settings import claim_folder, option, replace_file
from ..tasks.names import plain
from ..world.action import Action
from ..world.controller import FrameSettings, open_controller
from ..world.household import Frame, Household, Outcome
from ..world.scene import Scene
from ..world.sight import Sighting
from .thoughts import name_sights

DATA_FILE = "train.jsonl"


@dataclass(frozen=True)
class GroundingSettings:
    """Settings of the verb `ground`."""

    output_dir: str = option("out/grounding", "folder for frames and the training file")
    dataset: str = option("embodied_grounding", "the data set's name in dataset_info.json")
    selection: Selection = option(Selection(split="base"), "rooms; tasks play no part")
    frame: FrameSettings = option(FrameSettings(), "camera")
    albums: int = option(4, "albums for each room")
    stops: int = option(10, "frames in each album")
    seed: int = option(0, "decides walks and questions")
    workers: int = option(2, "processes")


def ground(settings: GroundingSettings) -> Path:
    """Writes the data set.

    Returns:
        The training file.

    Raises:
        RecordError: the folder was made with other settings.
    """
    folder = Path(settings.output_dir)
    claim_folder(settings, folder, free=("workers", "output_dir"))
    scenes = list(settings.selection.scenes())
    lines: list[str] = []
    walk: Callable[[Scene], list[dict[str, Any]]] = partial(_walk_room, settings)
    with progress("walking", len(scenes)) as advance:
        for albums in run_ordered(walk, scenes, settings.workers):
            lines += [json.dumps(album, ensure_ascii=False) + "\n" for album in albums]
            advance("")
    replace_file(folder / DATA_FILE, "".join(lines))
    entry = {settings.dataset: {"file_name": DATA_FILE, "formatting": "embodied"}}
    replace_file(folder / "dataset_info.json", json.dumps(entry, indent=2) + "\n")
    return folder / DATA_FILE


def _walk_room(settings: GroundingSettings, scene: Scene) -> list[dict[str, Any]]:
    household = Household(open_controller("embedded", settings.frame), settings.frame)
    return [_album(settings, household, scene, number) for number in range(settings.albums)]


def _album(settings: GroundingSettings, household: Household, scene: Scene, number: int) -> dict[str, Any]:
    rng = np.random.default_rng([settings.seed, int(scene.digest[:8], 16), number])
    name = f"album-{scene.name}-{number}"
    messages: list[dict[str, str]] = [{"role": "system", "content": "You are a household robot."}]
    images: list[str] = []
    for frame, sights, place in _walk(household, scene, settings.stops, rng):
        path = frame_name(name, len(images))
        save_frame(Path(settings.output_dir), path, frame)
        images.append(path)
        question, answer = _question(sights, place, scene, rng)
        messages += [{"role": "user", "content": f"<image> {question}"}, {"role": "assistant", "content": answer}]
    return {"id": name, "messages": messages, "images": images, "task": "grounding", "stage": 0}


Stop = tuple[Frame, Sequence[Sighting], str | None]


def _walk(household: Household, scene: Scene, stops: int, rng: np.random.Generator) -> Iterator[Stop]:
    """Frames of a walk from place to place, opening and closing, now and then carrying something."""
    outcome = household.reset(scene)
    fixed = [item for item in scene.metadata["objects"] if item["receptacle"] and not item["pickupable"]]
    places = [(item["objectId"], item["objectType"]) for item in fixed]
    for _ in range(stops):
        yield outcome.frames[0], outcome.sights[0], _closed_place(household)
        outcome = _wander(household, places, rng) or outcome


def _wander(household: Household, places: Sequence[tuple[str, str]], rng: np.random.Generator) -> Outcome | None:
    """One more action: mostly goes on, often opens what is closed, sometimes picks up or puts down."""
    here = _here(household)
    if here is not None and here["openable"] and rng.random() < 0.85:
        outcome = household.step(Action("close" if here["isOpen"] else "open", here["objectType"]))
        if outcome.success:
            return outcome
    held = household.metadata["inventoryObjects"]
    if here is not None and held and rng.random() < 0.5:
        return _if_done(household.step(Action("put", here["objectType"])))
    things = [item["objectType"] for item in household.metadata["objects"] if item["visible"] and item["pickupable"]]
    if things and not held and rng.random() < 0.15:
        return _if_done(household.step(Action("pickup", things[int(rng.integers(len(things)))])))
    object_id, kind = places[int(rng.integers(len(places)))]
    household.known = {object_id: kind}
    return _if_done(household.step(Action("navigate to", kind)))


def _if_done(outcome: Outcome) -> Outcome | None:
    return outcome if outcome.success else None


def _here(household: Household) -> dict[str, Any] | None:
    here = household.visited[-1:]
    return next((dict(item) for item in household.metadata["objects"] if [item["objectId"]] == here), None)


def _closed_place(household: Household) -> str | None:
    here = _here(household)
    return str(here["objectType"]) if here is not None and here["openable"] and not here["isOpen"] else None


def _question(
    sights: Sequence[Sighting], closed: str | None, scene: Scene, rng: np.random.Generator
) -> tuple[str, str]:
    things = f"I see {name_sights(sights, portable=True)}."
    draw = rng.random()
    if draw < 0.2:
        return "Which furniture is in view?", f"I see {name_sights(sights, portable=False)}."
    if draw < 0.5:
        return "What is here?", f"The {closed} is closed. {things}" if closed else things
    seen = [sight.object_type for sight in sights if sight.portable and not sight.held]
    everywhere = sorted({item["objectType"] for item in scene.metadata["objects"] if item["pickupable"]})
    pool = seen if seen and rng.random() < 0.5 else everywhere
    sought = pool[int(rng.integers(len(pool)))]
    found = f"There is the {sought}." if sought in seen else f"No {sought} here."
    return f"Is the {plain(sought)} here?", f"{things} {found}"
