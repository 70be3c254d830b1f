"""How large a room is, and what is built together in it, drawn from recorded figures."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from llamafactory_embodied.world.catalog import KINDS, Size
from llamafactory_embodied.world.figures import RoomFigures, draw, recorded_kinds
from llamafactory_embodied.world.profiles import RoomProfile
from llamafactory_embodied.world.room import SLAB_M, Room

_FIXTURES = ("Drawer", "Faucet", "StoveBurner", "StoveKnob", "Sink", "SinkBasin")
_DEEPEST_TOP_M = 0.75
_LOWEST_DRAWER_M = 0.12


def draw_room(profile: RoomProfile, figures: RoomFigures, ample: float, rng: np.random.Generator) -> Room:
    """An empty room.

    Args:
        profile: replaced by one with the drawn measures.
        figures: what such rooms are like.
        ample: share of the recorded rooms that are smaller.
        rng: draws the rest.
    """
    sides = [round(float(side), 2) for side in rng.permutation(_sides(figures, ample, rng))]
    fixtures = [kind for kind in _FIXTURES if kind in figures.types]
    sizes = {kind: figures.types[kind].draw_size(rng, True) for kind in fixtures}
    if "Sink" in sizes:
        sizes["CounterTop"] = _top_size(figures, float(rng.random()))
        sizes |= _sink_sizes(sizes, sizes["CounterTop"])
    return Room(
        _measured(profile, figures, sizes, rng),
        sides[0],
        sides[1],
        draw(figures.height_m, float(rng.random())),
        recorded_kinds(),
    )


def _sides(figures: RoomFigures, ample: float, rng: np.random.Generator) -> tuple[float, float]:
    """A room's shorter and longer side."""
    short = draw(figures.side_m, ample)
    share = ample if rng.random() < figures.together else float(rng.random())
    return short, max(short, draw(figures.long_m, share))


def _measured(
    profile: RoomProfile, figures: RoomFigures, sizes: Mapping[str, Size], rng: np.random.Generator
) -> RoomProfile:
    """A profile with the measures of what is built together."""
    measured = replace(profile, sizes=sizes)
    if "CounterTop" in figures.types:
        top = figures.types["CounterTop"].draw_bottom(rng) + SLAB_M / 2
        measured = replace(measured, worktop_m=top, knob_m=top - SLAB_M - 0.01)
    if "StoveKnob" in figures.types:
        measured = replace(measured, knob_m=max(measured.knob_m, figures.types["StoveKnob"].draw_bottom(rng)))
    if "Drawer" in sizes:
        measured = replace(measured, drawer_height_m=max(sizes["Drawer"][1], _LOWEST_DRAWER_M))
    return measured


def _top_size(figures: RoomFigures, share: float) -> Size:
    """A worktop as deep as the slimmer half of the recorded ones: the boxes of bent ones tell nothing."""
    width, height, _ = KINDS["CounterTop"].size
    return (width, height, min(draw(figures.types["CounterTop"].depth_m, share / 2), _DEEPEST_TOP_M))


def _sink_sizes(sizes: Mapping[str, Size], top: Size) -> dict[str, Size]:
    width, depth = max(sizes["Sink"][0], 0.42), min(sizes["Sink"][2], top[2] - 0.06)
    basin = sizes["SinkBasin"]
    return {
        "Sink": (width, 0.20, depth),
        "SinkBasin": (min(basin[0], width - 0.06), 0.16, min(basin[2], depth - 0.06)),
    }
