"""Episodes get their thoughts after they were played: what was known at each turn is rebuilt from the record."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ..episodes.record import Record
from ..episodes.reply import Thought, write_thoughts
from ..errors import SettingsError
from .kinds import Kinds, Occasion, load_table
from .plain import PlainWriter
from .turn import Turn, turns_of
from .writer import GrammarWriter, thought_grammar

WRITERS = ("grammar", "plain")


class Writer(Protocol):
    """Anything that writes the thoughts of an episode."""

    def write(self, turns: Sequence[Turn]) -> list[list[Thought]]:
        """The thoughts before each turn's action.

        Raises:
            ThoughtError: there are none that pass the checks.
        """


def with_thoughts(writer: Writer, record: Mapping[str, Any]) -> tuple[list[list[Thought]], Record]:
    """The thoughts before each reply of an episode, and the episode whose replies hold them beside their decisions.

    Raises:
        ThoughtError: the writer has none that pass the checks.
    """
    thoughts = writer.write(list(turns_of(record)))
    replies = zip(thoughts, record["steps"][1:], strict=True)
    steps = [step | {"reply": write_thoughts(before) + step["reply"]} for before, step in replies]
    return thoughts, {**record, "steps": [record["steps"][0], *steps]}


def occasions(records: Iterable[Mapping[str, Any]]) -> list[Occasion]:
    """What the turns of episodes give occasion to, without deliberate mistakes, which are not trained on."""
    turns = (turn for record in records for turn in turns_of(record))
    return [Occasion.of(turn) for turn in turns if turn.occasion != "slip"]


def make_writer(name: str, transitions: str, grammar: str, occasions: Iterable[Occasion], seed: int) -> Writer:
    """A writer by name.

    Args:
        name: one of `WRITERS`.
        transitions: see `load_table`.
        grammar: a file, or empty for the package's own.
        occasions: of all turns that will be written.
        seed: decides kinds and words.

    Raises:
        SettingsError: there is no such writer.
        PromptError: the table or the grammar cannot be used.
    """
    if name == "plain":
        return PlainWriter()
    if name == "grammar":
        return GrammarWriter(Kinds(load_table(transitions), occasions), thought_grammar(grammar), seed)
    raise SettingsError(f"writer={name!r} is unknown; choose one of {', '.join(WRITERS)}.")
