"""Shapes of small things: food, crockery, cutlery, bottles, books, gadgets."""

from collections.abc import Mapping
from types import MappingProxyType

from .palette import (
    BLACK,
    CHARCOAL,
    COLORS,
    CREAM,
    DARK_WOOD,
    FLAME,
    LEAF,
    SILVER,
    SKY,
    SOIL,
    STEEL,
    WHITE,
    WOOD,
)
from .parts import Part, ball, box, cup, cylinder

_ALL = (-1.0, 1.0)
_STICK = (214, 176, 120)


def _bottle(*more: Part) -> list[Part]:
    return [cylinder(_ALL, (-1, 0.35), _ALL), cylinder((-0.4, 0.4), (0.35, 0.8), (-0.4, 0.4)), *more]


def _shaker(cap: tuple[int, int, int]) -> list[Part]:
    return [cylinder(_ALL, (-1, 0.45), _ALL), ball((-0.95, 0.95), (0.1, 1), (-0.95, 0.95), cap)]


def _utensil(head: list[Part]) -> list[Part]:
    return [box((-0.45, 0.45), _ALL, (-1, 0.3)), *head]


def _vessel_with_handle(right: float) -> list[Part]:
    return [cup((-1, right), _ALL, (-1, 1)), box((right, 1), (-0.5, 0.5), (-0.14, 0.14))]


FLESH: Mapping[str, tuple[int, int, int]] = MappingProxyType(
    {
        "Apple": (250, 240, 200),
        "Bread": (250, 226, 180),
        "Egg": (255, 200, 40),
        "Lettuce": (220, 250, 180),
        "Potato": (250, 226, 140),
        "Tomato": (255, 150, 130),
    }
)
"""Colour of the cut faces of what can be sliced."""


def _slice(kind: str) -> list[Part]:
    return [
        cylinder(_ALL, (-1, 0.7), _ALL, COLORS[kind]),
        cylinder((-0.85, 0.85), (0.7, 1), (-0.85, 0.85), FLESH[kind]),
    ]


