"""One message of a training example as the data file has it, read and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .content import IMAGE, Shown, read_content
from .loss import ASKING
from .place import Place, Spot

OTHER_MEDIA = ("<video>", "<audio>")

ROLES = {
    "system": "system",
    "user": "user",
    "human": "user",
    "observation": "observation",
    "tool": "observation",
    "assistant": "assistant",
    "gpt": "assistant",
    "function": "function",
    "function_call": "function",
}


@dataclass(frozen=True)
class Names:
    """What a file calls its columns and the keys of its messages; None stands for the usual names.

    Attributes:
        ranking: Whether the file's entry says that each example has a chosen and a rejected answer.
    """

    messages: str | None = None
    images: str = "images"
    system: str | None = None
    tools: str | None = None
    chosen: str = "chosen"
    rejected: str = "rejected"
    kto_tag: str = "kto_tag"
    role: str | None = None
    content: str | None = None
    roles: tuple[tuple[str, str], ...] = ()
    ranking: bool = False

    @property
    def role_table(self) -> dict[str, str]:
        """The role that each tag in a file stands for."""
        return {**ROLES, **dict(self.roles)}


@dataclass(frozen=True)
class Turn:
    """One message after the system message.

    Attributes:
        index: Its place in the example's list of messages, from 0; for answers beside the list, the place after it.
        role: "user", "observation", "assistant" or "function".
        content: Its text.
        loss: Whether its tokens are trained on.
    """

    index: int
    role: str
    content: str
    loss: bool


def read_message(message: Any, spot: Spot, names: Names, place: Place) -> tuple[str, str, list[Shown]]:
    """Reads one message.

    Args:
        message: As the data file has it.
        spot: Its place in the example's list of messages, or its column.
        names: What its keys are called.
        place: Where it stands, for errors.

    Returns:
        Its role, its text, and its images.

    Raises:
        DataError: It is not as the format wants it. Names file, sample and message.
    """
    if not isinstance(message, Mapping):
        place.fail(f"is {type(message).__name__}, expected an object with role and content", spot)
    role_key, tag = _first_of(message, [names.role] if names.role else ["role", "from"])
    _, content = _first_of(message, [names.content] if names.content else ["content", "value"])
    role = names.role_table.get(tag) if isinstance(tag, str) else None
    if role is None:
        place.fail(f"{role_key} is {tag!r}, expected one of {', '.join(names.role_table)}", spot)
    text, images = read_content(content, spot, place)
    check_placeholders(role, text, spot, place)
    return role, text, images


def check_placeholders(role: str, content: str, spot: Spot, place: Place) -> None:
    """Refuses images where none may be, and other media anywhere.

    Raises:
        DataError: There are some. Names file, sample and message.
    """
    if role not in ASKING and IMAGE in content:
        article = "an" if role == "assistant" else "a"
        place.fail(f"has {IMAGE} in {article} {role} message; images belong to user turns", spot)
    for medium in OTHER_MEDIA:
        if medium in content:
            place.fail(f"has {medium} in its text; this format carries images only", spot)


def _first_of(message: Mapping[str, Any], keys: list[str]) -> tuple[str, Any]:
    for key in keys:
        if message.get(key) is not None:
            return key, message[key]
    return keys[0], None
