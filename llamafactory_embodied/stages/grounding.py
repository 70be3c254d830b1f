"""The verb `ground`: albums of frames with what they show, no actions. A small model learns to see from them.

Large models come with eyes; the demo's has random weights. An album walks through one room, and at each stop asks for
the furniture in view, or whether one thing is there. A list asks the same in words alone. Nothing in them says what to
do next, but for opening.
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
from ..episodes.reply import write_thoughts
from ..episodes.selection import Selection
from ..files import append_line, read_lines
from ..settings import claim_folder, option
from ..tasks.names import listed
from ..tasks.task import Goal
from ..tasks.wording import phrase
from ..world.action import Action
from ..world.controller import FrameSettings, open_controller
from ..world.household import Household
from ..world.outcome import Frame
from ..world.scene import Scene
from ..world.sight import Sighting
from .dataset import DATA_FILE, Example, example_line, name_data_set
from .plain import name_sights, write_closed, write_comparison, write_look

_FURNITURE_SHARE, _AGAIN_SHARE, _IN_VIEW_SHARE = 0.15, 0.5, 0.55
_LONGEST_LIST = 5


@dataclass(frozen=True)
class GroundingSettings:
    """Settings of the verb `ground`."""

    output_dir: str = option("out/grounding", "folder for frames and the training file")
    dataset: str = option("embodied_grounding", "the data set's name in dataset_info.json")
    selection: Selection = option(Selection(split="base"), "rooms; tasks play no part")
    frame: FrameSettings = option(FrameSettings(), "camera")
    albums: int = option(4, "albums for each room", least=0)
    stops: int = option(10, "frames in each album", least=1)
    lists: int = option(
        0, "samples without frames for each room: lists of things, and whether one is among them", least=0
    )
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
    total, left = len(scenes) * (settings.albums + settings.lists), sum(len(names) for _, names in work)
    with progress("walking", total, total - left) as advance:
        for examples in run_ordered(partial(_walk_room, settings), work, settings.workers):
            for example in examples:
                append_line(folder / DATA_FILE, example_line(example))
                advance("")
    return name_data_set(folder, settings.dataset)


Work = tuple[Scene, tuple[str, ...]]
"""A room and the names of its examples, `album-...` or `list-...`."""


def _owed(settings: GroundingSettings, scenes: Sequence[Scene], done: Collection[str]) -> list[Work]:
    kinds = [("album", number) for number in range(settings.albums)]
    kinds += [("list", number) for number in range(settings.lists)]
    work = []
    for scene in scenes:
        names = tuple(name for kind, number in kinds if (name := f"{kind}-{scene.name}-{number}") not in done)
        if names:
            work.append((scene, names))
    return work


def _walk_room(settings: GroundingSettings, work: Work) -> list[Example]:
    scene, names = work
    household = Household(open_controller("embedded", settings.frame), settings.frame)
    examples = []
    for name in names:
        kind, number = name.split("-", 1)[0], name.rsplit("-", 1)[1]
        rng = np.random.default_rng([settings.seed, int(scene.digest[:8], 16), int(number), *kind.encode()])
        examples.append(
            _album(settings, household, scene, name, rng) if kind == "album" else _list(settings, scene, name, rng)
        )
    return examples


def _list(settings: GroundingSettings, scene: Scene, name: str, rng: np.random.Generator) -> Example:
    """The comparison that looking ends with, in words alone: what a model that has read much can do already."""
    prompts = load_prompts("brief")
    messages = [{"role": "system", "content": prompts.fill("system")}]
    kinds = sorted({item["objectType"] for item in scene.metadata["objects"] if item["pickupable"]})
    for _ in range(settings.stops):
        shown = [kinds[int(one)] for one in rng.permutation(len(kinds))[: int(rng.integers(_LONGEST_LIST + 1))]]
        pool = shown if shown and rng.random() < _IN_VIEW_SHARE else kinds
        sought = pool[int(rng.integers(len(pool)))]
        things = listed(shown) if shown else "nothing"
        answer = write_comparison(things, sought, "here" if sought in shown else "elsewhere")
        question = f"You see {things}. {phrase('single_search', Goal('in_view', sought), rng)}"
        messages += [
            {"role": "user", "content": question},
            {"role": "assistant", "content": write_thoughts([answer])},
        ]
    return {"id": name, "messages": messages, "images": [], "task": "grounding", "stage": 0}


def _album(
    settings: GroundingSettings, household: Household, scene: Scene, name: str, rng: np.random.Generator
) -> Example:
    prompts = load_prompts("brief")
    messages = [{"role": "system", "content": prompts.fill("system")}]
    images: list[str] = []
    for stop in _walk(household, scene, settings.stops, rng):
        path = frame_name(name, len(images))
        save_frame(Path(settings.output_dir), path, stop.frame)
        images.append(path)
        for question, answer in _questions(prompts, stop, scene, rng):
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
    fixed = [
        item
        for item in scene.metadata["objects"]
        if item["receptacle"] and not item["pickupable"] and item["objectType"] != "Floor"
    ]
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
    household.rules.known = {object_id: kind}
    return Action("navigate to", kind)


def _here(household: Household) -> dict[str, Any] | None:
    here = household.visited[-1:]
    return next((dict(item) for item in household.metadata["objects"] if [item["objectId"]] == here), None)


def _closed_place(household: Household) -> str | None:
    here = _here(household)
    return str(here["objectType"]) if here is not None and here["openable"] and not here["isOpen"] else None


def _questions(prompts: PromptSet, stop: Stop, scene: Scene, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """What is asked at a stop: the furniture, or a thing, in the words of an episode's turn but for the decision.

    Often a second thing is asked for without a new frame: what one compares is then in the words alone.
    """
    if rng.random() < _FURNITURE_SHARE:
        yield f"{IMAGE} Which furniture is in view?", f"I see {name_sights(stop.sights, portable=False)}."
        return
    sought, task = _sought(stop, scene, rng)
    values = {"task": task, "images": IMAGE}
    asked = (
        prompts.fill("follow_up", action=str(stop.done), **values) if stop.done else prompts.fill("opening", **values)
    )
    if stop.closed is not None:
        yield asked, write_thoughts([write_closed(stop.closed)])
        return
    yield asked, write_thoughts([write_look(stop.sights, sought)])
    while rng.random() < _AGAIN_SHARE:
        sought, task = _sought(stop, scene, rng)
        yield task, write_thoughts([write_look(stop.sights, sought)])


def _sought(stop: Stop, scene: Scene, rng: np.random.Generator) -> tuple[str, str]:
    """A type of small object, in view more often than not, and a task about it."""
    seen = [sight.object_type for sight in stop.sights if sight.portable and not sight.held]
    everywhere = sorted({item["objectType"] for item in scene.metadata["objects"] if item["pickupable"]})
    pool = seen if seen and rng.random() < _IN_VIEW_SHARE else everywhere
    sought = pool[int(rng.integers(len(pool)))]
    kind = ("single_search", "single_pickup_from_closerep")[int(rng.integers(2))]
    return sought, phrase(kind, Goal("held", sought), rng)
