"""The embedded simulator against recorded AI2-THOR scenes, its speed, and how its objects look.

    python benchmarks/world.py visible     `visible` against the recorded flags
    python benchmarks/world.py standing    recorded agent poses, hand-set poses, things without an interactable pose
    python benchmarks/world.py speed       milliseconds of CPU time an action, by part
    python benchmarks/world.py sheet PATH  a contact sheet of every object type (JPEG)

Recorded scenes come from EMBODIED_THOR_DATA (or ../shared/data/thor). What came of it: benchmarks/world.md.
"""

import json
import os
import resource
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.boxes import distance_to_box
from llamafactory_embodied.world.camera import Camera
from llamafactory_embodied.world.catalog import KINDS
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.picture import Picture
from llamafactory_embodied.world.scene import load_scene, scene_files
from llamafactory_embodied.world.shapes import KNOWN_TYPES, object_primitives, room_primitives
from llamafactory_embodied.world.state import RoomState

ROOT = Path(os.environ.get("EMBODIED_THOR_DATA", Path(__file__).parents[2] / "shared" / "data" / "thor"))
ROOMS = ("kitchen", "living_room", "bedroom", "bathroom")


def scenes():
    for path in scene_files(ROOT / "scenes").values():
        try:
            yield load_scene(path)
        except SceneError as error:
            print(f"refused: {error}", file=sys.stderr)


# ---------------------------------------------------------------- visible


def visible():
    counts = defaultdict(list)
    for scene in scenes():
        state = RoomState(scene.metadata, 64, 64)
        state.settings |= {"visibilityDistance": 1.5, "fieldOfView": float(scene.metadata["fov"])}
        recorded = {item["objectId"] for item in scene.metadata["objects"] if item["visible"]}
        ours = state.visible()
        counts[scene.room].append((len(ours & recorded), len(ours - recorded), len(recorded - ours)))
        for name in sorted(ours ^ recorded):
            print(f"{scene.name} {'extra' if name in ours else 'missed'} {name}")
    counts["all"] = [row for room in ROOMS for row in counts[room]]
    for room in (*ROOMS, "all"):
        rows = np.array(counts[room])
        draws = np.random.default_rng(0).integers(len(rows), size=(10_000, len(rows)))
        low, high = np.percentile([f1(rows[draw].sum(axis=0)) for draw in draws], [2.5, 97.5])
        tp, fp, fn = rows.sum(axis=0)
        halves = " ".join(f"{f1(rows[half::2].sum(axis=0)):.3f}" for half in (0, 1))
        print(
            f"{room:<12} {len(rows):>3} scenes, {tp + fn:>4} visible: precision {tp / (tp + fp):.3f}, "
            f"recall {tp / (tp + fn):.3f}, F1 {f1((tp, fp, fn)):.3f} [{low:.3f}, {high:.3f}], halves {halves}"
        )


def f1(row):
    tp, fp, fn = row
    return 2 * tp / max(2 * tp + fp + fn, 1)


# ---------------------------------------------------------------- standing


def standing():
    hands = hand_poses()
    starts = connected = met = shown = 0
    things, without = 0, []
    for scene in scenes():
        controller = open_controller("embedded", FrameSettings(), grid_m=0.25, visibility_distance_m=1.5)
        controller.reset(scene.metadata)
        body = controller.last_event.metadata["agent"]["position"]
        spots = ask(controller, "GetReachablePositions")
        starts += 1
        near = min((np.hypot(spot["x"] - body["x"], spot["z"] - body["z"]) for spot in spots), default=9.0)
        ok = controller.step("Teleport", position=body).metadata["lastActionSuccess"] and near < 0.18
        connected += ok
        if not ok:
            print(f"{scene.name}: the recorded start is not free and connected")
        for name, pose in hands[scene.name]:
            free, seen = hand(scene, name, pose)
            met, shown = met + free, shown + seen
            if not (free and seen):
                print(f"{scene.name}: hand pose of {name}: {'free' if free else 'not free'}, {seen=}")
        for item in scene.metadata["objects"]:
            if item["pickupable"] or item["openable"] or item["toggleable"]:
                things += 1
                if not handled(controller, item, spots):
                    without.append(f"{scene.name} {item['objectId']}")
    total = sum(len(hands[scene.name]) for scene in scenes())
    print(f"recorded starts free and connected: {connected}/{starts}")
    print(f"hand poses free and connected: {met}/{total}; showing their target (90 degrees, 20 m): {shown}/{total}")
    print(f"without interactable pose: {len(without)}/{things} = {100 * len(without) / things:.2f}%")
    print("\n".join(without))


