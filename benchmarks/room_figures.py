"""Makes llamafactory_embodied/world/room_figures.json: what recorded rooms are like, in counts and quantiles.

    EMBODIED_THOR_DATA=... python benchmarks/room_figures.py

Only scenes that no benchmark task plays in are read. Nothing of a single scene is kept but its share in a count or a
quantile: no arrangement, no coordinates.
"""

import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
from recordings import recorded_scenes
from scipy.stats import spearmanr

from llamafactory_embodied.world.boxes import low_and_high
from llamafactory_embodied.world.frames import object_frame, upright
from llamafactory_embodied.world.surfaces import worktop

TARGET = Path(__file__).parent.parent / "llamafactory_embodied/world/room_figures.json"
QUANTILES = (10, 25, 50, 75, 90)
"""The outermost are left out: among them are the boxes of bent counters and sofas, which cover standing room."""
FLAGS = (
    *("receptacle", "toggleable", "isToggled", "breakable", "canFillWithLiquid", "dirtyable", "canBeUsedUp"),
    *("cookable", "isHeatSource", "isColdSource", "sliceable", "openable", "isOpen", "pickupable", "moveable"),
)
INSIDE_OF = {"Sink": "SinkBasin", "Bathtub": "BathtubBasin"}  # what lies in a basin is listed for both
RIM_M = 0.05
HOSTS = {
    "Drawer": ("Dresser", "Desk", "SideTable", "TVStand", "CounterTop"),
    "Shelf": ("ShelvingUnit", "TVStand", "Desk"),
    "Cabinet": ("CounterTop",),
}
"""Built-in parts, and the furniture that they may be part of: AI2-THOR does not say."""
BROAD = ("Desk", "Dresser", "HandTowelHolder", "Shelf", "ShelvingUnit", "ToiletPaperHanger", "TowelHolder", "TVStand")
"""Furniture whose longer side is its front, whichever wall is near."""
NEAR_WALL_M = 0.3
ASKEW_DEG = 5.0
GROWN = 1.05


def quantiles(values):
    return [round(float(q), 3) for q in np.percentile(values, QUANTILES)]


def extent(scene):
    """The corners of the box around everything but the floor: where the room's walls are."""
    boxes = [low_and_high(item) for item in scene.metadata["objects"] if item["objectType"] != "Floor"]
    return np.min([low for low, _ in boxes], axis=0), np.max([high for _, high in boxes], axis=0)


def worktop_m2(counter, scene):
    """The area of a counter, bent or not."""
    areas = worktop(counter, scene.metadata["objects"], with_holes=False)
    return sum((area.x_high - area.x_low) * (area.z_high - area.z_low) for area in areas)


def wall_gap(item, low, high):
    """How far an object is from the nearest wall."""
    box_low, box_high = low_and_high(item)
    return min(min(box_low[axis] - low[axis], high[axis] - box_high[axis]) for axis in (0, 2))


def size(item, low, high):
    """(width, height, depth): of small objects the longer side first, of furniture the depth away from the wall."""
    if item["pickupable"] and item.get("objectOrientedBoundingBox"):
        x, y, z = 2 * upright(object_frame(item)).half
        return max(x, z), y, min(x, z)
    box_low, box_high = low_and_high(item)
    x, y, z = np.subtract(box_high, box_low)
    gaps = [min(box_low[axis] - low[axis], high[axis] - box_high[axis]) for axis in (0, 2)]
    turned = gaps[0] < gaps[1] if min(gaps) < NEAR_WALL_M else round(item["rotation"]["y"] / 90) % 2 == 1
    if item["objectType"] in BROAD:
        turned = z > x
    return (z, y, x) if turned else (x, y, z)


def askew(item):
    """Whether an object is turned by other than quarter turns and its box shows it: that of a round one does not."""
    quarters = item["rotation"]["y"] / 90
    if abs(quarters - round(quarters)) * 90 <= ASKEW_DEG:
        return False
    if not item.get("objectOrientedBoundingBox"):
        return True
    x, _, z = np.subtract(*low_and_high(item)[::-1])
    width, _, depth = 2 * upright(object_frame(item)).half
    return x * z > GROWN * width * depth


