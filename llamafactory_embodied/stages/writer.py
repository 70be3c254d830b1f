"""Writes thoughts offline: a table chooses their kinds, a grammar their words, from the facts of the turn."""

from collections.abc import Sequence
from importlib import resources

import numpy as np

from ..episodes.reply import Thought
from ..errors import ThoughtError
from ..grammar import Facts, Grammar, load_grammar
from .checks import problems
from .facts import facts_of
from .kinds import Kinds, Occasion
from .named import named
from .turn import Turn

_DRAWS = 20


def thought_grammar(path: str = "") -> Grammar:
    """The grammar of a file, by default the package's own; raises as `load_grammar`."""
    return load_grammar(path or str(resources.files(__package__) / "words" / "thoughts.yaml"))


class GrammarWriter:
    """Varied first-person thoughts about what the frames show."""

    def __init__(self, kinds: Kinds, grammar: Grammar, seed: int = 0):
        self._kinds, self._grammar, self._seed = kinds, grammar, seed

    def write(self, turns: Sequence[Turn]) -> list[list[Thought]]:
        """The thoughts of each of an episode's turns; the last before an action says what that is.

        Raises:
            ThoughtError: what is drawn for a turn does not pass the checks, again and again.
        """
        return [self._thoughts(turn) for turn in turns]

    def _thoughts(self, turn: Turn) -> list[Thought]:
        rng = np.random.default_rng([self._seed, turn.number, *turn.episode.encode()])
        tags = self._kinds.draw(Occasion.of(turn), rng)
        facts = facts_of(turn)
        for _ in range(_DRAWS):
            thoughts = [Thought(tag, self._text(turn, facts, tag, tag == tags[-1], rng)) for tag in tags]
            wrong = problems(turn, thoughts)
            if not wrong or turn.occasion == "slip":  # a deliberate mistake is not trained on
                return thoughts
        raise ThoughtError(f"Episode {turn.episode}, turn {turn.number}: {'; '.join(wrong)}.")

    def _text(self, turn: Turn, facts: Facts, tag: str, last: bool, rng: np.random.Generator) -> str:
        """One thought; drawn anew while it names neither something in view nor the failure."""
        cases = [turn.action.name.replace(" ", "_")]
        cases.insert(0, "failed" if turn.failure and tag == "Reflection" else turn.occasion)
        text = ""
        for _ in range(_DRAWS):
            text = self._grammar.write(tag, facts, cases, rng) or ""
            if last and tag != "Planning":
                text = f"{text} {self._grammar.write('intent', facts, cases, rng)}".strip()
            if text and (_names_what_is_seen(text, turn) or (tag == "Reflection" and "fail" in facts)):
                return text
        aside = self._grammar.write("after", facts, cases, rng)
        return f"{text} {aside}".strip() if aside else text


def _names_what_is_seen(text: str, turn: Turn) -> bool:
    return any(not turn.visible.isdisjoint(kinds) for kinds in named(text))