SMALL_SHAPES: Mapping[str, list[Part]] = MappingProxyType(
    {
        **{f"{kind}Sliced": _slice(kind) for kind in FLESH if kind != "Egg"},
        "EggCracked": [
            ball(_ALL, (-1, 0.6), _ALL, WHITE),
            ball((-0.45, 0.45), (-0.2, 1), (-0.45, 0.45), FLESH["Egg"]),
        ],
        "AluminumFoil": [cylinder(_ALL, _ALL, _ALL)],
        "Apple": [
            ball(_ALL, (-1, 0.9), _ALL),
            box((-0.07, 0.07), (0.75, 1.1), (-0.07, 0.07), SOIL),
            ball((0.05, 0.55), (0.86, 1.06), (-0.2, 0.2), LEAF),
        ],
        "BaseballBat": [
            box((-0.6, 0.6), (-0.6, 0.6), (-1, -0.94), DARK_WOOD),
            box((-0.4, 0.4), (-0.4, 0.4), (-0.94, 0.2)),
            ball(_ALL, _ALL, (-0.35, 1.05)),
        ],
        "BasketBall": [ball(_ALL, _ALL, _ALL), cylinder((-1.01, 1.01), (-0.05, 0.05), (-1.01, 1.01), SOIL)],
        "Boots": [
            box((-0.9, -0.1), (-1, 1), (-0.9, 0)),
            box((0.1, 0.9), (-1, 1), (-0.9, 0)),
            box(_ALL, (-1, -0.5), _ALL),
        ],
        "Bottle": _bottle(cylinder((-0.45, 0.45), (0.8, 1), (-0.45, 0.45), WHITE)),
        "Bowl": [cup(_ALL, (-0.75, 1), _ALL), cylinder((-0.5, 0.5), (-1, -0.75), (-0.5, 0.5), WHITE)],
        "Bread": [
            box((-0.92, 0.92), (-1, 0.3), (-0.97, 0.97)),
            box(_ALL, (0.3, 0.75), _ALL, (176, 92, 34)),
            box((-0.75, 0.75), (0.75, 1), (-0.9, 0.9), (176, 92, 34)),
        ],
        "ButterKnife": _utensil([box((-0.6, 0.9), (-0.6, 0.6), (0.3, 1), SILVER)]),
        "CD": [cylinder(_ALL, _ALL, _ALL), cylinder((-0.25, 0.25), (-1.1, 1.1), (-0.25, 0.25), WHITE)],
        "Candle": [
            cylinder(_ALL, (-1, 0.6), _ALL),
            box((-0.08, 0.08), (0.6, 0.75), (-0.08, 0.08), BLACK),
        ],
        "CellPhone": [box(_ALL, (-1, 0.6), _ALL), box((-0.8, 0.8), (0.6, 1), (-0.8, 0.8), (90, 96, 130))],
        "Cloth": [box(_ALL, (-1, 0.2), _ALL), box((-0.7, 0.9), (0.2, 1), (-0.8, 0.6))],
        "CreditCard": [box(_ALL, _ALL, _ALL), box(_ALL, (-1.1, 1.1), (0.45, 0.8), BLACK)],
        "Cup": [cup(_ALL, _ALL, _ALL), cylinder((-1.02, 1.02), (-0.15, 0.25), (-1.02, 1.02), WHITE)],
        "DishSponge": [box(_ALL, (-0.2, 1), _ALL), box(_ALL, (-1, -0.2), _ALL, (40, 150, 70))],
        "Dumbbell": [
            box((-0.3, 0.3), (-0.3, 0.3), (-0.9, 0.9), STEEL),
            box(_ALL, _ALL, (-1, -0.45)),
            box(_ALL, _ALL, (0.45, 1)),
        ],
        "Egg": [ball(_ALL, _ALL, _ALL)],
        "Fork": _utensil(
            [
                box((-0.95, 0.95), (-0.7, 0.7), (0.3, 0.55), SILVER),
                *(box((x - 0.15, x + 0.15), (-0.7, 0.7), (0.55, 1), SILVER) for x in (-0.75, 0.0, 0.75)),
            ]
        ),
        "GarbageBag": [ball(_ALL, (-1, 0.6), _ALL), cylinder((-0.25, 0.25), (0.4, 1), (-0.25, 0.25))],
        "HandTowel": [box(_ALL, _ALL, _ALL), box((-1.03, 1.03), (-0.75, -0.55), (-1.03, 1.03), WHITE)],
        "HousePlant": [
            cylinder((-0.5, 0.5), (-1, -0.35), (-0.5, 0.5), (190, 100, 60)),
            ball((-0.9, 0.6), (-0.4, 0.7), (-0.9, 0.6)),
            ball((-0.5, 1), (-0.3, 1), (-0.5, 1), (84, 168, 70)),
        ],
        "KeyChain": [
            box((-1, 0.0), _ALL, (-0.75, -0.4), SILVER),
            box((-1, -0.75), _ALL, (-0.4, -0.1), SILVER),
            box((-0.8, 0.0), _ALL, (0.3, 0.65)),
            box((-0.8, -0.55), _ALL, (0.65, 0.95)),
            cup((-0.15, 1), (-1.2, 1.2), _ALL, CHARCOAL),
        ],
        "Knife": [box((-0.6, 0.6), _ALL, (-1, 0.1)), box((-0.6, 1), (-0.6, 0.6), (0.1, 1), SILVER)],
        "Ladle": [box((-0.2, 0.2), (0.2, 1), (-1, 0.4)), ball(_ALL, (-1, 0.9), (0.2, 1))],
        "Lettuce": [
            ball(_ALL, (-1, 0.7), _ALL),
            ball((-0.6, 1), (-0.3, 1), (-1, 0.4), (160, 240, 90)),
            ball((-1, 0.4), (-0.4, 0.85), (-0.2, 1), (70, 190, 20)),
        ],
        "Mug": [
            *_vessel_with_handle(0.55),
            cylinder((-1.02, 0.57), (-0.9, -0.65), (-1.02, 1.02), WHITE),
        ],
        "Newspaper": [
            box(_ALL, (-1, 0.5), _ALL),
            box((-0.85, 0.85), (0.5, 1), (0.5, 0.85), BLACK),
            box((-0.85, -0.05), (0.5, 1), (-0.8, 0.3), CHARCOAL),
        ],
        "Pan": [
            cup((-1, 1), _ALL, (-0.35, 1)),
            box((-0.1, 0.1), (0.3, 0.9), (-1, -0.3), CHARCOAL),
        ],
        "PaperTowelRoll": [
            cylinder(_ALL, (-0.97, 0.97), _ALL),
            cylinder((-0.35, 0.35), (-1, 1), (-0.35, 0.35), WOOD),
            cylinder((-1.02, 1.02), (0.2, 0.4), (-1.02, 1.02), WHITE),
        ],
        "Pen": [box(_ALL, _ALL, (-1, 0.4)), box((-0.6, 0.6), (-0.6, 0.6), (0.4, 1), SILVER)],
        "Pencil": [
            box(_ALL, _ALL, (-0.8, 0.7)),
            box(_ALL, _ALL, (-1, -0.8), (230, 110, 120)),
            box((-0.5, 0.5), (-0.5, 0.5), (0.7, 1), BLACK),
        ],
        "PepperShaker": _shaker(BLACK),
        "Pillow": [ball((-1.15, 1.15), _ALL, (-1.15, 1.15)), box((-0.85, 0.85), (-0.4, 0.4), (-0.85, 0.85))],
        "Plate": [
            cylinder(_ALL, (-0.2, 0.6), _ALL),
            cylinder((-0.6, 0.6), (-1, -0.2), (-0.6, 0.6)),
            cylinder((-0.66, 0.66), (0.6, 0.75), (-0.66, 0.66), (120, 110, 230)),
        ],
        "Plunger": [
            cylinder((-0.15, 0.15), (-0.5, 1), (-0.15, 0.15), _STICK),
            ball(_ALL, (-1.3, -0.45), _ALL),
        ],
        "Pot": [
            cup((-0.8, 0.8), _ALL, (-1, 1)),
            box((-1, -0.78), (0.45, 0.7), (-0.3, 0.3), BLACK),
            box((0.78, 1), (0.45, 0.7), (-0.3, 0.3), BLACK),
        ],
        "Potato": [ball(_ALL, _ALL, _ALL), ball((0.1, 0.5), (0.62, 0.98), (0.0, 0.4), (72, 44, 10))],
        "RemoteControl": [
            box(_ALL, (-1, 0.6), _ALL),
            box((-0.5, 0.5), (0.6, 1), (0.4, 0.8), WHITE),
            box((-0.5, 0.5), (0.6, 1), (-0.7, 0.1), BLACK),
        ],
        "SaltShaker": _shaker(STEEL),
        "ScrubBrush": [
            cylinder((-0.15, 0.15), (-0.4, 1), (-0.15, 0.15), _STICK),
            cylinder(_ALL, (-1, -0.4), _ALL),
        ],
        "SoapBar": [ball(_ALL, (-1.1, 1.1), _ALL)],
        "SoapBottle": [
            cylinder(_ALL, (-1, 0.35), _ALL),
            cylinder((-1.02, 1.02), (-0.6, 0), (-1.02, 1.02), WHITE),
            cylinder((-0.25, 0.25), (0.35, 0.8), (-0.25, 0.25), CHARCOAL),
            box((-0.25, 0.25), (0.8, 1), (-0.3, 0.95), CHARCOAL),
        ],
        "Spatula": [
            box((-0.25, 0.25), _ALL, (-1, 0.2)),
            box(_ALL, (-0.7, 0.7), (0.2, 1), (40, 110, 220)),
        ],
        "Spoon": _utensil([ball(_ALL, (-1, 1), (0.2, 1), SILVER)]),
        "SprayBottle": [
            cylinder(_ALL, (-1, 0.3), _ALL),
            cylinder((-0.35, 0.35), (0.3, 0.6), (-0.35, 0.35), WHITE),
            box((-0.35, 0.35), (0.6, 1), (-0.5, 1), (250, 90, 30)),
        ],
        "Statue": [
            box(_ALL, (-1, -0.75), _ALL, CHARCOAL),
            ball((-0.6, 0.6), (-0.75, 0.5), (-0.6, 0.6)),
            ball((-0.35, 0.35), (0.35, 1), (-0.35, 0.35)),
        ],
        "TableTopDecor": [cylinder(_ALL, (-1, -0.5), _ALL), ball((-0.7, 0.7), (-0.5, 1), (-0.7, 0.7))],
        "TargetCircle": [cylinder(_ALL, _ALL, _ALL), cylinder((-0.5, 0.5), (-1.1, 1.1), (-0.5, 0.5), WHITE)],
        "TeddyBear": [
            ball((-0.8, 0.8), (-1, 0.25), (-0.8, 0.8)),
            ball((-0.6, 0.6), (0.05, 0.9), (-0.5, 0.7)),
            ball((-0.75, -0.35), (0.65, 1), (-0.1, 0.3)),
            ball((0.35, 0.75), (0.65, 1), (-0.1, 0.3)),
            ball((-0.25, 0.25), (0.2, 0.5), (0.4, 1), CREAM),
        ],
        "TennisRacket": [
            cylinder(_ALL, (-0.6, 0.6), (-0.1, 1)),
            cylinder((-0.82, 0.82), (-0.7, 0.7), (0.0, 0.9), WHITE),
            box((-0.12, 0.12), (-0.6, 0.6), (-0.5, -0.08)),
            box((-0.16, 0.16), _ALL, (-1, -0.45), BLACK),
        ],
        "TissueBox": [box(_ALL, (-1, 0.5), _ALL), ball((-0.5, 0.5), (0.2, 1.1), (-0.3, 0.3), WHITE)],
        "ToiletPaper": [
            cylinder(_ALL, (-0.97, 0.97), _ALL),
            cylinder((-0.35, 0.35), (-1, 1), (-0.35, 0.35), (140, 110, 80)),
        ],
        "Tomato": [
            ball(_ALL, (-1, 0.95), _ALL),
            cylinder((-0.4, 0.4), (0.82, 1), (-0.4, 0.4), (20, 120, 30)),
        ],
        "Towel": [box(_ALL, _ALL, _ALL), box((-1.01, 1.01), (-0.8, -0.65), (-1.01, 1.01), WHITE)],
        "Vase": [
            ball(_ALL, (-1.1, 0.5), _ALL),
            cup((-0.5, 0.5), (0.2, 1), (-0.5, 0.5)),
            cylinder((-1.01, 1.01), (-0.4, -0.2), (-1.01, 1.01), (220, 240, 220)),
        ],
        "Watch": [cylinder((-0.7, 0.7), _ALL, (-0.7, 0.7)), box((-0.4, 0.4), (-0.9, 0.3), _ALL, DARK_WOOD)],
        "WateringCan": [
            cup((-0.6, 0.6), (-1, 0.6), (-1, 0.4)),
            box((-0.12, 0.12), (0, 0.9), (0.35, 1)),
            box((-0.1, 0.1), (0.6, 1), (-0.8, 0.2)),
        ],
        "WineBottle": [
            cylinder(_ALL, (-1, 0.2), _ALL),
            cylinder((-1.03, 1.03), (-0.65, -0.1), (-1.03, 1.03), CREAM),
            cylinder((-0.4, 0.4), (0.2, 0.8), (-0.4, 0.4)),
            cylinder((-0.45, 0.45), (0.75, 1), (-0.45, 0.45), (150, 20, 30)),
        ],
    }
)
"""Type -> parts that do not depend on the object's state."""


