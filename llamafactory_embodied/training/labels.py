"""What is trained on: labels of a conversation from a mark of loss for each of its messages."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from llamafactory.extras.constants import IGNORE_INDEX

from .encoder import Pair


def label_pairs(
    pairs: Sequence[Pair], loss: Sequence[bool], late_end: int | None = None
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]:
    """Joins pairs of turns to one training sample.

    Args:
        pairs: Token ids of each turn that asks and of its answer.
        loss: For each of these messages, whether it is trained on.
        late_end: For templates that write no end of an answer (`efficient_eos`), the id of the end token: the host
            labels the token after an answer with it, and so does this. Such a turn begins with text.

    Returns:
        input_ids and labels [tokens]. Labels are the ids that are trained on, and `IGNORE_INDEX` elsewhere.
    """
    input_ids: list[int] = []
    labels: list[int] = []
    repeats: list[int] = []
    owes_end = False
    for position, turn in enumerate(turn for pair in pairs for turn in pair):
        ids = turn.ids
        input_ids += ids
        repeats += turn.repeats or [1] * len(ids)
        if loss[position]:
            labels += ids
        else:
            labels += [IGNORE_INDEX] * len(ids)
            if owes_end and ids and late_end is not None:
                labels[-len(ids)] = late_end
        owes_end = position % 2 == 1 and loss[position]
    if late_end is not None:
        input_ids.append(late_end)
        labels.append(late_end if owes_end else IGNORE_INDEX)
        repeats.append(1)
    return np.repeat(np.array(input_ids, np.int32), repeats), np.repeat(np.array(labels, np.int64), repeats)
