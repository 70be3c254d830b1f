"""Which objects a text names: AI2-THOR's types in its own spelling, in plain English, plural, and by common synonyms.

A text is read once into words in which each name is a mark, `<0>`, `<1>`, ...; what parses claims and intentions reads
those. The longest name counts: a coffee machine is no coffee table, and a butter knife no knife. Words that are also
verbs or adjectives ("I watch", "it is safe") count where English has a noun.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from ..tasks.names import plain
from ..world.shapes import KNOWN_TYPES

Types = tuple[str, ...]
"""AI2-THOR objectTypes that a name may stand for."""


def words(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


_SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "AlarmClock": "clock",
        "AluminumFoil": "foil, tin foil, aluminium foil",
        "AppleSliced": "sliced apple, apple slice, slice of apple",
        "ArmChair": "easy chair",
        "BaseballBat": "bat",
        "Boots": "boot, pair of boots",
        "BreadSliced": "sliced bread, bread slice, slice of bread",
        "Bread": "loaf, loaf of bread",
        "CD": "compact disc, disc",
        "Cabinet": "cupboard",
        "CellPhone": "phone, mobile phone, smartphone",
        "Cloth": "rag, dish cloth, washcloth",
        "CoffeeMachine": "coffee maker, espresso machine",
        "CounterTop": "counter, kitchen counter, worktop, work surface",
        "Curtains": "curtain",
        "DeskLamp": "table lamp",
        "Desktop": "desktop computer",
        "DiningTable": "kitchen table, dinner table",
        "DishSponge": "sponge",
        "DogBed": "pet bed",
        "EggCracked": "cracked egg",
        "Faucet": "tap, water tap",
        "FloorLamp": "standing lamp",
        "Fridge": "refrigerator",
        "GarbageBag": "trash bag, rubbish bag, bin bag",
        "GarbageCan": "trash can, bin, waste bin, trash bin, rubbish bin, garbage bin, wastebasket, dustbin",
        "HandTowelHolder": "hand towel rack, hand towel ring",
        "HousePlant": "plant, potted plant",
        "KeyChain": "keys, bunch of keys, set of keys",
        "LaundryHamper": "hamper, laundry basket",
        "Lettuce": "head of lettuce",
        "LettuceSliced": "sliced lettuce",
        "Microwave": "microwave oven",
        "Newspaper": "news paper",
        "PaperTowelRoll": "paper towel, roll of paper towels, kitchen roll",
        "PotatoSliced": "sliced potato, potato slice",
        "RemoteControl": "remote, remote controller, TV remote",
        "ScrubBrush": "toilet brush, scrubbing brush",
        "ShelvingUnit": "bookcase, bookshelf, shelf unit, shelving",
        "SideTable": "nightstand, bedside table, end table",
        "SinkBasin": "basin, sink, washbasin",
        "SoapBar": "bar of soap, soap",
        "SoapBottle": "soap, soap dispenser, dish soap, hand soap, bottle of soap",
        "Sofa": "couch, settee",
        "StoveBurner": "burner, stove, stove top, hob",
        "StoveKnob": "knob",
        "TVStand": "television stand",
        "TeddyBear": "teddy, stuffed bear",
        "Television": "TV, TV set, television set",
        "TennisRacket": "racket, tennis racquet",
        "TissueBox": "box of tissues, tissue",
        "ToiletPaper": "toilet roll, roll of toilet paper",
        "ToiletPaperHanger": "toilet paper holder, toilet roll holder",
        "TomatoSliced": "sliced tomato, tomato slice",
        "TowelHolder": "towel rack, towel rail, towel bar",
        "VacuumCleaner": "vacuum, hoover",
        "Watch": "wristwatch",
        "WineBottle": "bottle of wine",
    }
)
_KINDS_OF: Mapping[str, Types] = MappingProxyType(
    {
        "table": ("DiningTable", "SideTable", "CoffeeTable"),
        "lamp": ("DeskLamp", "FloorLamp"),
        "bathtub": ("Bathtub", "BathtubBasin"),
        "tub": ("Bathtub", "BathtubBasin"),
        "sink": ("SinkBasin", "Sink"),
        "computer": ("Laptop", "Desktop"),
        "shower": ("ShowerHead", "ShowerDoor", "ShowerGlass", "ShowerCurtain"),
    }
)
"""A word that names several types -> which."""
_NO_NAMES = frozenset({"Door"})  # "the door" is that of a fridge or a cabinet
_IRREGULAR = {"shelf": "shelves", "knife": "knives", "loaf": "loaves", "brush": "brushes"}
_NOT_THE_THING = {"coffee cup": ("Cup", "Mug")}

# Names that are verbs, adjectives or other nouns as well.
_DOUBLE = words(
    "watch box plate pot pen book pan bed shelf mirror safe bottle cup sink cloth window egg bowl tissue towel candle "
    "desk floor fork spoon knife pencil bat bin plant tap remote vacuum microwave bread boot pillow stool phone clock "
    "foil counter table shower soap chair statue"
)
_ADJECTIVES = frozenset({"safe", "remote"})
_ADJECTIVE_OF = words(
    "place distance bet spot way side to choice option guess assumption enough hands for chance possibility"
)
_VERB_AFTER = words(
    "i we you they to will would can could must should shall may might let me us not never please who which then now "
    "just ll t d"
)
_VERBS_AFTER = words("it which who he she that")
_DETERMINERS = words("a an the my this that its another one no some any each every")
_LIST = frozenset({",", "and", "or", ", and", ", or"})

_WORD = re.compile(r"[A-Za-z]+")


@dataclass(frozen=True)
class Marked:
    """A text with its names replaced by marks.

    Attributes:
        text: lower case; the n-th name is `<n>`.
        names: the types that each name may stand for, the likeliest first.
        words: how the text spells each.
    """

    text: str
    names: tuple[Types, ...]
    words: tuple[str, ...]


def _plural(word: str) -> str:
    if " of " in word:
        return _plural(word[: word.index(" of ")]) + word[word.index(" of ") :]
    head, last = word[: word.rfind(" ") + 1], word[word.rfind(" ") + 1 :]
    if last in _IRREGULAR:
        return head + _IRREGULAR[last]
    return word + ("es" if re.search(r"(?:s|x|ch|sh|tato|mato)$", last) else "s")


def _squeezed(name: str) -> str:
    return name.replace(" ", "").lower()


def _vocabulary() -> Iterator[tuple[str, Types]]:
    """Names in plain English, singular, and what they stand for; later ones win."""
    shared: dict[str, Types] = {}
    for kind in sorted(KNOWN_TYPES - _NO_NAMES):
        own = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", kind).lower()
        for name in dict.fromkeys((own, plain(kind), *_SYNONYMS.get(kind, own).split(", "))):
            shared[name] = tuple(dict.fromkeys((*shared.get(name, ()), kind)))
    yield from shared.items()
    yield from _KINDS_OF.items()
    yield from _NOT_THE_THING.items()


def _table() -> dict[str, Types]:
    table: dict[str, Types] = {}
    for name, kinds in _vocabulary():
        for form in (name, _plural(name)):
            table[_squeezed(form)] = kinds
    return table


_NAMES = _table()
_LONGEST = 5
_FIRST = frozenset(name[:end] for name in _NAMES for end in range(2, len(name) + 1))
"""Beginnings of names: most words begin none."""


@lru_cache(maxsize=200_000)
def marked(text: str) -> Marked:
    """A text with its names marked."""
    reader = _Reader(text)
    while reader.number < len(reader.words):
        reader.step()
    pieces = [*reader.pieces, _raw(text[reader.at :])]
    return Marked("".join(pieces).lower().replace("’", "'"), tuple(reader.names), tuple(reader.said))


def named(text: str) -> tuple[Types, ...]:
    """The types that each of a text's names may stand for, in order."""
    return marked(text).names


