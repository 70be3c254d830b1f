"""Unity: the real Controller over a program in Unity's place that is well, dies, crashes, hangs or answers garbage."""

import json
import sys
import time
import urllib.error
from pathlib import Path

import numpy as np
import pytest
from toy_rooms import FRAME, kitchen

from llamafactory_embodied.errors import SimulatorError
from llamafactory_embodied.world import controller as module
from llamafactory_embodied.world import unity
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.scene import load_scene
from llamafactory_embodied.world.server import EmbeddedServer
from llamafactory_embodied.world.unity import UnityController

# ai2thor leaves its log file, pipes and broken process to the garbage collector
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")

LARGE = FrameSettings(300, 300, 90.0, 4)
WAYS_TO_FAIL = {
    "dies": "failed at RotateRight: EOFError: its process ended with code 3",
    "crashes": "failed at RotateRight: EOFError: its process ended with code -11",
    "hangs": "failed at RotateRight: TimeoutError: no answer within 3 s",
    "babbles": "failed at RotateRight: ",
    "forgets": "failed at RotateRight: ",
}


@pytest.fixture
def scenes(tmp_path):
    folder = tmp_path / "scenes"
    folder.mkdir()
    (folder / "FloorPlan1.json").write_text(json.dumps(kitchen() | {"sceneName": "FloorPlan1_physics"}))
    return folder


@pytest.fixture
def start(tmp_path, scenes, monkeypatch):
    """Opens the real Controller over the program."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONWARNINGS", "ignore")
    opened = []

    def open_it(mode, answer_timeout_s=30.0, start_timeout_s=30.0):
        program = tmp_path / mode
        fake = Path(__file__).with_name("fake_unity.py")
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {fake} {mode} {scenes} "$@"\n')
        program.chmod(0o755)
        controller = open_controller(
            "unity",
            LARGE,
            local_executable_path=str(program),
            x_display=":0",
            answer_timeout_s=answer_timeout_s,
            start_timeout_s=start_timeout_s,
            server_timeout=60.0,
        )
        opened.append(controller)
        return controller

    yield open_it
    for controller in opened:
        controller.stop()


def test_the_household_plays_over_ai2thors_pipes_as_it_does_in_process(start, scenes):
    scene = load_scene(scenes / "FloorPlan1.json")
    far = Household(start("well"), LARGE, "unity")
    near = Household(open_controller("embedded", LARGE, scenes=scenes), LARGE)
    for actions in (("reset", None), ("navigate to", "Fridge"), ("open", "Fridge"), ("observe", None)):
        there, here = (
            house.reset(scene) if actions[0] == "reset" else house.step(Action(*actions)) for house in (far, near)
        )
        assert there.success
        assert (there.legal, there.feedback, there.sights) == (here.legal, here.feedback, here.sights)
        for one, other in zip(there.frames, here.frames, strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("mode", WAYS_TO_FAIL)
def test_whatever_breaks_is_one_error_within_the_time_limit_and_the_next_one_is_rebuilt(start, mode):
    controller = start(mode, answer_timeout_s=3.0)
    began = time.monotonic()
    with pytest.raises(SimulatorError, match=WAYS_TO_FAIL[mode]):
        controller.step("RotateRight")
    assert time.monotonic() - began < 20
    with pytest.raises(SimulatorError, match="Open a new one"):
        controller.step("Pass")
    assert controller.server is None or controller.server.unity_proc.wait(5) is not None


@pytest.mark.parametrize(("mode", "words"), [("mute", "no answer within 3 s"), ("gone", "ended with code 4")])
def test_a_simulator_that_never_speaks_is_an_error_in_time(start, mode, words):
    with pytest.raises(SimulatorError, match=f"does not start here: .* {words}"):
        start(mode, start_timeout_s=3.0 if mode == "mute" else 30.0)


def test_what_the_caller_asked_wrongly_leaves_the_simulator_well(start):
    controller = start("well")
    with pytest.raises(ValueError, match="is not an action"):
        controller.step("Fly")
    with pytest.raises(ValueError, match="not contained in build"):
        controller.reset("FloorPlan999")
    assert controller.step("Pass").metadata["lastActionSuccess"]


class _Broken(EmbeddedServer):
    """A server in this process that fails in its own way once it is told to."""

    def __init__(self, way):
        super().__init__(64, 64, None)
        self.way = way

    def receive(self, timeout=None):
        event = super().receive(timeout)
        if self._action.get("action") != "RotateRight":
            return event
        if self.way == "hangs":
            time.sleep(5)
        if self.way == "dies":
            raise BrokenPipeError("the other side is gone")
        if self.way == "none":
            return None
        event.metadata.pop("objects")
        return event


@pytest.mark.parametrize("way", ["hangs", "dies", "none", "forgets"])
def test_a_server_that_fails_in_any_way_is_one_error(way, monkeypatch):
    def build(self, *_):
        self.server = _Broken(way)

    monkeypatch.setattr(UnityController, "_build_server", build)
    controller = UnityController(0.5, 10.0, start_unity=False, width=64, height=64, scene=kitchen())
    assert controller.step("Pass").metadata["lastActionSuccess"]
    with pytest.raises(SimulatorError, match="failed at RotateRight"):
        controller.step("RotateRight")


def test_an_unreachable_build_is_told_as_such_and_not_as_one_that_does_not_exist(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))

    def refused(request, timeout):
        assert timeout == 5.0
        raise urllib.error.URLError("Network is unreachable")

    monkeypatch.setattr(unity.urllib.request, "urlopen", refused)
    assert "cannot be reached (<urlopen error Network is unreachable>)" in unity.missing_build()

    def absent(request, timeout):
        raise urllib.error.HTTPError(request.full_url, 404, "Not Found", None, None)

    monkeypatch.setattr(unity.urllib.request, "urlopen", absent)
    assert "CloudRendering: HTTP 404, Linux64: HTTP 404" in unity.missing_build()
    monkeypatch.setattr(module, "UnityController", _raises)
    with pytest.raises(SimulatorError, match=r"does not start here: its build is not installed.*backend=embedded"):
        open_controller("unity", FRAME)


def _raises(**_):
    raise SimulatorError("Invalid commit_id")
