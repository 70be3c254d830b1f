"""Which object type a model means by a name: said exactly, in another word, or mistyped; never one type for another.

Whatever is itself the name of a type, or another word for one, means that type alone, whether the room has it or not;
a mistyped name must be near one type and no other. Who asks for a mug where only a cup is hears that there is none.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA

from ..tasks.names import plain
from ..world.palette import COLORS

ALIASES = {
    "AlarmClock": ("clock",),
    "ArmChair": ("easy chair",),
    "BathtubBasin": ("tub",),
    "Cabinet": ("cupboard",),
    "CellPhone": ("mobile phone", "phone", "smartphone"),
    "CoffeeMachine": ("coffee maker",),
    "CounterTop": ("kitchen counter", "worktop"),
    "DishSponge": ("sponge",),
    "Faucet": ("tap",),
    "Fridge": ("refrigerator",),
    "GarbageCan": ("bin", "dustbin", "rubbish bin", "trash can", "trash bin", "waste bin"),
    "HousePlant": ("plant", "potted plant"),
    "LaundryHamper": ("hamper", "laundry basket"),
    "Microwave": ("microwave oven",),
    "Pan": ("frying pan", "skillet"),
    "PaperTowelRoll": ("kitchen roll", "paper towel", "paper towels"),
    "PepperShaker": ("pepper",),
    "Pot": ("cooking pot", "saucepan"),
    "RemoteControl": ("remote",),
    "SaltShaker": ("salt",),
    "SideTable": ("bedside table", "end table", "nightstand"),
    "SoapBar": ("bar of soap",),
    "Sofa": ("couch", "settee"),
    "StoveBurner": ("hob",),
    "Television": ("TV",),
    "TissueBox": ("tissues",),
    "ToiletPaper": ("toilet roll",),
    "WineBottle": ("bottle of wine",),
}
"""Other words for types; each means one type, in whatever room."""

_LETTERS_A_SLIP = 5
"""A name may be mistyped by one edit for every five of its letters, so shorter ones not at all: pot, pan, pen."""


def resolve(name: str, types: Iterable[str]) -> tuple[str, str | None]:
    """The type that a name means.

    Args:
        name: in lower case, as a model writes it.
        types: objectTypes that there are.

    Returns:
        The type, and `exact`, `alias` or `fuzzy` by how it was found; the name and None where it means none of them.
    """
    there = {_squeezed(kind): kind for kind in types}
    name = re.sub(r"^(the|a|an) ", "", name)
    said = _squeezed(name)
    meant, way = (said, "exact") if said in there else _meant(said)
    return (there[meant], way) if meant in there else (name, None)


@lru_cache(maxsize=4096)
def _meant(said: str) -> tuple[str, str]:
    """The type that a name means anywhere, and how that was found; empty where it means none. All squeezed."""
    names = _names()
    if said in names:
        return names[said], "alias"
    ranked = sorted((OSA.distance(said, known), kind) for known, kind in names.items())
    edits, meant = ranked[0]
    rival = next(distance for distance, kind in ranked if kind != meant)
    return (meant, "fuzzy") if edits <= len(said) // _LETTERS_A_SLIP and rival > edits + 1 else ("", "")


@lru_cache(maxsize=1)
def _names() -> dict[str, str]:
    """Every known name -> its type, all squeezed; what is a type's own name means nothing else."""
    words = [(word, kind) for kind, others in ALIASES.items() for word in others]
    words += [(plain(kind), kind) for kind in COLORS] + [(kind, kind) for kind in COLORS]
    return {_squeezed(word): _squeezed(kind) for word, kind in words}


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]", "", name.lower())
