"""The verbs by which one says what one is about to do, and what follows them, as patterns over marked texts.

-ing forms are marked by `~`: "opening <0>" is read as "~open <0>".
"""

import re
from collections.abc import Mapping, Sequence

from .named import words

_ADD = words(
    "open go walk head return cross approach pick fetch lift collect lay turn switch start press push pull look "
    "survey carry bring try check inspect search visit"
)
_TWICE = words("step grab drop put set get scan flip shut")
_CUT = words("close move make take place leave toggle slide observe navigate examine use")
_ING = {
    **{f"{verb}ing": verb for verb in sorted(_ADD)},
    **{f"{verb}{verb[-1]}ing": verb for verb in sorted(_TWICE)},
    **{f"{verb[:-1]}ing": verb for verb in sorted(_CUT)},
}
_ING_FORM = re.compile(r"\b(?:" + "|".join(sorted(_ING)) + r")\b")

_NO_FILLER = sorted(
    words("and or to in on into onto for with from at up if so but of is are was not by then there here i")
)
_BASE = "(?:" + "|".join(sorted({*_ING.values()})) + ")"
_NO_FILLER += sorted({*_ING.values()} - {"open", "close", "step", "start", "set", "place", "turn"})
_FILLER = rf"(?:(?!(?:{'|'.join(_NO_FILLER)})\b)[a-z'-]+ ){{0,4}}?"
_PART = r"(?:(?:the|its|a) )?(?:\w+ )?(?:door|lid|tray|drawer|front|button|switch|handle)s? (?:of|on) "
_IT = r"(?:it|them|this one|that one|this|its (?:door|lid|button|switch|tray|handle)|there|here)\b(?! <)"
_OBJ = rf"(?:(?:{_PART})?{_FILLER}<(?P<obj>\d+)>|(?P<it>{_IT}))"
_THING = rf"(?:{_FILLER}<\d+>|it|them|this|everything)"
_WAY_DOWN = r"(?:(?:back|down|away|safely|neatly|right|up|here|there) )*"
_WAY = r"(?:(?:over|back|straight|across|right|closer|up|on|down|forward|ahead|along|out|off|directly|next|now) )*"

_Verb = tuple[str, str, str]
"""An action's name, the words that begin it, and what follows them."""

