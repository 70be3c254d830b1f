"""The searcher: an expert that knows only what the frames so far have shown, the task, and where things usually are.

It decides what is imitated, so nothing hidden may reach it: moving an unseen target elsewhere never changes what it
does.
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
from .process import PROCESSES
from .task import REPEATS, Task

_WIDE_RAD = 2.0  # about what a frame of the recipes' shape shows from left to right
_ENOUGH_PRIOR = 0.5  # below this share of likely places in sight, a look around comes before a guess


@dataclass(frozen=True)
class Place:
    """A receptacle the searcher has seen.

    Attributes:
        object_id: AI2-THOR's objectId.
        kind: AI2-THOR's objectType.
        closed: it has a door or tray, and that is shut.
        openable: it can be opened.
        running: it is switched on.
        inspected: it was looked into or onto from close by.
    """

    object_id: str
    kind: str
    closed: bool
    openable: bool
    running: bool = False
    inspected: bool = False


@dataclass(frozen=True)
class Decision:
    """An action and its occasion, from which the thoughts are written.

    Attributes:
        action: what to do next.
        occasion: `start`, `missed`, `closed`, `tidy`, `found`, `go`, `carry`, `arrived`, `set`, `done`, `lost` or
            `failed`.
        place: the receptacle type that the occasion is about.
    """

    action: Action
    occasion: str
    place: str | None = None


class Searcher:
    """Plays one task, goal by goal; tell it what was seen, then ask what to do.

    Attributes:
        goal: what is being done.
        places: receptacles that matter to any of the goals, by objectId.
        tried: types of what was inspected for this goal.
        current: the objectId gone to last.
        newest: what the newest frames showed: one, or the three of `observe`.
        sights: what the newest frame ahead showed.
        holding: whether the hand holds what the goal is about.
    """

    def __init__(self, task: Task):
        self.task = task
        self.goal, *self._later = task.goals
        self._priors = {goal.object_type: usual_places(goal.object_type, room_of(task.scene)) for goal in task.goals}
        self._relevant = {kind for prior in self._priors.values() for kind in prior}
        self._relevant |= {kind for goal in task.goals if (kind := goal.place_type) is not None}
        self.places: dict[str, Place] = {}
        self.tried: list[str] = []
        self.current: str | None = None
        self.newest: tuple[tuple[Sighting, ...], ...] = ()
        self.sights: tuple[Sighting, ...] = ()
        self._targets: dict[str, Sighting] = {}
        self.holding = self._placed = self._switched = self._looked_around = False
        self._surveyed: set[str | None] = set()
        self._navigable: set[str] = set()
        self._gone: set[str | None] = set()
        self._beside: list[str] = []
        self._landmarks: dict[str, str] = {}
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

    def decide(self) -> Decision:
        """The next action."""
        decision = self._choose()
        if self._done[1 - REPEATS :] == [decision.action] * (REPEATS - 1):
            return Decision(Action("observe"), "lost", self._kind_here())  # once more would end the episode
        return decision

    def _choose(self) -> Decision:
        wanted = self._want()
        if self._last is None or self._last[1].success:
            return wanted
        if wanted.action == self._last[0]:
            return self._recover(self._last[0])
        return replace(wanted, occasion="failed") if wanted.action.name == "navigate to" else wanted

    def _want(self) -> Decision:
        """What to do as if the last action had not failed."""
        decision = self._pursue()
        while decision.occasion == "done" and self._later:
            self.goal, self._later = self._later[0], self._later[1:]
            self.tried, self._placed, self._switched, self._beside = [], False, False, []
            decision = self._pursue()
        return decision

    def _pursue(self) -> Decision:
        """What to do for the present goal; `done` where nothing is left to do."""
        goal, destination = self.goal, self.goal.place_type
        done = Decision(Action("end"), "done", destination or self._kind_here())
        if goal.kind == "in_view":
            return done if self._at_hand() else self._search()
        if goal.kind.startswith("toggled"):
            if self._switched:
                return done
            return self._toggle(goal.object_type, "found") if self._at_hand() else self._search()
        if not self.holding and not self._placed:
            if self._at_hand():
                return Decision(Action("pickup", goal.object_type), "found", self._kind_here())
            return self._search()
        if destination is None:
            return self._tidy() or done
        return (self._set_going() or done) if self._placed else self._carry(destination)

    def _toggle(self, kind: str, occasion: str) -> Decision:
        return Decision(Action("toggle", kind), occasion, self._kind_here())

    def _set_going(self) -> Decision | None:
        """What is left to do at a device that holds the thing."""
        process, here = PROCESSES.get(self.goal.kind), self._here()
        if process is None:
            return None
        if process.shut and here is not None and not here.closed:
            return Decision(Action("close", process.device), "set", process.device)
        return self._toggle(process.switch, "set") if process.switch and not self._switched else None

    # ---------------------------------------------------------------- belief

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

    def _remember(self, sight: Sighting) -> None:
        if sight.object_type in self._priors and not sight.held:
            self._targets[sight.object_type] = sight
        if sight.object_id in self._navigable and not sight.portable:
            self._landmarks[sight.object_id] = sight.object_type
        if sight.object_type in self._relevant and not sight.portable and sight.object_id in self._navigable:
            place = self.places.get(sight.object_id)
            if place is None:
                place = Place(sight.object_id, sight.object_type, sight.is_open is False, sight.is_open is not None)
            self.places[sight.object_id] = replace(place, closed=sight.is_open is False, running=sight.is_on is True)

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
            self.holding = True
        if action.name == "put":
            self.holding, self._placed = False, True
            self._laid_down()
        if action.name == "toggle":
            process = PROCESSES.get(self.goal.kind)
            wanted = process.switch if process else self.goal.object_type
            self._switched = self._switched or (action.target == wanted and (process is None or self._placed))
        self._update_here(action)

    def _laid_down(self) -> None:
        """What was put down lies here, whether or not the frame shows it."""
        if self._target is not None and self.current is not None:
            self._targets[self.goal.object_type] = replace(self._target, inside=(self.current,))

    def _update_here(self, action: Action) -> None:
        """What one stands before has been inspected unless it is shut; an object missing there is forgotten."""
        here = self.places.get(self.current or "")
        if here is None or action.name == "observe":
            return
        if action.name in ("open", "close"):
            here = replace(here, closed=action.name == "close")
        if not here.inspected and not here.closed:
            self.tried.append(here.kind)
        self.places[here.object_id] = replace(here, inspected=here.inspected or not here.closed)
        if (
            self._target is not None
            and here.object_id in self._target.inside
            and not self._at_hand()
            and not here.closed
        ):
            del self._targets[self.goal.object_type]

    def _here(self) -> Place | None:
        return self.places.get(self.current or "")

    def _kind_here(self) -> str | None:
        here = self._here()
        return None if here is None else here.kind

    def _at_hand(self) -> bool:
        """Whether the newest frame shows the target within reach."""
        return any(
            sight.object_type == self.goal.object_type and not sight.held and sight.distance_m <= REACH_M
            for sight in self.sights
        )

    # ---------------------------------------------------------------- choices

    def _search(self) -> Decision:
        here = self._here()
        kept = here is not None and self._target is not None and here.object_id in self._target.inside
        if here is not None and here.closed and (kept or not here.inspected):
            return self._open(here)
        tidy = self._tidy()
        if tidy is not None:
            return tidy
        occasion = "start" if self._last is None else "missed"
        way = None if self._target is None else self._way_to(self._target)
        if way is not None:
            return Decision(Action("navigate to", way), "go", way)
        place = self._likeliest()
        if place is None:
            return self._explore()
        return Decision(Action("navigate to", place.kind), occasion, self._kind_here())

    def _open(self, here: Place) -> Decision:
        """Opens what is shut; what runs is switched off first."""
        if here.running:
            return self._toggle(here.kind, "set")
        return Decision(Action("open", here.kind), "closed", here.kind)

    def _way_to(self, sight: Sighting) -> str | None:
        """What one goes to for a thing that was seen; None where it and what carries it are too far away for that."""
        itself = [sight.object_type] if sight.object_id in self._navigable else []
        carriers = [self._landmarks[name] for name in sight.inside if name in self._landmarks]
        beside = [self._landmarks[name] for name in self._beside if name not in self._gone]
        ways = [*carriers, *itself, *beside] if sight.portable else [*itself, *carriers, *beside]
        return ways[0] if ways else None

    def _tidy(self) -> Decision | None:
        """What was opened is closed before one goes on."""
        here = self._here()
        if here is None or not here.openable or here.closed:
            return None
        return Decision(Action("close", here.kind), "tidy", here.kind)

    def _likeliest(self) -> Place | None:
        """The place, seen and not inspected, where the target most likely is; None when a look around comes first."""
        seen = [place for place in self.places.values() if place.kind in self.prior]
        left = self.untried
        in_sight = sum(self.prior[kind] for kind in {place.kind for place in seen})
        if not left or (in_sight < _ENOUGH_PRIOR and not self._looked_around and self._last is None):
            return None
        instances = {place.kind: sum(other.kind == place.kind for other in seen) for place in left}
        return max(
            left, key=lambda place: (self.prior[place.kind] / instances[place.kind], place.kind, place.object_id)
        )

    def _explore(self) -> Decision:
        """Looks around, here or from the nearest place where one has not looked around yet, to see more places."""
        start = self._last is None
        if not self._looked_around:
            return Decision(Action("observe"), "start" if start else "lost", self._kind_here())
        elsewhere = [kind for name, kind in self._landmarks.items() if name not in self._surveyed]
        if elsewhere:
            return Decision(Action("navigate to", elsewhere[0]), "lost", self._kind_here())
        return Decision(Action("move forward"), "lost", self._kind_here())

    def _carry(self, destination: str) -> Decision:
        tidy = self._tidy()
        if tidy is not None and self._kind_here() != destination:
            return tidy
        if self._kind_here() == destination:
            here = self._here()
            if here is not None and here.closed:
                return self._open(here)
            return Decision(Action("put", destination), "arrived", destination)
        if any(place.kind == destination for place in self.places.values()):
            return Decision(Action("navigate to", destination), "carry", destination)
        return self._explore()

    def _recover(self, action: Action) -> Decision:
        """After a failure: try from another place, look around, or give up."""
        elsewhere = [kind for name, kind in self._landmarks.items() if name != self.current]
        if self._looked_around and elsewhere:
            return Decision(Action("navigate to", elsewhere[0]), "failed", elsewhere[0])
        if self._looked_around and action.name == "move forward":
            return Decision(Action("end"), "failed", self._kind_here())
        return Decision(Action("observe"), "failed", self._kind_here())


def _seen_at(sight: Sighting) -> complex:
    """About where a thing stands as seen from the agent, metres: to the right, and i times ahead."""
    return sight.distance_m * cmath.exp(1j * (math.pi / 2 - (sight.across - 0.5) * _WIDE_RAD))
