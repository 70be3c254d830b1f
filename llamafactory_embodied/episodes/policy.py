"""Who decides: anything that answers a batch of running episodes with one reply each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from ..tasks.affordances import usual_places
from ..tasks.planner import Planner
from ..tasks.searcher import Decision, Searcher
from ..tasks.task import Task
from ..world.action import Action
from ..world.household import Frame, Outcome
from .conversation import Message
from .reply import Thought, write_reply

Memory = TypeVar("Memory")


@dataclass(frozen=True)
class Reply:
    """One answer.

    Attributes:
        text: thoughts and decision.
        tokens: how many tokens the model generated, None for what is no model.
        seconds: how long it took.
    """

    text: str
    tokens: int | None = None
    seconds: float = 0.0


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
        return [Reply(write_reply([], view.planner.plan(view.outcome.sights[-1])[0])) for view in views]


Writer = Callable[[Searcher, Decision, str], Sequence[Thought]]


class SearcherPolicy:
    """The searcher, with thoughts written by a writer."""

    name = "searcher"

    def __init__(self, write: Writer | None = None):
        self._write = write
        self._searchers: dict[str, Searcher] = {}

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """The searcher's next action, with thoughts where there is a writer."""
        self._searchers = _running(self._searchers, views)
        return [Reply(self._decide(view)) for view in views]

    def _decide(self, view: View) -> str:
        if view.first:
            self._searchers[view.episode] = Searcher(view.task)
        searcher = self._searchers[view.episode]
        searcher.see(view.action, view.outcome, view.known)
        decision = searcher.decide()
        thoughts = self._write(searcher, decision, view.episode) if self._write else []
        return write_reply(thoughts, decision.action)


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
        self._scripts = _running(self._scripts, views)
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


def _running(kept: Mapping[str, Memory], views: Sequence[View]) -> dict[str, Memory]:
    """What is kept of episodes, without those that have ended."""
    return {view.episode: kept[view.episode] for view in views if view.episode in kept}


def prior_script(task: Task) -> list[Action]:
    """Places by their prior; a search task stops at the likeliest, since nothing but seeing could say more."""
    ranked = sorted(usual_places(task.target_type).items(), key=lambda entry: (-entry[1], entry[0]))
    if task.goals[0].kind == "in_view":
        return [Action("navigate to", ranked[0][0])] if ranked else []
    script: list[Action] = []
    for place, _ in ranked:
        script.append(Action("navigate to", place))
        if place in ("Fridge", "Microwave", "Cabinet", "Drawer"):
            script.append(Action("open", place))
        script.append(Action("pickup", task.target_type))
    return script


MODEL_FREE: dict[str, Callable[[], Policy]] = {"oracle": Oracle, "searcher": SearcherPolicy, "prior": PriorOnly}
"""Policies that need no model, by name."""


def make_policy(name: str) -> Policy:
    """A policy that needs no model."""
    return MODEL_FREE[name]()
