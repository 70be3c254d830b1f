"""Written thoughts: first-person, from templates, naming only what the newest frame shows, the task and what was done.

Which of the paper's five kinds are written follows from the occasion: a start is analysed and planned, a miss is
reflected on, a find is located, an end is verified.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..episodes.reply import Thought
from ..tasks.names import listed
from ..tasks.searcher import Decision, Searcher
from ..world.legality import REACH_M
from ..world.sight import Sighting

_MOST_NAMED = 6
_SCENERY = frozenset({"Floor", "Window", "LightSwitch", "StoveKnob", "Faucet", "Sink", "Chair", "Stool"})


@dataclass(frozen=True)
class Writer:
    """Writes thoughts for a searcher's decisions.

    Attributes:
        seed: decides the wording.
        variety: how many of the wordings of each thought are used; 1 suits models trained from scratch.
    """

    seed: int = 0
    variety: int = 3

    def __call__(self, searcher: Searcher, decision: Decision, episode: str) -> Sequence[Thought]:
        """The thoughts before an action.

        Args:
            searcher: with its belief up to the newest frame.
            decision: what it is about to do, and on which occasion.
            episode: the episode's id; together with the seed it fixes the wording.
        """
        key = [self.seed, *episode.encode(), len(searcher.places), *str(decision.action).encode()]
        rng = np.random.default_rng(key)
        kinds = _OCCASIONS[decision.occasion]
        words = _words(searcher, decision)
        return [Thought(tag, self._choose(_TEXTS[text], rng).format(**words)) for tag, text in kinds(searcher)]

    def _choose(self, texts: Sequence[str], rng: np.random.Generator) -> str:
        return texts[int(rng.integers(min(self.variety, len(texts))))]


Kinds = Callable[[Searcher], list[tuple[str, str]]]


def _go_on(searcher: Searcher) -> list[tuple[str, str]]:
    return [*([("Reflection", "tried")] if searcher.tried else []), ("Planning", "next")]


# What is seen is written before what is concluded from it, and the target's name before the conclusion: a model writes
# from left to right, and that a word is in a list is learnt soonest where the word itself comes next. The wish is said
# again where it decides what to do with a find.
_OCCASIONS: dict[str, Kinds] = {
    "start": lambda _: [("Observation", "see"), ("Planning", "first")],
    "go": lambda searcher: (
        [("Planning", "carrying")] if searcher.holding else [("Observation", "over_there"), ("Planning", "next")]
    ),
    "missed": lambda searcher: [("Observation", "elsewhere"), *_go_on(searcher)],
    "closed": lambda _: [("Thinking", "closed")],
    "tidy": lambda searcher: (
        [("Thinking", "shut")] if searcher.holding else [("Observation", "elsewhere"), ("Thinking", "leave")]
    ),
    "found": lambda _: [("Observation", "here"), ("Thinking", "wish")],
    "carry": lambda _: [("Planning", "carry")],
    "arrived": lambda _: [("Thinking", "arrived")],
    "set": lambda _: [("Thinking", "set")],
    "done": lambda searcher: (
        [("Observation", "here"), ("Thinking", "wish"), ("Verification", "done")]
        if searcher.goal.kind == "in_view"
        else [("Verification", "done")]
    ),
    "lost": lambda searcher: (
        [("Planning", "carrying")] if searcher.holding else [("Observation", "elsewhere"), ("Reflection", "lost")]
    ),
    "failed": lambda searcher: [("Reflection", "failed"), *_go_on(searcher)],
}

_TEXTS = {
    "see": ("I see {seen}.", "In front of me I see {seen}.", "My view shows {seen}."),
    "here": (
        "I see {things}. The {target} is here.",
        "Here are {things}. The {target} is among them.",
        "In view: {things}. The {target} is right before me.",
    ),
    "over_there": (
        "I see {things}. The {target} is over there.",
        "Here are {things}. The {target} is further away.",
        "In view: {things}. The {target} is where I am going.",
    ),
    "elsewhere": (
        "I see {things}. The {target} must be elsewhere.",
        "Here are {things}. The {target} is not among them.",
        "In view: {things}. The {target} is missing.",
    ),
    "first": (
        "I want to {wish}. First I try: {action}.",
        "I am to {wish}. I start with this: {action}.",
        "My task is to {wish}, so my first step is: {action}.",
    ),
    "tried": ("I was at {tried}.", "So far I have looked at {tried}.", "It was not at {tried}."),
    "next": ("Next: {action}.", "I go on with this: {action}.", "Now I try this: {action}."),
    "leave": ("I close the {place}.", "I shut the {place} again.", "The {place} does not hold the {target}."),
    "closed": (
        "The {place} is closed. I open it.",
        "I stand before the closed {place} and want to look inside.",
        "The {place} is shut, so I open it first.",
    ),
    "shut": ("I hold the {target}. I close the {place}.", "I have the {target}, so I shut the {place}."),
    "wish": ("I want to {wish}.", "I am to {wish}.", "My task is to {wish}."),
    "carry": ("I hold the {target}. I bring it to the {goal}.", "With the {target} in hand I go to the {goal}."),
    "set": (
        "I want to {wish}. Now: {action}.",
        "To {wish}, I do this: {action}.",
        "The {place} comes next: {action}.",
    ),
    "arrived": ("I stand before the {goal} with the {target}.", "Here is the {goal}; I put the {target} down."),
    "done": ("{result}", "Checking once more: {result}", "I am done: {result}"),
    "lost": ("I look further.", "I have to see more of the room.", "There must be places I have not seen."),
    "carrying": ("I hold the {target}. Next: {action}.", "With the {target} in hand I try this: {action}."),
    "failed": ("That did not work.", "It failed, so I do something else.", "I cannot do that now."),
}


def write_look(sights: Sequence[Sighting], target: str) -> Thought:
    """What a close look shows and what follows for a target, in the first wording, without a decision.

    Args:
        sights: of one frame.
        target: objectType that is looked for.
    """
    distances = [sight.distance_m for sight in sights if sight.object_type == target and not sight.held]
    where = "elsewhere" if not distances else "here" if min(distances) <= REACH_M else "over_there"
    return write_comparison(name_sights(sights, portable=True), target, where)


def write_comparison(things: str, target: str, where: str) -> Thought:
    """What is seen and what follows for a target, in the first wording.

    Args:
        things: what is seen, in words.
        target: objectType that is looked for.
        where: "here", "over_there" or "elsewhere".
    """
    return Thought("Observation", _TEXTS[where][0].format(things=things, target=target))


def write_closed(place: str) -> Thought:
    """What one thinks before a closed place, in the first wording."""
    return Thought("Thinking", _TEXTS["closed"][0].format(place=place))


def _words(searcher: Searcher, decision: Decision) -> dict[str, str]:
    goal = searcher.goal
    target, place = goal.object_type, goal.place_type
    wish, result = _SAID[goal.kind]
    return {
        "seen": name_sights(searcher.sights, portable=False),
        "things": name_sights(searcher.sights, portable=True),
        "target": target,
        "place": decision.place or "room",
        "goal": place or "",
        "action": str(decision.action),
        "tried": listed(searcher.tried) if searcher.tried else "",
        "wish": wish.format(target=target, goal=place),
        "result": result.format(target=target, goal=place),
    }


_SAID = {
    "in_view": ("find the {target}", "I have found the {target}."),
    "held": ("hold the {target}", "I hold the {target}."),
    "placed": ("bring the {target} to the {goal}", "The {target} is in its place."),
    "toggled_on": ("switch the {target} on", "The {target} is on."),
    "toggled_off": ("switch the {target} off", "The {target} is off."),
    "washed": ("wash the {target}", "The {target} is washed."),
    "heated": ("heat the {target} in the {goal}", "The {target} is hot."),
    "cooked": ("cook the {target} in the {goal}", "The {target} is cooked."),
    "cooled": ("cool the {target} in the {goal}", "The {target} is cold."),
    "brewed": ("make coffee in the {target}", "There is coffee in the {target}."),
}
"""Goal kind -> what is wanted, and what is said when it is done."""


def name_sights(sights: Sequence[Sighting], portable: bool) -> str:
    """What a frame shows, from left to right: small things, or furniture.

    Args:
        sights: of one frame.
        portable: small things when true, everything else when false.
    """
    chosen = [
        sight
        for sight in sights
        if sight.portable == portable and not sight.held and sight.object_type not in _SCENERY
    ][:_MOST_NAMED]
    names = [sight.object_type for sight in sorted(chosen, key=lambda sight: (sight.across, sight.object_id))]
    return listed(list(dict.fromkeys(names))) if names else "nothing"
