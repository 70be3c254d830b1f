"""What a searcher knows: what frames have shown of places and things, and what its own actions have done.

Whoever acted: a belief is built from any episode, so a searcher can take over from any prefix of one.
"""

import cmath
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..world.action import Action
from ..world.legality import REACH_M
from ..world.outcome import Outcome
from ..world.scene import room_of
from ..world.sight import Sighting
from .affordances import usual_places
from .habits import NO_HABITS, Habits
from .process import PROCESSES
from .task import Task

_WIDE_RAD = 2.0  # about what a frame of the recipes' shape shows from left to right


@dataclass(frozen=True)
class Place:
    """A receptacle the searcher has seen.

    Attributes:
        object_id: AI2-THOR's objectId.
        kind: AI2-THOR's objectType.
        closed: it has a door or tray, and that is shut.
        running: it is switched on.
        inspected: it was looked into or onto from close by.
    """

    object_id: str
    kind: str
    closed: bool
    running: bool = False
    inspected: bool = False


class Belief:
    """Tell it what was seen, action by action.

    Attributes:
        task: what is to be done.
        goal: what is being done.
        places: receptacles that matter to any of the goals, by objectId.
        tried: types of what was inspected for this goal.
        misses: types of what was inspected for any goal without a sight of what was sought.
        surprises: how often a thing was not where it had been seen.
        current: the objectId gone to last.
        newest: what the newest frames showed: one, or the three of `observe`.
        sights: what the newest frame ahead showed.
        hand: objectType of what is in the hand.
        opened: what was opened and not closed since, objectId -> objectType.
    """

    def __init__(self, task: Task, habits: Habits = NO_HABITS):
        self.task, self._habits = task, habits
        self.goal, *self._later = task.goals
        self._priors = {goal.object_type: usual_places(goal.object_type, room_of(task.scene)) for goal in task.goals}
        self._relevant = {kind for prior in self._priors.values() for kind in prior}
        self._relevant |= {kind for goal in task.goals if (kind := goal.place_type) is not None}
        self.places: dict[str, Place] = {}
        self.tried: list[str] = []
        self.misses: list[str] = []
        self.surprises = 0
        self.current: str | None = None
        self.newest: tuple[tuple[Sighting, ...], ...] = ()
        self.sights: tuple[Sighting, ...] = ()
        self.hand: str | None = None
        self.opened: dict[str, str] = {}
        self._targets: dict[str, Sighting] = {}
        self._placed = self._switched = self._looked_around = False
        self._surveyed: set[str | None] = set()
        self._navigable: set[str] = set()
        self._gone: set[str | None] = set()
        self._beside: list[str] = []
        self._landmarks: dict[str, str] = {}
        self._surfaces: dict[str, str] = {}
        self._running: dict[str, str] = {}
        self._full: set[str | None] = set()
        self._last: tuple[Action, Outcome] | None = None
        self._done: list[Action] = []

    def see(self, action: Action | None, outcome: Outcome, known: Iterable[str]) -> None:
        """Takes in what an action came to.

        Args:
            action: the action, None for the start of the episode.
            outcome: what the household answered.
            known: objectIds that may be gone to, by what was seen so far.
        """
        self._navigable, self.newest = set(known), outcome.sights
        for frame in outcome.sights:
            for sight in frame:
                self._remember(sight)
            self._note_beside(frame)
        if action is None:
            self.sights = outcome.sights[0]
            return
        self._last = (action, outcome)
        self._done.append(action)
        if outcome.success:
            self._follow(action, outcome)
        elif action.name == "put":
            self._full.add(self.current)

    # ---------------------------------------------------------------- what is known

    @property
    def holding(self) -> bool:
        """Whether the hand holds what the goal is about."""
        return self.hand == self.goal.object_type

    @property
    def prior(self) -> dict[str, float]:
        """How likely each place is to hold what the present goal is about."""
        return self._priors[self.goal.object_type]

    @property
    def untried(self) -> list[Place]:
        """Places that were seen, not inspected, and may hold what the present goal is about."""
        return [place for place in self.places.values() if place.kind in self.prior and not place.inspected]

    @property
    def _target(self) -> Sighting | None:
        """Where what the goal is about was seen last."""
        return self._targets.get(self.goal.object_type)

    @property
    def _in_state(self) -> bool:
        """Whether what the goal is about was seen, and is on or off as the goal wants it."""
        kind = self.goal.object_type
        on = kind in self._running.values()
        return on if self.goal.kind == "toggled_on" else kind in self._targets and not on

    def _here(self) -> Place | None:
        return self.places.get(self.current or "")

    def _kind_here(self) -> str | None:
        here = self._here()
        return None if here is None else here.kind

    @property
    def in_sight(self) -> bool:
        """Whether the newest frame ahead shows what the goal is about."""
        return any(sight.object_type == self.goal.object_type for sight in self.sights)

    def _at_hand(self) -> bool:
        """Whether the newest frame shows the target within reach."""
        return any(
            sight.object_type == self.goal.object_type and not sight.held and sight.distance_m <= REACH_M
            for sight in self.sights
        )

    # ---------------------------------------------------------------- taking in

    def _remember(self, sight: Sighting) -> None:
        if sight.is_on:
            self._running[sight.object_id] = sight.object_type
        else:
            self._running.pop(sight.object_id, None)
        if sight.object_type in self._priors and not sight.held:
            self._targets[sight.object_type] = sight
        if sight.portable or sight.object_id not in self._navigable:
            return
        self._landmarks[sight.object_id] = sight.object_type
        if sight.receptacle and sight.is_open is None:
            self._surfaces[sight.object_id] = sight.object_type
        if sight.object_type in self._relevant:
            shut = sight.is_open is False
            place = self.places.get(sight.object_id) or Place(sight.object_id, sight.object_type, shut)
            self.places[sight.object_id] = replace(place, closed=shut, running=sight.is_on is True)

    def _note_beside(self, frame: Sequence[Sighting]) -> None:
        """Which furniture a frame shows near what the goal is about, nearest first: from there it may be gone to."""
        targets = [sight for sight in frame if sight.object_type == self.goal.object_type and not sight.held]
        if targets:
            there = _seen_at(targets[0])
            marks = [sight for sight in frame if sight.object_id in self._landmarks and sight != targets[0]]
            self._beside = [mark.object_id for mark in sorted(marks, key=lambda mark: abs(_seen_at(mark) - there))]

    def _follow(self, action: Action, outcome: Outcome) -> None:
        if outcome.sights:
            self.sights = outcome.sights[-1] if action.name != "observe" else self.sights
        if action.name == "navigate to":
            self.current, self._looked_around = outcome.object_id, False
            self._gone.add(self.current)
        if action.name == "observe":
            self._looked_around = True
            self._surveyed.add(self.current)
        if action.name == "move forward":
            self.current, self._looked_around = None, False
        if action.name == "pickup":
            self.hand = action.target
            self._placed = self._placed and not (self.holding and self._habits.mends)
        if action.name == "put":
            self._laid_down(action)
        if action.name == "toggle":
            self._toggled(action, outcome)
        if action.name in ("open", "close"):
            self._moved_door(action, outcome.object_id or "")
        self._update_here(action)

    def _laid_down(self, action: Action) -> None:
        """What was put down lies here, whether or not the frame shows it."""
        self._placed = self._placed or (self.holding and action.target == self.goal.place_type)
        sight = self._targets.get(self.hand or "")
        if sight is not None and self.current is not None:
            self._targets[sight.object_type] = replace(sight, inside=(self.current,))
        self.hand = None

    def _toggled(self, action: Action, outcome: Outcome) -> None:
        """What was switched is noted, whether or not the frame shows it."""
        name, kind = outcome.object_id or "", action.target or ""
        shown = any(sight.object_id == name for frame in outcome.sights for sight in frame)
        if not shown and self._running.pop(name, None) is None:
            self._running[name] = kind
        process = PROCESSES.get(self.goal.kind)
        self._switched = self._switched or (process is not None and kind == process.switch and self._placed)

    def _moved_door(self, action: Action, name: str) -> None:
        if action.name == "open":
            self.opened[name] = action.target or ""
        else:
            self.opened.pop(name, None)
        if name in self.places:
            self.places[name] = replace(self.places[name], closed=action.name == "close")

    def _update_here(self, action: Action) -> None:
        """What one stands before has been inspected unless it is shut; an object missing there is forgotten."""
        here = self._here()
        if here is None or action.name == "observe" or here.closed:
            return
        if not here.inspected:
            self.tried.append(here.kind)
            self.places[here.object_id] = replace(here, inspected=True)
            if not (self.holding or self._placed or self.in_sight):
                self.misses.append(here.kind)
        if self._target is not None and here.object_id in self._target.inside and not self._at_hand():
            del self._targets[self.goal.object_type]
            self.surprises += not self.holding


def _seen_at(sight: Sighting) -> complex:
    """About where a thing stands as seen from the agent, metres: to the right, and i times ahead."""
    return sight.distance_m * cmath.exp(1j * (math.pi / 2 - (sight.across - 0.5) * _WIDE_RAD))