_PUT_INTO = rf"{_WAY_DOWN}(?:in|into|inside|on|onto|on top of|upon|to|within) {_OBJ}"
_VERBS: tuple[_Verb, ...] = (
    (
        "put",
        "put|place|set|lay|leave|drop|deposit|slide|stow|return|rest|stand|load|insert",
        rf"(?: down| back)? {_THING} {_PUT_INTO}",
    ),
    ("put", "put|set|lay|place", rf" (?:down (?P<down>{_THING})|(?P<lay>{_THING}) (?:down|in|inside|away))"),
    ("put", "put", r" <(?P<obj>\d+)>(?=[.!]|$)"),
    ("navigate to", "bring|carry|take|move", rf" {_THING} {_WAY}(?:to|towards?) {_OBJ}"),
    (
        "navigate to",
        "go|walk|head|move|step|cross|return|proceed|come|travel|navigate|continue|get|make my way|find my way|make|"
        "cross the room|set off|set out|am off|off|on|back",
        rf" {_WAY}(?:to|towards?|for) (?!(?:\w+ )?{_BASE}\b){_OBJ}",
    ),
    ("navigate to", "approach|visit", f" {_OBJ}"),
    ("navigate to", "go|walk|head|move|return", r" (?:back |over |right |straight )*(?P<it>there)\b"),
    (
        "toggle",
        "turn on|turn off|switch on|switch off|switch out|turn out|flip on|flip off|power on|power off|put out",
        f" {_OBJ}",
    ),
    ("toggle", "turn|switch|flip|power|set", rf" {_OBJ} (?:back )?(?:on|off|out|going|running)\b"),
    (
        "toggle",
        "start|toggle|press|push|flip|light|extinguish|blow out|use|operate",
        f" {_OBJ}(?! (?:shut|closed|open))",
    ),
    ("toggle", "press|push|flip|hit", r" (?P<it>(?:its|the|that) (?:button|switch|power button))\b"),
    ("open", "open|open up|pull open|swing open|slide open", f" {_OBJ}"),
    ("open", "pull|slide|swing", rf" {_OBJ} open\b"),
    ("close", "close|close up|shut|push shut|push closed|swing shut", f" {_OBJ}"),
    ("close", "push|slide|swing|pull", rf" {_OBJ} (?:shut|closed|to)\b"),
    (
        "pickup",
        "pick|pickup|take|grab|get|fetch|lift|collect|grasp|seize|retrieve|reach for|reach out for",
        rf"(?: up| out| hold of)? {_OBJ}",
    ),
    ("observe", "look|glance|turn|gaze|have a look|take a look", r"(?: all)? (?:around|about)\b"),
    ("observe", "take", r" (?:a|another|one) \w+ look (?:around|about)\b"),
    (
        "observe",
        "survey|scan|observe",
        r"(?: (?:the|my|this|all) (?:\w+ )?(?:room|area|surroundings|place|sides?)|\b(?! <| the))",
    ),
    (
        "observe",
        "look",
        r" (?:(?:at|over|across) (?:the|this) (?:whole|entire) room\b|"
        r"(?:to |in |left|at )(?:the |both |all |every |my )*(?:left|right|sides?|directions?|and right)\b)",
    ),
    (
        "move forward",
        "step|walk|move|go|advance|take",
        r"(?: (?:a|one|two|few|some|bit|little|steps?|small|couple|of|straight|further|farther|right|short|way))*"
        r" (?:forwards?|ahead)\b(?! (?:to|towards?|and|with|of)\b)",
    ),
    ("end", "end|stop|finish|conclude", r"(?: (?:here|now|the task|my task|this|it|the search))*(?=[.!,]|$)"),
)
_HINTS: tuple[_Verb, ...] = (
    ("navigate to", "try|check|inspect|search|examine", f" {_OBJ}"),
    ("navigate to", "look", rf" (?:in|into|inside|on|at|over|through|around|under) {_OBJ}"),
    ("navigate to", "my next|the next|next", rf" (?:is|stop is|stop|comes|up is|place is)[ :,]+{_OBJ}"),
    ("navigate to", "that leaves|remains|remain", rf"[ :,]+{_OBJ}"),
    ("navigate to", "the|a|an", r" <(?P<obj>\d+)> (?:comes|is|will be) (?:my )?next\b"),
)
DONE = re.compile(
    r"\b(?:i am|i'm|we are|all is|everything is|(?:my |the |this )?(?:task|job|work|search|it|that|this) is|that's|"
    r"now) (?:now |all |hereby |thus |therefore |already |fully )?(?:done|finished|completed?|accomplished)\b(?! ~)"
    r"|\bnothing (?:more |else |further )?(?:is |remains |that )?(?:left |remains )?(?:for me )?(?:to do|to be done)\b"
    r"|\bnothing (?:more |else )?(?:is left|remains)\b|\b(?:i'm|i am|am) done\b(?! ~)"
    r"|(?:^|(?<=[.!:;] ))(?:done|finished)\b|\beverything has been (?:done|completed)"
    r"|\b(?:task|mission) (?:complete|accomplished)"
)


Index = Mapping[str, Sequence[tuple[str, re.Pattern[str]]]]


def _index(verbs: Sequence[_Verb]) -> Index:
    """First word -> the actions that it may begin, and how they go on."""
    index: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for name, heads, rest in verbs:
        pattern = re.compile(rf"~?(?:{heads}){rest}")
        for word in dict.fromkeys(head.split()[0] for head in heads.split("|")):
            index.setdefault(word, []).append((name, pattern))
    return index


FIRM, LOOSE = _index(_VERBS), _index(_HINTS)
WORD = re.compile(r"(?<![\w'~-])~?([a-z]+)")


def with_gerunds_marked(text: str) -> str:
    """A text whose -ing forms are their verbs behind a `~`."""
    return _ING_FORM.sub(lambda match: "~" + _ING[match[0]], text)