def sliced(kind: str) -> list[Part]:
    """Four slices side by side, the cut faces pale."""
    parts = []
    for place in (-0.75, -0.25, 0.25, 0.75):
        parts.append(ball(_ALL, (-1, 0.9), (place - 0.2, place + 0.2)))
        parts.append(ball((-0.8, 0.8), (-0.9, 1.0), (place - 0.22, place + 0.22), FLESH[kind]))
    return parts


def candle(lit: bool) -> list[Part]:
    """A candle, with a flame where it is lit."""
    flame = [ball((-0.4, 0.4), (0.6, 1.3), (-0.4, 0.4), FLAME, glow=True)] if lit else []
    return [*SMALL_SHAPES["Candle"], *flame]


def phone(on: bool) -> list[Part]:
    """A telephone; its screen shines where it is on."""
    screen = [box((-0.85, 0.85), (0.6, 1.02), (-0.85, 0.85), SKY, glow=True)] if on else []
    return [*SMALL_SHAPES["CellPhone"], *screen]


def book(opened: bool) -> list[Part]:
    """A book: shut with pages between its covers, or lying open."""
    if opened:
        return [
            box(_ALL, (-1, 0), _ALL),
            box((-0.94, -0.03), (0, 1), (-0.92, 0.92), CREAM),
            box((0.03, 0.94), (0, 1), (-0.92, 0.92), CREAM),
        ]
    return [
        box(_ALL, (-1, -0.6), _ALL),
        box((-0.94, 0.92), (-0.6, 0.6), (-0.92, 0.92), CREAM),
        box(_ALL, (0.6, 1), _ALL),
        box((-1, -0.92), (-0.6, 0.6), _ALL),
        box((-0.5, 0.5), (1, 1.08), (0.2, 0.6), (250, 210, 60)),
    ]


