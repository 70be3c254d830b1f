"""The embedded simulator behind AI2-THOR's own Controller: a Server that answers from this process, not from Unity.

Pictures are shaded when they are read: an episode that only asks for metadata pays for none.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ai2thor.server import Event, LazyClassSegmentationMasks, LazyInstanceDetections2D, Server
from ai2thor.server import LazyInstanceSegmentationMasks as InstanceMasks

from .picture import Picture
from .scene import check_scene, load_scene, scene_files
from .simulator import EMPTY_ROOM, Result, act, event_metadata, instance_color
from .state import RoomState

Frame = npt.NDArray[np.uint8]


class EmbeddedEvent(Event):  # type: ignore[misc]  # ai2thor has no type information
    """AI2-THOR's Event, whose pictures are made when they are read."""

    def __init__(self, metadata: dict[str, Any], picture: Picture):
        self._picture = picture
        self._made: dict[str, Any] = {}
        super().__init__(metadata)

    def _once(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]

    @property
    def frame(self) -> Frame:
        """The picture [height, width, 3], RGB, top row first."""
        made: Frame = self._once("frame", self._picture.frame)
        return made

    @frame.setter
    def frame(self, value: Any) -> None:
        """Event's constructor sets its pictures to None; ours stay lazy."""

    @property
    def depth_frame(self) -> npt.NDArray[np.float32]:
        """Distance along the optical axis [height, width] in metres."""
        return self._picture.view.depth

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
        painted = palette[np.maximum(self._picture.view.owners, -1) + 1]
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
    """Answers the Controller's actions from a room in this process."""

    server_type = "EMBEDDED"

    def __init__(self, width_px: int, height_px: int, scenes: str | Path | None):
        """Starts in an empty room.

        Args:
            width_px: frame width.
            height_px: frame height.
            scenes: a directory of recorded scenes, or None.
        """
        super().__init__(width_px, height_px, timeout=None)
        self.state = RoomState(EMPTY_ROOM, width_px, height_px)
        self._scenes = scene_files(scenes) if scenes else {}
        self._action: Mapping[str, Any] = {"action": "Initialize"}
        self._result = Result(True)

    def start(self) -> None:
        """Called by the Controller."""
        self.started = True

    def stop(self) -> None:
        """Called by the Controller; nothing runs outside this process."""
        self.started = False

    def send(self, action: Mapping[str, Any]) -> None:
        """Performs one action; `receive` tells what came of it.

        Raises:
            SceneError: the scene to be opened is damaged.
        """
        self._action = action
        own = {
            "GetScenesInBuild": self._scenes_in_build,
            "Reset": self._reset,
            "CreateHouse": self._create_house,
            "ChangeResolution": self._change_resolution,
        }.get(str(action.get("action")))
        self._result = own(action) if own else act(self.state, action)

    def _scenes_in_build(self, _: Mapping[str, Any]) -> Result:
        return Result(True, value=sorted(f"{scene}_physics" for scene in self._scenes))

    def _reset(self, action: Mapping[str, Any]) -> Result:
        scene = str(action["sceneName"]).removesuffix("_physics")
        if scene in self._scenes:
            self.state.load(load_scene(self._scenes[scene]).metadata)
        return Result(True)

    def _create_house(self, action: Mapping[str, Any]) -> Result:
        self.state.load(check_scene(action.get("house"), "The scene given to reset()").metadata)
        return Result(True)

    def _change_resolution(self, action: Mapping[str, Any]) -> Result:
        self.state.width_px, self.state.height_px = int(action["x"]), int(action["y"])
        self.state.changed()
        return Result(True)

    def receive(self, timeout: float | None = None) -> EmbeddedEvent:
        """The event after the last action.

        Args:
            timeout: of AI2-THOR's signature; the answer is there already.
        """
        state = self.state
        metadata = event_metadata(state) | {
            "lastAction": self._action.get("action"),
            "lastActionSuccess": self._result.success,
            "errorMessage": self._result.message,
            "errorCode": self._result.code,
            "actionReturn": self._result.value,
            "thirdPartyCameras": [],
        }
        self.last_event = EmbeddedEvent(metadata, state.picture())
        return self.last_event
