"""Shapes of what is switched on and off: lamps, burners, taps, appliances, screens."""

from .palette import (
    BLACK,
    CHARCOAL,
    DARK_WOOD,
    FLAME,
    SILVER,
    SKY,
    STEEL,
    WATER,
    WHITE,
)
from .parts import Part, box, cylinder

_ALL = (-1.0, 1.0)
_LIT = (255, 244, 178)


def coffee_machine(on: bool) -> list[Part]:
    """A dark red column with a black cup bay; a lit lamp and coffee while it runs."""
    lamp = (80, 255, 120) if on else CHARCOAL
    pour = [box((-0.08, 0.08), (-0.7, 0.25), (0.45, 0.6), DARK_WOOD)] if on else []
    return [
        box(_ALL, (-1, 1), (-1, -0.05)),
        box(_ALL, (0.25, 1), (-0.05, 0.95)),
        box(_ALL, (-1, -0.8), (-0.05, 1), BLACK),
        box((-0.8, 0.8), (-0.75, 0.2), (-0.05, 0.0), BLACK),
        box((-0.3, 0.3), (0.5, 0.8), (0.95, 1.0), lamp, glow=on),
        *pour,
    ]


def toaster(on: bool) -> list[Part]:
    """A bright case with two slots in the top; they glow while it runs."""
    slot = FLAME if on else BLACK
    return [
        box(_ALL, (-1, 0.95), _ALL),
        box((-0.75, 0.75), (0.95, 1), (-0.6, -0.2), slot, glow=on),
        box((-0.75, 0.75), (0.95, 1), (0.2, 0.6), slot, glow=on),
        box((0.95, 1.12), (-0.3, 0.0) if on else (0.3, 0.6), (-0.2, 0.2), BLACK),
        box((-1.01, 1.01), (-1, -0.75), (-1.01, 1.01), SILVER),
    ]


def burner(on: bool) -> list[Part]:
    """A black plate with a ring that glows while it is on."""
    ring = FLAME if on else (96, 98, 104)
    return [
        cylinder(_ALL, (-1, 0.6), _ALL),
        cylinder((-0.8, 0.8), (0.6, 0.8), (-0.8, 0.8), ring, glow=on),
        cylinder((-0.45, 0.45), (0.8, 1), (-0.45, 0.45)),
    ]


def knob(on: bool) -> list[Part]:
    """A dial whose mark turns to the side while it is on."""
    mark = (
        box((-0.9, 0.9), (-0.15, 0.15), (0.9, 1.1), FLAME)
        if on
        else box((-0.15, 0.15), (-0.9, 0.9), (0.9, 1.1), WHITE)
    )
    return [box((-0.9, 0.9), (-0.9, 0.9), (-1, 0.9)), mark]


def faucet(on: bool) -> list[Part]:
    """A tap: column, spout to the front, lever; a jet of water while it is on."""
    jet = [cylinder((-0.3, 0.3), (-1.4, 0.6), (0.6, 0.95), WATER, glow=True)] if on else []
    return [
        cylinder((-0.35, 0.35), (-1, 0.9), (-1, -0.4)),
        box((-0.3, 0.3), (0.65, 0.9), (-0.7, 1)),
        box((-0.9, 0.9), (-0.5, -0.3), (-0.85, -0.55), STEEL),
        *jet,
    ]


def shower_head(on: bool) -> list[Part]:
    """A pipe with a rose; water below it while it is on."""
    jet = [cylinder((-0.7, 0.7), (-1, 0.75), (-0.4, 0.9), WATER)] if on else []
    return [box((-0.1, 0.1), (0.2, 1), (-1, -0.8)), cylinder(_ALL, (0.75, 0.95), (-0.6, 1)), *jet]


def desk_lamp(on: bool) -> list[Part]:
    """Foot, pole and a shade that shines while it is on."""
    return [
        cylinder((-0.6, 0.6), (-1, -0.9), (-0.6, 0.6), CHARCOAL),
        cylinder((-0.08, 0.08), (-0.9, 0.3), (-0.08, 0.08), CHARCOAL),
        cylinder(_ALL, (0.2, 1), _ALL, _LIT if on else None, glow=on),
    ]


def floor_lamp(on: bool) -> list[Part]:
    """A high pole with a shade at its top that shines while it is on."""
    return [
        cylinder((-0.6, 0.6), (-1, -0.96), (-0.6, 0.6), CHARCOAL),
        cylinder((-0.06, 0.06), (-0.96, 0.6), (-0.06, 0.06), CHARCOAL),
        cylinder(_ALL, (0.6, 1), _ALL, _LIT if on else None, glow=on),
    ]


def light_switch(on: bool) -> list[Part]:
    """A plate with a rocker, up and bright while on."""
    rocker = (
        box((-0.4, 0.4), (0.0, 0.6), (0.4, 1.2), _LIT, glow=True)
        if on
        else box((-0.4, 0.4), (-0.6, 0.0), (0.4, 1.2), STEEL)
    )
    return [box(_ALL, _ALL, (-1, 0.4)), rocker]


def television(on: bool) -> list[Part]:
    """A black screen in a thin frame on a foot; blue and bright while it is on."""
    picture = SKY if on else (52, 58, 72)
    return [
        box(_ALL, (-0.75, 1), (-0.35, 0.25)),
        box((-0.94, 0.94), (-0.68, 0.93), (0.25, 0.4), picture, glow=on),
        box((-0.1, 0.1), (-0.95, -0.75), (-0.3, 0.1)),
        box((-0.45, 0.45), (-1, -0.93), (-1, 1), CHARCOAL),
    ]
