"""What every writer's thoughts must pass, whoever wrote them: form, names, grounding, claims, and the coming action.

They are judged by their words and by what is known at the turn alone. `problems` gives one sentence for each thing
that is wrong; its first word is the kind, one of `KINDS`.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..episodes.conversation import IMAGE
from ..episodes.reply import THOUGHT_TAGS, Thought, write_reply
from ..tasks.process import PROCESSES
from .claims import Claim, claims, is_shown
from .intention import intended_by
from .named import Types, marked
from .turn import Turn

KINDS = ("form", "length", "leak", "ungrounded", "claim", "contradiction", "unstated")
"""What can be wrong; `unstated`: the thoughts are sound but do not say what is done next."""

_TAG = re.compile(r"</?\s*[A-Za-z]+\s*/?>|<\||‹|[\ud800-\udfff]|" + re.escape(IMAGE))
_FAILURE = re.compile(
    r"\b(?:fail(?:ed|s|ure)?|(?:did|does|do|could|can|was|is|would|has|had)(?:n't| not)|cannot|can't|unable|in vain|"
    r"no (?:use|effect|success|luck|good|result|way|such)|impossible|refused?|mistaken?|wrong|error|blocked|"
    r"nothing (?:happened|came of it)|unsuccessful|illegal|not (?:allowed|possible|work\w*|go|happen\w*|in view)|"
    r"not within|out of (?:my )?reach|too far|in the way|to no avail)\b"
)


@dataclass(frozen=True)
class Limits:
    """How long thoughts may be.

    Attributes:
        words: of one thought, least and most.
        characters: of a whole reply, at most.
        thoughts: of one reply, at most.
    """

    words: tuple[int, int] = (2, 120)
    characters: int = 2000
    thoughts: int = 5


LIMITS = Limits()


def problems(turn: Turn, thoughts: Sequence[Thought], limits: Limits = LIMITS) -> list[str]:
    """What is wrong with the thoughts of one turn; empty when all is well.

    Args:
        turn: what is known before the reply, and the action that it decides on.
        thoughts: in order.
        limits: on their length.
    """
    found = [*_form(thoughts), *_length(turn, thoughts, limits)]
    for thought in thoughts:
        found += [*_leaks(turn, thought), *_ungrounded(turn, thought), *_false_claims(turn, thought)]
    return [*found, *_intention(turn, thoughts)]


def told(turn: Turn) -> frozenset[str]:
    """The types that may be named unseen: the task's, its goals', and those of actions, done and coming."""
    kinds = {kind for name in marked(turn.task).names for kind in name}
    for goal in turn.goals:
        kinds |= {kind for kind in (goal.object_type, goal.place_type, goal.destination_type) if kind}
        if goal.kind in PROCESSES:
            kinds.add(PROCESSES[goal.kind].switch)
    kinds |= {action.target for action, _ in turn.before if action.target}
    return frozenset(kinds | {turn.action.target or "", turn.holding or ""})


def _form(thoughts: Sequence[Thought]) -> Iterator[str]:
    if not thoughts:
        yield "form: there is no thought"
    for thought in thoughts:
        if thought.tag not in THOUGHT_TAGS:
            yield f"form: {thought.tag!r} is none of the tags {', '.join(THOUGHT_TAGS)}"
        if not thought.text.strip():
            yield f"form: the {thought.tag} is empty"
        for match in _TAG.finditer(thought.text):
            yield f"form: {match[0]!r} inside the {thought.tag}"


def _length(turn: Turn, thoughts: Sequence[Thought], limits: Limits) -> Iterator[str]:
    least, most = limits.words
    for thought in thoughts:
        count = len(thought.text.split())
        if thought.text.strip() and not least <= count <= most:
            yield f"length: {count} words in {_short(thought.text)}; {least} to {most} are allowed"
    size = len(write_reply(thoughts, turn.action))
    if size > limits.characters:
        yield f"length: the reply has {size} characters; {limits.characters} are allowed"
    if len(thoughts) > limits.thoughts:
        yield f"length: {len(thoughts)} thoughts; {limits.thoughts} are allowed"


def _leaks(turn: Turn, thought: Thought) -> Iterator[str]:
    read = marked(thought.text)
    if all(name[0] in turn.seen for name in read.names):
        return
    known = turn.seen | told(turn)
    for name, words in zip(read.names, read.words, strict=True):
        if known.isdisjoint(name):
            yield f"leak: {words!r} was in no frame so far, and the task does not name it"


def _ungrounded(turn: Turn, thought: Thought) -> Iterator[str]:
    if turn.number == 1 or not turn.visible or _any_of(marked(thought.text).names, turn.visible):
        return
    if turn.failure is None or _FAILURE.search(thought.text.lower()) is None:
        yield f"ungrounded: {_short(thought.text)} names nothing in view"


def _any_of(names: Iterable[Types], kinds: frozenset[str]) -> bool:
    return any(not kinds.isdisjoint(name) for name in names)


def _false_claims(turn: Turn, thought: Thought) -> Iterator[str]:
    for claim in claims(thought.text):
        if claim.past or _is_done(turn, claim):
            continue
        shown = is_shown(claim, turn.looks)
        if shown is not True and len(turn.looks) > 1 and is_shown(claim, (turn.ahead,)):
            continue  # one who has looked around still knows what is ahead
        if shown is None and claim.holds:
            yield f"claim: {str(claim)!r} is said of what the newest frames do not show"
        elif shown is False:
            yield f"claim: {str(claim)!r} is not what the newest frames show"


def _is_done(turn: Turn, claim: Claim) -> bool:
    """Whether one knows of something by one's own hand: what one carries, has put somewhere or has switched."""
    if claim.relation == "hand":
        return turn.holding in claim.subject and claim.holds
    if claim.relation in ("on", "off"):
        return any(action.name == "toggle" and action.target in claim.subject for action, _ in turn.before)
    put = {action.target for action, feedback in turn.before if action.name == "put" and feedback is None}
    goals = [goal for goal in turn.goals if goal.object_type in claim.subject and goal.place_type in claim.object]
    return claim.relation == "in" and claim.holds and any(goal.place_type in put for goal in goals)


def _intention(turn: Turn, thoughts: Sequence[Thought]) -> Iterator[str]:
    found = intended_by(thoughts)
    if found is None:
        yield f"unstated: no thought says that {turn.action} comes next"
    elif not found.is_of(turn.action):
        said = " or ".join(filter(None, (found.name, "/".join(found.targets))))
        if found.firm:
            yield (
                f"contradiction: the thoughts say {found.name} {'/'.join(found.targets)}".rstrip()
                + f", not {turn.action}"
            )
        else:
            yield f"unstated: the thoughts only hint at {said}, not at {turn.action}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
