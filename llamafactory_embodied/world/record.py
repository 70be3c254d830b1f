"""The verb `record`: scenes of a running Controller become scene files, with where one can stand and handle things.

AI2-THOR's `event.metadata` tells neither, so two keys of our own are added: `reachablePositions`, as
GetReachablePositions gives them, and `interactablePoses`, objectId -> rows of x, y, z, rotation, horizon, standing.
A scene that has them is played with them.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import SceneError, SettingsError
from ..files import replace_file
from ..settings import option
from .boxes import distance_to_box
from .controller import BACKENDS, FrameSettings, open_controller
from .scene import POSE_KEYS, Scene, check_scene

_NAME = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class RecordSettings:
    """Settings of the verb `record`."""

    output_dir: str = option("out/scenes", "folder for the scene files")
    scenes: tuple[str, ...] = option((), "which, such as FloorPlan5; none: all that the backend has")
    backend: str = option("unity", "simulator: " + ", ".join(BACKENDS))
    source: str = option("", "folder of scenes, for the embedded backend")
    executable: str = option("", "AI2-THOR's build, for the backend unity; empty downloads it")
    frame: FrameSettings = option(FrameSettings(300, 300), "camera")
    grid_m: float = option(0.25, "distance between positions", least=0.05)
    reach_m: float = option(1.5, "how far away a visible object may be", least=0.1)
    poses: bool = option(True, "also record from where each thing can be handled, which takes most of the time")
    overwrite: bool = option(False, "record scenes whose file is there already again")


def scene_of(controller: Any, source: str = "the running simulator") -> Scene:
    """The scene that a live AI2-THOR Controller is in, as it is now.

    Raises:
        SceneError: the simulator's metadata cannot be used; says why.
    """
    return check_scene(controller.last_event.metadata, source)


def with_poses(controller: Any, handled: bool = True) -> dict[str, Any]:
    """The metadata of the scene that a Controller is in, with where one can stand and handle things.

    Args:
        controller: AI2-THOR's, over any backend.
        handled: whether interactable poses are asked for, too.
    """
    metadata = dict(scene_of(controller).metadata)
    positions = controller.step("GetReachablePositions").metadata["actionReturn"] or []
    metadata["reachablePositions"] = positions
    if handled:
        metadata["interactablePoses"] = {
            item["objectId"]: _poses(controller, item["objectId"])
            for item in metadata["objects"]
            if item["pickupable"] or item["openable"] or item["toggleable"] or item["receptacle"]
        }
    return metadata


def _poses(controller: Any, object_id: str) -> list[list[Any]]:
    poses = controller.step("GetInteractablePoses", objectId=object_id).metadata["actionReturn"] or []
    return [[pose[key] for key in POSE_KEYS] for pose in poses]


def run_record(settings: RecordSettings) -> int:
    """Writes one file a scene and says what was found; 1 when a scene could not be recorded.

    Raises:
        SettingsError: the backend is unknown, or nothing says which scenes there are.
        SimulatorError: the simulator does not start, or failed.
    """
    options: dict[str, Any] = {"local_executable_path": settings.executable} if settings.executable else {}
    if settings.backend == "embedded":
        options["scenes"] = settings.source or None
    controller = open_controller(
        settings.backend,
        settings.frame,
        visibility_distance_m=settings.reach_m,
        grid_m=settings.grid_m,
        **options,
    )
    names = settings.scenes or tuple(sorted(name.removesuffix("_physics") for name in controller.scenes_in_build))
    if not names:
        raise SettingsError("There is no scene to record: give source=FOLDER, or backend=unity.")
    failed = 0
    try:
        for name in names:
            failed += not _record(controller, name, settings)
    finally:
        controller.stop()
    return 1 if failed else 0


def _record(controller: Any, name: str, settings: RecordSettings) -> bool:
    if not _NAME.fullmatch(name):
        raise SettingsError(f"{name!r} is no scene's name; expected one such as FloorPlan5.")
    path = Path(settings.output_dir) / f"{name}.json"
    if path.exists() and not settings.overwrite:
        sys.stdout.write(f"{path}: is there already\n")
        return True
    try:
        controller.reset(name)
        metadata = with_poses(controller, settings.poses)
    except (SceneError, ValueError) as error:
        sys.stdout.write(f"{name}: not recorded: {' '.join(str(error).split())[:300]}\n")
        return False
    replace_file(path, json.dumps(metadata))
    lonely = [item["objectId"] for item in metadata["objects"] if _lonely(item, metadata)]
    sys.stdout.write(
        f"{path}: {len(metadata['objects'])} objects, {len(metadata['reachablePositions'])} positions"
        f"{', nobody gets near ' + ', '.join(lonely) if lonely else ''}\n"
    )
    return True


def _lonely(item: Any, metadata: Any) -> bool:
    """Whether no position is within reach of a thing that one would handle."""
    wanted = item["pickupable"] or item["openable"] or item["toggleable"]
    return wanted and not any(distance_to_box(spot, item) <= 1.5 for spot in metadata["reachablePositions"])
