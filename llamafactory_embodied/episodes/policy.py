"""Who decides: anything that answers a batch of running episodes with one reply each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from ..tasks.affordances import usual_places
from ..tasks.habits import Habits, HabitShares
from ..tasks.planner import Planner
from ..tasks.searcher import Searcher
from ..tasks.task import Task
from ..world.action import ACTION_NAMES, TARGETED, Action
from ..world.outcome import Frame, Outcome
from ..world.scene import room_of
from ..world.sight import Sighting
from .conversation import Message
from .reply import write_reply

Memory = TypeVar("Memory")


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        text: thoughts and decision.
        tokens: how many tokens the model generated, None for what is no model.
        seconds: how long it took.
        slip: whether the action is a deliberate mistake, to be recovered from and never imitated.
        habits: those of the searcher that gives it; None for what is no searcher.
        fault: why there is no answer, where it is not the model's failure; empty for an answer.
    """

    text: str
    tokens: int | None = None
    seconds: float = 0.0
    slip: bool = False
    habits: Habits | None = None
    fault: str = ""


@dataclass(frozen=True)
class View:
    """What a policy is shown of a running episode.

    Attributes:
        episode: the episode's id.
        task: what is to be done.
        messages: the conversation so far.
        images: the frames that its `<image>`s stand for.
        action: what was done last, None at the start or after an unparseable reply.
        outcome: what came of it.
        known: objectIds that may be gone to.
        planner: all-knowing; for the oracle alone.
    """

    episode: str
    task: Task
    messages: Sequence[Message]
    images: Sequence[Frame]
    action: Action | None
    outcome: Outcome
    known: Mapping[str, str]
    planner: Planner

    @property
    def first(self) -> bool:
        """Whether nothing has been done yet."""
        return len(self.messages) == 2


class Policy(Protocol):
    """Anything that plays."""

    @property
    def name(self) -> str:
        """How records and tables call it."""

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """One reply for each running episode, in order; an episode that is not among them has ended."""


class Oracle:
    """Follows the all-knowing planner: the ceiling, never a teacher."""

    name = "oracle"

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """The planner's next action, without thoughts."""
        return [Reply(write_reply([], view.planner.plan(self._ahead(view))[0])) for view in views]

    def _ahead(self, view: View) -> tuple[Sighting, ...]:
        """What the agent looks at; what it saw when it looked around is behind it."""
        looked_around = view.action is not None and view.action.name == "observe"
        return () if looked_around else view.outcome.sights[-1]


class Replay:
    """Does a task's key actions one after the other, whatever comes of them."""

    name = "replay"

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """The next key action, without thoughts."""
        return [Reply(write_reply([], self._next(view))) for view in views]

    def _next(self, view: View) -> Action:
        turn = len(view.messages) // 2 - 1
        key = view.task.key_actions[min(turn, len(view.task.key_actions) - 1)]
        return Action(key.action, key.object_type or None)


class SearcherPolicy:
    """The searcher, now and then with a slip; its thoughts are written afterwards (stages/thinking.py).

    A learner makes mistakes that its teacher never makes, and then finds itself where no example has been. Noise
    injected into the teacher's actions, and not imitated, puts the recovery into the examples (the idea of DART,
    Laskey et al. 2017).
    """

    name = "searcher"

    def __init__(self, slips: float = 0.0, seed: int = 0, shares: HabitShares = HabitShares()):  # noqa: B008 (frozen)
        """Sets up.

        Args:
            slips: share of turns in which something else is done than the searcher decided.
            seed: decides where, and the habits of each episode.
            shares: of episodes and turns with more than what is shortest.
        """
        self._slips, self._seed, self._shares = slips, seed, shares
        self._searchers: dict[str, Searcher] = {}

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """The searcher's next action, without thoughts."""
        self._searchers = still_running(self._searchers, views)
        return [self._decide(view) for view in views]

    def _decide(self, view: View) -> Reply:
        habits = self._habits(view)
        if view.first:
            self._searchers[view.episode] = Searcher(view.task, habits)
        searcher = self._searchers[view.episode]
        searcher.see(view.action, view.outcome, view.known)
        action = searcher.decide().action
        slip = self._slip(view) or action
        return Reply(write_reply([], slip), slip=slip != action, habits=habits)

    def _habits(self, view: View) -> Habits:
        return self._shares.draw(view.episode, self._seed)

    def _slip(self, view: View) -> Action | None:
        """A mistake of the kind that learners make: a place at random, or a hand that reaches for nothing."""
        if self._slips == 0.0:
            return None
        rng = np.random.default_rng([self._seed, *view.episode.encode(), len(view.messages)])
        if rng.random() >= self._slips:
            return None
        usual = usual_places(view.task.target_type, room_of(view.task.scene))
        places = sorted(usual) or sorted({*view.known.values(), view.task.target_type})
        place = places[int(rng.integers(len(places)))]
        choices = [Action("navigate to", place), Action("pickup", view.task.target_type), Action("open", place)]
        return choices[int(rng.choice(3, p=[0.7, 0.15, 0.15]))]


