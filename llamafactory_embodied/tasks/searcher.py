"""The searcher: an expert that knows only what the frames so far have shown, the task, and where things usually are.

It decides what is imitated, so nothing hidden may reach it: moving an unseen target elsewhere never changes what it
does.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..world.action import Action
from ..world.legality import REACH_M
from ..world.outcome import Outcome
from ..world.scene import room_of
from ..world.sight import Sighting
from .affordances import usual_places
from .task import REPEATS, Task

_ENOUGH_PRIOR = 0.5  # below this share of likely places in sight, a look around comes before a guess


@dataclass(frozen=True)
class Place:
    """A receptacle the searcher has seen.

    Attributes:
        object_id: AI2-THOR's objectId.
        kind: AI2-THOR's objectType.
        closed: it has a door or tray, and that is shut.
        openable: it can be opened.
        inspected: it was looked into or onto from close by.
    """

    object_id: str
    kind: str
    closed: bool
    openable: bool
    inspected: bool = False


@dataclass(frozen=True)
class Decision:
    """An action and its occasion, from which the thoughts are written.

    Attributes:
        action: what to do next.
        occasion: `start`, `missed`, `closed`, `tidy`, `found`, `go`, `carry`, `arrived`, `done`, `lost` or `failed`.
        place: the receptacle type that the occasion is about.
    """

    action: Action
    occasion: str
    place: str | None = None


class Searcher:
    """Plays one task; tell it what was seen, then ask what to do."""

    def __init__(self, task: Task):
        self.task = task
        self.prior = usual_places(task.target_type, room_of(task.scene))
        self.places: dict[str, Place] = {}
        self.tried: list[str] = []
        self.current: str | None = None
        self.sights: tuple[Sighting, ...] = ()
        self._target: Sighting | None = None
        self.holding = self._placed = self._looked_around = False
        self._surveyed: set[str | None] = set()
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
        navigable = set(known)
        for sight in (one for frame in outcome.sights for one in frame):
            self._remember(sight, navigable)
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
        goal = self.task.goals[0]
        if goal.kind == "in_view":
            return Decision(Action("end"), "done", self._kind_here()) if self._at_hand() else self._search()
        if not self.holding and not self._placed:
            if self._at_hand():
                return Decision(Action("pickup", self.task.target_type), "found", self._kind_here())
            return self._search()
        if goal.kind == "held" or goal.destination_type is None:
            return self._tidy() or Decision(Action("end"), "done", self._kind_here())
        return (
            Decision(Action("end"), "done", goal.destination_type)
            if self._placed
            else self._carry(goal.destination_type)
        )

    # ---------------------------------------------------------------- belief

    def _remember(self, sight: Sighting, navigable: set[str]) -> None:
        if sight.object_type == self.task.target_type and not sight.held:
            self._target = sight
        if sight.object_id in navigable and not sight.portable:
            self._landmarks[sight.object_id] = sight.object_type
        wanted = sight.object_type in self.prior or sight.object_type == self.task.destination_type
        if wanted and not sight.portable and sight.object_id in navigable:
            place = self.places.get(sight.object_id)
            if place is None:
                place = Place(sight.object_id, sight.object_type, sight.is_open is False, sight.is_open is not None)
            self.places[sight.object_id] = replace(place, closed=sight.is_open is False)

    def _follow(self, action: Action, outcome: Outcome) -> None:
        if outcome.sights:
            self.sights = outcome.sights[-1] if action.name != "observe" else self.sights
        if action.name == "navigate to":
            self.current, self._looked_around = outcome.object_id, False
        if action.name == "observe":
            self._looked_around = True
            self._surveyed.add(self.current)
        if action.name == "move forward":
            self.current, self._looked_around = None, False
        if action.name == "pickup":
            self.holding = True
        if action.name == "put":
            self.holding, self._placed = False, True
        self._update_here(action)

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
            self._target = None

    def _here(self) -> Place | None:
        return self.places.get(self.current or "")

    def _kind_here(self) -> str | None:
        here = self._here()
        return None if here is None else here.kind

    def _at_hand(self) -> bool:
        """Whether the newest frame shows the target within reach."""
        return any(
            sight.object_type == self.task.target_type and not sight.held and sight.distance_m <= REACH_M
            for sight in self.sights
        )

    # ---------------------------------------------------------------- choices

    def _search(self) -> Decision:
        here = self._here()
        if here is not None and here.closed and not here.inspected:
            return Decision(Action("open", here.kind), "closed", here.kind)
        tidy = self._tidy()
        if tidy is not None:
            return tidy
        occasion = "start" if self._last is None else "missed"
        if self._target is not None:
            return Decision(Action("navigate to", self._way_to(self._target)), "go", self._way_to(self._target))
        place = self._likeliest()
        if place is None:
            return self._explore()
        return Decision(Action("navigate to", place.kind), occasion, self._kind_here())

    def _way_to(self, sight: Sighting) -> str:
        known = [self.places[name].kind for name in sight.inside if name in self.places]
        return known[0] if known else sight.object_type

    def _tidy(self) -> Decision | None:
        """What was opened is closed before one goes on."""
        here = self._here()
        if here is None or not here.openable or here.closed:
            return None
        return Decision(Action("close", here.kind), "tidy", here.kind)

    def _likeliest(self) -> Place | None:
        """The place, seen and not inspected, where the target most likely is; None when a look around comes first."""
        seen = [place for place in self.places.values() if place.kind in self.prior]
        left = [place for place in seen if not place.inspected]
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
                return Decision(Action("open", destination), "closed", destination)
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
