"""Opens an AI2-THOR Controller: over the embedded simulator by default, over Unity where it is installed."""

import multiprocessing
import queue
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ai2thor.controller

from ..errors import SettingsError, SimulatorError
from ..settings import option
from .server import EmbeddedServer
from .unity import UnityController, missing_build

BACKENDS = ("embedded", "unity")


@dataclass(frozen=True)
class FrameSettings:
    """What the agent's camera takes, the same in synthesis, training and evaluation."""

    width_px: int = option(800, "frame width")
    height_px: int = option(450, "frame height")
    fov_deg: float = option(90.0, "vertical field of view")
    seen_px: int = option(20, "an object that owns fewer pixels of a frame does not count as seen in it")

    def describe(self) -> dict[str, Any]:
        """What an episode record says of its frames."""
        return {
            "width_px": self.width_px,
            "height_px": self.height_px,
            "fov_deg": self.fov_deg,
            "seen_px": self.seen_px,
        }


class EmbeddedController(ai2thor.controller.Controller):  # type: ignore[misc]  # ai2thor has no type information
    """AI2-THOR's Controller over the embedded simulator.

    `reset("FloorPlan5")` opens a recording from `scenes`; `reset(metadata)` opens a scene given as a dictionary.
    """

    def __init__(self, scenes: str | Path | None = None, width: int = 800, height: int = 450, **initialization: Any):
        """Opens the simulator with an empty room.

        Args:
            scenes: a directory of recorded scenes (`FloorPlan5.json`, ...), or None.
            width: frame width in pixels.
            height: frame height in pixels.
            initialization: AI2-THOR's own parameters, such as `fieldOfView`, `gridSize`, `visibilityDistance`.
        """
        self._embedded = EmbeddedServer(width, height, scenes)
        super().__init__(
            start_unity=False, server_class=EmbeddedServer, width=width, height=height, scene={}, **initialization
        )

    def _build_server(self, host: str, port: int, width: int, height: int) -> None:
        self.server = self._embedded

    def reset(self, scene: str | Mapping[str, Any] | None = None, **init_params: Any) -> Any:
        """As the Controller's, with an empty room until a scene is named."""
        if scene == {} or (scene is None and self.scene is None):
            self.initialization_parameters = getattr(self, "initialization_parameters", {}) | init_params
            self.last_event = self.step(action="Initialize", raise_for_failure=True, **self.initialization_parameters)
            return self.last_event
        return super().reset(_Shared(scene) if isinstance(scene, Mapping) else scene, **init_params)


class _Shared(dict[str, Any]):
    """A scene that is not copied on its way through the Controller, which copies every action twice."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "_Shared":
        return self


def open_controller(
    backend: str = "embedded",
    frame: FrameSettings | None = None,
    scenes: str | Path | None = None,
    visibility_distance_m: float = 20.0,
    grid_m: float = 0.1,
    **options: Any,
) -> Any:
    """Opens a Controller with the parameters that the household expects.

    Args:
        backend: `embedded` or `unity`.
        frame: camera; AI2-THOR's 800x450 at 90 degrees by default, as the reference evaluator's.
        scenes: directory of recorded scenes, for the embedded backend.
        visibility_distance_m: how far an object may be and still count as visible.
        grid_m: distance between neighbouring positions.
        options: further parameters of AI2-THOR's Controller (`platform`, `local_executable_path`, ...).

    Raises:
        SettingsError: the backend is unknown.
        SimulatorError: the backend cannot run here.
    """
    frame = frame or FrameSettings()
    common: dict[str, Any] = {
        "width": frame.width_px,
        "height": frame.height_px,
        "fieldOfView": frame.fov_deg,
        "gridSize": grid_m,
        "visibilityDistance": visibility_distance_m,
        "snapToGrid": False,
        "renderInstanceSegmentation": True,
    }
    if backend == "embedded":
        return EmbeddedController(scenes=scenes, **common, **options)
    if backend == "unity":
        return _open_unity(common | options)
    raise SettingsError(f"backend={backend!r} is unknown; choose one of {', '.join(BACKENDS)}.")


def _open_unity(parameters: dict[str, Any]) -> Any:
    try:
        return UnityController(**parameters)
    except (SimulatorError, TypeError, AssertionError) as error:
        missing = None if "local_executable_path" in parameters else missing_build()
        raise SimulatorError(
            f"AI2-THOR's Unity simulator does not start here: {missing or error}. It needs its build, which is "
            "downloaded at first use, and Vulkan or an X server; pass local_executable_path=... for a build at hand, "
            "or use backend=embedded."
        ) from error


def _start_unity(answers: Any) -> None:
    try:
        open_controller("unity", FrameSettings(300, 300)).stop()
        answers.put(None)
    except SimulatorError as error:
        answers.put(str(error))


def probe_unity(timeout_s: float = 20.0) -> str | None:
    """Whether Unity can run here, tried in a process of its own.

    Args:
        timeout_s: how long to wait before giving up.

    Returns:
        None when it runs, otherwise the reason why not.
    """
    context = multiprocessing.get_context("spawn")
    answers = context.Queue()
    child = context.Process(target=_start_unity, args=(answers,), daemon=True)
    child.start()
    try:
        reason = _answer(answers, child, timeout_s)
    finally:
        child.kill()
        child.join()
    return None if reason is None else str(reason)


def _answer(answers: Any, child: Any, timeout_s: float) -> Any:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        try:
            return answers.get(timeout=min(0.1, timeout_s))
        except queue.Empty:
            if not child.is_alive() and answers.empty():
                return f"AI2-THOR's process ended with code {child.exitcode} before it could say why."
    return f"AI2-THOR did not start within {timeout_s:g} s: its build is probably being downloaded, or cannot be."
