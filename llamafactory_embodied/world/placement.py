"""Small objects of a generated kitchen: which there are, where they go, how they stand.

Objects are dealt to spaces one after the other by the prior of `world.places`; then each space's contents are set
in a row along its width, so that none hides another from someone who stands in front.
"""

import numpy as np

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.catalog import KINDS, Size
from llamafactory_embodied.world.places import places, usual_places
from llamafactory_embodied.world.profiles import RoomProfile
from llamafactory_embodied.world.room import Room, Space

_WANDER = 0.2  # how far from its space's lean an object may stand, in the same unit


def place_small_objects(room: Room, rng: np.random.Generator) -> None:
    """Choose the small objects, deal them to the kitchen's spaces and add them as items.

    Raises:
        SceneError: An object finds no place, or the share of hidden ones cannot be met.
    """
    types = _choose_types(room.profile, rng)
    low, high = room.profile.hidden_share
    quota = {True: round(float(rng.uniform(low, high)) * len(types))}
    quota[False] = len(types) - quota[True]
    for kind in types:
        size = _draw_size(room.profile, kind, rng)
        space = _choose_space(room, kind, size, quota, rng)
        space.contents.append((kind, size))
        quota[space.hidden] -= 1
    hidden = sum(len(space.contents) for space in room.spaces if space.hidden) / len(types)
    if not low <= hidden <= high:
        raise SceneError(f"{hidden:.2f} of the small objects are hidden, wanted {low} to {high}")
    for space in room.spaces:
        _set_row(room, space, rng)


def _choose_types(profile: RoomProfile, rng: np.random.Generator) -> list[str]:
    """Types of the room's small objects, in the order in which they are dealt."""
    count = int(rng.integers(profile.small_count[0], profile.small_count[1] + 1))
    pool = profile.small_types
    if count > len(pool):
        raise SceneError(f"profile {profile.name!r} wants {count} small objects of {len(pool)} types without repeats")
    return [pool[index] for index in rng.permutation(len(pool))[:count]]


def _draw_size(profile: RoomProfile, kind: str, rng: np.random.Generator) -> Size:
    width, height, depth = KINDS[kind].size
    longest, second = sorted((width, height, depth))[:0:-1]
    scale = float(rng.uniform(*profile.longest_m)) / longest
    least = profile.slimmest * longest
    # A slim object (a bottle, a phone) is made stouter until its second longest side reaches the share.
    stout = max(1.0, least / second)
    stretched = [side if side == longest else min(side * stout, longest) for side in (width, height, depth)]
    if stretched[2] > stretched[0]:
        stretched.reverse()
    return round(stretched[0] * scale, 3), round(stretched[1] * scale, 3), round(stretched[2] * scale, 3)


def _choose_space(room: Room, kind: str, size: Size, quota: dict[bool, int], rng: np.random.Generator) -> Space:
    allowed = places(kind)
    fitting = [
        space
        for space in room.spaces
        if room.items[space.owner].type in allowed and _has_room(room.profile, space, size)
    ]
    wanted = [space for space in fitting if quota[space.hidden] > 0]
    candidates = wanted or fitting
    if not candidates:
        raise SceneError(f"no place left for a {kind} of {size} m")
    return candidates[int(rng.choice(len(candidates), p=_weights(room, candidates, kind)))]


def _has_room(profile: RoomProfile, space: Space, size: Size) -> bool:
    width = sum(other[0] for _, other in space.contents) + size[0] + profile.gap_m * (len(space.contents) + 1)
    low_enough = size[1] <= space.headroom and size[2] <= space.depth
    return len(space.contents) < profile.capacity and width <= space.width and low_enough


def _weights(room: Room, candidates: list[Space], kind: str) -> np.ndarray:
    """Probability of each candidate: the prior of its type, shared among the places of that type."""
    prior, strength = usual_places(kind), room.profile.prior_strength
    types = [room.items[space.owner].type for space in candidates]
    weights = np.array([(strength * prior[t] + (1 - strength) / len(prior)) / types.count(t) for t in types])
    return np.asarray(weights / weights.sum())


def _set_row(room: Room, space: Space, rng: np.random.Generator) -> None:
    """Stand a space's contents side by side, with the slack spread between them at random."""
    contents = [space.contents[index] for index in rng.permutation(len(space.contents))]
    gap = room.profile.gap_m
    slack = space.width - sum(size[0] for _, size in contents) - gap * len(contents)
    # Even spreading with some play: neighbours keep apart, and no two rooms look the same.
    shares = 0.5 / (len(contents) + 1) + 0.5 * rng.dirichlet(np.ones(len(contents) + 1))
    at = -space.width / 2 + gap / 2
    for (kind, size), share in zip(contents, shares[:-1], strict=True):
        at += slack * float(share)
        free = space.depth - size[2]
        wander = float(np.clip(space.lean + rng.uniform(-_WANDER, _WANDER), -1.0, 1.0))
        frame = space.frame.moved(round(at + size[0] / 2, 4), round(wander * free / 2, 4))
        room.add(kind, frame, space.bottom, size, parent=space.owner)
        at += size[0] + gap
