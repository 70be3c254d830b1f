"""The coming action as thoughts state it, recovered from their words alone.

The last stated intention counts. What is negated, past, conditional, a purpose ("to find the apple") or only follows
later ("and then I close it") is none. A pronoun stands for what was named last of the kind that the verb takes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ..episodes.reply import Thought
from ..world.action import Action
from ..world.figures import recorded_kinds
from .named import Marked, Types, marked
from .verbs import DONE, FIRM, LOOSE, WORD, Index, with_gerunds_marked


@dataclass(frozen=True)
class Intention:
    """A stated action.

    Attributes:
        name: one of `world.action.ACTION_NAMES`.
        targets: the types that its target may be, the likeliest first; empty where it has none.
        firm: whether it is said outright; "I check the drawer" may be a way there or an opening.
    """

    name: str
    targets: Types = ()
    firm: bool = True

    def is_of(self, action: Action) -> bool:
        """Whether it states an action."""
        return self.name == action.name and (action.target is None or action.target in self.targets)

    @property
    def action(self) -> Action:
        """The likeliest action."""
        return Action(self.name, self.targets[0] if self.targets else None)


def intention(text: str) -> Action | None:
    """The action that a text says is coming; None where it says none."""
    found = intended(text)
    return found.action if found else None


def intended_by(thoughts: Sequence[Thought]) -> Intention | None:
    """What the last thought that states an intention intends; what is said outright goes before the rest."""
    found = [one for thought in thoughts if (one := intended(thought.text)) is not None]
    return next((one for one in reversed(found) if one.firm), found[-1] if found else None)


# ---------------------------------------------------------------- what is an intention

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_BREAK = re.compile(r"[,;:—–]| - |\bso\b(?! that)|\bbut\b|\band\b|\btherefore\b|\bthus\b|\bhence\b")
_ADVERBS = re.compile(
    r"(?:\b(?:now|just|first|simply|quickly|carefully|gently|also|still|only|again|next|then|finally|immediately|"
    r"directly|straight|best|therefore|thus|once|more|at|here|back|slowly|calmly|right|away|this|time|instead|"
    r"will|shall|must|should|can|do|as well)\s*)+$"
)
_SUBJECT = re.compile(
    r"(?:^|\b)(?:i|i'll|we|we'll|let me|let's|let us|(?:i|we)(?:'d| had) better|(?:i|we) (?:may|might) as well|me)$"
)
_HEAD = re.compile(
    r"(?:~go|~try|~start|\b(?:need|want|have|try|start|begin|decide|plan|ready|time|is|best|wise|like|intend|ought|"
    r"remains|left|prefer|choose|chance|sense|idea|move|sensible|enough|able|free|step|thing|turn|got|about|has))"
    r"(?: (?:now|first|next|only))* to$"
)
_DOING = re.compile(r"(?:\b(?:i am|i'm|we are|we're|by|start|begin|try|is|with)|^)$")
_OTHER_CLAUSE = re.compile(
    r"\b(?:because|since|so that|in order|while|before|after|without|instead of|rather than|where|which|who|whether|"
    r"though|although|until|till|for fear|that i)\b"
)
_NOT = re.compile(r"\b(?:not|never|cannot|no need|no longer|avoid|nothing to|no point|unable|fail(?:ed)?)\b|n't\b")
_LATER = re.compile(
    r"\b(?:if|unless|otherwise|once (?!more)|when|as soon as|afterwards?|after that|later|eventually)\b"
)
_PAST = re.compile(r"\b(?:[a-z]+ed|went|was|were|had|took|saw|have|has|already|earlier)\b")
_ASKED = re.compile(r"\b(?:task|job|goal|mission|asked|told|aim|instruction|order|am to|wanted|hope)\b")
_TAKES = {"open": "openable", "close": "openable", "toggle": "toggleable", "pickup": "pickupable", "put": "receptacle"}


@dataclass
class _Statement:
    start: int
    end: int
    intention: Intention


@lru_cache(maxsize=200_000)
def intended(text: str) -> Intention | None:
    """What a text says is coming, with every type that its target may be; None where it says none."""
    read = marked(text)
    plain = with_gerunds_marked(read.text)
    return _last(read, plain, FIRM, firm=True) or _last(read, plain, LOOSE, firm=False)


def _last(read: Marked, text: str, verbs: Index, firm: bool) -> Intention | None:
    last: Intention | None = None
    for sentence in _SENTENCE.finditer(text):
        if sentence[0].endswith("?"):
            continue
        found = _stated(read, text, sentence.start(), sentence.end(), verbs, firm)
        for one in found:
            if last is None or not re.match(r"\s*(?:and )?then\b", text[sentence.start() : one.start]):
                last = one.intention
    return last


def _stated(read: Marked, text: str, start: int, end: int, verbs: Index, firm: bool) -> list[_Statement]:
    """What a sentence states, without what only follows in a chain."""
    kept: list[_Statement] = []
    rejected = start
    for one in _candidates(read, text, start, end, verbs, firm):
        if kept and one.start < kept[-1].end:
            continue
        lead = text[start : one.start]
        cut = max((match.end() for match in _BREAK.finditer(lead)), default=0)
        joint = lead[:cut].rstrip()
        if not _is_meant(lead, lead[cut:], text[one.start] == "~", one.intention.name == "end", rejected > start):
            rejected = one.start
            continue
        if kept and _follows(text[kept[-1].end : one.start], joint, lead[cut:], kept[-1].intention):
            continue
        kept.append(one)
    return kept


def _candidates(read: Marked, text: str, start: int, end: int, verbs: Index, firm: bool) -> list[_Statement]:
    found = []
    for word in WORD.finditer(text, start, end):
        for name, pattern in verbs.get(word[1], ()):
            match = pattern.match(text, word.start(), end)
            if match:
                target = _target(name, match, read, text)
                found.append(_Statement(match.start(), match.end(), Intention(name, target, firm)))
    if firm:
        found += [
            _Statement(match.start(), match.end(), Intention("end")) for match in DONE.finditer(text, start, end)
        ]
    complete = [
        one for one in found if one.intention.targets or one.intention.name in ("observe", "move forward", "end")
    ]
    return sorted(complete, key=lambda one: one.start)


def _target(name: str, match: re.Match[str], read: Marked, text: str) -> Types:
    groups = match.groupdict()
    number = groups.get("obj")
    if number is not None:
        return read.names[int(number)]
    if not any(groups.get(key) for key in ("it", "down", "lay")):
        return ()
    before = [read.names[int(one)] for one in re.findall(r"<(\d+)>", text[: match.start()])]
    flag = _TAKES.get(name, "receptacle")
    fitting = [kinds for kinds in before if any(flag in _flags(kind) for kind in kinds)]
    if name in ("put", "navigate to"):
        fitting = [kinds for kinds in fitting if not any("pickupable" in _flags(kind) for kind in kinds)] or fitting
    return (fitting or before or [()])[-1]


def _flags(kind: str) -> frozenset[str]:
    known = recorded_kinds().get(kind)
    return known.flags if known else frozenset()


def _is_meant(lead: str, clause: str, doing: bool, ended: bool, spoilt: bool) -> bool:
    """Whether a verb after these words is what its speaker is about to do.

    Args:
        lead: the sentence up to the verb.
        clause: the words of its own clause up to it.
        doing: whether the verb is an -ing form.
        ended: whether it says that all is done.
        spoilt: whether an earlier verb of the sentence is not meant.
    """
    if (
        _LATER.search(lead[max(map(lead.rfind, (";", " but ", "—"))) + 1 :])
        or _NOT.search(clause)
        or _OTHER_CLAUSE.search(clause)
    ):
        return False
    if ended and not clause.strip():
        return True
    bare = clause.strip()
    while (shorter := _ADVERBS.sub("", bare).strip()) != bare:
        bare = shorter
    if bare == "to" or bare.endswith(" to"):
        return _HEAD.search(bare) is not None and not _ASKED.search(clause)
    if doing:
        return _DOING.search(bare) is not None
    if not bare:
        chained = lead.rstrip().endswith(" and")
        return not (chained and (spoilt or _PAST.search(lead)))
    return _SUBJECT.search(bare) is not None or (ended and not _PAST.search(clause))


def _follows(between: str, joint: str, clause: str, before: Intention) -> bool:
    """Whether a verb only continues what its sentence has begun: "I take the mug and put it down"."""
    if before.name == "end":
        return False
    if re.search(r"\b(?:then|afterwards?)\b", between):
        return True
    return joint.endswith("and") and not clause.strip() and before.name != "observe"