def hand_poses():
    poses = defaultdict(list)
    for task in json.loads((ROOT / "agent_positions.json").read_text()).values():
        for name, pose in task.items():
            if isinstance(pose, dict):
                poses[task["scene"]].append((name, pose))
    return poses


def hand(scene, name, pose):
    """Whether a hand-set pose is free and connected, and whether its target is visible from there."""
    controller = open_controller("embedded", FrameSettings(), grid_m=0.1)
    controller.reset(scene.metadata)
    spot = pose["agent_teleport_position"]
    spots = ask(controller, "GetReachablePositions")
    near = min(np.hypot(one["x"] - spot["x"], one["z"] - spot["z"]) for one in spots)
    event = controller.step(
        "TeleportFull",
        position=spot,
        rotation=pose["agent_rotation"],
        horizon=pose["agent_cameraHorizon"],
        standing=pose["agent_isstanding"],
    )
    seen = any(item["objectId"] == name and item["visible"] for item in event.metadata["objects"])
    return event.metadata["lastActionSuccess"] and near <= 0.1, seen


def handled(controller, item, spots):
    """Whether a thing has an interactable pose, once the closed receptacles it lies in are open."""
    state = controller.server.state
    lids = [name for name in item.get("parentReceptacles") or () if name in state]
    lids = [name for name in lids if state[name]["openable"] and not state[name]["isOpen"]]
    for lid in lids:
        controller.step("OpenObject", objectId=lid, forceAction=True)
    now = state[item["objectId"]]
    near = sorted(spots, key=lambda spot: distance_to_box(spot, now))[:16]
    poses = ask(controller, "GetInteractablePoses", objectId=item["objectId"], positions=near)
    if not poses:  # on the household's own grid, which passes narrower gaps
        controller.server.state.settings["gridSize"] = 0.1
        poses = ask(controller, "GetInteractablePoses", objectId=item["objectId"])
        controller.server.state.settings["gridSize"] = 0.25
    for lid in lids:
        controller.step("CloseObject", objectId=lid, forceAction=True)
    return bool(poses)


def ask(controller, action, **arguments):
    return controller.step(action, **arguments).metadata["actionReturn"] or []


# ---------------------------------------------------------------- speed


def speed():
    print("CPU time (time.process_time) in ms; one process; recorded scenes 1, 10, 205, 305, 405")
    for width, height in ((300, 300), (800, 450)):
        played = [load_scene(ROOT / "scenes" / f"FloorPlan{number}.json") for number in (1, 10, 205, 305, 405)]
        rows = [timed(scene, width, height) for scene in played]
        mean = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
        worst = max(row["frame read"] for row in rows)
        print(
            f"{width}x{height}: "
            + ", ".join(f"{key} {value:.1f}" for key, value in mean.items())
            + f"; {1000 / mean['frame read']:.0f} actions/s with the frame read (slowest scene {1000 / worst:.0f}), "
            f"{1000 / mean['metadata only']:.0f}/s without"
        )
    household_speed()
    print(f"memory of the process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most")


def timed(scene, width, height, turns=30):
    """Milliseconds an action with and without its frame, and of its parts."""
    controller = open_controller("embedded", FrameSettings(width, height))
    controller.reset(scene.metadata)
    spots, draw = ask(controller, "GetReachablePositions"), np.random.default_rng(0)
    poses = [(spots[draw.integers(len(spots))], float(draw.integers(8) * 45)) for _ in range(turns)]
    spent = dict.fromkeys(("frame read", "metadata only", "cast", "shading", "visible", "state and Controller"), 0.0)
    state = controller.server.state
    for spot, yaw in poses:
        pose = {"position": spot, "rotation": yaw, "horizon": 20.0, "standing": True}
        spent["frame read"] += clock(lambda: controller.step("TeleportFull", **pose).frame)  # noqa: B023
        state.changed()
        spent["metadata only"] += clock(lambda: controller.step("TeleportFull", **pose))  # noqa: B023
        picture = Picture(state.primitives(), state.camera)
        spent["cast"] += clock(lambda: picture.view)  # noqa: B023
        spent["shading"] += clock(picture.frame)
        state.changed()
        spent["visible"] += clock(state.visible)
    spent["state and Controller"] = spent["metadata only"] - spent["visible"]
    return {key: 1000 * value / turns for key, value in spent.items()}


