"""The embedded simulator behind AI2-THOR's own Controller: a Server that answers from this process, not from Unity."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai2thor.server import Event, LazyClassSegmentationMasks, LazyInstanceDetections2D, Server
from ai2thor.server import LazyInstanceSegmentationMasks as InstanceMasks

from .primitive import Primitive
from .raycast import Camera, View, shade
from .scene import load_scene, scene_files
from .simulator import Simulator, instance_color

Frame = npt.NDArray[np.uint8]


class EmbeddedEvent(Event):  # type: ignore[misc]  # ai2thor has no type information
    """AI2-THOR's Event, whose pictures are made when they are read."""

    def __init__(self, metadata: dict[str, Any], view: View, solids: list[Primitive], camera: Camera):
        self._view, self._solids, self._camera = view, solids, camera
        self._made: dict[str, Any] = {}
        super().__init__(metadata)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    @property
    def frame(self) -> Frame:
        """The picture [height, width, 3], RGB, top row first."""
        made: Frame = self._once("frame", lambda: shade(self._view, self._solids, self._camera))
        return made

    @frame.setter
    def frame(self, value: Any) -> None:
        """Event's constructor sets its pictures to None; ours stay lazy."""

    @property
    def depth_frame(self) -> npt.NDArray[np.float32]:
        """Distance along the optical axis [height, width] in metres."""
        return self._view.depth

    @depth_frame.setter
    def depth_frame(self, value: Any) -> None:
        """See `frame`."""

    @property
    def instance_segmentation_frame(self) -> Frame:
        """The colour [height, width, 3] of the object that owns each pixel."""
        made: Frame = self._once("ids", self._paint_ids)
        return made

    @instance_segmentation_frame.setter
    def instance_segmentation_frame(self, value: Any) -> None:
        """See `frame`."""

    def _paint_ids(self) -> Frame:
        palette = np.array([_packed(number - 1) for number in range(len(self.metadata["objects"]) + 1)], "<u4")
        painted = palette[np.maximum(self._view.owners, -1) + 1]
        return np.asarray(painted.view(np.uint8).reshape(*painted.shape, 4)[..., :3])

    @property
    def instance_masks(self) -> Any:
        """AI2-THOR's lazy mapping from objectId to its mask [height, width]."""
        return self._once("masks", self._make_masks)

    @instance_masks.setter
    def instance_masks(self, value: Any) -> None:
        """See `frame`."""

    def _make_masks(self) -> Any:
        colors = self.instance_segmentation_frame
        opaque = np.concatenate([colors, np.full((*colors.shape[:2], 1), 255, np.uint8)], axis=2)
        return InstanceMasks(np.ascontiguousarray(opaque[::-1]).tobytes(), self.metadata)

    @property
    def instance_detections2D(self) -> Any:  # noqa: N802  # AI2-THOR's name
        """AI2-THOR's lazy mapping from objectId to its rectangle (left, top, right, bottom) in pixels."""
        return self._once("detections", lambda: LazyInstanceDetections2D(self.instance_masks))

    @instance_detections2D.setter
    def instance_detections2D(self, value: Any) -> None:  # noqa: N802
        """See `frame`."""

    @property
    def class_masks(self) -> Any:
        """AI2-THOR's lazy mapping from objectType to its mask."""
        return self._once("classes", lambda: LazyClassSegmentationMasks(self.instance_masks))

    @class_masks.setter
    def class_masks(self, value: Any) -> None:
        """See `frame`."""

    def process_visible_bounds2D(self) -> None:  # noqa: N802  # AI2-THOR's name
        """Adds nothing: `visible` already comes from the picture."""


def _packed(number: int) -> int:
    red, green, blue = instance_color(number)
    return red | green << 8 | blue << 16


class EmbeddedServer(Server):  # type: ignore[misc]
    """Answers the Controller's actions from a Simulator in this process."""

    server_type = "EMBEDDED"

    def __init__(self, width_px: int, height_px: int, scenes: str | Path | None):
        super().__init__(width_px, height_px, timeout=None)
        self.simulator = Simulator(width_px, height_px)
        self._scenes = scene_files(scenes) if scenes else {}
        self._answer: tuple[bool, str, str | None, Any] = (True, "", None, None)
        self._action: Mapping[str, Any] = {"action": "Initialize"}

    def start(self) -> None:
        """Called by the Controller."""
        self.started = True

    def stop(self) -> None:
        """Called by the Controller; nothing runs outside this process."""
        self.started = False

    def send(self, action: Mapping[str, Any]) -> None:
        """Performs one action; `receive` tells what came of it."""
        self._action = action
        name = action.get("action")
        if name == "GetScenesInBuild":
            self._answer = (True, "", None, sorted(f"{scene}_physics" for scene in self._scenes))
        elif name == "Reset":
            self._answer = (True, "", None, None)
            scene = str(action["sceneName"]).removesuffix("_physics")
            if scene in self._scenes:
                self.simulator.load(load_scene(self._scenes[scene]).metadata)
        elif name == "ChangeResolution":
            self._resize(int(action["x"]), int(action["y"]))
        else:
            self._answer = self.simulator.act(action)

    def _resize(self, width_px: int, height_px: int) -> None:
        simulator = self.simulator
        simulator.width_px, simulator.height_px = width_px, height_px
        self._answer = simulator.act({"action": "Initialize"})

    def receive(self, timeout: float | None = None) -> EmbeddedEvent:
        """The event after the last action."""
        success, message, code, value = self._answer
        metadata = self.simulator.metadata() | {
            "lastAction": self._action.get("action"),
            "lastActionSuccess": success,
            "errorMessage": message,
            "errorCode": code,
            "actionReturn": value,
            "thirdPartyCameras": [],
        }
        simulator = self.simulator
        self.last_event = EmbeddedEvent(metadata, simulator.view(), simulator.primitives(), simulator.camera)
        return self.last_event
