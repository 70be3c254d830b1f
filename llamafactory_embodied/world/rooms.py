"""Rooms generated from a seed, in AI2-THOR's metadata format: the scenes that need no recording and no Unity.

The same seed and profile give the same scene in every process. An object's `rotation.y` is its facing: the direction
in which its front looks. Its `position` is the middle of its box.
"""

from typing import Any

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.catalog import KINDS
from llamafactory_embodied.world.furnish import furnish
from llamafactory_embodied.world.interior import draw_interior
from llamafactory_embodied.world.layout import arrange, draw_units
from llamafactory_embodied.world.metadata import scene_metadata
from llamafactory_embodied.world.placement import place_small_objects
from llamafactory_embodied.world.profiles import PROFILES, CounterRun, RoomProfile
from llamafactory_embodied.world.rehearsal import out_of_sight
from llamafactory_embodied.world.room import Room
from llamafactory_embodied.world.standing import StandingRoom

__all__ = ["PROFILES", "ROOM_SETS", "CounterRun", "RoomProfile", "generate_room", "room_seeds"]

_MOVES = 8  # rounds in which things are put elsewhere
_ATTEMPTS = 200  # a draw that does not fit is drawn again; the built-in profiles need a few

ROOM_SETS: dict[str, range] = {
    "base": range(1, 1_000_000),
    "train": range(1_000_000, 2_000_000),
    "dev": range(2_000_000, 3_000_000),
    "test": range(3_000_000, 4_000_000),
}
"""Set of rooms -> its seeds. The sets share no seed; "base" is for pre-training a grounded base."""


def room_seeds(split: str, count: int) -> list[int]:
    """The first seeds of a set of rooms.

    Args:
        split: "base", "train", "dev" or "test".
        count: How many.

    Returns:
        `count` different seeds, the same at every call.

    Raises:
        SceneError: The split is unknown or has fewer seeds.
    """
    if split not in ROOM_SETS:
        raise SceneError(f"unknown set of rooms {split!r}: choose one of {', '.join(ROOM_SETS)}")
    if not 0 <= count <= len(ROOM_SETS[split]):
        raise SceneError(
            f"asked for {count} rooms of {split!r}: it has {len(ROOM_SETS[split])}; ask for 0 to that many"
        )
    return list(ROOM_SETS[split][:count])


def generate_room(seed: int, profile: RoomProfile = PROFILES["household"]) -> dict[str, Any]:
    """Generate a room.

    Args:
        seed: A whole number from 0; take it from `room_seeds`, which keeps training and test rooms apart.
        profile: What the room is drawn from.

    Returns:
        AI2-THOR's `event.metadata` of the scene, closed and switched off, with the agent at a corner looking inward.

    Raises:
        SceneError: No draw fits; the profile asks for more than its rooms can hold.
    """
    if seed < 0:
        raise SceneError(f"a room's seed is a whole number from 0, got {seed}; take one from room_seeds()")
    if profile.mix:
        profile = PROFILES[profile.mix[seed % len(profile.mix)]]
    reason: SceneError | None = None
    for attempt in range(_ATTEMPTS):
        try:
            return _draw(seed, attempt, profile)
        except SceneError as error:
            reason = error
    raise SceneError(
        f"profile {profile.name!r} gave no room for seed {seed} in {_ATTEMPTS} draws; the last failed because "
        f"{reason}. Make its rooms larger or its furniture fewer."
    )


def _draw(seed: int, attempt: int, profile: RoomProfile) -> dict[str, Any]:
    rng, name = np.random.default_rng([seed, attempt]), f"Embodied-{profile.name}-{seed}"
    if profile.figures:
        return _draw_figures(profile, name, rng)
    room, standing = _draw_ranges(profile, rng)
    return scene_metadata(room, name, standing.corner(rng))


def _draw_figures(profile: RoomProfile, name: str, rng: np.random.Generator) -> dict[str, Any]:
    """A room in which things that are out of sight or reach for who goes to their furniture are put elsewhere."""
    interior = draw_interior(profile, rng)
    standing = StandingRoom(interior.room)
    standing.check()
    start = standing.corner(rng)
    for _ in range(_MOVES):
        metadata = scene_metadata(interior.room, name, start)
        lost = out_of_sight(metadata)
        if not lost:
            return metadata
        interior.move([index for index, item in enumerate(metadata["objects"]) if item["objectId"] in lost])
    raise SceneError(f"{', '.join(sorted(lost))} cannot be seen and taken")


def _draw_ranges(profile: RoomProfile, rng: np.random.Generator) -> tuple[Room, StandingRoom]:
    width, depth = (round(float(rng.uniform(*profile.side_m)), 1) for _ in range(2))
    room = Room(profile, width, depth, profile.ceiling_m)
    furnish(room, arrange(room, draw_units(room, rng), rng), rng)
    standing = StandingRoom(room)
    for item in room.items:
        faced = KINDS[item.type].flags & {"receptacle", "openable"} and item.type not in ("Floor", "Chair", "Stool")
        if faced and not standing.serves(item):
            raise SceneError(f"nobody can stand in front of the {item.type} at {item.center}")
    place_small_objects(room, rng)
    return room, standing
