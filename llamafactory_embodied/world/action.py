"""The nine high-level actions of the paper, as data."""

from dataclasses import dataclass

TARGETED = ("navigate to", "pickup", "put", "open", "close", "toggle")
UNTARGETED = ("observe", "move forward", "end")
ACTION_NAMES = TARGETED + UNTARGETED


@dataclass(frozen=True)
class Action:
    """One high-level action.

    Attributes:
        name: one of `ACTION_NAMES`.
        target: an AI2-THOR objectType for the first six, None for the others.
    """

    name: str
    target: str | None = None

    def __str__(self) -> str:
        return self.name if self.target is None else f"{self.name} {self.target}"
