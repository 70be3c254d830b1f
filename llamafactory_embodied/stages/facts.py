"""The facts of a turn, in words: what the newest frames show and where, what is held, what was done, what is wanted.

A fact that is not so is not there; so what is written with facts alone is true.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType

import numpy as np

from ..grammar import Facts
from ..tasks.names import inside, listed, plain, plural, with_article
from ..tasks.task import Goal
from ..world.action import Action
from ..world.legality import REACH_M
from ..world.sight import Sighting
from .turn import Look, Turn

UNNAMED = frozenset({"Floor", "Wall", "Window", "LightSwitch", "StoveKnob"})
_NEAR_SHARE, _NEAR_M = 0.12, 0.25  # of the frame's width, and metres, between two things on one piece of furniture
_LEFT, _RIGHT, _MARGIN = 0.36, 0.64, 0.04  # of the frame's width; what stands on the border is at neither side
_MOST_LISTED = 4
_DONE = frozenset({"set", "check", "done"})
_GUESSES = frozenset({"start", "missed", "lost", "failed", "closed", "slip"})
_COUNTS = MappingProxyType({2: "two", 3: "three"})
_SIDES = MappingProxyType(
    {
        "left": ("to my left", "on my left", "on the left"),
        "ahead": ("in front of me", "straight ahead", "ahead of me"),
        "right": ("to my right", "on my right", "on the right"),
        "behind": ("behind me",),
    }
)
REASONS = MappingProxyType(
    {
        "unknown_object": "there is no such thing here",
        "not_navigable": "I have not seen it from near enough",
        "not_in_view": "I cannot get hold of it from here",
        "too_far": "it is out of my reach",
        "unreachable": "there is no way to get near it",
        "blocked": "something is in the way",
        "failed": "it does not work like that",
    }
)
"""Feedback -> why something did not happen, in the agent's words."""

_WISHES = MappingProxyType(
    {
        "in_view": "find the {target}",
        "held": "pick up the {target}",
        "placed": "put the {target} {place}",
        "toggled_on": "switch the {target} on",
        "toggled_off": "switch the {target} off",
        "washed": "wash the {target}",
        "heated": "heat the {target} {place}",
        "cooked": "cook the {target} {place}",
        "cooled": "cool the {target} {place}",
        "brewed": "make coffee in the {target}",
    }
)
_RESULTS = MappingProxyType(
    {
        "in_view": "the {target} is here before me",
        "held": "the {target} is in my hand",
        "placed": "the {target} is {place}",
        "toggled_on": "the {target} is switched on",
        "toggled_off": "the {target} is switched off",
        "washed": "the {target} is washed",
        "heated": "the {target} is hot",
        "cooked": "the {target} is cooked",
        "cooled": "the {target} is cold",
        "brewed": "there is coffee in the {target}",
    }
)


def facts_of(turn: Turn) -> Facts:
    """All facts of a turn; some are drawn anew each time they are used."""
    facts: dict[str, str | Callable[[np.random.Generator], str]] = {"room": turn.room.replace("_", " ")}
    for part in (_wanted(turn), _target(turn), _coming(turn), _past(turn), _around(turn)):
        facts.update(part)
    return facts


def placed(kind: str) -> str:
    """`on the shelf`, `in the fridge`."""
    return f"{'in' if inside(kind) else 'on'} the {plain(kind)}"


def _filled(texts: Mapping[str, str], goal: Goal) -> str:
    place = placed(goal.place_type) if goal.place_type else ""
    return texts[goal.kind].format(target=plain(goal.object_type), place=place)


def _wanted(turn: Turn) -> dict[str, str]:
    goal = turn.goal
    results = listed([_filled(_RESULTS, one) for one in turn.goals])
    facts = {
        "wish": _filled(_WISHES, goal),
        "whole_wish": ", then ".join(_filled(_WISHES, one) for one in turn.goals),
        "evidence": f"{results[0].upper()}{results[1:]}.",
        "target": plain(goal.object_type),
        "a_target": with_article(goal.object_type),
    }
    if goal.kind == "in_view":
        facts["sought"] = ""
    if goal.place_type:
        facts["goal_on"] = placed(goal.place_type)
    if turn.holding:
        facts["held"] = plain(turn.holding)
    elif goal.object_type not in turn.visible and turn.occasion not in _DONE:
        facts |= {"missing": facts["target"], "a_missing": facts["a_target"]}
        guessed = turn.action.target if turn.action.name in ("navigate to", "open") else None
        if guessed and guessed != goal.object_type and turn.occasion in _GUESSES:
            facts |= {"a_guess": with_article(guessed), "the_guess": f"the {plain(guessed)}"}
            if guessed in turn.tried and turn.action.name == "navigate to":
                facts["the_guess"] = f"another {plain(guessed)}"
    return facts


