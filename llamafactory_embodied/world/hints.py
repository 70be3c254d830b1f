"""What the rules `reference` let the household know of a task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .pose import Pose


@dataclass(frozen=True)
class Hints:
    """What a benchmark entry tells the reference evaluator, and no agent.

    Attributes:
        navigable: types that may be gone to from the start.
        targets: the instance meant where a type has several; where two are of one type, the second while something
            is held.
        related: what is sought or handled: going to what carries it, one stops before it.
        poses: objectId -> where to stand for it, set by hand.
    """

    navigable: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    poses: Mapping[str, Pose] = field(default_factory=dict)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Hints":
        """The inverse of `dataclasses.asdict`."""
        lists = {name: tuple(value[name]) for name in ("navigable", "targets", "related")}
        return cls(**lists, poses={name: Pose(**pose) for name, pose in value["poses"].items()})


NO_HINTS = Hints()
