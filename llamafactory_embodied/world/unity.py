"""AI2-THOR's own simulator: its Controller with a time limit on every call and one error for whatever breaks.

Unity may crash, hang or answer garbage, and ai2thor waits without limit in places: for its build's download, for a
peer that never answers, for a process that never opens its pipe. Each becomes a SimulatorError here, after which the
controller is spent: whoever asked opens another one.
"""

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import ai2thor.build
import ai2thor.controller
import ai2thor.platform
import numpy as np

from ..errors import EmbodiedError, SceneError, SimulatorError
from .scene_check import check_metadata

ANSWER_TIMEOUT_S = 100.0
START_TIMEOUT_S = 600.0
_STOP_TIMEOUT_S = 10.0
_LOOK_S = 0.2  # between looks at whether Unity's process still runs
_EVENT_KEYS = ("lastActionSuccess", "errorMessage", "actionReturn")

T = TypeVar("T")


class UnityController(ai2thor.controller.Controller):  # type: ignore[misc]  # ai2thor has no type information
    """AI2-THOR's Controller; its failures are SimulatorErrors, and it never waits longer than it was told."""

    def __init__(
        self, answer_timeout_s: float = ANSWER_TIMEOUT_S, start_timeout_s: float = START_TIMEOUT_S, **parameters: Any
    ):
        """Starts the simulator.

        Args:
            answer_timeout_s: how long an action or a reset may take, seconds.
            start_timeout_s: how long the start may take, the download of the build included, seconds.
            parameters: AI2-THOR's own.

        Raises:
            SimulatorError: it does not start.
        """
        self._answer_timeout_s, self._watched, self._broken = answer_timeout_s, False, ""
        self.server, self.unity_pid = None, None
        start = super().__init__
        self._watch("its start", lambda: start(**parameters), start_timeout_s)

    def step(self, action: Any = None, **arguments: Any) -> Any:
        """As AI2-THOR's.

        Raises:
            ValueError: AI2-THOR does not know the action or its arguments; the simulator is well.
            SimulatorError: the simulator failed.
        """
        step = super().step
        name = action.get("action") if isinstance(action, dict) else action
        return self._watch(str(name), lambda: _checked(step(action, **arguments)), self._answer_timeout_s)

    def reset(self, scene: Any = None, **parameters: Any) -> Any:
        """As AI2-THOR's.

        Raises:
            ValueError: the scene is not in the build.
            SimulatorError: the simulator failed.
        """
        reset = super().reset
        return self._watch(f"reset({scene})", lambda: reset(scene, **parameters), self._answer_timeout_s)

    def stop(self) -> None:
        """Ends the simulator, however it is."""
        self._broken = self._broken or "it was stopped"
        unity = getattr(self.server, "unity_proc", None)
        if unity is not None:
            unity.kill()
        _within(_STOP_TIMEOUT_S, super().stop, lambda: None)

    def _exit_code(self) -> int | None:
        """With which code Unity's process has ended; None while it runs, or before it is there."""
        unity = getattr(self.server, "unity_proc", None)
        code: int | None = None if unity is None else unity.poll()
        return code

    def _watch(self, what: str, call: Callable[[], T], limit_s: float) -> T:
        """One call; the calls that it makes in turn are part of it."""
        if self._broken:
            raise SimulatorError(f"The simulator cannot do {what}: {self._broken}. Open a new one.")
        if self._watched:
            return call()
        self._watched = True
        answer, error = _within(limit_s, call, self._exit_code)
        self._watched = False
        if error is None:
            return answer  # type: ignore[return-value]  # what the call gave
        if isinstance(error, EmbodiedError) or self._is_callers(error):
            raise error
        self._broken = f"it failed at {what}: {_describe(error)}"
        self.stop()
        raise SimulatorError(f"AI2-THOR's simulator failed at {what}: {_describe(error)}.") from error

    def _is_callers(self, error: BaseException) -> bool:
        """Whether an error is about what was asked: an unknown action, a wrong argument, a scene that is not there."""
        said = None if self.last_event is None else self.last_event.metadata.get("errorMessage")
        return isinstance(error, ValueError) and (str(error) == said or "not contained in build" in str(error))


def _describe(error: BaseException) -> str:
    """An error with those it came of: ai2thor's own says only where."""
    words = f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"
    return words if error.__context__ is None else f"{words} ({_describe(error.__context__)})"


def _checked(event: Any) -> Any:
    missing = [key for key in _EVENT_KEYS if key not in event.metadata]
    if missing:
        raise TypeError(f"the answer lacks {', '.join(missing)}")
    try:
        check_metadata(event.metadata, "the answer")
    except SceneError as error:  # what was read is no scene, so it was no answer
        raise TypeError(str(error)) from error
    if np.ndim(event.frame) != 3:
        raise TypeError("the answer has no picture")
    return event


def _within(
    limit_s: float, call: Callable[[], T], exit_code: Callable[[], int | None]
) -> tuple[T | None, BaseException | None]:
    """What a call gave or raised; one that does not end, or whose simulator has ended, is left behind.

    ai2thor waits for a process that is gone as long as for one that thinks.
    """
    result: list[tuple[T | None, BaseException | None]] = []

    def run() -> None:
        try:
            result.append((call(), None))
        except BaseException as error:  # handed to the thread that asked
            result.append((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    deadline = time.monotonic() + limit_s
    while thread.is_alive() and time.monotonic() < deadline:
        thread.join(min(_LOOK_S, max(deadline - time.monotonic(), 0.0)))
        if thread.is_alive() and (code := exit_code()) is not None:
            thread.join(_LOOK_S)
            lost = EOFError(f"its process ended with code {code}")
            return result[0] if result else (None, lost)
    return result[0] if result else (None, TimeoutError(f"no answer within {limit_s:g} s"))


def missing_build(timeout_s: float = 5.0) -> str | None:
    """Why AI2-THOR's build cannot be had; ai2thor itself takes every network error for a build that does not exist.

    Returns:
        None where a build is at hand or can be downloaded.
    """
    reasons = []
    for platform in (ai2thor.platform.CloudRendering, ai2thor.platform.Linux64):
        releases = str(Path.home() / ".ai2thor" / "releases")
        build = ai2thor.build.Build(platform, ai2thor.build.COMMIT_ID, False, releases)
        if Path(build.base_dir).is_dir():
            return None
        try:
            with urllib.request.urlopen(urllib.request.Request(build.url, method="HEAD"), timeout=timeout_s):
                return None
        except urllib.error.HTTPError as error:
            reasons.append(f"{platform.name()}: HTTP {error.code}")
        except OSError as error:
            host = build.url.split("/")[2]
            return f"its build is not installed, and {host} cannot be reached ({error})"
    return f"its build is not installed and cannot be downloaded ({', '.join(reasons)})"