def _target(turn: Turn) -> Facts:
    found = _nearest(turn, turn.goal.object_type)
    return {} if found is None else _placed_sight("target", turn, *found)


def _coming(turn: Turn) -> Facts:
    """What the coming action is about."""
    kind = turn.action.target
    if kind is None:
        return {}
    facts: dict[str, str | Callable[[np.random.Generator], str]] = {"to": plain(kind), "into": placed(kind)}
    facts["the_to"] = _one_more(turn, kind)
    found = _nearest(turn, kind)
    if found is not None:
        facts |= _placed_sight("to", turn, *found)
        if turn.action.name == "toggle" and found[1].is_on is not None:
            facts["toggle_way"] = "off" if found[1].is_on else "on"
        under = _under(turn, found[1])
        if under and turn.action.name == "pickup":
            facts["to_on_it"] = f"from the {plain(under.object_type)}"
    return facts


def _placed_sight(name: str, turn: Turn, side: str, sight: Sighting) -> Facts:
    """Where a thing is that is seen: its side; what it lies on; and a rest, one of what else is so, or nothing."""
    facts: dict[str, str | Callable[[np.random.Generator], str]] = {}
    if side:
        facts[f"{name}_side"] = partial(_draw, _SIDES[side])
    rests = [""]
    under = _under(turn, sight)
    if under is not None:
        facts[f"{name}_on"] = placed(under.object_type)
        rests.append(f", {placed(under.object_type)}")
    if sight.distance_m <= REACH_M - 0.1:
        rests += [", within reach", ", close to me"]
    if sight.distance_m >= 2 * REACH_M:
        rests += [", some way off", ", across the room"]
    rests += [f", next to the {plain(other)}" for other in _neighbours(turn, sight)]
    facts[f"{name}_rest"] = partial(_draw, rests)
    return facts


def _past(turn: Turn) -> Facts:
    facts: dict[str, str] = {}
    if turn.failure:
        action, feedback = turn.failure
        if feedback in REASONS:
            facts |= {"fail": _as_wish(action, turn), "reason": REASONS[feedback]}
    if turn.tried:
        last = list(dict.fromkeys(reversed(turn.tried)))[:3]
        facts["tried"] = listed([_tried(plain(kind), turn.tried.count(kind)) for kind in reversed(last)])
    options = [kind for kind in turn.untried if kind != turn.action.target][:3]
    if options and not turn.holding and turn.occasion in _GUESSES:
        facts["options"] = listed([f"the {plain(kind)}" for kind in options])
    here = [sight for look in turn.looks for sight in look if sight.object_id == turn.here]
    if here:
        facts |= {"here": plain(here[0].object_type), "here_on": placed(here[0].object_type)}
        lying = [kind for kind in _on(turn, here[0]) if kind != turn.goal.object_type]
        if lying:
            facts["contents"] = listed([with_article(kind) for kind in lying[:_MOST_LISTED]])
    return facts


def _one_more(turn: Turn, kind: str) -> str | Callable[[np.random.Generator], str]:
    """How one calls a place that one goes to: the next one where others of its type were inspected."""
    if turn.holding or kind not in turn.tried:
        return f"the {plain(kind)}"
    return partial(_draw, (f"the next {plain(kind)}", f"another {plain(kind)}"))


def _tried(name: str, times: int) -> str:
    return f"the {name}" if times == 1 else f"{_COUNTS.get(times, 'several')} {plural(name)}"


def _as_wish(action: Action, turn: Turn) -> str:
    """An action as what one wanted to do."""
    thing = plain(action.target) if action.target else ""
    return {
        "navigate to": f"go to the {thing}",
        "pickup": f"pick up the {thing}",
        "put": f"put the {plain(turn.goal.object_type)} {placed(action.target or '')}",
        "open": f"open the {thing}",
        "close": f"close the {thing}",
        "toggle": f"switch the {thing}",
        "observe": "look around",
        "move forward": "walk forward",
        "end": "stop",
    }[action.name]