def _raw(text: str) -> str:
    """Words between names, in which nothing is a mark."""
    return text.replace("<", "‹")


class _Reader:
    """Reads a text word by word."""

    def __init__(self, text: str):
        self.text = text
        self.spans = [match.span() for match in _WORD.finditer(text)]
        self.words = [text[start:end].lower() for start, end in self.spans]
        self.pieces: list[str] = []
        self.names: list[Types] = []
        self.said: list[str] = []
        self.at = self.number = 0
        self.bare = True  # whether the last name had no article

    def step(self) -> None:
        """Takes the name that begins at the present word, or passes over the word."""
        size = self._longest() if self.words[self.number] in _FIRST else 0
        if size == 0 or (size == 1 and not self._is_noun()):
            self.number += 1
            return
        start, end = self.spans[self.number][0], self.spans[self.number + size - 1][1]
        self.pieces += [_raw(self.text[self.at : start]), f"<{len(self.names)}>"]
        self.names.append(_NAMES["".join(self.words[self.number : self.number + size])])
        self.said.append(self.text[start:end])
        self.bare = self._before() not in _DETERMINERS
        self.at, self.number = end, self.number + size

    def _longest(self) -> int:
        """How many words the longest name has that begins here."""
        key, found = "", 0
        for size in range(1, min(_LONGEST, len(self.words) - self.number) + 1):
            here = self.number + size - 1
            if size > 1 and self.text[self.spans[here - 1][1] : self.spans[here][0]] not in (" ", "-"):
                break
            key += self.words[here]
            if key in _NAMES:
                found = size
            if key not in _FIRST:
                break
        return found

    def _before(self) -> str:
        """The word before, empty at the start of a sentence."""
        if self.number == 0:
            return ""
        gap = self.text[self.spans[self.number - 1][1] : self.spans[self.number][0]]
        return "" if re.search(r"[.!?]", gap) else self.words[self.number - 1]

    def _is_noun(self) -> bool:
        """Whether a single word is the thing it may name."""
        word, before = self.words[self.number], self._before()
        if re.match(r"-[a-z]", self.text[self.spans[self.number][1] :]):
            return False  # pan-fried
        single = word in _DOUBLE
        if not single:
            return not (_singular(word) in _DOUBLE and before in _VERBS_AFTER)
        if self.text[self.spans[self.number][0]].isupper() and before:
            return True  # AI2-THOR's spelling
        if word in _ADJECTIVES:
            after = self.words[self.number + 1 : self.number + 2]
            return before in _DETERMINERS and not _ADJECTIVE_OF.intersection(after)
        if self.text[self.at : self.spans[self.number][0]].strip() in _LIST and self.names:
            return self.bare
        return bool(before) and before not in _VERB_AFTER and before not in ("and", "or")


def _singular(word: str) -> str:
    for single, many in _IRREGULAR.items():
        if word == many:
            return single
    return re.sub(r"(?<=s|x)es$|(?<=ch|sh)es$|s$", "", word)
