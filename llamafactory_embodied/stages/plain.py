"""The plain writer: one wording for each thought, naming only what the newest frame shows, the task and what was done.

It suits models that are trained from scratch, and is what varied thoughts are measured against. Which of the paper's
kinds are written follows from the occasion alone: a start is analysed and planned, a miss is reflected on, a find is
located, an end is verified.
"""

from collections.abc import Callable, Sequence

from ..episodes.reply import Thought
from ..tasks.names import listed
from ..world.legality import REACH_M
from ..world.sight import Sighting
from .turn import Turn

_MOST_NAMED = 6
_SCENERY = frozenset({"Floor", "Window", "LightSwitch", "StoveKnob", "Faucet", "Sink", "Chair", "Stool"})


class PlainWriter:
    """Always the same words for the same thought."""

    def write(self, turns: Sequence[Turn]) -> list[list[Thought]]:
        """The thoughts of each of an episode's turns."""
        return [self._thoughts(turn) for turn in turns]

    def _thoughts(self, turn: Turn) -> list[Thought]:
        words, occasion = _words(turn), _AS.get(turn.occasion, turn.occasion)
        return [Thought(tag, _TEXTS[text].format(**words)) for tag, text in _OCCASIONS[occasion](turn)]


Kinds = Callable[[Turn], list[tuple[str, str]]]


def _go_on(turn: Turn) -> list[tuple[str, str]]:
    return [*([("Reflection", "tried")] if turn.tried else []), ("Planning", "next")]


# What is seen is written before what is concluded from it, and the target's name before the conclusion: a model writes
# from left to right, and that a word is in a list is learnt soonest where the word itself comes next. The wish is said
# again where it decides what to do with a find.
_OCCASIONS: dict[str, Kinds] = {
    "start": lambda _: [("Observation", "see"), ("Planning", "first")],
    "go": lambda turn: (
        [("Planning", "carrying")] if turn.holding else [("Observation", "over_there"), ("Planning", "next")]
    ),
    "missed": lambda turn: [("Observation", "elsewhere"), *_go_on(turn)],
    "closed": lambda _: [("Thinking", "closed")],
    "tidy": lambda turn: (
        [("Thinking", "shut")] if turn.holding else [("Observation", "elsewhere"), ("Thinking", "leave")]
    ),
    "found": lambda _: [("Observation", "here"), ("Thinking", "wish")],
    "carry": lambda _: [("Planning", "carry")],
    "arrived": lambda _: [("Thinking", "arrived")],
    "set": lambda _: [("Thinking", "set")],
    "done": lambda turn: (
        [("Observation", "here"), ("Thinking", "wish"), ("Verification", "done")]
        if turn.goal.kind == "in_view"
        else [("Verification", "done")]
    ),
    "lost": lambda turn: (
        [("Planning", "carrying")] if turn.holding else [("Observation", "elsewhere"), ("Reflection", "lost")]
    ),
    "failed": lambda turn: [("Reflection", "failed"), *_go_on(turn)],
}

_AS = {"slip": "go", "check": "go"}
"""Occasions without words of their own -> the one whose words they share."""

_TEXTS = {
    "see": "I see {seen}.",
    "here": "I see {things}. The {target} is here.",
    "over_there": "I see {things}. The {target} is over there.",
    "elsewhere": "I see {things}. The {target} must be elsewhere.",
    "first": "I want to {wish}. First I try: {action}.",
    "tried": "I was at {tried}.",
    "next": "Next: {action}.",
    "leave": "I close the {place}.",
    "closed": "The {place} is closed. I open it.",
    "shut": "I hold the {target}. I close the {place}.",
    "wish": "I want to {wish}.",
    "carry": "I hold the {target}. I bring it to the {goal}.",
    "set": "I want to {wish}. Now: {action}.",
    "arrived": "I stand before the {goal} with the {target}.",
    "done": "{result}",
    "lost": "I look further.",
    "carrying": "I hold the {target}. Next: {action}.",
    "failed": "That did not work.",
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
    return Thought("Observation", _TEXTS[where].format(things=things, target=target))


def write_closed(place: str) -> Thought:
    """What one thinks before a closed place, in the first wording."""
    return Thought("Thinking", _TEXTS["closed"].format(place=place))


def _words(turn: Turn) -> dict[str, str]:
    goal = turn.goal
    target, place = goal.object_type, goal.place_type
    wish, result = _SAID[goal.kind]
    return {
        "seen": name_sights(turn.ahead, portable=False),
        "things": name_sights(turn.ahead, portable=True),
        "target": target,
        "place": turn.place or "room",
        "goal": place or "",
        "action": str(turn.action),
        "tried": listed(list(turn.tried)) if turn.tried else "",
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
