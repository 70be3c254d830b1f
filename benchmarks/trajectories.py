"""Trajectories of the paper's shape, played in generated rooms: real frames, legal actions, texts of real length.

Contract: `make(Trajectories(...))` gives a `dataset_dir` with the data set under two names, `ours-all`
("formatting": "embodied") and `stock-all` (the host's ShareGPT path), both over the same file. It is made once and
kept under `out/`; the same settings give the same bytes.

`python -m benchmarks.trajectories [count=400] [width_px=800] [height_px=450] [seed=0]`
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from llamafactory_embodied.episodes.conversation import load_prompts, messages
from llamafactory_embodied.episodes.pool import run_ordered
from llamafactory_embodied.episodes.progress import progress
from llamafactory_embodied.episodes.record import frame_name, save_frame
from llamafactory_embodied.files import replace_file
from llamafactory_embodied.tasks.generate import SIMPLE_TYPES, generate_tasks
from llamafactory_embodied.tasks.searcher import Searcher
from llamafactory_embodied.tasks.task import Task
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household, Outcome
from llamafactory_embodied.world.profiles import PROFILES
from llamafactory_embodied.world.rooms import generate_room, room_seeds
from llamafactory_embodied.world.scene import Scene, check_scene

from .mix import THOUGHT_TOKENS, TOKENS_OF_A_WORD, Shape, shapes
from .settings import OUT, read_settings
from .talk import reply

_SHAREGPT = {
    "columns": {"messages": "messages", "images": "images"},
    "tags": {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    },
}
_PER_ROOM = 4


@dataclass(frozen=True)
class Trajectories:
    """What is made."""

    count: int = 400
    width_px: int = 800
    height_px: int = 450
    seed: int = 0
    prompts: str = "full"
    thought_tokens: float = THOUGHT_TOKENS
    workers: int = 2

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        words = "" if self.prompts == "full" else f"-{self.prompts}"
        words += "" if self.thought_tokens == THOUGHT_TOKENS else f"-{self.thought_tokens:.0f}"
        return OUT / f"trajectories-{self.count}-{self.width_px}x{self.height_px}{words}-seed{self.seed}"


def make(wanted: Trajectories) -> Path:
    """Makes the data set unless it is there.

    Returns:
        The folder, a `dataset_dir` of the host.
    """
    if wanted.folder.is_dir():
        return wanted.folder
    draft = wanted.folder.with_name(wanted.folder.name + ".draft")
    shutil.rmtree(draft, ignore_errors=True)
    todo = shapes(wanted.count, wanted.seed)
    work = [(start, tuple(todo[start : start + _PER_ROOM])) for start in range(0, len(todo), _PER_ROOM)]
    played: list[dict[str, Any]] = []
    with progress("playing", len(todo)) as advance:
        for examples in run_ordered(partial(_play_room, wanted, draft), work, wanted.workers):
            for example in examples:
                played.append(example)
                advance("")
    add_data_set(draft, "all", played)
    draft.rename(wanted.folder)
    return wanted.folder


def add_data_set(folder: Path, name: str, examples: Sequence[dict[str, Any]], **policy: Any) -> tuple[str, str]:
    """Writes examples into a folder, named for ours and for the host's ShareGPT path.

    Args:
        folder: a `dataset_dir`, which holds their frames.
        name: of the data file.
        examples: see `data_info/README.md`.
        policy: further keys of the entry for ours, such as `overflow`.

    Returns:
        The names of the two data sets.
    """
    file = f"{name}.jsonl"
    replace_file(folder / file, "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in examples))
    path = folder / "dataset_info.json"
    entries = json.loads(path.read_text()) if path.is_file() else {}
    entries[f"ours-{name}"] = {"file_name": file, "formatting": "embodied", **policy}
    entries[f"stock-{name}"] = {"file_name": file, "formatting": "sharegpt", **_SHAREGPT}
    replace_file(path, json.dumps(entries, indent=2) + "\n")
    return f"ours-{name}", f"stock-{name}"


def read(folder: Path) -> list[dict[str, Any]]:
    """The examples of a data set."""
    return [json.loads(line) for line in (folder / "all.jsonl").read_text(encoding="utf-8").splitlines()]


def _play_room(wanted: Trajectories, folder: Path, work: tuple[int, tuple[Shape, ...]]) -> list[dict[str, Any]]:
    start, wished = work
    room = start // _PER_ROOM
    seed = room_seeds("train", room + 1)[-1]
    scene = check_scene(generate_room(seed, PROFILES["household"]), f"seed {seed}")
    frame = FrameSettings(wanted.width_px, wanted.height_px)
    household = Household(open_controller("embedded", frame), frame)
    tasks = generate_tasks(scene, SIMPLE_TYPES, 12, wanted.seed)
    made = []
    for number, shape in enumerate(wished, start=start):
        rng = np.random.default_rng([wanted.seed, number])
        order = [tasks[index] for index in rng.permutation(len(tasks))]
        made.append(Walk(wanted, household, scene, order, shape, rng).example(f"{shape.set}-{number:04d}", folder))
    household.controller.stop()
    return made


class Walk:
    """One trajectory: the searcher at one task after the other until there are images enough."""

    def __init__(
        self,
        wanted: Trajectories,
        household: Household,
        scene: Scene,
        tasks: Sequence[Task],
        shape: Shape,
        rng: np.random.Generator,
    ):
        self._wanted, self._household, self._shape, self._rng = wanted, household, shape, rng
        self._tasks = iter(tasks)
        self._task, self._searcher = self._next_task()
        self._words = [self._task.instruction]
        self._last = household.reset(scene)
        self._searcher.see(None, self._last, household.known)
        self._frames: list[Any] = []
        self._steps: list[dict[str, Any]] = []

    def example(self, name: str, folder: Path) -> dict[str, Any]:
        """Plays it and keeps its frames."""
        self._note(None, None, self._last, name, folder)
        owed = self._shape.refused
        while len(self._frames) < self._shape.images or owed:
            left = self._shape.images - len(self._frames)
            refused = self._rng.random() < owed / (owed + left)
            action = self._impossible() if refused else self._possible(left)
            said = self._say(action)
            outcome = self._household.step(action)
            owed -= refused
            self._note(action, said, outcome, name, folder)
            if outcome.sights:
                self._last = outcome
            self._searcher.see(action, outcome if outcome.sights else _refusal(outcome, self._last), self._known)
        self._note(Action("end"), self._say(Action("end")), Outcome(True, True, None, "", (), ()), name, folder)
        prompts = load_prompts(self._wanted.prompts)
        return {
            "id": name,
            "messages": messages(prompts, " Then: ".join(self._words), self._steps),
            "images": self._frames,
            "set": self._shape.set,
        }

    @property
    def _known(self) -> Any:
        return self._household.known

    @property
    def _seen(self) -> list[str]:
        return list(dict.fromkeys(sight.object_type for frame in self._last.sights for sight in frame))

    def _next_task(self) -> tuple[Task, Searcher]:
        task = next(self._tasks)
        return task, Searcher(task)

    def _possible(self, left: int) -> Action:
        """What the searcher would do, or a walk to somewhere where that gives no image or too many."""
        for _ in range(4):
            action = self._searcher.decide().action
            if action.name != "end":
                break
            self._task, self._searcher = self._next_task()
            self._words.append(self._task.instruction)
            self._searcher.see(None, self._last, self._known)
        refusable = self._steps[-1]["action"] == action.name and self._steps[-1]["target"] == action.target
        if action.name == "end" or refusable or (action.name == "observe" and left < 3):
            return self._stroll()
        return action

    def _stroll(self) -> Action:
        kinds = sorted(set(self._known.values()))
        return Action("navigate to", kinds[int(self._rng.integers(len(kinds)))]) if kinds else Action("move forward")

    def _impossible(self) -> Action:
        """An action that the household refuses: what it is about is not in view."""
        absent = {item["objectType"] for item in self._household.metadata["objects"] if not item["visible"]}
        visible = {item["objectType"] for item in self._household.metadata["objects"] if item["visible"]}
        kinds = sorted(absent - visible) or ["Telescope"]
        return Action("pickup", kinds[int(self._rng.integers(len(kinds)))])

    def _say(self, action: Action) -> str:
        first, words = len(self._steps) == 1, self._wanted.thought_tokens / TOKENS_OF_A_WORD
        return reply(action, self._task.target_type, self._seen, first, words, self._rng)

    def _note(self, action: Action | None, said: str | None, outcome: Outcome, name: str, folder: Path) -> None:
        kept = []
        for frame in outcome.frames:
            kept.append(frame_name(name, len(self._frames)))
            save_frame(folder, kept[-1], frame)
            self._frames.append(kept[-1])
        self._steps.append(
            {
                "action": "init" if action is None else action.name,
                "target": None if action is None else action.target,
                "reply": said,
                "success": outcome.success,
                "legal": outcome.legal,
                "feedback": outcome.feedback,
                "error": outcome.reason,
                "frames": kept,
            }
        )


def _refusal(outcome: Outcome, last: Outcome) -> Outcome:
    """A refused action shows nothing new; what was seen last stays."""
    return Outcome(False, False, outcome.feedback, "", (), last.sights[-1:])


def describe(examples: Sequence[dict[str, Any]]) -> Iterator[tuple[str, float, float]]:
    """Rows of a table: what, mean, greatest."""
    images = np.array([len(one["images"]) for one in examples])
    answers = [[m["content"] for m in one["messages"] if m["role"] == "assistant"] for one in examples]
    turns = np.array([len(said) for said in answers])
    words = np.array([len(text.split()) for said in answers for text in said])
    looks = np.array([sum(m["content"].count("<image>") == 3 for m in one["messages"]) for one in examples])
    for name, values in (("images", images), ("actions", turns), ("words of an answer", words), ("looks", looks)):
        yield name, float(values.mean()), float(values.max())


def main() -> None:
    wanted = read_settings(Trajectories)
    examples = read(make(wanted))
    print(f"{wanted.folder}: {len(examples)} trajectories")
    for name, mean, most in describe(examples):
        print(f"{name}: mean {mean:.2f}, greatest {most:.0f}")


if __name__ == "__main__":
    main()
