"""The verb `ground`: albums of frames with what they show, no actions. A small model learns to see from them.

Large models come with eyes; the demo's has random weights. An album walks through one room, and at each stop asks for
the furniture in view, the small things, or whether one thing is there. Nothing in it says what to do.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..episodes.conversation import IMAGE, PromptSet, load_prompts
from ..episodes.pool import run_ordered
from ..episodes.progress import progress
from ..episodes.record import frame_name, save_frame
from ..episodes.reply import Thought, write_thoughts
from ..episodes.selection import Selection
from ..files import append_line, read_lines
from ..settings import claim_folder, option
from ..tasks.generate import phrase
from ..world.action import Action
from ..world.controller import FrameSettings, open_controller
from ..world.household import Frame, Household
from ..world.scene import Scene
from ..world.sight import Sighting
from .dataset import DATA_FILE, Example, example_line, name_data_set
from .thoughts import name_sights


@dataclass(frozen=True)
class GroundingSettings:
    """Settings of the verb `ground`."""

    output_dir: str = option("out/grounding", "folder for frames and the training file")
    dataset: str = option("embodied_grounding", "the data set's name in dataset_info.json")
    selection: Selection = option(Selection(split="base"), "rooms; tasks play no part")
    frame: FrameSettings = option(FrameSettings(), "camera")
    albums: int = option(4, "albums for each room", least=1)
    stops: int = option(10, "frames in each album", least=1)
    seed: int = option(0, "decides walks and questions")
    workers: int = option(2, "processes", least=1)


def ground(settings: GroundingSettings) -> Path:
    """Writes the data set; the albums of an interrupted call are kept.

    Returns:
        The training file.

    Raises:
        RecordError: the folder was made with other settings.
    """
    folder = Path(settings.output_dir)
    claim_folder(settings, folder, free=("workers", "output_dir"))
    scenes = list(settings.selection.scenes())
    work = _owed(settings, scenes, {album["id"] for _, album in read_lines(folder / DATA_FILE)})
    total, left = len(scenes) * settings.albums, sum(len(numbers) for _, numbers in work)
    with progress("walking", total, total - left) as advance:
        for albums in run_ordered(partial(_walk_room, settings), work, settings.workers):
            for album in albums:
                append_line(folder / DATA_FILE, example_line(album))
                advance("")
    return name_data_set(folder, settings.dataset)


Work = tuple[Scene, tuple[int, ...]]
"""A room and the numbers of its albums."""


def _owed(settings: GroundingSettings, scenes: Sequence[Scene], done: Collection[str]) -> list[Work]:
    work = []
    for scene in scenes:
        numbers = tuple(number for number in range(settings.albums) if _album_name(scene, number) not in done)
        if numbers:
            work.append((scene, numbers))
    return work


def _album_name(scene: Scene, number: int) -> str:
    return f"album-{scene.name}-{number}"


def _walk_room(settings: GroundingSettings, work: Work) -> list[Example]:
    scene, numbers = work
    household = Household(open_controller("embedded", settings.frame), settings.frame)
    return [_album(settings, household, scene, number) for number in numbers]


def _album(settings: GroundingSettings, household: Household, scene: Scene, number: int) -> Example:
    rng = np.random.default_rng([settings.seed, int(scene.digest[:8], 16), number])
    name = _album_name(scene, number)
    prompts = load_prompts("brief")
    messages = [{"role": "system", "content": prompts.fill("system")}]
    images: list[str] = []
    for stop in _walk(household, scene, settings.stops, rng):
        path = frame_name(name, len(images))
        save_frame(Path(settings.output_dir), path, stop.frame)
        images.append(path)
        question, answer = _question(prompts, stop, scene, rng)
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"id": name, "messages": messages, "images": images, "task": "grounding", "stage": 0}


class Stop(NamedTuple):
    """One halt of a walk: what is seen there, what stands closed before one, and what was done to get there."""

    frame: Frame
    sights: Sequence[Sighting]
    closed: str | None
    done: Action | None


def _walk(household: Household, scene: Scene, stops: int, rng: np.random.Generator) -> Iterator[Stop]:
    """Frames of a walk from place to place, opening and closing, now and then carrying something."""
    outcome = household.reset(scene)
    fixed = [item for item in scene.metadata["objects"] if item["receptacle"] and not item["pickupable"]]
    places = [(item["objectId"], item["objectType"]) for item in fixed]
    done: Action | None = None
    for _ in range(stops):
        yield Stop(outcome.frames[0], outcome.sights[0], _closed_place(household), done)
        action = _wander(household, places, rng)
        tried = household.step(action)
        outcome, done = (tried, action) if tried.success else (outcome, done)


def _wander(household: Household, places: Sequence[tuple[str, str]], rng: np.random.Generator) -> Action:
    """One more action: mostly goes on, often opens what is closed, sometimes picks up or puts down."""
    here = _here(household)
    if here is not None and here["openable"] and rng.random() < (0.1 if here["isOpen"] else 0.85):
        return Action("close" if here["isOpen"] else "open", here["objectType"])
    held = household.metadata["inventoryObjects"]
    if here is not None and held and rng.random() < 0.5:
        return Action("put", here["objectType"])
    things = [item["objectType"] for item in household.metadata["objects"] if item["visible"] and item["pickupable"]]
    if things and not held and rng.random() < 0.15:
        return Action("pickup", things[int(rng.integers(len(things)))])
    object_id, kind = places[int(rng.integers(len(places)))]
    household.known = {object_id: kind}
    return Action("navigate to", kind)


def _here(household: Household) -> dict[str, Any] | None:
    here = household.visited[-1:]
    return next((dict(item) for item in household.metadata["objects"] if [item["objectId"]] == here), None)


def _closed_place(household: Household) -> str | None:
    here = _here(household)
    return str(here["objectType"]) if here is not None and here["openable"] and not here["isOpen"] else None


def _question(prompts: PromptSet, stop: Stop, scene: Scene, rng: np.random.Generator) -> tuple[str, str]:
    """Words like those of an episode's turn, with what is seen and what follows from it, but without a decision."""
    draw = rng.random()
    if draw < 0.2:
        return f"{IMAGE} Which furniture is in view?", f"I see {name_sights(stop.sights, portable=False)}."
    things = f"I see {name_sights(stop.sights, portable=True)}."
    if draw < 0.35:
        return f"{IMAGE} What is here?", f"The {stop.closed} is closed. {things}" if stop.closed else things
    seen = [sight.object_type for sight in stop.sights if sight.portable and not sight.held]
    everywhere = sorted({item["objectType"] for item in scene.metadata["objects"] if item["pickupable"]})
    pool = seen if seen and rng.random() < 0.6 else everywhere
    sought = pool[int(rng.integers(len(pool)))]
    kind = ("single_search", "single_pickup_from_closerep")[int(rng.integers(2))]
    values = {"task": phrase(kind, sought, None, rng), "images": IMAGE}
    asked = (
        prompts.fill("follow_up", action=str(stop.done), **values) if stop.done else prompts.fill("opening", **values)
    )
    found = Thought("Thinking", f"There is the {sought}.")
    missing = Thought("Reflection", f"No {sought} here.")
    look = Thought("Observation", f"I look for the {sought}. {things}")
    return asked, write_thoughts([look, found if sought in seen else missing])