class PriorOnly:
    """Follows the prior of places without looking: goes where things usually are, handles what it is asked for there.

    It takes every place in the order of its prior, opens what may be closed, tries to pick up, and ends when it has
    done the task's motions. What it solves needs no eyes.
    """

    name = "prior"

    def __init__(self) -> None:
        self._scripts: dict[str, list[Action]] = {}

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """The next step of a script that was fixed at the start."""
        self._scripts = still_running(self._scripts, views)
        return [Reply(write_reply([], self._next(view))) for view in views]

    def _next(self, view: View) -> Action:
        if view.first:
            self._scripts[view.episode] = prior_script(view.task)
        script = self._scripts[view.episode]
        picked = view.action is not None and view.action.name == "pickup" and view.outcome.success
        if picked and view.task.destination_type:
            goal = view.task.destination_type
            script[:] = [Action("navigate to", goal), Action("put", goal)]
        elif picked:
            script.clear()
        return script.pop(0) if script else Action("end")


class Random:
    """Any action on anything that has been seen, evenly over the kinds of actions: what needs no thought at all."""

    name = "random"

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """An action drawn by the seed, the episode and the turn."""
        return [Reply(write_reply([], self._draw(view))) for view in views]

    def _draw(self, view: View) -> Action:
        rng = np.random.default_rng([self._seed, *view.episode.encode(), len(view.messages)])
        seen = sorted({sight.object_type for frame in view.outcome.sights for sight in frame})
        targets = dict.fromkeys(TARGETED, seen) | {"navigate to": sorted(set(view.known.values()))}
        choices = {name: kinds for name, kinds in targets.items() if kinds}
        names = [name for name in ACTION_NAMES if name in choices or name not in TARGETED]
        name = names[int(rng.integers(len(names)))]
        if name not in choices:
            return Action(name)
        return Action(name, choices[name][int(rng.integers(len(choices[name])))])


def still_running(kept: Mapping[str, Memory], views: Sequence[View]) -> dict[str, Memory]:
    """What is kept of episodes, without those that have ended."""
    return {view.episode: kept[view.episode] for view in views if view.episode in kept}


def prior_script(task: Task) -> list[Action]:
    """Places by their prior; a search task stops at the likeliest, since nothing but seeing could say more."""
    ranked = sorted(
        usual_places(task.target_type, room_of(task.scene)).items(), key=lambda entry: (-entry[1], entry[0])
    )
    if task.goals[0].kind == "in_view":
        return [Action("navigate to", ranked[0][0])] if ranked else []
    script: list[Action] = []
    for place, _ in ranked:
        script.append(Action("navigate to", place))
        if place in ("Fridge", "Microwave", "Cabinet", "Drawer", "Safe", "LaundryHamper"):
            script.append(Action("open", place))
        script.append(Action("pickup", task.target_type))
    return script


MODEL_FREE: dict[str, Callable[[], Policy]] = {
    "oracle": Oracle,
    "replay": Replay,
    "searcher": SearcherPolicy,
    "prior": PriorOnly,
    "random": Random,
}
"""Policies that need no model, by name."""


def make_policy(name: str) -> Policy:
    """A policy that needs no model."""
    return MODEL_FREE[name]()
