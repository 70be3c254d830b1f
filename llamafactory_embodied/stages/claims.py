"""What a text says about where things are and in which state, as data that frames or a simulator can judge.

Only what is stated as present fact is judged: "the mug is on the counter", "on my left there is a fridge", "the closed
drawer". What is past, supposed, wished, asked or about to be done is no such claim; what is past is marked.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from ..world.legality import REACH_M
from ..world.sight import Sighting
from .named import Marked, Types, marked, words

RELATIONS = (
    *("left", "right", "middle", "front", "here", "behind", "left of", "right of"),
    *("in", "near", "hand", "reach", "far", "open", "closed", "on", "off"),
)
NEAR_M = 1.0
"""Horizontal distance between the boxes of things that are near each other."""
_MIDDLE, _FRONT = (0.25, 0.75), (0.2, 0.8)  # of the frame's width
_SLACK_M = 0.75  # what two sightings of one frame cannot tell of the distance between their boxes


@dataclass(frozen=True)
class Claim:
    """One statement.

    Attributes:
        subject: the types that its subject may be.
        relation: one of `RELATIONS`; `in` is also on a surface, `on` is switched on.
        object: the types that its object may be; empty where the relation has none.
        holds: whether the relation is said to hold, or not to.
        past: whether it is said of a time before; then nothing can be judged by the newest frames.
    """

    subject: Types
    relation: str
    object: Types = ()
    holds: bool = True
    past: bool = False

    def __str__(self) -> str:
        words = [self.subject[0], "" if self.holds else "not", self.relation, *self.object[:1]]
        return " ".join(word for word in words if word)


# ---------------------------------------------------------------- reading

_ARTICLE = "(?:the|a|an|this|that|my|some|another|its|one|two|three|several|both|more)"
_NP = rf"(?:{_ARTICLE} (?:(?!not\b|no\b)[a-z-]+ ){{0,2}})?<\d+>"
_LIST = rf"{_NP}(?:,? (?:and )?{_NP}|, {_NP})*"
_SIDE = (
    r"(?: (?:hand )?(?:side|edge|end|part|half))?(?: of (?:me|(?:the|my) (?:view|frame|picture|image|room|sight)))?"
)
_PLACES: Mapping[str, str] = MappingProxyType(
    {
        "left of": rf"(?:to |on )?(?:the |just )?left of {_NP}",
        "right of": rf"(?:to |on )(?:the |just )?right of {_NP}",
        "left": rf"(?:on|to|at|towards?|off to) (?:the|my) (?:far |very )?left{_SIDE}(?! of)",
        "right": rf"(?:on|to|at|towards?|off to) (?:the|my) (?:far |very )?right{_SIDE}(?! of)",
        "middle": rf"in the (?:middle|cent(?:re|er)){_SIDE}|(?:straight|dead|directly|right) ahead(?: of me)?",
        "front": r"(?:right |directly |just |straight )?(?:in front of|ahead of) me|ahead(?! of)",
        "here": r"(?:right |directly |just |here )*before me",
        "behind": r"(?:right |directly |just )?behind me|at my back",
        "near": rf"(?:right |just |close )?(?:beside|next to|near|close to|by|alongside) {_NP}",
        "hand": r"in (?:my|the) hands?",
        "reach": r"(?:well |easily )?within (?:my |arm's |easy )?reach|(?:close )?at hand",
        "far": r"(?:still )?(?:out of (?:my )?reach|(?:too |rather |quite |still )*far (?:away|off)|further away|"
        r"over there|across the room|in the distance|at the (?:far|other) end of the room)",
        "in": rf"(?:right |still |up |here |there )?(?:on top of|inside of|inside|in|on|within|atop) {_NP}",
    }
)
_STATES: Mapping[str, str] = MappingProxyType(
    {
        "open": r"(?:wide |already |standing )?open(?:ed)?(?! <)",
        "closed": r"(?:shut|closed)(?! <)",
        "on": r"(?:switched |turned |already )?on(?= *(?:$|[.,;:!]| now\b| and\b| already\b))|running|lit",
        "off": r"(?:switched |turned |already )?off(?= *(?:$|[.,;:!]| now\b| and\b| already\b))",
    }
)


def _any(parts: Mapping[str, str]) -> str:
    return "|".join(f"(?:{part})" for part in parts.values())


_PLACE, _STATE = _any(_PLACES), _any(_STATES)
_ADVERB = r"(?: (?:now|still|also|just|clearly|right|here|there|already|again|indeed|both|all|really))*"
_IS = r"(?:is|are|'s|stands?|lies?|sits?|rests?|hangs?|stays?|remains?)"
_OF_ONE = words("is 's stands lies sits rests hangs stays remains was")
_WAS = r"(?:was|were|stood|lay|sat|rested|hung)"
_SEE = (
    r"(?:i (?:can |now |also |still |clearly |do )*(?:see|notice|spot|find|make out|recogni[sz]e|have)|"
    r"there(?: is| are|'s)|here(?: is| are|'s)|(?:my|the) (?:view|frame|picture|image) shows|in view:)"
)
_SAW = r"(?:i (?:\w+ )?(?:saw|noticed|spotted|found|had seen)|there (?:was|were))"

_STATED = re.compile(
    rf"(?P<subjects>{_LIST}|\bit|\bthey) ?(?:(?P<is>{_IS})|(?P<was>{_WAS}))(?P<no> not|n't)?{_ADVERB} "
    rf"(?P<place>{_PLACE}|{_STATE})(?:,? (?:and|but) (?P<second>{_PLACE}|{_STATE}))?"
)
_PLACED_FIRST = re.compile(
    rf"(?:^|[.;:!] |, (?:and |while |but )?|\band |\bbut )(?P<place>{_PLACE}),? "
    rf"(?:{_SEE}|{_IS}|(?P<was>{_SAW}|{_WAS}))(?P<no> no)? (?P<subjects>{_LIST})(?! (?:{_IS}|{_WAS})\b)"
)
_SEEN_AT = re.compile(rf"(?P<subjects>{_LIST}) (?P<place>{_PLACE})")
_CONTAINS = re.compile(rf"(?P<place>{_NP}) (?:holds|contains|has) (?P<subjects>{_LIST})")
_STATE_BEFORE = re.compile(r"\b(?:the|a|an|this|that|its) (?P<place>open|closed|shut) (?P<subjects><\d+>)")

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_CLAUSE_END = re.compile(r"[,;:—]|\bbut\b|\bso\b|\bbecause\b|\band (?=i\b|the\b|there\b|it\b)")
_SUPPOSED = re.compile(
    r"\b(?:may|might|could|perhaps|maybe|probably|likely|usually|often|normally|should|would|must|if|whether|suppose|"
    r"expect|guess|hope|think|believe|unless|until|till|want|wish|once|when|where|wherever|before|sure|unlikely|no|"
    r"neither|nor|wonder|whatever|any|look for|possibly|can be|in case|who|which|asked|told|task|that|not)\b|n't\b"
)
_LOOKS = re.compile(_SEE)
_OWNER = re.compile(r"(?P<owner><\d+>)?[ ,]*\b(?:on|in|of|at|by|near|to|with|from|beside|behind|inside|under|atop) $")
_DOES = re.compile(
    r"\b(?:put|place|set|lay|leave|drop|take|bring|carry|pick|grab|get|fetch|look|move|go|walk|search|turn|switch)\b"
)
_PAST = re.compile(
    r"\b(?:was|were|saw|noticed|spotted|had|earlier|remember|recall|stood|found|did|looked|passed)\b|[a-z]ed\b"
)


@lru_cache(maxsize=200_000)
def claims(text: str) -> tuple[Claim, ...]:
    """The statements that a text makes on places and states, in order."""
    read = marked(text)
    found: list[Claim] = []
    before: Types = ()
    for sentence in _SENTENCE.finditer(read.text):
        if read.names and not sentence[0].endswith("?"):
            found += _of_sentence(sentence[0].strip(), read, before)
        before = tuple(kind for number in _marks(sentence[0]) for kind in read.names[number])
    return tuple(dict.fromkeys(found))


def _of_sentence(sentence: str, read: Marked, before: Types) -> list[Claim]:
    found: list[Claim] = []
    taken: list[tuple[int, int]] = []
    for pattern in (_PLACED_FIRST, _STATED, _CONTAINS):
        for match in pattern.finditer(sentence):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                taken.append(match.span())
                if not _SUPPOSED.search(_clause(sentence, match.start())):
                    found += _claims_of(match, read, before)
    for match in _SEEN_AT.finditer(sentence):
        if not any(start < match.end() and match.start() < end for start, end in taken):
            found += _seen_at(sentence, match, read)
    for match in _STATE_BEFORE.finditer(sentence):
        past = _PAST.search(_clause(sentence, match.start())) is not None
        if not _SUPPOSED.search(_clause(sentence, match.start())):
            found += _made(match["subjects"], match["place"], read, past=past)
    return found


def _claims_of(match: re.Match[str], read: Marked, before: Types) -> list[Claim]:
    parts = match.groupdict()
    past = bool(parts.get("was"))
    said = {"holds": not parts.get("no"), "past": past}
    subjects = match["subjects"]
    if match.re is _STATED and (parts.get("is") or parts["was"]) in _OF_ONE:
        subjects = subjects[subjects.rfind("<") :]  # "in the sink, and the mug is here"
        owner = _OWNER.search(match.string, 0, match.start())
        subjects = owner["owner"] or "" if owner else subjects  # "the lamp on the table is off"
        if not subjects and owner:
            return []
    if match.re is _CONTAINS:
        return _made(match["subjects"], f"in {match['place']}", read)
    found = _made(subjects, match["place"], read, before, **said)
    return found + (_made(subjects, parts["second"], read, before, past=past) if parts.get("second") else [])


def _seen_at(sentence: str, match: re.Match[str], read: Marked) -> list[Claim]:
    """Something with its place behind it: "I see a mug on the counter", "the fridge on my left"."""
    relation = _relation(match["place"])
    clause = sentence[: match.start()]
    seen = max((look.end() for look in _LOOKS.finditer(clause)), default=None)
    if relation in ("in", "near", "hand", "behind") and (seen is None or _DOES.search(clause[seen:])):
        return []
    if _SUPPOSED.search(_clause(sentence, match.start())):
        return []
    subjects = match["subjects"]
    if relation in ("in", "near", "hand"):
        subjects = subjects[subjects.rfind("<") :]  # of a list, only the last is surely there
    return _made(subjects, match["place"], read, past=seen is None and _PAST.search(clause) is not None)


def _clause(sentence: str, at: int) -> str:
    """The words of a clause before a place in it."""
    cut = max((match.end() for match in _CLAUSE_END.finditer(sentence, 0, at)), default=0)
    return sentence[cut:at]


def _made(
    subjects: str, place: str, read: Marked, before: Types = (), holds: bool = True, past: bool = False
) -> list[Claim]:
    relation = _relation(place)
    others = [read.names[number] for number in _marks(place)]
    things = [read.names[number] for number in _marks(subjects)] or ([before] if before else [])
    return [Claim(thing, relation, others[-1] if others else (), holds, past) for thing in things]


def _relation(place: str) -> str:
    return next(name for name, pattern in _WHOLE if pattern.fullmatch(place))


_WHOLE = tuple((name, re.compile(part)) for name, part in {**_PLACES, **_STATES, "closed": "shut|closed"}.items())


def _marks(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"<(\d+)>", text)]


# ---------------------------------------------------------------- judging

Looks = Sequence[Sequence[Sighting]]


def is_shown(claim: Claim, looks: Looks) -> bool | None:
    """Whether the newest frames bear a claim out; None where they do not show what it is about.

    Args:
        claim: a present one.
        looks: what the newest frames show: ahead, or left, right and behind.
    """
    things = [
        (number, sight) for number, look in enumerate(looks) for sight in look if sight.object_type in claim.subject
    ]
    if not things:
        return None
    if claim.relation in ("near", "left of", "right of"):
        return _compare(claim, things, looks)
    if claim.relation == "in":
        return any(kind in claim.object for _, sight in things for kind in _carriers(sight, looks)) == claim.holds
    if len(looks) > 1 and claim.relation in _TURNED:
        return any(number == _TURNED[claim.relation] for number, _ in things) == claim.holds
    judge = _JUDGES[claim.relation]
    return any(judge(sight) for _, sight in things) == claim.holds


_TURNED = {
    "left": 0,
    "right": 1,
    "behind": 2,
    "front": 3,
    "middle": 3,
    "here": 3,
}  # after `observe` no frame shows what is ahead
_JUDGES: Mapping[str, Callable[[Sighting], bool]] = MappingProxyType(
    {
        "left": lambda sight: sight.across < 0.5,
        "right": lambda sight: sight.across > 0.5,
        "middle": lambda sight: _MIDDLE[0] <= sight.across <= _MIDDLE[1],
        "front": lambda sight: _FRONT[0] <= sight.across <= _FRONT[1],
        "here": lambda sight: True,
        "behind": lambda sight: False,
        "hand": lambda sight: sight.held,
        "reach": lambda sight: sight.distance_m <= REACH_M or sight.held,
        "far": lambda sight: sight.distance_m > REACH_M,
        "open": lambda sight: sight.is_open is True,
        "closed": lambda sight: sight.is_open is False,
        "on": lambda sight: sight.is_on is True,
        "off": lambda sight: sight.is_on is False,
    }
)


def _carriers(sight: Sighting, looks: Looks) -> list[str]:
    """Types of what an object lies in or on; those that no frame shows by their objectId."""
    shown = {one.object_id: one.object_type for look in looks for one in look}
    return [shown.get(name) or _type_of(name) for name in sight.inside]


def _type_of(object_id: str) -> str:
    first, *_, last = object_id.split("|")
    return last if last.isalpha() else first


def _compare(claim: Claim, things: Sequence[tuple[int, Sighting]], looks: Looks) -> bool | None:
    others = [
        (number, sight) for number, look in enumerate(looks) for sight in look if sight.object_type in claim.object
    ]
    pairs = [(one, other) for here, one in things for there, other in others if here == there and one is not other]
    if not others:
        return None
    if claim.relation == "near":
        return any(_may_be_near(one, other) for one, other in pairs) == claim.holds
    side = 1 if claim.relation == "left of" else -1
    return any(side * one.across < side * other.across for one, other in pairs) == claim.holds


def _may_be_near(one: Sighting, other: Sighting) -> bool:
    """Whether two things of one frame can be near each other, as far as a frame tells."""
    if other.object_id in one.inside or one.object_id in other.inside or set(one.inside) & set(other.inside):
        return True
    aside = 2 * abs(one.across - other.across) * min(one.distance_m, other.distance_m)
    return max(aside, abs(one.distance_m - other.distance_m)) <= NEAR_M + _SLACK_M
