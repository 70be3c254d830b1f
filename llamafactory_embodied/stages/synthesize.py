"""The verb `synthesize`: rooms and tasks become episodes of the searcher, and those a training set."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

from ..episodes.conversation import PromptSet, load_prompts
from ..episodes.policy import SearcherPolicy
from ..episodes.pool import owed, run_ordered
from ..episodes.progress import progress
from ..episodes.record import Record, append_record, read_records
from ..episodes.rollout import RolloutSettings, play
from ..episodes.selection import Selection
from ..files import replace_file
from ..settings import claim_folder, option, to_plain
from ..tasks.task import Task
from ..world.controller import FrameSettings, open_controller
from ..world.household import RULES, Household
from ..world.scene import Scene
from .dataset import write_data_set
from .imitation import imitation_examples
from .thoughts import Writer

_FREE = ("workers", "output_dir")  # settings that change nothing in what is made


@dataclass(frozen=True)
class SynthesizeSettings:
    """Settings of the verb `synthesize`."""

    output_dir: str = option("out/synthesis", "folder for episodes, frames and the training file")
    dataset: str = option("embodied_stage1", "the data set's name in dataset_info.json")
    selection: Selection = option(Selection(), "rooms and tasks")
    frame: FrameSettings = option(FrameSettings(), "camera")
    rules: str = option("unaided", "what is allowed: " + ", ".join(RULES))
    prompts: str = option("full", "prompt set: full, brief, or a YAML file")
    variety: int = option(3, "wordings used for each thought; 1 suits models trained from scratch", least=1)
    slips: float = option(
        0.0, "share of turns with a deliberate mistake, which the searcher recovers from; not trained on"
    )
    unfinished: bool = option(False, "cut each example once its target is seen: how to look, not how to end")
    seed: int = option(0, "decides the wording of the thoughts")
    workers: int = option(2, "processes", least=1)


@dataclass(frozen=True)
class SynthesisReport:
    """What was made.

    Attributes:
        episodes: how many were played.
        examples: how many reached their goal and are in the training file.
        ends: how the episodes ended, by kind and success.
        data_file: the training file.
    """

    episodes: int
    examples: int
    ends: dict[str, int]
    data_file: Path


Work = tuple[Scene, tuple[Task, ...]]


def synthesize(settings: SynthesizeSettings) -> SynthesisReport:
    """Plays the searcher and writes the data set; what an interrupted call has played is kept.

    Raises:
        RecordError: the folder holds episodes made with other settings.
        PromptError: the prompt set cannot be used.
    """
    prompts = load_prompts(settings.prompts)
    folder = Path(settings.output_dir)
    claim_folder(settings, folder, _FREE)
    tasks = settings.selection.tasks()
    done = [record["id"] for record in read_records(folder)]
    left = owed(tasks, done, key=lambda pair: pair[1].id)
    job: Callable[[Work], Sequence[Record]] = partial(_play_room, settings, prompts)
    with progress("synthesizing", len(tasks), len(tasks) - len(left)) as advance:
        for records in run_ordered(job, _by_room(left), settings.workers):
            for record in records:
                append_record(folder, record)
                advance("")
    return _report(settings, prompts, list(read_records(folder)))


def _by_room(tasks: Iterable[tuple[Scene, Task]]) -> list[Work]:
    rooms = groupby(tasks, key=lambda pair: pair[0].name)
    grouped = [list(pairs) for _, pairs in rooms]
    return [(pairs[0][0], tuple(task for _, task in pairs)) for pairs in grouped]


def _play_room(settings: SynthesizeSettings, prompts: PromptSet, work: Work) -> Sequence[Record]:
    scene, tasks = work
    rollout = RolloutSettings(prompts, folder=Path(settings.output_dir), seed=settings.seed)
    policy = SearcherPolicy(Writer(settings.seed, settings.variety), settings.slips, settings.seed)

    def household() -> Household:
        return Household(open_controller("embedded", settings.frame), settings.frame, rules=settings.rules)

    return list(play([(scene, task) for task in tasks], policy, household, rollout))


def _report(settings: SynthesizeSettings, prompts: PromptSet, records: Sequence[Record]) -> SynthesisReport:
    """Writes the data set and a manifest that accounts for every episode."""
    folder = Path(settings.output_dir)
    examples = list(imitation_examples(records, prompts, settings.unfinished))
    data_file = write_data_set(folder, settings.dataset, examples)
    kinds = Counter(f"{record['end']}, {'solved' if record['success'] else 'not solved'}" for record in records)
    ends = dict(sorted(kinds.items()))
    manifest: dict[str, Any] = {
        "episodes": len(records),
        "examples": len(examples),
        "ends": ends,
        "by_type": dict(sorted(Counter(example["task"] for example in examples).items())),
        "images": sum(len(example["images"]) for example in examples),
        "prompts": prompts.label,
        "backend": "embedded",
        "settings": {key: value for key, value in to_plain(settings).items() if key not in _FREE},
    }
    replace_file(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    return SynthesisReport(len(records), len(examples), ends, data_file)
