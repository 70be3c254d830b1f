"""A table as text, for the terminal (rich) and for documents (Markdown)."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text

_FIRST_COLUMN = 24  # characters that other columns leave to the rows' names, whatever the terminal's width


@dataclass(frozen=True)
class Sheet:
    """One table as text: a title, the columns' heads, the rows and a sentence below."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str

    def to_rich(self) -> Table:
        """For the terminal."""
        table = Table(title=self.title, caption=self.caption, caption_justify="left")
        widest = max(len(row[0]) for row in self.rows) if self.rows else 0
        for number, column in enumerate(self.columns):
            least = None if number else min(widest, _FIRST_COLUMN)
            table.add_column(Text(column), justify="right" if number else "left", overflow="fold", min_width=least)
        for row in self.rows:
            table.add_row(*map(Text, row))
        return table

    def to_markdown(self) -> str:
        """For a document."""
        lines = [self.columns, ["---"] + ["---:"] * (len(self.columns) - 1), *self.rows]
        table = "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        return f"**{_cell(self.title)}**\n\n{table}\n\n{_cell(self.caption)}\n"


def _cell(text: str) -> str:
    """A run's name may hold a bar or a line break, which would end the cell."""
    return " ".join(text.replace("|", "\\|").split())
