"""From a model's text to an action, and from thoughts and an action to a reply."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..world.action import ACTION_NAMES, TARGETED, Action

THOUGHT_TAGS = ("Observation", "Thinking", "Planning", "Reflection", "Verification")
"""Situation analysis, spatial reasoning, planning, self-reflection, double verification: the paper's five kinds."""

_DECISION = re.compile(r"<\s*DecisionMaking\s*>(.*?)(?:<\s*/\s*DecisionMaking\s*>|$)", re.IGNORECASE | re.DOTALL)
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


def parse_reply(reply: str, types: Iterable[str]) -> Action | None:
    """The action that a reply decides on.

    Case, spaces, line breaks, final punctuation and `pick up` are forgiven; the first decision counts.

    Args:
        reply: the model's text.
        types: objectTypes by which a name is recognised whatever its case and spaces.

    Returns:
        The action, whose target may be a name that does not exist; None when there is no decision or no known action.
    """
    match = _DECISION.search(reply)
    if match is None:
        return None
    words = " ".join(match[1].split()).strip(" .!'\"`").lower()
    for spelling, name in _SPELLINGS.items():
        if words == spelling or words.startswith(f"{spelling} "):
            words = name + words[len(spelling) :]
    for name in ACTION_NAMES:
        if name in TARGETED and words.startswith(f"{name} "):
            return Action(name, _resolve(words[len(name) + 1 :], types))
        if name not in TARGETED and words == name:
            return Action(name)
    return None


def _resolve(name: str, types: Iterable[str]) -> str:
    name = re.sub(r"^(the|a|an) ", "", name)
    squeezed = name.replace(" ", "")
    return next((kind for kind in types if kind.lower() == squeezed), name)
