"""Which messages of an example are trained on, in each of the ways that data files say it.

A message may say so itself (`loss`, `loss_weight` or `weight`), the example for all of them (`loss_mask`). Where an
example says nothing, a user turn that begins with `<|feedback|>` does: the action that it answers was illegal. That is
text like any other, and the model needs no token of this name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .place import Place

KEYS = ("loss", "loss_weight", "weight")
MASK = "loss_mask"
FEEDBACK = "<|feedback|>"
ASKING, ANSWERING = ("user", "observation"), ("assistant", "function")


def read_losses(
    example: Mapping[str, Any],
    messages: Sequence[Mapping[str, Any]],
    turns: Sequence[tuple[str, str]],
    place: Place,
    prompt_loss: bool,
) -> list[bool]:
    """Tells for each message whether its tokens are trained on.

    Args:
        example: A row of the data file.
        messages: Its messages as the file has them.
        turns: Role and text of each message.
        place: Where they stand, for errors.
        prompt_loss: Whether turns that ask are trained on unless they say otherwise.

    Raises:
        DataError: What is said is neither yes nor no, contradicts itself, is not said of each message, or wants to
            train what the model does not write. Names file, sample and message.
    """
    roles = [role for role, _ in turns]
    mask = _mask_of(example, roles, place)
    given = [_given(message, mask[index], index, place) for index, message in enumerate(messages)]
    trainable = (*ANSWERING, *ASKING) if prompt_loss else ANSWERING
    for index, role in enumerate(roles):
        if given[index] and role not in trainable:
            place.fail(f"loss is true in a {role} message; only what the assistant says is trained on", index)
    if not any(loss is not None for loss in given):
        given = _derived(turns)
    return [role in trainable if loss is None else loss for role, loss in zip(roles, given, strict=True)]


def _mask_of(example: Mapping[str, Any], roles: Sequence[str], place: Place) -> list[bool | None]:
    mask = example.get(MASK)
    if mask is None:
        return [None] * len(roles)
    if not isinstance(mask, list):
        place.fail(f"{MASK} is {mask!r}, expected a list with true or false for each message")
    flags = [_flag(value, f"{MASK}[{position}]", None, place) for position, value in enumerate(mask)]
    # The host takes the system message out of the conversation, so files that were made for it may not count it.
    if roles[0] == "system" and len(flags) == len(roles) - 1:
        return [None, *flags]
    if len(flags) != len(roles):
        place.fail(
            f"{MASK} has {len(flags)} values for {len(roles)} messages; expected one for each, "
            f"the first that lacks its counterpart is here",
            min(len(flags), len(roles) - 1),
        )
    return list(flags)


def _given(message: Mapping[str, Any], masked: bool | None, index: int, place: Place) -> bool | None:
    said = {key: _flag(message[key], key, index, place) for key in KEYS if message.get(key) is not None}
    if masked is not None:
        said[MASK] = masked
    if len(set(said.values())) > 1:
        listed = ", ".join(f"{key} is {str(value).lower()}" for key, value in said.items())
        place.fail(f"{listed}: they contradict each other; keep one of them", index)
    return next(iter(said.values()), None)


def _flag(value: Any, name: str, index: int | None, place: Place) -> bool:
    if not isinstance(value, int | float) or value not in (0, 1):
        place.fail(
            f"{name} is {value!r}, expected true or false, 1 or 0; a message is trained on or not, nothing in between",
            index,
        )
    return bool(value)


def _derived(turns: Sequence[tuple[str, str]]) -> list[bool | None]:
    answers = [*turns[1:], ("", "")]
    return [
        False if role in ANSWERING and answer[0] in ASKING and answer[1].startswith(FEEDBACK) else None
        for (role, _), answer in zip(turns, answers, strict=True)
    ]
