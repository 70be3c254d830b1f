"""The all-knowing planner: from any state to a task's goal with the nine actions.

It judges, and measures what a goal still costs. It never teaches: an agent that follows it would know where hidden
things are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import TaskError
from ..world.action import Action
from ..world.boxes import box_of, distance_to_box
from ..world.household import Household
from ..world.legality import handleable
from ..world.sight import Sighting
from .process import PROCESSES
from .task import ORDERED, REPEATS, Goal, Task

Item = Mapping[str, Any]


class Planner:
    """Plans for one household; ask again after each action."""

    def __init__(self, household: Household, task: Task):
        self._household, self._task = household, task
        self._once: set[Goal] = set()
        self._lain: dict[Goal, int] = {}
        self._since: dict[Goal, int] = {}
        self._turn = 0
        self._latest: list[Action | None] = []

    def watch(self, action: Action | None) -> None:
        """Notes which goals that need not last hold now, and what lies where since when; called after each action.

        Args:
            action: the one that was done, None at the start or after an unparseable reply.
        """
        self._latest = [*self._latest, action][1 - REPEATS :]
        metadata = self._household.metadata
        self._once |= {goal for goal in self._task.goals if goal.kind in PROCESSES and goal.holds(metadata, ())}
        self._turn += 1
        lying = [goal for goal in self._task.goals if goal.lies_there(metadata)]
        self._since = {goal: self._since.get(goal, self._turn) for goal in lying}
        self._lain = self._since | self._lain

    def holds(self, goal: Goal, sights: Sequence[Sighting]) -> bool:
        """Whether a goal is met, or was, where once is enough; in its order, where the task has one.

        Args:
            goal: one of the task's.
            sights: what the newest frame shows.
        """
        met = goal in self._once or goal.holds(self._household.metadata, sights)
        return met and not self._too_early(goal)

    def _too_early(self, goal: Goal) -> bool:
        """Whether what is to come second was in its place before the first thing ever was in its own."""
        first, *later = self._task.goals
        if self._task.type != ORDERED or goal not in later:
            return False
        return self._since.get(goal, self._turn) <= self._lain.get(first, self._turn)

    def plan(self, sights: tuple[Sighting, ...]) -> list[Action]:
        """The actions that are left, the final `end` included.

        A navigation counts as one action even where a type has several instances, so the length is a lower bound.

        Args:
            sights: what the newest frame shows.
        """
        steps: list[Action] = []
        unmet = [goal for goal in self._task.goals if not self.holds(goal, sights)]
        waiting = [goal for goal in unmet if not goal.lies_there(self._household.metadata)]
        for goal in waiting or unmet:  # what lies in its place is only met when the hand is empty again
            steps += self._towards(goal, laid_down=any(step.name == "put" for step in steps))
        return [*steps, *self._tidy(steps), Action("end")]

    def cost_to_go(self, sights: tuple[Sighting, ...]) -> int:
        """How many actions the goal still takes at least."""
        return len(self.plan(sights))

    def _towards(self, goal: Goal, laid_down: bool) -> list[Action]:
        """The actions that one goal takes.

        Args:
            goal: one that does not hold.
            laid_down: whether the actions before these empty the hand.
        """
        item = self._target(goal.object_type)
        if goal.kind == "in_view":
            return self._approach(item)
        if goal.kind.startswith("toggled"):
            there = [] if self._at_hand(item) else self._stand_before(item)
            return [*there, Action("toggle", goal.object_type)]
        in_hand = not laid_down and self._held() == goal.object_type
        if goal.kind in PROCESSES:
            return self._process(item, goal, in_hand, laid_down)
        if goal.kind == "held" or goal.destination_type is None:
            return [] if in_hand else self._fetch(item, laid_down)
        return self._carry(item, goal.destination_type, in_hand, laid_down)

    def _process(self, item: Item, goal: Goal, in_hand: bool, laid_down: bool) -> list[Action]:
        """Puts an object into a device, if need be, and sets that going."""
        process = PROCESSES[goal.kind]
        inside = goal.lies_in_device(self._household.metadata)
        device = self._receptacle(item) if inside else self._target(process.device)
        assert device is not None
        if not inside:
            there = self._carry(item, process.device, in_hand, laid_down)
        else:
            there = [] if self._at(device) or self._at_hand(item) else self._go(device)
        close = [Action("close", process.device)] if process.shut and (device["isOpen"] or not inside) else []
        return [*there, *close, *([Action("toggle", process.switch)] if process.switch else [])]

    def _carry(self, item: Item, destination: str, in_hand: bool, laid_down: bool) -> list[Action]:
        """Fetches an object, if need be, and puts it into its destination, which is opened."""
        fetch = [] if in_hand else self._fetch(item, laid_down)
        place = self._target(destination)
        go = [] if not fetch and self._at(place) else self._stand_before(place)
        return [*fetch, *go, *self._opened(place), Action("put", destination)]

    def _opened(self, place: Item) -> list[Action]:
        """Opens what is shut; a running microwave is switched off first."""
        if not place["openable"] or place["isOpen"]:
            return []
        stop = [Action("toggle", place["objectType"])] if place["toggleable"] and place["isToggled"] else []
        return [*stop, Action("open", place["objectType"])]

    def _fetch(self, item: Item, laid_down: bool) -> list[Action]:
        put_down: list[Action] = []
        if self._held() is not None and not laid_down:
            surface = self._any_surface()
            put_down = [*self._go(surface), Action("put", surface["objectType"])]
        there = [] if self._at_hand(item) else self._approach(item)
        return [*put_down, *there, Action("pickup", item["objectType"])]

    def _approach(self, item: Item) -> list[Action]:
        """To where an object is in view: its receptacle, opened."""
        place = self._receptacle(item)
        if place is None:
            return self._go(item)
        go = [] if self._at(place) and place["openable"] and not place["isOpen"] else self._go(place)
        return [*go, *self._opened(place)]

    def _stand_before(self, item: Item) -> list[Action]:
        """To where an object can be handled: to itself, or to the furniture that carries a small one."""
        return self._approach(item) if item["pickupable"] else self._go(item)

    def _go(self, item: Item) -> list[Action]:
        step = Action("navigate to", item["objectType"])
        if item["objectId"] not in self._household.known:
            place = self._receptacle(item)
            if place is not None and self._household.rules.leads_to(place["objectType"]) == place["objectId"]:
                return [Action("navigate to", place["objectType"])]
            surveyed = self._household.surveyed
            return [Action("navigate to", self._stepping_stone(item)) if surveyed else Action("observe"), step]
        # One more instance of a type in a row would end the episode as a repetition.
        return [Action("observe"), step] if self._latest == [step] * (REPEATS - 1) else [step]

    def _stepping_stone(self, item: Item) -> str:
        """What has been seen, was not gone to or longest ago, and stands nearest to what has not been seen."""
        center, _ = box_of(item)
        turns = {name: turn for turn, name in enumerate(self._household.visited, start=1)}
        agent = self._household.metadata["agent"]["position"]
        meant: dict[str, tuple[Any, ...]] = {}
        for other in self._household.metadata["objects"]:
            name, kind = other["objectId"], other["objectType"]
            if name in self._household.known and not other["isPickedUp"]:
                turn = turns.get(name, 0)
                # Of a type one goes to the instance that comes first by these, so the type stands for that one.
                rank = (turn, not other["visible"], distance_to_box(agent, other), name)
                entry = (rank, turn, distance_to_box(center, other), kind)
                meant[kind] = min(entry, meant.get(kind, entry))
        return str(min(meant.values(), key=lambda entry: entry[1:])[-1]) if meant else str(item["objectType"])

    def _tidy(self, steps: list[Action]) -> list[Action]:
        """Closes what the task wants closed, if it is open, or opened on the way."""
        if any(goal.kind != "held" for goal in self._task.goals):
            return []  # one has left what was opened
        to_close = [step for step in self._task.key_actions if step.action == "close"]
        opened = {step.target for step in steps if step.name == "open"}
        left = [step for step in to_close if step.object_type in opened or self._object(step.object_id)["isOpen"]]
        return [Action("close", step.object_type) for step in left]

    def _at_hand(self, item: Item) -> bool:
        """Whether the household would let the agent handle an object from here."""
        allowed = handleable(self._household.metadata, self._household.rules.current_contents())
        return self._near(item) and any(one["objectId"] == item["objectId"] for one in allowed)

    def _near(self, item: Item) -> bool:
        return bool(item["visible"]) and self._away(item) <= self._household.rules.reach_m

    def _away(self, item: Item) -> float:
        return distance_to_box(self._household.agent.position, item)

    def _at(self, place: Item) -> bool:
        if place["pickupable"]:
            return self._at_hand(place)
        visited = self._household.visited
        return bool(visited) and visited[-1] == place["objectId"] and self._near(place)

    def _held(self) -> str | None:
        held = self._household.metadata["inventoryObjects"]
        return held[0]["objectType"] if held else None

    def _target(self, object_type: str) -> Item:
        """The instance meant: one of the task's, otherwise what the rules mean, otherwise the nearest."""
        items = [item for item in self._household.metadata["objects"] if item["objectType"] == object_type]
        if not items:
            scene = self._household.metadata["sceneName"]
            raise TaskError(f"Task {self._task.id} is about {object_type!r}; the scene {scene} has none.")
        led = self._household.rules.leads_to(object_type)
        ids = self._task.target_ids
        return min(items, key=lambda one: (one["objectId"] not in ids, one["objectId"] != led, self._away(one)))

    def _any_surface(self) -> Item:
        """The nearest furniture on which things can be left."""
        fixed = [item for item in self._household.metadata["objects"] if item["receptacle"] and not item["pickupable"]]
        open_ones = [item for item in fixed if not item["openable"] and item["objectType"] != "Floor"]
        if not open_ones:
            scene = self._household.metadata["sceneName"]
            raise TaskError(f"Task {self._task.id}: the scene {scene} has no surface to leave a thing on.")
        return min(open_ones, key=lambda item: (self._away(item), item["objectId"]))

    def _receptacle(self, item: Item) -> Item | None:
        """The furniture an object lies in or on; of several the one that going to its type leads to."""
        objects = {other["objectId"]: other for other in self._household.metadata["objects"]}
        parents = [objects[name] for name in item.get("parentReceptacles") or () if name in objects]
        fixed = [parent for parent in parents if not parent["pickupable"] and parent["objectType"] != "Floor"]
        led = [place for place in fixed if self._household.rules.leads_to(place["objectType"]) == place["objectId"]]
        return next(iter(led + fixed), None)

    def _object(self, object_id: str) -> Item:
        for item in self._household.metadata["objects"]:
            if item["objectId"] == object_id:
                found: Item = item
                return found
        raise TaskError(f"Task {self._task.id} is about {object_id!r}, which its scene does not have.")
