"""The searcher: an expert that knows only what the frames so far have shown, the task, and where things usually are.

It decides what is imitated, so nothing hidden may reach it: moving an unseen target elsewhere never changes what it
does.
"""

from dataclasses import dataclass, replace

from ..world.action import Action
from ..world.compatibility import belongs
from ..world.legality import REACH_M
from ..world.rules import STEP_M
from ..world.sight import Sighting
from .belief import Belief, Place
from .habits import NO_HABITS, Habits
from .process import PROCESSES
from .task import REPEATS, Task

_ENOUGH_PRIOR = 0.5  # below this share of likely places in sight, a look around comes before a guess
_BODY_M = 0.35  # what stands nearer than this and a step bars the way
_AHEAD = 0.15  # how far from the middle of the frame a thing is straight ahead
_LEFT_OVER = 6  # a check must leave time to go back to what was found


@dataclass(frozen=True)
class Decision:
    """An action and its occasion, from which the thoughts are written.

    Attributes:
        action: what to do next.
        occasion: `start`, `missed`, `closed`, `tidy`, `found`, `go`, `carry`, `arrived`, `set`, `done`, `check`,
            `lost` or `failed`.
        place: the receptacle type that the occasion is about.
    """

    action: Action
    occasion: str
    place: str | None = None


class Searcher(Belief):
    """Plays one task, goal by goal; tell it what was seen, then ask what to do."""

    def __init__(self, task: Task, habits: Habits = NO_HABITS):
        super().__init__(task, habits)
        self._checked = False

    def decide(self) -> Decision:
        """The next action."""
        decision = self._choose()
        if self._done[1 - REPEATS :] == [decision.action] * (REPEATS - 1):
            return Decision(Action("observe"), "lost", self._kind_here())  # once more would end the episode
        if decision.action.name == "end" and decision.occasion == "done":
            decision = self._second_look(decision)
        self._checked = self._checked or decision.occasion == "check"
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
            held = self.holding and self._habits.mends
            return done if self._at_hand() or held else self._search()
        if goal.kind.startswith("toggled"):
            return done if self._in_state else self._switch()
        if not self.holding and not self._placed:
            return self._fetch()
        if destination is None:
            return self._tidy() or done
        return (self._set_going() or done) if self._placed else self._carry(destination)

    def _switch(self) -> Decision:
        if self.holding:
            return self._free_hand()
        return self._toggle(self.goal.object_type, "found") if self._at_hand() else self._search()

    def _fetch(self) -> Decision:
        if self.hand is not None:
            return self._free_hand()
        if self._at_hand():
            return Decision(Action("pickup", self.goal.object_type), "found", self._kind_here())
        return self._search()

    def _toggle(self, kind: str, occasion: str) -> Decision:
        return Decision(Action("toggle", kind), occasion, self._kind_here())

    def _set_going(self) -> Decision | None:
        """What is left to do at a device that holds the thing."""
        process, here = PROCESSES.get(self.goal.kind), self._here()
        if process is None:
            return None
        if process.shut and here is not None and not here.closed:
            return Decision(Action("close", process.device), "set", process.device)
        flows = self.goal.kind == "washed" and process.switch in self._running.values()
        return self._toggle(process.switch, "set") if process.switch and not (self._switched or flows) else None

    def _free_hand(self) -> Decision:
        """Lays down what is not wanted, here or on the first surface seen that is for such things."""
        fit = {
            name: kind
            for name, kind in self._surfaces.items()
            if belongs(kind, self.hand or "") and name not in self._full
        }
        if self.current in fit:
            return Decision(Action("put", fit[self.current]), "set", fit[self.current])
        if not fit:
            return self._explore()
        kind = next(iter(fit.values()))
        return Decision(Action("navigate to", kind), "set", kind)

    # ---------------------------------------------------------------- searching

    def _search(self) -> Decision:
        here = self._here()
        kept = here is not None and self._target is not None and here.object_id in self._target.inside
        if here is not None and here.closed and (kept or not here.inspected):
            return self._open(here)
        tidy = self._tidy()
        if tidy is not None:
            return tidy
        way = None if self._target is None else self._way_to(self._target)
        if self._target is not None and self._steps_up(self._target, way):
            return Decision(Action("move forward"), "go", way)
        if way is not None:
            return Decision(Action("navigate to", way), "go", way)
        return self._guess()

    def _guess(self) -> Decision:
        """Goes where what is sought may be."""
        occasion = "start" if self._last is None else "missed"
        best = self._likeliest()
        if best is None:
            return self._explore()
        if self._looks_first():
            return Decision(Action("observe"), "start" if self._last is None else "lost", self._kind_here())
        return Decision(Action("navigate to", self._detour(best) or best.kind), occasion, self._kind_here())

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
        """What was opened is closed before one goes on; what was found open stays."""
        near = [
            one.object_id for one in self.sights if one.is_open and one.distance_m <= REACH_M and self._habits.mends
        ]
        kind = next((self.opened[name] for name in (self.current, *near) if name in self.opened), None)
        return None if kind is None else Decision(Action("close", kind), "tidy", kind)

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

    # ---------------------------------------------------------------- habits

    def _happens(self, share: float, what: str) -> bool:
        return share > 0 and self._habits.rng(self.task.id, len(self._done), what).random() < share

    def _early(self) -> bool:
        """Whether there is time for more than what is shortest."""
        return len(self._done) < self.task.max_steps // 3

    def _detour(self, best: Place) -> str | None:
        """A plausible place of another type than the best guess, as long as misses are asked for.

        Nobody who has seen what is sought wanders.
        """
        others = sorted({place.kind for place in self.untried} - {best.kind})
        enough = self._target is not None or len(self.misses) >= self._habits.detours
        if enough or not others or not self._early():
            return None
        rng = self._habits.rng(self.task.id, len(self._done), "detour")
        return others[int(rng.integers(len(others)))]

    def _looks_first(self) -> bool:
        """Whether a look around comes before a guess: not all likely places have been seen."""
        unseen = set(self.prior) - {place.kind for place in self.places.values()}
        wanted = bool(unseen) and not self._looked_around and self._early()
        return wanted and self._happens(self._habits.looks, "look")

    def _steps_up(self, sight: Sighting, way: str | None) -> bool:
        """Whether a step forward brings what is straight ahead into reach, or nearer where one cannot go to it."""
        near = way is None or REACH_M < sight.distance_m <= REACH_M + STEP_M
        ahead = sight in self.sights and abs(sight.across - 0.5) <= _AHEAD
        return near and ahead and self._free_ahead() and self._happens(self._habits.steps, "step")

    def _free_ahead(self) -> bool:
        """Whether the frame shows nothing in the way of a step forward."""
        blocking = (one for one in self.sights if not one.held and one.object_type != "Floor")
        return all(one.distance_m > STEP_M + _BODY_M for one in blocking if abs(one.across - 0.5) <= 2 * _AHEAD)

    def _second_look(self, end: Decision) -> Decision:
        """One more look before the end; what is done stays done, whatever that shows."""
        if not self._habits.check or self._checked or len(self._done) + _LEFT_OVER > self.task.max_steps:
            return end
        here = self._landmarks.get(self.current or "")
        looks = [Action("observe")]
        if list(self._landmarks.values()).count(here or "") == 1:
            looks.append(Action("navigate to", here))
        if self.goal.kind != "in_view" and self._free_ahead():
            looks.append(Action("move forward"))
        rng = self._habits.rng(self.task.id, len(self._done), "check")
        return Decision(looks[int(rng.integers(len(looks)))], "check", end.place)