def kettle(opened: bool) -> list[Part]:
    """A kettle with a black handle over it; without its lid where it is open."""
    body = cup((-0.8, 0.8), (-1, 0.3), (-0.8, 0.8)) if opened else ball((-0.85, 0.85), (-1.4, 0.5), (-0.85, 0.85))
    return [
        body,
        box((-0.15, 0.15), (-0.3, 0.3), (0.6, 1.05)),
        box((-0.08, 0.08), (0.85, 1), (-0.8, 0.8), BLACK),
        box((-0.08, 0.08), (0, 1), (-0.85, -0.7), BLACK),
        box((-0.08, 0.08), (0.2, 1), (0.55, 0.7), BLACK),
        *([] if opened else [ball((-0.2, 0.2), (0.4, 0.7), (-0.2, 0.2), BLACK)]),
    ]


def clock(on: bool) -> list[Part]:
    """An alarm clock; its face shines where it is on."""
    return [
        box(_ALL, (-1, 0.75), (-1, 0.85)),
        box((-0.8, 0.8), (-0.7, 0.5), (0.85, 1), WHITE, glow=on),
        box((-0.08, 0.08), (-0.2, 0.4), (1, 1.08), BLACK),
        box((-0.5, 0.5), (0.75, 1), (-0.5, 0.5), BLACK),
    ]


def laptop(opened: bool, on: bool) -> list[Part]:
    """A laptop: keyboard and raised screen, or shut."""
    if not opened:
        return [box(_ALL, (-1, -0.85), _ALL), box((-0.12, 0.12), (-0.85, -0.84), (-0.1, 0.1), SILVER)]
    screen = SKY if on else BLACK
    return [
        box(_ALL, (-1, -0.88), (-0.6, 1)),
        box((-0.85, 0.85), (-0.88, -0.85), (-0.4, 0.5), BLACK),
        box(_ALL, (-0.88, 1), (-0.85, -0.65)),
        box((-0.9, 0.9), (-0.7, 0.9), (-0.65, -0.6), screen, glow=on),
    ]
