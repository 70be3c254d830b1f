"""A grammar that writes: rules with alternatives, of which only those are open whose facts are there.

A text may hold `<rule>`, `{fact}` and `[one|other]`; `<rule^>` and `{fact^}` begin with a capital letter. Alternatives
are drawn by how many texts they lead to (its square root), so that no short one comes again and again.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import yaml

from .errors import PromptError

Facts = Mapping[str, str | Callable[[np.random.Generator], str]]
"""Name -> words, or what draws them."""

_TOKEN = re.compile(r"<(\w+)(\^?)>|\{(\w+)(\^?)\}|([\[\]|])|([^<{\[\]|]+)")


@dataclass(frozen=True)
class Part:
    """One piece of a text: `kind` is `words`, `rule`, `fact` or `choice`."""

    kind: str
    name: str = ""
    capital: bool = False
    options: tuple["Text", ...] = ()


Text = tuple[Part, ...]


class Grammar:
    """Rules by name.

    Attributes:
        facts: names of all facts that the rules use.
        rules: names of the rules.
    """

    def __init__(self, rules: Mapping[str, Sequence[str]]):
        """Reads the rules.

        Raises:
            PromptError: a text cannot be read, or names a rule that there is not.
        """
        self._rules = {name: tuple(_read(name, text) for text in texts) for name, texts in rules.items()}
        roots = {name.partition(".")[0] for name in rules}
        named = [part for texts in self._rules.values() for text in texts for part in _parts(text)]
        unknown = sorted({part.name for part in named if part.kind == "rule"} - roots)
        if unknown:
            raise PromptError(f"The grammar names rules that it does not have: {', '.join(unknown)}.")
        self.facts = frozenset(part.name for part in named if part.kind == "fact")
        self.rules = frozenset(rules)

    def write(self, rule: str, facts: Facts, cases: Sequence[str], rng: np.random.Generator) -> str | None:
        """Draws a text.

        Args:
            rule: where to begin.
            facts: what is so.
            cases: of rules `name.case`, which come before plain `name`: the first that has an open alternative.
            rng: draws.

        Returns:
            The text; None where nothing that the rule could say is so.
        """
        return _Draw(self._rules, facts, tuple(cases), rng).rule(rule)


@dataclass
class _Draw:
    rules: Mapping[str, tuple[Text, ...]]
    facts: Facts
    cases: tuple[str, ...]
    rng: np.random.Generator

    def __post_init__(self) -> None:
        self._counts: dict[str, float] = {}
        self._chosen: dict[str, str | None] = {}

    def rule(self, name: str) -> str | None:
        chosen = self._case(name)
        return None if chosen is None else self._one(self.rules[chosen])

    def _case(self, name: str) -> str | None:
        """The first of a rule's cases that has something to say."""
        if name not in self._chosen:
            names = [full for full in (*(f"{name}.{case}" for case in self.cases), name) if full in self.rules]
            self._chosen[name] = next((full for full in names if self._count_rule(full)), None)
        return self._chosen[name]

    def _one(self, texts: Sequence[Text]) -> str:
        weights = np.sqrt([self._count(text) for text in texts])
        edges = np.cumsum(weights)
        text = texts[int(np.searchsorted(edges, self.rng.random() * edges[-1], side="right"))]
        return "".join(map(self._said, text))

    def _said(self, part: Part) -> str:
        if part.kind == "choice":
            return self._one(part.options)
        if part.kind == "rule":
            words = self.rule(part.name) or ""
        elif part.kind == "fact":
            fact = self.facts[part.name]
            words = fact if isinstance(fact, str) else fact(self.rng)
        else:
            words = part.name
        return words[:1].upper() + words[1:] if part.capital else words

    def _count(self, text: Text) -> float:
        """How many texts there are, 0 where a fact is missing."""
        product = 1.0
        for part in text:
            if part.kind == "fact":
                product *= part.name in self.facts
            elif part.kind == "choice":
                product *= sum(map(self._count, part.options))
            elif part.kind == "rule":
                case = self._case(part.name)
                product *= 0.0 if case is None else self._count_rule(case)
        return product

    def _count_rule(self, name: str) -> float:
        if name not in self._counts:
            self._counts[name] = sum(map(self._count, self.rules[name]))
        return self._counts[name]


def _parts(text: Text) -> list[Part]:
    return [inner for part in text for inner in (part, *(one for option in part.options for one in _parts(option)))]


def _read(name: str, text: str) -> Text:
    """Reads one alternative.

    Raises:
        PromptError: brackets do not match.
    """
    open_texts: list[list[list[Part]]] = [[[]]]
    place = 0
    for token in _TOKEN.finditer(text):
        if token.start() != place:
            break
        place = token.end()
        rule, rule_capital, fact, fact_capital, mark, words = token.groups()
        if mark == "[":
            open_texts.append([[]])
        elif mark == "|":
            open_texts[-1].append([])
        elif mark == "]" and len(open_texts) > 1:
            options = tuple(map(tuple, open_texts.pop()))
            open_texts[-1][-1].append(Part("choice", options=options))
        elif mark:
            break
        elif words:
            open_texts[-1][-1].append(Part("words", words))
        else:
            kind, capital = ("rule", rule_capital) if rule else ("fact", fact_capital)
            open_texts[-1][-1].append(Part(kind, rule or fact, bool(capital)))
    else:
        if place == len(text) and len(open_texts) == 1 == len(open_texts[0]):
            return tuple(open_texts[0][0])
    raise PromptError(f"The grammar's rule {name} holds a text whose brackets do not match: {text!r}.")


@lru_cache
def load_grammar(path: str) -> Grammar:
    """Reads a grammar.

    Args:
        path: a YAML file.

    Raises:
        PromptError: it cannot be read, or is not a mapping of rules to lists of texts.
    """
    try:
        rules = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PromptError(f"The grammar {path} cannot be read: {error}.") from error
    lists = isinstance(rules, dict) and all(isinstance(texts, list) for texts in rules.values())
    if not lists or not all(isinstance(text, str) for texts in rules.values() for text in texts):
        raise PromptError(f"The grammar {path} must be a mapping of rules to lists of texts.")
    return Grammar(rules)
