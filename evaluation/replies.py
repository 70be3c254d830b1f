"""A model's reply as readable parts: thoughts under the paper's names, the action, and whatever else it wrote."""

import re
from dataclasses import dataclass

THOUGHT_NAMES = {
    "observation": "situation analysis",
    "thinking": "spatial reasoning",
    "planning": "task planning",
    "reflection": "self-reflection",
    "verification": "double verification",
    "decisionmaking": "action",
}
"""The reply's tags, in lower case, and what the paper calls them."""

_TAG = re.compile(r"<\s*(/?)\s*(" + "|".join(THOUGHT_NAMES) + r")\s*>", re.IGNORECASE)


@dataclass(frozen=True)
class ReplyPart:
    """`tag` in lower case, or "" for text outside every tag; `name` is what the page writes before `text`."""

    tag: str
    name: str
    text: str


def reply_parts(reply: str) -> list[ReplyPart]:
    """Split a reply at its tags; text of unclosed or stray tags is kept, nothing is lost but the tags."""
    parts: list[ReplyPart] = []
    tag, start = "", 0
    for match in _TAG.finditer(reply):
        _append(parts, tag, reply[start : match.start()])
        tag, start = ("" if match[1] else match[2].lower()), match.end()
    _append(parts, tag, reply[start:])
    return parts


def _append(parts: list[ReplyPart], tag: str, text: str) -> None:
    if text.strip():
        parts.append(ReplyPart(tag, THOUGHT_NAMES.get(tag, "outside the tags"), text.strip()))
