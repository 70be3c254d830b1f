"""A table as text, for the terminal (rich) and for documents (Markdown)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.table import Table
from rich.text import Text

_SHORT = 16  # characters that a narrow terminal does not break: figures with their intervals


@dataclass(frozen=True)
class Sheet:
    """One table as text: a title, the columns' heads, the rows and a sentence below."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str

    def to_rich(self) -> Table:
        """For the terminal."""
        table = Table(title=_text(self.title), caption=_text(self.caption), caption_justify="left")
        for number, column in enumerate(self.columns):
            short = number > 0 and all(len(row[number]) <= _SHORT for row in self.rows)
            justify: Literal["left", "right"] = "right" if number else "left"
            table.add_column(_text(column), justify=justify, overflow="fold", no_wrap=short)
        for row in self.rows:
            table.add_row(*map(_text, row))
        return table

    def to_markdown(self) -> str:
        """For a document."""
        lines = [self.columns, ["---"] + ["---:"] * (len(self.columns) - 1), *self.rows]
        table = "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        return f"**{_cell(self.title)}**\n\n{table}\n\n{_cell(self.caption)}\n"


def _printable(text: str) -> str:
    """What a record says may hold line breaks, codes that steer a terminal, and what no file can hold."""
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def _text(text: str) -> Text:
    """Text that is no markup."""
    return Text(_printable(text))


def _cell(text: str) -> str:
    """Text that does not end its cell, as a bar would."""
    return _printable(text).replace("\\", "\\\\").replace("|", "\\|")