def place(item, known):
    """The type of the furniture that an object is in, on or part of; "Floor" or "" where there is none."""
    for host in HOSTS.get(item["objectType"], ()):
        if any(other["objectType"] == host and within(item, other) for other in known.values()):
            return host
    parents = [known[name] for name in item["parentReceptacles"] or [] if name in known]
    while any(parent["pickupable"] for parent in parents):
        carried = next(parent for parent in parents if parent["pickupable"])
        more = [known[name] for name in carried["parentReceptacles"] or [] if name in known]
        parents = [parent for parent in parents if parent is not carried] + [p for p in more if p not in parents]
    parents = [parent for parent in parents if parent["objectType"] not in (item["objectType"], "Floor")] or parents
    below = {name for parent in parents for name in parent["parentReceptacles"] or []}
    parents = [parent for parent in parents if parent["objectId"] not in below] or parents
    if not parents:
        return ""
    host = min(parents, key=volume)
    kind = host["objectType"]
    on_rim = kind == "Bathtub" and low_and_high(item)[0][1] > low_and_high(host)[1][1] - RIM_M
    return kind if on_rim else INSIDE_OF.get(kind, kind)


def within(item, host):
    center = item["axisAlignedBoundingBox"]["center"]
    low, high = low_and_high(host)
    return center["y"] < high[1] and low[0] < center["x"] < high[0] and low[2] < center["z"] < high[2]


def volume(item):
    box = item["axisAlignedBoundingBox"]["size"]
    return box["x"] * box["y"] * box["z"]


def room_figures(scenes):
    things = defaultdict(
        lambda: {"count": Counter(), "size": [], "bottom": [], "gap": [], "askew": [], "at": Counter()}
    )
    sides, worktops = [], []
    for scene in scenes:
        low, high = extent(scene)
        height = scene.metadata["sceneBounds"]["size"]["y"]
        sides.append((*sorted((high - low)[[0, 2]]), height))
        known = {item["objectId"]: item for item in scene.metadata["objects"]}
        worktops.append(sum(worktop_m2(item, scene) for item in known.values() if item["objectType"] == "CounterTop"))
        counts = Counter(item["objectType"] for item in known.values())
        for item in known.values():
            thing = things[item["objectType"]]
            thing["size"].append(size(item, low, high))
            at = place(item, known)
            thing["at"][at] += 1
            thing["askew"].append(askew(item))
            if at == "Floor":
                thing["gap"].append(wall_gap(item, low, high))
            if at in ("", "Floor"):
                thing["bottom"].append(low_and_high(item)[0][1])
        for kind in counts:
            things[kind]["count"][counts[kind]] += 1
    short, long, height = np.array(sides).T
    return {
        "rooms": len(scenes),
        "side_m": quantiles(short),
        "long_m": quantiles(long),
        "together": round(max(0.0, float(spearmanr(short, long).statistic)), 2),
        "height_m": quantiles(height),
        "worktop_m2": quantiles(worktops),
        "types": {kind: type_figures(things[kind], len(scenes)) for kind in sorted(things)},
    }


def type_figures(thing, rooms):
    counts = thing["count"]
    counts[0] = rooms - sum(counts.values())
    widths, heights, depths = np.array(thing["size"]).T
    return {
        "count": [counts[number] for number in range(max(counts) + 1)],
        "at": dict(sorted(thing["at"].items())),
        "width_m": quantiles(widths),
        "height_m": quantiles(heights),
        "depth_m": quantiles(depths),
        "askew": round(float(np.mean(thing["askew"])), 2),
        **({"gap_m": quantiles(thing["gap"])} if thing["gap"] else {}),
        **({"bottom_m": quantiles(thing["bottom"])} if thing["bottom"] else {}),
    }


def kinds(scenes):
    """Flags, weight and material of each type; a state counts as usual where at least half of the objects have it."""
    objects = defaultdict(list)
    for scene in scenes:
        for item in scene.metadata["objects"]:
            objects[item["objectType"]].append(item)
    return {
        kind: {
            "flags": [flag for flag in FLAGS if np.mean([bool(item[flag]) for item in items]) >= 0.5],
            "mass_kg": round(float(np.median([item["mass"] or 0.0 for item in items])), 2),
            "materials": sorted(Counter(tuple(item["salientMaterials"] or ()) for item in items).most_common(1)[0][0]),
        }
        for kind, items in sorted(objects.items())
    }


def main():
    rooms = recorded_scenes()
    every = [scene for scenes in rooms.values() for scene in scenes]
    figures = {room: room_figures(scenes) for room, scenes in rooms.items()}
    lines = ['{\n"kinds": {\n' + rows(kinds(every)) + "\n}"]
    for room, figure in figures.items():
        head = json.dumps({key: value for key, value in figure.items() if key != "types"})
        lines.append(f'"{room}": {head[:-1]}, "types": {{\n{rows(figure["types"])}\n}}}}')
    TARGET.write_text(",\n".join(lines) + "\n}\n")
    print(f"{TARGET.name}: {', '.join(f'{len(scenes)} {room}s' for room, scenes in rooms.items())}")


def rows(table):
    """One line for each type, so that a change can be read."""
    return ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in table.items())


if __name__ == "__main__":
    main()
