"""What the lint can find: kinds with their severity and cure, findings with their place."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

Severity = Literal["error", "warning"]


class Kind(NamedTuple):
    """A kind of finding.

    Attributes:
        severity: "error": training stops there, or would learn from what is broken; "warning": worth a look.
        cure: What to do.
    """

    severity: Severity
    cure: str


KINDS: Mapping[str, Kind] = {
    "not-json": Kind("error", "remove the line, or run its writer again; it must be a JSON object of one line"),
    "format": Kind("error", "write it as data_info/README.md has it under `An example`"),
    "role": Kind("error", "use the roles system, user and assistant, or name yours under `tags` in dataset_info.json"),
    "order": Kind("error", "let user and assistant take turns, the user first, the assistant last; merge neighbours"),
    "loss": Kind("error", "write loss as true or false, true in at least one assistant turn"),
    "image-count": Kind("error", "write one <image> in a user turn for each path in images, in their order"),
    "image-missing": Kind("error", "copy the file to the data file's folder or to media_dir, or correct the path"),
    "image-outside": Kind("error", 'move it there, or set "allow_absolute_paths": true in the dataset\'s entry'),
    "image-unreadable": Kind("error", "render or copy the image again"),
    "image-truncated": Kind("error", "render or copy the image again"),
    "image-shape": Kind("warning", "check that the frame was not cropped by mistake"),
    "control-token": Kind("error", "remove it; the template writes its own"),
    "tag": Kind("error", "open and close each tag once, one after the other: <Planning>...</Planning>"),
    "decision": Kind("warning", "end each answer with one <DecisionMaking>action Target</DecisionMaking>"),
    "duplicate-id": Kind("warning", "give each sample an id of its own: errors name samples by it"),
    "duplicate-sample": Kind("warning", "remove one of them, unless it is meant to weigh double"),
    "overlong": Kind("error", "raise cutoff_len, lower image_max_pixels, or set the entry's `overflow`"),
    "encoding": Kind("error", "see the message; the sample cannot be tokenized with this recipe"),
}

# What a window needs that holds one turn, in the error of a sample that does not fit.
LEAST = re.compile(r"take up to (\d+) tokens, the limit is (\d+)")

# Which kind an error of the reader is, by its words; what none of them matches is "format" or "encoding".
_BY_WORDS = (
    ("format", r"its content is \w+, expected text"),
    ("control-token", r"control token"),
    ("overlong", rf"takes \d+ tokens, cutoff_len|{LEAST.pattern}"),
    ("image-outside", r"lies outside"),
    ("image-missing", r"image .* is not a file"),
    ("image-unreadable", r"no image that can be read|cannot identify image"),
    ("image-count", r"<image>"),
    ("order", r"should speak|does not end with|conversation is empty"),
    ("role", r"(role|from|\w+) is .*, expected one of .*assistant"),
    ("loss", r"\bloss|\bweight\b|trained on"),
)
_PLACE = re.compile(
    r"^(?:[^\n]*?: )?sample (?P<quote>['\"])(?P<id>.*?)(?P=quote)(?:, messages\[(?P<turn>\d+)\])?: ", re.DOTALL
)


class Place(NamedTuple):
    """Where a finding is: a sample by file, line and id, and the index of the message where there is one."""

    file: str
    line: int
    sample: str
    turn: int | None = None


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong, or looks so.

    Attributes:
        kind: One of `KINDS`.
        place: Where.
        problem: What.
        severity: The kind's, unless something softens it.
    """

    kind: str
    place: Place
    problem: str
    severity: Severity = "error"

    def as_json(self) -> dict[str, Any]:
        """Returns it flat, for JSON Lines."""
        flat = {**self.place._asdict(), **asdict(self), "cure": KINDS[self.kind].cure}
        return {key: value for key, value in flat.items() if key != "place"}


def finding(kind: str, place: Place, problem: str, severity: Severity | None = None) -> Finding:
    """A finding with its kind's severity, unless another is given."""
    return Finding(kind, place, problem, severity or KINDS[kind].severity)


def finding_of_error(message: str, place: Place, otherwise: str) -> Finding:
    """Makes a finding of what the reader or the tokenizer raised.

    Args:
        message: The error's text, which names sample and message by itself.
        place: What is known of the place.
        otherwise: The kind, if the words do not tell.
    """
    found = _PLACE.match(message)
    problem = message[found.end() :] if found else message
    if found:
        turn = int(found["turn"]) if found["turn"] else place.turn
        place = place._replace(sample=place.sample or found["id"], turn=turn)
    kind = next((kind for kind, words in _BY_WORDS if re.search(words, problem)), otherwise)
    return finding(kind, place, problem)
