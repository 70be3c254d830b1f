"""Rules on what the turns say: control tokens, and the tags of thoughts and decisions."""

import difflib
import re
from collections.abc import Iterator
from functools import lru_cache

from ..episodes.reply import THOUGHT_TAGS, parse_reply

DECISION = "DecisionMaking"
TAGS = (*THOUGHT_TAGS, DECISION)
# Those that chat templates of the Qwen-VL models write themselves; training refuses them in text.
CONTROL_TOKEN = re.compile(r"<\|(?:im_start|im_end|endoftext|vision_start|vision_end|image_pad|video_pad)\|>")
# What JSON may escape and UTF-8 cannot say: no Arrow file holds it.
HALF_CHARACTER = re.compile("[\ud800-\udfff]")

_TAG = re.compile(r"<(/?)\s*([A-Za-z]+)\s*>")
_BY_LOWER = {tag.lower(): tag for tag in TAGS}


def has_tags(text: str) -> bool:
    """Tells whether a text has any of the tags, however misspelt."""
    return any(_known(match[2]) for match in _TAG.finditer(text))


def tag_problems(text: str) -> Iterator[str]:
    """Yields what is wrong with a text's tags: unclosed, unopened, nested or misspelt ones."""
    opened = ""
    for match in _TAG.finditer(text):
        tag = _known(match[2])
        if not tag:
            continue
        if match[0] not in (f"<{tag}>", f"</{tag}>"):
            yield f"{match[0]} is not spelt {'</' if match[1] else '<'}{tag}>"
        if not match[1] and opened:
            yield f"<{tag}> begins inside <{opened}>"
        if match[1] and opened != tag:
            yield f"</{tag}> closes what is not open"
        opened = "" if match[1] else tag
    if opened:
        yield f"<{opened}> is never closed"


def decision_problems(text: str) -> Iterator[str]:
    """Yields what is wrong with the decision of an answer whose sample uses tags."""
    count = sum(1 for match in _TAG.finditer(text) if not match[1] and _known(match[2]) == DECISION)
    if count != 1:
        yield "has no decision" if count == 0 else f"decides {count} times"
    elif parse_reply(text, ()).action is None:
        yield "decides on what is none of the nine actions"
    elif not re.search(r"</\s*DecisionMaking\s*>\s*$", text, re.IGNORECASE):
        yield "says more after its decision"


@lru_cache(maxsize=4096)
def _known(name: str) -> str:
    """The tag that a name stands for, empty for other tags such as <b>."""
    near = difflib.get_close_matches(name.lower(), _BY_LOWER, n=1, cutoff=0.8)
    return _BY_LOWER[near[0]] if near else ""
