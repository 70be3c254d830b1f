"""Plays tasks: household and policy in turns, several episodes at once, each written down as it ends."""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import EmbodiedError, PolicyError, SimulatorError
from ..tasks.habits import NO_HABITS, Habits
from ..tasks.planner import Planner
from ..tasks.task import REPEATS, Task
from ..world.action import Action
from ..world.household import Household
from ..world.legality import handleable
from ..world.outcome import Frame, Outcome
from ..world.scene import Scene
from ..world.sight import Sighting
from .account import account
from .control import Twin, make_twin, move_target
from .conversation import PromptSet, messages, newest_frames
from .policy import Policy, Reply, View
from .record import FORMAT, Record, frame_name, save_frame
from .reply import PARSERS

UNPARSEABLE = 3
"""The third reply in a row without an action ends an episode."""


@dataclass(frozen=True)
class RolloutSettings:
    """How episodes are played.

    Attributes:
        prompts: the words.
        control: `none`; `blind` gives the policy black frames, `text` none, `swap` those of a room whose small things
            have changed places; `moved` puts the target where it usually is not.
        folder: run folder for the frames, None to keep none.
        seed: written into the records.
        retries: how often a simulator that does not open is tried again, and an episode is played anew, on another
            simulator, that failed at the same step.
        benchmark: likewise, the name and version of the benchmark that the tasks are of, empty for none.
        newest: how many of the newest frames the policy is shown, None for all.
        windows: likewise, whether the policy cuts a long conversation as its training did.
    """

    prompts: PromptSet
    control: str = "none"
    folder: Path | None = None
    seed: int = 0
    retries: int = 4
    benchmark: str = ""
    newest: int | None = None
    windows: bool = False

    @property
    def context(self) -> str:
        """What the policy is shown of the episode so far, as records say it."""
        frames = "all" if self.newest is None else f"newest {self.newest}"
        return f"frames: {frames}" + (", windows" if self.windows else "")


class Episode:
    """One task being played.

    Attributes:
        played: the scene as it is played, with its target moved where the control says so.
        end: None while it runs, then why it is over.
        broken: whether the simulator failed: it is not trusted with another episode.
        message: what went wrong, for an episode that infrastructure ended.
    """

    def __init__(self, household: Household, scene: Scene, task: Task, policy: str, settings: RolloutSettings):
        moved = move_target(scene, task) if settings.control == "moved" else None
        self.played = moved or scene
        self.household, self.scene, self.task, self.settings, self._policy = household, scene, task, settings, policy
        self.planner = Planner(household, task)
        self.steps: list[dict[str, Any]] = []
        self.frames: list[Frame] = []
        self.end: str | None = None
        self.broken = False
        self.message = "the target stays where it is" if settings.control == "moved" and moved is None else ""
        self._action: Action | None = None
        self._habits: Habits = NO_HABITS
        self._target_seen = False
        self._seen: set[str] = set()
        self._known: set[str] = set()
        self._last_sights: tuple[Sighting, ...] = ()
        self._outcome = self._refusal(None)
        self._twin = Twin()
        try:
            first = household.reset(self.played, task.guidance)
            self._twin = make_twin(settings.control, household, scene, task.guidance)
            self._note(None, None, first)
        except SimulatorError as error:
            self._broke("the start", error)

    @property
    def view(self) -> View:
        """What the policy is shown."""
        said = messages(self.settings.prompts, self.task.instruction, self.steps)
        count = len(self.frames) if self.settings.newest is None else self.settings.newest
        said, frames = newest_frames(said, self.frames, count)
        return View(
            episode=self.task.id,
            task=self.task,
            messages=said,
            images=tuple(frames),
            action=self._action,
            outcome=self._outcome,
            known=self.household.known,
            planner=self.planner,
        )

    def apply(self, reply: Reply) -> None:
        """Does what a reply says and notes what came of it; an answer that never came ends the episode."""
        if reply.fault:
            self._stop(f"In place of reply {len(self.steps)}", reply.fault)
            return
        reply = replace(reply, text=_storable(reply.text))
        self._habits = reply.habits or NO_HABITS
        kinds = {item["objectType"] for item in self.household.metadata["objects"]}
        action, resolved = PARSERS[self.household.rules.name](reply.text, sorted(kinds))
        try:
            if action is None:
                self._note(None, reply, Outcome(False, False, "unparseable", "", (), ()))
            else:
                self._note(action, reply, self.household.step(action), resolved)
            self._check_end(action)
        except SimulatorError as error:
            self._broke(str(action or "an unparseable reply"), error)

    def close(self) -> None:
        """Lets go of what the episode opened for itself; the household is its caller's."""
        self._twin.close()

    def record(self) -> Record:
        """The episode as it is written down."""
        sights = self._last_sights
        judged = [] if self.end == "infrastructure" else self.task.goals
        goals = [vars(goal) | {"holds": self.planner.holds(goal, sights)} for goal in judged]
        contents = self.household.rules.current_contents() if judged else []
        legal = handleable(self.household.metadata, contents) if judged else []
        record = {
            "format": FORMAT,
            "id": self.task.id,
            "backend": self.household.backend,
            "rules": self.household.rules.name,
            "prompts": self.settings.prompts.label,
            "policy": self._policy,
            "control": self.settings.control,
            "context": self.settings.context,
            "seed": self.settings.seed,
            "benchmark": self.settings.benchmark,
            "scene": self.played.describe(),
            "frame": self.household.frame.describe(),
            "task": self.task.to_json(),
            "steps": self.steps,
            "end": self.end,
            "goals": goals,
            "legal_objects": sorted({item["objectType"] for item in legal}),
            "success": self.end == "ended" and bool(goals) and all(goal["holds"] for goal in goals),
            "message": self.message,
            **({} if self._habits == NO_HABITS else {"habits": self._habits.to_json()}),
        }
        return record | account(record)

    # ---------------------------------------------------------------- inside

    def _note(self, action: Action | None, reply: Reply | None, outcome: Outcome, resolved: str | None = None) -> None:
        if outcome.sights:
            self._last_sights = outcome.sights[-1] if action is None or action.name != "observe" else self._last_sights
        self._outcome = outcome if outcome.sights else self._refusal(outcome.feedback)
        self.planner.watch(action)
        self._action = action
        sights = [sight for frame in outcome.sights for sight in frame]
        self._target_seen = self._target_seen or any(one.object_type == self.task.target_type for one in sights)
        new = {sight.object_id for sight in sights} - self._seen
        self._seen |= new
        known = set(self.household.known) - self._known
        shown = self._twin.frames(action, outcome) if action is None or action.name != "end" else ()
        step = {
            "index": len(self.steps),
            "action": action.name if action else "unparseable" if reply else "init",
            "target": action and action.target,
            "resolved": resolved,
            "object_id": outcome.object_id,
            "reply": None if reply is None else reply.text,
            "success": outcome.success,
            "legal": outcome.legal,
            "feedback": outcome.feedback,
            "error": outcome.reason,
            "frames": [self._keep(frame) for frame in shown],
            "cost_to_go": self.planner.cost_to_go(self._last_sights),
            "target_seen": self._target_seen,
            "new": len(new),
            "sights": [[sight.to_json() for sight in frame] for frame in outcome.sights],
            "known": sorted(known),
            "seconds": 0.0 if reply is None else round(reply.seconds, 4),
        }
        self._known |= known
        if reply is not None and reply.tokens is not None:
            step["tokens"] = reply.tokens
        if reply is not None and reply.slip:
            step["slip"] = True
        self.steps.append(step)

    def _refusal(self, feedback: str | None) -> Outcome:
        """A refused action shows nothing new; what was seen last stays."""
        return Outcome(False, False, feedback, "", (), (self._last_sights,))

    def _keep(self, frame: Frame) -> str:
        name = frame_name(self.task.id, len(self.frames))
        self.frames.append(frame)
        if self.settings.folder is not None:
            save_frame(self.settings.folder, name, frame)
        return name

    def _check_end(self, action: Action | None) -> None:
        done = [(step["action"], step["target"]) for step in self.steps[1:]]
        if action is not None and action.name == "end":
            self.end = "ended"
        elif done[-UNPARSEABLE:] == [("unparseable", None)] * UNPARSEABLE:
            self.end = "unparseable"
        elif action is not None and len(done) >= REPEATS and len(set(done[-REPEATS:])) == 1:
            self.end = "repetition"
        elif len(done) >= self.task.max_steps:
            self.end = "step_limit"

    def _broke(self, at: str, error: SimulatorError) -> None:
        self.broken = True
        self._stop(f"At {at}", str(error))

    def _stop(self, at: str, fault: str) -> None:
        self.end, self.message = "infrastructure", f"{at}: {fault}"


