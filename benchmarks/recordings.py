"""Recorded AI2-THOR scenes for statistics: those that no benchmark task plays in."""

import os
from pathlib import Path

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.scene import Scene, load_scene

BENCHMARK = frozenset({1, 2, 3, 4, 7, 22, 27, 201, 202, 203, 301, 302, 303, 401, 403, 404})
"""Numbers of the FloorPlans in which the benchmark plays; they inform nothing."""


def recorded_scenes(folder: Path | None = None) -> dict[str, list[Scene]]:
    """The usable scenes by room type; files that hold another scene's objects are left out, by name.

    Args:
        folder: recorded `event.metadata` files; the sub-folder `scenes` of EMBODIED_THOR_DATA by default.
    """
    folder = folder or Path(os.environ["EMBODIED_THOR_DATA"]) / "scenes"
    rooms: dict[str, list[Scene]] = {"kitchen": [], "living_room": [], "bedroom": [], "bathroom": []}
    for path in sorted(folder.glob("FloorPlan*.json"), key=lambda path: int(path.stem[9:])):
        if int(path.stem[9:]) in BENCHMARK:
            continue
        try:
            scene = load_scene(path)
        except SceneError as error:
            print(f"left out: {error}")
            continue
        rooms[scene.room].append(scene)
    return rooms
