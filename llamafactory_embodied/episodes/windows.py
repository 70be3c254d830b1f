"""Windows over a conversation that is longer than a model may read at once.

A conversation is a system text, then pairs of a turn that asks and a turn that answers. A window is the system text,
the first turn's words (it holds the task) put before the first turn that is kept, and consecutive pairs from there on.
Training cuts its samples with `plan_windows`, and a policy cuts its prompt with `last_window`, so that a model acts on
the shape that it was trained on. Lengths are in tokens throughout.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from ..errors import DataError

IMAGE = "<image>"
CONTEXT_SHARE = 0.5
LEFT_OUT = "[Earlier turns and images are left out here.]"


class Window(NamedTuple):
    """Consecutive pairs of a conversation.

    Attributes:
        start: The first pair that is read.
        fresh: The first pair that is trained on here; those before it were trained on in an earlier window.
        end: The pair after the last one.
    """

    start: int
    fresh: int
    end: int


def plan_windows(
    lengths: Sequence[int],
    opening: Callable[[int], int],
    trained: Sequence[bool],
    limit: int,
    context: float = CONTEXT_SHARE,
) -> list[Window]:
    """Cuts a conversation into windows such that each trained pair is fresh in exactly one of them.

    Where windows begin and how far they could reach depends on nothing that comes later in the conversation.

    Args:
        lengths: Tokens of each pair where it follows another; of the first one where it opens the conversation.
        opening: Tokens of a pair where it opens a window: with the system text and the first turn's words.
        trained: Whether a pair has a token to train on. Windows without one are left out.
        limit: The most tokens of a window.
        context: The share of `limit` that pairs which are not fresh may take, the opening included.

    Raises:
        DataError: A trained pair does not fit even when it is alone; names the least limit that would do.
    """
    owed = [pair for pair, wanted in enumerate(trained) if wanted]
    _require_room(owed, opening, limit)
    windows: list[Window] = []
    for fresh in owed:
        if windows and fresh < windows[-1].end:
            continue
        start = _start(fresh, lengths, opening, limit, context)
        end, used = start + 1, opening(start)
        while end < len(lengths) and used + lengths[end] <= limit:
            used += lengths[end]
            end += 1
        windows.append(Window(start, fresh, end))
    return [_without_tail(window, trained) for window in windows]


def last_window(
    lengths: Sequence[int], opening: Callable[[int], int], limit: int, context: float = CONTEXT_SHARE
) -> Window:
    """The window in which training would have put the last pair, had all of them been trained on.

    Args:
        lengths: As for `plan_windows`; the last pair's answer is counted with the room it may take.
        opening: As for `plan_windows`.
        limit: As for `plan_windows`.
        context: As for `plan_windows`.

    Raises:
        DataError: As for `plan_windows`.
    """
    return plan_windows(lengths, opening, [True] * len(lengths), limit, context)[-1]


def open_window(messages: Sequence[Mapping[str, Any]], start: int) -> list[dict[str, Any]]:
    """The messages from a pair on, the first turn's words put before its own.

    Args:
        messages: `role` and `content`, asking and answering in turn, without the system text.
        start: The pair that opens the window.
    """
    kept = [dict(message) for message in messages[2 * start :]]
    if start > 0:
        task = " ".join(str(messages[0]["content"]).replace(IMAGE, " ").split())
        kept[0]["content"] = f"{task}\n{LEFT_OUT}\n{kept[0]['content']}"
    return kept


def images_before(messages: Sequence[Mapping[str, Any]], pair: int) -> int:
    """How many images the pairs before one show."""
    return sum(str(message["content"]).count(IMAGE) for message in messages[: 2 * pair])


def _require_room(owed: Sequence[int], opening: Callable[[int], int], limit: int) -> None:
    least = max(map(opening, owed), default=0)
    if least > limit:
        raise DataError(f"the system text, the task and one turn take up to {least} tokens, the limit is {limit}")


def _start(fresh: int, lengths: Sequence[int], opening: Callable[[int], int], limit: int, context: float) -> int:
    """The earliest pair from which the ones before `fresh` stay in their share and `fresh` still fits."""
    start, between = fresh, 0  # tokens of the pairs after `start` and before `fresh`
    while start > 0:
        before = opening(start - 1) + between
        if before > context * limit or before + lengths[fresh] > limit:
            break
        start -= 1
        between += lengths[start]
    return start


def _without_tail(window: Window, trained: Sequence[bool]) -> Window:
    """Pairs after the last trained one teach nothing."""
    end = max(pair for pair in range(window.fresh, window.end) if trained[pair]) + 1
    return window._replace(end=end)
