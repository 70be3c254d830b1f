"""Results as files: `out/benchmarks/NAME.json` with the settings, the versions and the machine in words."""

import json
import os
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from llamafactory_embodied.files import replace_file
from llamafactory_embodied.settings import to_plain

from .settings import OUT

Row = Mapping[str, Any]


def save(name: str, settings: Any, rows: Sequence[Row]) -> None:
    """Writes what a benchmark found and prints it as a table."""
    packages = ("llamafactory", "transformers", "torch", "datasets")
    found = {
        "settings": to_plain(settings),
        "machine": f"{os.cpu_count()} cores, no GPU",
        "versions": {package: metadata.version(package) for package in packages},
        "rows": list(rows),
    }
    replace_file(OUT / f"{name}.json", json.dumps(found, indent=2) + "\n")
    print(table(rows))


def table(rows: Sequence[Row]) -> str:
    """Rows as a table in Markdown; figures have their thousands separated."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [columns, ["---"] * len(columns), *([_cell(row.get(column)) for column in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return "" if value is None else str(value).lower()
    return f"{value:,}" if isinstance(value, int) else f"{value:.3f}" if isinstance(value, float) else str(value)
