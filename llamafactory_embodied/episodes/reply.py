"""From a model's text to an action, and from thoughts and an action to a reply."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..world.action import ACTION_NAMES, TARGETED, UNTARGETED, Action
from .naming import resolve

THOUGHT_TAGS = ("Observation", "Thinking", "Planning", "Reflection", "Verification")
"""Situation analysis, spatial reasoning, planning, self-reflection, double verification: the paper's five kinds."""

_DECISION = re.compile(r"<\s*DecisionMaking\s*>(.*?)(?:<\s*/\s*DecisionMaking\s*>|$)", re.IGNORECASE | re.DOTALL)
_REFERENCE_DECISION = re.compile(r"<DecisionMaking>(.*?)</DecisionMaking>")
_SPELLINGS = {"pick up": "pickup", "put in": "put", "put on": "put", "go to": "navigate to"}


@dataclass(frozen=True)
class Thought:
    """One tagged thought.

    Attributes:
        tag: one of `THOUGHT_TAGS`.
        text: first person, plain.
    """

    tag: str
    text: str


def write_reply(thoughts: Sequence[Thought], action: Action) -> str:
    """Thoughts and decision in the tags that replies are parsed by."""
    return f"{write_thoughts(thoughts)}<DecisionMaking>{action}</DecisionMaking>"


def write_thoughts(thoughts: Sequence[Thought]) -> str:
    """Thoughts in their tags."""
    return "".join(f"<{thought.tag}>{thought.text}</{thought.tag}>" for thought in thoughts)


def holds_decision(text: str) -> bool:
    """Whether a text has a decision in tags; one that has none may be a bare action."""
    return _DECISION.search(text) is not None


class Decision(NamedTuple):
    """What a reply decides on.

    Attributes:
        action: None when there is no decision or no known action; its target may be a name that does not exist.
        resolved: how the target's name was matched to a type, see `naming.py`; None when it was not.
    """

    action: Action | None
    resolved: str | None = None


def parse_reply(reply: str, types: Iterable[str]) -> Decision:
    """The action that a reply decides on.

    Case, spaces, line breaks, final punctuation and `pick up` are forgiven; the first decision counts.

    Args:
        reply: the model's text.
        types: objectTypes that a name may mean.
    """
    match = _DECISION.search(reply)
    if match is None:
        return Decision(None)
    words = " ".join(match[1].split()).strip(" .!'\"`").lower()
    for spelling, name in _SPELLINGS.items():
        if words == spelling or words.startswith(f"{spelling} "):
            words = name + words[len(spelling) :]
    for name in ACTION_NAMES:
        if name in TARGETED and words.startswith(f"{name} "):
            target, way = resolve(words[len(name) + 1 :], types)
            return Decision(Action(name, target), way)
        if name not in TARGETED and words == name:
            return Decision(Action(name))
    return Decision(None)


def parse_as_reference(reply: str, types: Iterable[str]) -> Decision:
    """The action that the reference evaluator reads: to the letter, but for what follows the action's name.

    The decision is on one line and begins with the action; the target is the last word, if it is exactly a type. The
    reference gives any other word to a sentence encoder, which takes the likest type; here it means nothing.

    Args:
        reply: the model's text.
        types: objectTypes that there are.
    """
    match = _REFERENCE_DECISION.search(reply)
    text = match[1] if match else ""
    name = "put" if "put in" in text else next((name for name in ACTION_NAMES if text.startswith(name)), None)
    if name is None or name in UNTARGETED:
        return Decision(Action(name) if name else None)
    target = text.split(" ")[-1]
    return Decision(Action(name, target), "exact" if target in types else None)


PARSERS = {"unaided": parse_reply, "reference": parse_as_reference}
"""How replies are read under each set of rules."""
