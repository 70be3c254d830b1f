"""Thoughts of the paper's length about real frames: right in their words and names, without sense as teaching."""

from collections.abc import Sequence

import numpy as np

from llamafactory_embodied.episodes.reply import Thought, write_reply
from llamafactory_embodied.tasks.names import plain
from llamafactory_embodied.world.action import Action

from .mix import thought_kinds, thought_words

_SENTENCES = {
    "Observation": (
        "In front of me there is a {a}, and a little further away I notice a {b}.",
        "On the left I can make out the {a}; the {b} stands closer to the middle of my view.",
        "The view has changed: the {b} is now on the right, partly hidden behind the {a}.",
        "I don't see the {target} from here, only the {a}, the {b} and the {c}.",
        "The light falls on the {c}, whose door seems to be shut, so its inside can't be judged yet.",
        "Nothing on the {a} looks like a {target}.",
    ),
    "Thinking": (
        "A {target} is usually kept near the {a}, though people also leave it on the {b}.",
        "From where I stand the {b} is nearer than the {a}, so it costs less to look there first.",
        "Between the {a} and the {c} there's enough space to walk, which makes the {c} reachable.",
        "The {c} is closed, and a {target} would fit inside it; that can't be ruled out without opening it.",
        "I came past the {b} before, and the {target} wasn't there at that time.",
    ),
    "Planning": (
        "My next step is to {action}, because that brings the unexplored part of the room into view.",
        "First I will {action}; if the {target} isn't there, the {a} comes next and then the {b}.",
        "To finish the task I need the {target} in hand, and then a way to the {c}.",
        "So the order is: the {a}, the {c}, and at last the {b}, unless something shows up on the way.",
    ),
    "Reflection": (
        "That did not bring me any closer to the {target}, so I should reconsider where it could be.",
        "I assumed the {target} would be at the {a}, and that was wrong; the {b} is a better guess.",
        "Going back to the {c} again would only repeat what I've already tried.",
        "The last action went differently than I expected, perhaps since the {a} was in the way.",
    ),
    "Verification": (
        "Let me check once more: the task asks for the {target}, and what I have before me is the {a}.",
        "All the places that I named, the {a}, the {b} and the {c}, have been looked at.",
        "Before I stop I want to be certain that the {target} is where it belongs.",
    ),
}


_HALF_A_SENTENCE = 9


def reply(
    action: Action, target: str, seen: Sequence[str], first: bool, words: float, rng: np.random.Generator
) -> str:
    """An assistant's turn.

    Args:
        action: what it decides on.
        target: objectType that the task is about.
        seen: objectTypes in view.
        first: whether it is the episode's first turn.
        words: mean length of a thought.
        rng: draws kinds, lengths and sentences.
    """
    kinds = thought_kinds(rng, first)
    return write_reply([Thought(kind, _thought(kind, action, target, seen, words, rng)) for kind in kinds], action)


def _thought(
    kind: str, action: Action, target: str, seen: Sequence[str], mean: float, rng: np.random.Generator
) -> str:
    names = [plain(name) for name in seen] or ["floor"]
    length, words = thought_words(mean, rng), list[str]()
    while not words or len(words) + _HALF_A_SENTENCE < length:
        a, b, c = (names[int(rng.integers(len(names)))] for _ in range(3))
        sentence = _SENTENCES[kind][int(rng.integers(len(_SENTENCES[kind])))]
        words += sentence.format(a=a, b=b, c=c, target=plain(target), action=action).split()
    return " ".join(words)