def household_speed():
    household = Household(open_controller("embedded", FrameSettings()), FrameSettings())
    household.reset(load_scene(ROOT / "scenes" / "FloorPlan5.json"))
    names = ("Fridge", "CounterTop", "Cabinet", "Drawer", "Sink")
    actions = [Action("observe", None), *(Action("navigate to", name) for name in names), Action("move forward", None)]
    spent = {action: clock(lambda: household.step(action)) for action in actions * 3}  # noqa: B023
    print(f"household actions at 800x450: {len(spent) / sum(spent.values()):.1f}/s (an observe is three frames)")


def clock(call):
    began = time.process_time()
    call()
    return time.process_time() - began


# ---------------------------------------------------------------- contact sheet

CELL = 96
STATES = {"isOpen": {"isOpen": True, "openness": 1.0}, "isToggled": {"isToggled": True}}


def sheet(path):
    """Every type, and beside it what is open or on, as one picture."""
    cells = []
    sizes = typical_sizes()
    for kind in sorted(KNOWN_TYPES - {"Floor"}):
        plain = draw_thing(kind, sizes.get(kind, (0.3, 0.3, 0.3)))
        cells.append((kind, plain))
        for state, values in STATES.items():
            other = draw_thing(kind, sizes.get(kind, (0.3, 0.3, 0.3)), **values)
            if (other != plain).any():
                cells.append((f"{kind} {'open' if state == 'isOpen' else 'on'}", other))
    columns = 14
    page = Image.new("RGB", (columns * CELL, -(-len(cells) // columns) * (CELL + 12)), "white")
    for number, (label, pixels) in enumerate(cells):
        left, top = number % columns * CELL, number // columns * (CELL + 12)
        page.paste(Image.fromarray(pixels), (left, top))
        ImageDraw.Draw(page).text((left + 2, top + CELL), label[:16], fill="black")
    page.save(path, quality=80)
    print(f"{path}: {len(cells)} pictures, {Path(path).stat().st_size // 1000} kB")


def typical_sizes():
    """Median (width, height, depth) of each type, recorded where there are recordings."""
    found = defaultdict(list)
    for scene in scenes():
        for item in scene.metadata["objects"]:
            size = item["axisAlignedBoundingBox"]["size"]
            quarter = round(item["rotation"]["y"] / 90) % 2
            found[item["objectType"]].append((size["z" if quarter else "x"], size["y"], size["x" if quarter else "z"]))
    medians = {kind: tuple(np.median(np.array(rows), axis=0)) for kind, rows in found.items()}
    flat = {kind: (0.09, 0.025, 0.09) for kind in KNOWN_TYPES if kind.endswith("Sliced")}
    flat["TargetCircle"] = (0.4, 0.02, 0.4)
    return {kind: one.size for kind, one in KINDS.items()} | flat | medians


def draw_thing(kind, size, **state):
    """One thing seen from before it, somewhat above and aside."""
    width, height, depth = (max(float(value), 0.004) for value in size)
    center = {"x": 0.0, "y": 0.5 + height / 2, "z": 0.0}
    item = {
        "objectId": kind,
        "objectType": kind,
        "rotation": {"x": 0.0, "y": 0.0, "z": 0.0},
        "axisAlignedBoundingBox": {"center": center, "size": {"x": width, "y": height, "z": depth}},
        "objectOrientedBoundingBox": None,
        "pickupable": kind not in KINDS or "pickupable" in KINDS[kind].flags,
    } | state
    bounds = {"center": {"x": 0.0, "y": 3.0, "z": 0.0}, "size": {"x": 40.0, "y": 6.0, "z": 40.0}}
    backdrop = room_primitives({"sceneName": "Sheet", "sceneBounds": bounds, "objects": []})
    reach = 1.15 * float(np.linalg.norm((width, height, depth))) + 0.02
    yaw, down = np.radians(205.0), np.radians(25.0)
    eye = (
        -reach * np.sin(yaw) * np.cos(down),
        center["y"] + reach * np.sin(down),
        -reach * np.cos(yaw) * np.cos(down),
    )
    camera = Camera(tuple(float(value) for value in eye), 205.0, 25.0, 55.0, CELL, CELL)
    return Picture([*backdrop, *object_primitives(item, 0)], camera).frame()


if __name__ == "__main__":
    commands = {"visible": visible, "standing": standing, "speed": speed, "sheet": sheet}
    if len(sys.argv) < 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](*sys.argv[2:])
