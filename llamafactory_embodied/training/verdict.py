"""What an example says about better and worse answers, for LLaMA-Factory's preference stages.

A ranking example ends with a turn that asks and has two answers to it, `chosen` and `rejected` (messages or texts).
A judged example ends with an answer and says in `kto_tag` whether it was good. Both train their answers and no other
turn: marks of loss, which say what to imitate, are not read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .loss import ANSWERING
from .message import Names, Turn, check_placeholders, read_message
from .place import Place
from .stage import Stage


def read_stage(example: Mapping[str, Any], names: Names, place: Place) -> Stage:
    """Tells what an example is for.

    Raises:
        DataError: Its columns and its data set's entry contradict each other. Names file, sample and column.
    """
    rivals = [name for name in (names.chosen, names.rejected) if example.get(name) is not None]
    judged = example.get(names.kto_tag) is not None
    if not names.ranking:
        if len(rivals) == 2:
            place.fail('has two answers, which are read where the data set\'s entry says "ranking": true', rivals[0])
        return "kto" if judged else "sft"
    if len(rivals) < 2:
        missing = next(name for name in (names.chosen, names.rejected) if name not in rivals)
        place.fail('is missing; the data set\'s entry says "ranking": true, so each sample needs two answers', missing)
    if judged:
        place.fail("is there beside two answers; leave it out of a data set of rankings", names.kto_tag)
    return "rm"


def read_rivals(example: Mapping[str, Any], names: Names, index: int, place: Place) -> tuple[Turn, Turn]:
    """Reads the chosen and the rejected answer of a ranking example.

    Args:
        example: A row of the data file.
        names: What its columns and keys are called.
        index: The place after the last of its messages.
        place: Where it stands, for errors.

    Raises:
        DataError: One of them is no answer, or they are the same. Names file, sample and column.
    """
    chosen, rejected = (_read_answer(example[name], name, names, place) for name in (names.chosen, names.rejected))
    if chosen == rejected:
        place.fail(f"is the same as {names.chosen}; an answer cannot be better than itself", names.rejected)
    return Turn(index, *chosen, loss=True), Turn(index, *rejected, loss=True)


def _read_answer(given: Any, column: str, names: Names, place: Place) -> tuple[str, str]:
    if isinstance(given, str):
        check_placeholders("assistant", given, column, place)
        return "assistant", given
    role, text, _ = read_message(given, column, names, place)
    if role not in ANSWERING:
        place.fail(f"role is {role!r}, expected {' or '.join(ANSWERING)}", column)
    return role, text


def read_tag(example: Mapping[str, Any], names: Names, turns: Sequence[Turn], place: Place) -> bool:
    """Reads whether the last answer of a judged example was good.

    Raises:
        DataError: It is neither true nor false, or the answer is empty. Names file, sample and place.
    """
    tag = example[names.kto_tag]
    if not isinstance(tag, bool):
        place.fail(f"is {tag!r}, expected true or false", names.kto_tag)
    if not turns[-1].content:
        place.fail("is judged, but empty; LLaMA-Factory marks with an empty answer what was not said", turns[-1].index)
    return tag
