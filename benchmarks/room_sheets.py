"""Contact sheets: recorded and generated rooms of each type side by side, drawn by the package's own ray caster.

    EMBODIED_THOR_DATA=... python benchmarks/room_sheets.py [folder]

Writes docs/rooms/TYPE.jpg: recorded rooms in the upper half, generated ones in the lower.
"""

import math
import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from recordings import recorded_scenes

from llamafactory_embodied.world.occupancy import Occupancy
from llamafactory_embodied.world.profiles import PROFILES, ROOM_TYPES
from llamafactory_embodied.world.raycast import Camera, cast, shade
from llamafactory_embodied.world.rooms import generate_room, room_seeds
from llamafactory_embodied.world.state import RoomState

COLUMNS, ROWS = 4, 2  # of each kind
SIZE_PX = (400, 300)
EYE_M, FOV_DEG, HORIZON_DEG = 2.1, 72.0, 24.0


def corner_camera(metadata, corner):
    """From near a corner of the room, at more than eye level, towards the middle of the free floor."""
    start = metadata["agent"]["position"]
    occupancy = Occupancy(metadata["objects"], metadata["sceneBounds"], start)
    spots = occupancy.reachable(np.array([start["x"], start["z"]]), 0.25)
    middle = spots.mean(axis=0)
    way = np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]][corner])
    spot = spots[np.argmax(spots @ way)] + 0.1 * way
    yaw = math.degrees(math.atan2(middle[0] - spot[0], middle[1] - spot[1]))
    eye = (float(spot[0]), EYE_M, float(spot[1]))
    return Camera(eye, yaw, HORIZON_DEG, FOV_DEG, *SIZE_PX)


def picture(metadata):
    """The corner from which most objects are seen."""
    solids = RoomState(metadata, *SIZE_PX).primitives()
    cameras = [corner_camera(metadata, corner) for corner in range(4)]
    views = [cast(solids, camera) for camera in cameras]
    best = max(range(4), key=lambda number: len(np.unique(views[number].owners)))
    return Image.fromarray(shade(views[best], solids, cameras[best]))


def sheet(rows):
    """Labelled rows of pictures."""
    width, height = SIZE_PX
    canvas = Image.new("RGB", (COLUMNS * width, ROWS * 2 * height), "white")
    pen = ImageDraw.Draw(canvas)
    for number, (label, metadata) in enumerate(rows):
        x, y = number % COLUMNS * width, number // COLUMNS * height
        canvas.paste(picture(metadata), (x, y))
        pen.rectangle((x, y, x + 7 * len(label) + 6, y + 14), fill="white")
        pen.text((x + 4, y + 2), label, fill="black")
    return canvas.resize((canvas.width * 3 // 4, canvas.height * 3 // 4), Image.Resampling.LANCZOS)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent.parent / "docs/rooms")
    folder.mkdir(parents=True, exist_ok=True)
    recorded = recorded_scenes()
    for room in ROOM_TYPES:
        count = COLUMNS * ROWS
        rows = [(f"recorded {scene.name}", scene.metadata) for scene in recorded[room][:count]]
        rows += [("recorded", rows[0][1])] * (count - len(rows))
        seeds = room_seeds("dev", count)
        rows += [(f"generated {seed}", generate_room(seed, PROFILES[room])) for seed in seeds]
        sheet(rows).save(folder / f"{room}.jpg", quality=72, optimize=True)
        print(folder / f"{room}.jpg")


if __name__ == "__main__":
    main()
