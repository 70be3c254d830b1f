"""`key=value` words of a command line onto a frozen dataclass, and where benchmarks keep what they make."""

import sys
from pathlib import Path
from typing import TypeVar

from llamafactory_embodied.settings import load_settings

OUT = Path(__file__).parents[1] / "out" / "benchmarks"

Settings = TypeVar("Settings")


def read_settings(kind: type[Settings]) -> Settings:
    """The settings that `sys.argv` names, the others at their defaults."""
    return load_settings(kind, sys.argv[1:])