def _around(turn: Turn) -> Facts:
    """What is seen besides, drawn anew each time."""
    about = {turn.goal.object_type, turn.action.target}
    named = _types(sight for look in turn.looks for sight in look if not sight.held) or sorted(turn.visible)
    seen = [one for one in _sided(turn) if one[1].object_type not in about and one[1].object_id != turn.here]
    facts: dict[str, str | Callable[[np.random.Generator], str]] = {}
    if named:
        facts["any"] = with_article(named[turn.number % len(named)])
    if len(seen) > 1:
        facts["list"] = partial(_list, seen)
    if seen:
        order = sorted(seen, key=lambda one: one[1].object_id)
        lead = np.random.default_rng([turn.number, *turn.episode.encode()]).permutation(len(order))
        side, sight = order[int(lead[0])]
        facts |= {"one": with_article(sight.object_type), "one_side": partial(_draw, _SIDES[side])}
        pairs = [
            (sight.object_type, kind) for _, sight in order for kind in _neighbours(turn, sight) if kind not in about
        ]
        if pairs:
            thing, other = pairs[int(lead[0]) % len(pairs)]
            facts["near"] = f"the {plain(thing)} is next to the {plain(other)}"
    return facts


def _sided(turn: Turn) -> Iterator[tuple[str, Sighting]]:
    """One sight of each type that is worth a word and clearly at a side, the largest."""
    named: set[str] = set()
    for number, look in enumerate(turn.looks):
        for sight in look:
            side = _side(turn, number, sight)
            if side and not sight.held and sight.object_type not in UNNAMED | named:
                named.add(sight.object_type)
                yield side, sight


def _list(seen: Sequence[tuple[str, Sighting]], rng: np.random.Generator) -> str:
    """Two to four things with their sides, side by side: `a mug on my left, and a shelf and a pan ahead of me`."""
    count = min(len(seen), int(rng.integers(2, _MOST_LISTED + 1)))
    chosen = [seen[int(place)] for place in sorted(rng.permutation(len(seen))[:count])]
    groups: dict[str, list[str]] = {}
    for side, sight in chosen:
        groups.setdefault(side, []).append(with_article(sight.object_type))
    return listed([f"{listed(names)} {_draw(_SIDES[side], rng)}" for side, names in groups.items()])


def _draw(words: Sequence[str], rng: np.random.Generator) -> str:
    return words[int(rng.integers(len(words)))]


def _side(turn: Turn, number: int, sight: Sighting) -> str:
    """At which side of the agent a thing is seen; empty on the border between two."""
    if len(turn.looks) == 3:  # after `observe`: left, right, behind
        return ("left", "right", "behind")[number]
    if sight.across < _LEFT - _MARGIN:
        return "left"
    if sight.across > _RIGHT + _MARGIN:
        return "right"
    return "ahead" if _LEFT + _MARGIN < sight.across < _RIGHT - _MARGIN else ""


def _nearest(turn: Turn, kind: str) -> tuple[str, Sighting] | None:
    """The nearest thing of a type that is seen and not held, with its side."""
    found = [
        (sight.distance_m, -sight.pixels, sight.object_id, number, sight)
        for number, look in enumerate(turn.looks)
        for sight in look
        if sight.object_type == kind and not sight.held
    ]
    if not found:
        return None
    *_, number, sight = min(found, key=lambda one: one[:3])
    return _side(turn, number, sight), sight


def _look_of(turn: Turn, sight: Sighting) -> Look:
    return next(look for look in turn.looks if sight in look)


def _under(turn: Turn, sight: Sighting) -> Sighting | None:
    """What a thing is seen to lie in or on."""
    look = {other.object_id: other for other in _look_of(turn, sight) if other.object_type not in UNNAMED}
    return next((look[name] for name in reversed(sight.inside) if name in look), None)


def _on(turn: Turn, place: Sighting) -> list[str]:
    """Types of what is seen to lie in or on a place."""
    look = _look_of(turn, place)
    return _types(one for one in look if one.portable and not one.held and place.object_id in one.inside)


def _neighbours(turn: Turn, sight: Sighting) -> list[str]:
    """Types of what is seen close to a thing, on the same piece of furniture."""
    carriers = {name for name in sight.inside if not name.startswith("Floor|")}
    if not carriers or sight.held:
        return []
    return _types(
        other
        for other in _look_of(turn, sight)
        if other.object_type != sight.object_type
        and not other.held
        and carriers.intersection(other.inside)
        and abs(other.across - sight.across) < _NEAR_SHARE
        and abs(other.distance_m - sight.distance_m) < _NEAR_M
    )


def _types(sights: Iterable[Sighting]) -> list[str]:
    return [kind for kind in dict.fromkeys(sight.object_type for sight in sights) if kind not in UNNAMED]
