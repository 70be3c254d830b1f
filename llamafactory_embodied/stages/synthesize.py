"""The verb `synthesize`: rooms and tasks become episodes, those get thoughts and become a training set."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from .. import __version__
from ..episodes.account import key_only, kind, tally
from ..episodes.conversation import PromptSet, load_prompts
from ..episodes.policy import SearcherPolicy
from ..episodes.pool import owed, run_ordered
from ..episodes.progress import progress
from ..episodes.record import Record, append_record, read_records
from ..episodes.rollout import RolloutSettings, play
from ..episodes.selection import Room, Selection
from ..errors import SettingsError, ThoughtError
from ..files import append_line, read_lines, replace_file, replacing
from ..settings import claim_folder, option, to_plain
from ..tasks.habits import HabitShares
from ..tasks.task import Task
from ..tasks.wording import load_wordings
from ..world.controller import FrameSettings, open_controller
from ..world.household import RULES, Household
from .card import Trajectory, write_card
from .dataset import DATA_FILE, example_line, name_data_set
from .imitation import imitation_example
from .kinds import load_table
from .thinking import WRITERS, Writer, make_writer, occasions, with_thoughts

_CHUNK = 32  # episodes whose thoughts are written by one call of a worker
_FREE = ("workers", "output_dir")  # settings that change nothing in what is made
_LATER = ("dataset", "writer", "transitions", "grammar", "keep", "unfinished")  # those that change no episode
KINDS = ("a", "b", "c", "key")


@dataclass(frozen=True)
class SynthesizeSettings:
    """Settings of the verb `synthesize`."""

    output_dir: str = option("out/synthesis", "folder for episodes, frames and the training file")
    dataset: str = option("embodied_stage1", "the data set's name in dataset_info.json")
    selection: Selection = option(Selection(), "rooms and tasks")
    frame: FrameSettings = option(FrameSettings(), "camera")
    rules: str = option("unaided", "what is allowed: " + ", ".join(RULES))
    prompts: str = option("full", "prompt set: full, brief, or a YAML file")
    writer: str = option("grammar", "who writes the thoughts: " + ", ".join(WRITERS))
    transitions: str = option("paper", "shares by which kinds of thoughts follow each other: paper, or a YAML file")
    grammar: str = option("", "a YAML file of rules in place of the package's own grammar")
    slips: float = option(
        0.0, "share of turns with a deliberate mistake, which the searcher recovers from; not trained on"
    )
    habits: HabitShares = option(HabitShares(), "how often the searcher does more than is shortest")
    keep: tuple[str, ...] = option(
        ("a", "b", "c"),
        "which solved episodes are examples: b (found at once), a (one miss), c (more), key (key actions and no more)",
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


Work = tuple[Room, tuple[Task, ...]]


def synthesize(settings: SynthesizeSettings) -> SynthesisReport:
    """Draws tasks, plays the searcher, writes its thoughts; what an interrupted call has done is kept.

    Raises:
        RecordError: the folder holds episodes made with other settings.
        SettingsError: `keep` names a kind that there is not.
        PromptError: the prompt set, the grammar or the table of transitions cannot be used.
    """
    prompts = load_prompts(settings.prompts)
    folder = Path(settings.output_dir)
    unknown = [kind for kind in settings.keep if kind not in KINDS]
    if unknown:
        raise SettingsError(f"keep={unknown[0]!r} is unknown; choose some of {', '.join(KINDS)}.")
    claim_folder(settings, folder, (*_FREE, *_LATER))
    work = _draw(settings)
    done = {record["id"] for record in read_records(folder)}
    total = sum(len(tasks) for _, tasks in work)
    left = [(room, still) for room, tasks in work if (still := tuple(owed(tasks, done, key=lambda task: task.id)))]
    job: Callable[[Work], Sequence[Record]] = partial(_play_room, settings, prompts)
    with progress("playing", total, total - sum(len(tasks) for _, tasks in left)) as advance:
        for records in run_ordered(job, left, settings.workers):
            for record in records:
                append_record(folder, record)
                advance("")
    return _write(settings, prompts)


def _draw(settings: SynthesizeSettings) -> list[Work]:
    """Rooms and their tasks; what rooms offer is kept in `tasks.jsonl`, since making a room takes about a second."""
    file, selection = Path(settings.output_dir) / "tasks.jsonl", settings.selection
    rooms = selection.rooms_by_name()
    left = rooms[sum(1 for _ in read_lines(file)) :]
    with progress("drawing tasks", len(rooms), len(rooms) - len(left)) as advance:
        for offered in run_ordered(partial(_offered, selection), left, settings.workers):
            append_line(file, json.dumps(offered, ensure_ascii=False))
            advance("")
    offers = ([Task.from_json(task) for task in tasks] for _, tasks in read_lines(file))
    return [(room, tuple(tasks)) for room, tasks in zip(rooms, selection.taken(offers), strict=True)]


def _offered(selection: Selection, room: Room) -> list[dict[str, Any]]:
    return [task.to_json() for task in selection.offered(selection.open(room))]


def _play_room(settings: SynthesizeSettings, prompts: PromptSet, work: Work) -> Sequence[Record]:
    room, tasks = work
    scene = settings.selection.open(room)
    rollout = RolloutSettings(prompts, folder=Path(settings.output_dir), seed=settings.seed)
    policy = SearcherPolicy(settings.slips, settings.seed, settings.habits)

    def household() -> Household:
        return Household(open_controller("embedded", settings.frame), settings.frame, rules=settings.rules)

    return list(play([(scene, task) for task in tasks], policy, household, rollout))


class Written(NamedTuple):
    """What came of one episode: how it ended; its example, if it makes one; why its thoughts were refused."""

    end: str
    line: str = ""
    counted: Trajectory | None = None
    refused: str = ""


def _write(settings: SynthesizeSettings, prompts: PromptSet) -> SynthesisReport:
    """Writes thoughts, the data set, its card, and a manifest that accounts for every episode."""
    folder = Path(settings.output_dir)
    with replacing(folder / DATA_FILE) as file:
        written = list(_thought_out(settings, prompts, file))
    name_data_set(folder, settings.dataset)
    examples = [one.counted for one in written if one.counted is not None]
    ends = Counter(one.end for one in written)
    manifest: dict[str, Any] = {
        "version": __version__,
        "episodes": len(written),
        "examples": len(examples),
        "ends": dict(sorted(ends.items())),
        "thoughts_refused": [one.refused for one in written if one.refused],
        "by_type": dict(sorted(Counter(one.type for one in examples).items())),
        "images": sum(one.images for one in examples),
        **tally(read_records(folder)),
        "prompts": prompts.label,
        "wordings": load_wordings(settings.selection.wordings)[1],
        "backend": "embedded",
        "settings": {key: value for key, value in to_plain(settings).items() if key not in _FREE},
    }
    replace_file(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")
    write_card(folder, manifest, examples, load_table(settings.transitions) if settings.writer != "plain" else None)
    return SynthesisReport(len(written), len(examples), manifest["ends"], folder / DATA_FILE)


def _thought_out(settings: SynthesizeSettings, prompts: PromptSet, file: IO[str]) -> Iterator[Written]:
    """Writes the examples, in the order of the episodes; what is yielded no longer has the line."""
    folder = Path(settings.output_dir)
    kept = (record for record in read_records(folder) if _is_kept(record, settings.keep))
    writer = make_writer(settings.writer, settings.transitions, settings.grammar, occasions(kept), settings.seed)
    job = partial(_examples, writer, prompts, settings)
    total = sum(1 for _ in read_records(folder))
    with progress("writing thoughts", total) as advance:
        for written in run_ordered(job, _chunks(read_records(folder)), settings.workers):
            for one in written:
                file.write(one.line)
                advance("")
                yield one._replace(line="")


def _chunks(records: Iterator[Record]) -> Iterator[list[Record]]:
    return iter(lambda: list(islice(records, _CHUNK)), [])


def _is_kept(record: Record, kinds: Sequence[str]) -> bool:
    return bool(record["success"]) and (kind(record) in kinds or ("key" in kinds and key_only(record)))


def _examples(
    writer: Writer, prompts: PromptSet, settings: SynthesizeSettings, records: Sequence[Record]
) -> list[Written]:
    return [_example(writer, prompts, settings, record) for record in records]


def _example(writer: Writer, prompts: PromptSet, settings: SynthesizeSettings, record: Record) -> Written:
    end = f"{record['end']}, {'solved' if record['success'] else 'not solved'}"
    if not _is_kept(record, settings.keep):
        return Written(end)
    try:
        thoughts, told = with_thoughts(writer, record)
    except ThoughtError as error:
        return Written(end, refused=str(error))
    example = imitation_example(told, prompts, settings.unfinished)
    if example is None:
        return Written(end)
    counted = Trajectory(
        type=example["task"],
        actions=tuple(step["action"] for step in record["steps"][1:]),
        images=len(example["images"]),
        chains=tuple(
            tuple(one.tag for one in turn) if not step.get("slip") else ()
            for turn, step in zip(thoughts, record["steps"][1:], strict=True)
        ),
        words=sum(len(one.text.split()) for turn in thoughts for one in turn),
    )
    return Written(end, example_line(example) + "\n", counted)
