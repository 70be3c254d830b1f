"""What a high-level action came to."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .sight import Sighting

Frame = npt.NDArray[np.uint8]

FEEDBACK = (
    "unknown_object",
    "not_navigable",
    "not_in_view",
    "too_far",
    "unreachable",
    "blocked",
    "failed",
    "unparseable",
)
"""Why an action did not happen; the words for each are in the prompt set."""


@dataclass(frozen=True)
class Outcome:
    """What an action came to.

    Attributes:
        legal: whether the rules allowed it.
        success: whether it happened.
        feedback: one of `FEEDBACK`; None when it happened, or when the rules do not let the agent know.
        reason: the simulator's own words for a failure, with types in place of ids.
        frames: what the agent sees after it [height, width, 3], RGB; `observe` gives left, right and back; none when
            the action was not legal.
        sights: what each frame shows.
        object_id: the instance that was acted on.
    """

    legal: bool
    success: bool
    feedback: str | None
    reason: str
    frames: tuple[Frame, ...]
    sights: tuple[tuple[Sighting, ...], ...]
    object_id: str | None = None


def refused(feedback: str) -> Outcome:
    """An action that the rules do not allow: nothing happened, and there is nothing new to see."""
    return Outcome(False, False, feedback, "", (), ())