def _storable(text: str) -> str:
    """Text without lone surrogates: a server may send them, no file can hold them."""
    return text.encode("utf-8", "replace").decode("utf-8")


def play(
    tasks: Iterable[tuple[Scene, Task]],
    policy: Policy,
    open_household: Callable[[], Household],
    settings: RolloutSettings,
    batch: int = 1,
) -> Iterator[Record]:
    """Plays tasks in batches that share each call of the policy.

    Args:
        tasks: scenes and tasks.
        policy: who decides.
        open_household: makes a household with a simulator of its own.
        settings: words, control, frames.
        batch: how many episodes run at once.

    Yields:
        Records, as episodes end; one whose simulator fails again and again at the same step, or that gets no answer,
        ends as `infrastructure`.

    Raises:
        PolicyError: the policy failed for good; no episode is ended for it.
        SimulatorError: no simulator can be opened.
    """
    waiting, again, failed = iter(tasks), deque[tuple[Scene, Task]](), Counter[tuple[str, int]]()
    free: list[Household] = []
    running: list[Episode] = []
    try:
        while True:
            while len(running) < batch and (pair := again.popleft() if again else next(waiting, None)) is not None:
                household = free.pop() if free else _opened(open_household, settings.retries)
                running.append(Episode(household, *pair, policy.name, settings))
            if not running:
                return
            _advance([episode for episode in running if episode.end is None], policy)
            for episode in [one for one in running if one.end is not None]:
                running.remove(episode)
                episode.close()
                if episode.broken:
                    episode.household.controller.stop()
                    failed[episode.task.id, len(episode.steps)] += 1
                else:
                    free.append(episode.household)
                if episode.broken and failed[episode.task.id, len(episode.steps)] <= settings.retries:
                    again.append((episode.scene, episode.task))
                else:
                    yield episode.record()
    finally:
        for episode in running:
            episode.close()
        for household in (*free, *(episode.household for episode in running)):
            household.controller.stop()


def _opened(open_household: Callable[[], Household], retries: int) -> Household:
    for _ in range(retries):
        with suppress(SimulatorError):
            return open_household()
    return open_household()


def _advance(episodes: Sequence[Episode], policy: Policy) -> None:
    if not episodes:
        return
    try:
        replies = policy.reply([episode.view for episode in episodes])
    except EmbodiedError:
        raise
    except Exception as error:  # whatever a model, its library or its server raised: say who and where, once
        first = episodes[0].task.id
        raise PolicyError(
            f"The policy {policy.name} failed in a batch of {len(episodes)} episodes, {first} first: "
            f"{type(error).__name__}: {error}"
        ) from error
    for episode, reply in zip(episodes, replies, strict=True):
        episode.apply(reply)
