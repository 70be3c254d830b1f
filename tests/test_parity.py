"""Parity of two simulators: a copy agrees in everything, and what is perturbed is found where it was perturbed."""

import json
import random

import pytest

from llamafactory_embodied import cli
from llamafactory_embodied.parity import MEASURES, ParitySettings, compare_simulators, draw_action, render
from llamafactory_embodied.world.controller import EmbeddedController, FrameSettings, open_controller
from llamafactory_embodied.world.rooms import PROFILES, generate_room
from llamafactory_embodied.world.scene import check_scene
from llamafactory_embodied.world.server import EmbeddedServer
from llamafactory_embodied.world.simulator import Result

FRAME = FrameSettings(64, 64, 90.0)
SETTINGS = ParitySettings(episodes=3, steps=20)


class _StuckServer(EmbeddedServer):
    """In this copy fridges and cabinets do not open."""

    def send(self, action):
        if action.get("action") == "OpenObject":
            self._action, self._result = action, Result(False, "It is stuck.")
        else:
            super().send(action)


class _StuckController(EmbeddedController):
    def _build_server(self, host, port, width, height):
        self.server = _StuckServer(width, height, None)


def scene():
    return check_scene(generate_room(1_000_003, PROFILES["demo"]), "seed 1000003")


def played(second, settings=SETTINGS, first=None):
    first = first or open_controller("embedded", FRAME, visibility_distance_m=3.0)
    return compare_simulators(first, second, [(scene(), scene().metadata, scene().metadata)], settings)


def shares(report, measure):
    return {action: (c.agreed[measure], c.compared[measure]) for (action, _), c in report.items()}


def test_a_copy_agrees_in_everything_and_much_was_compared():
    report = played(open_controller("embedded", FRAME, visibility_distance_m=3.0))
    assert len(report) >= 6
    assert {room for _, room in report} == {"kitchen"}
    for measure in MEASURES:
        assert all(agreed == compared for agreed, compared in shares(report, measure).values())
        assert sum(compared for _, compared in shares(report, measure).values()) >= 30
    assert "first differences" not in render(report)


def test_an_action_that_fails_in_one_copy_is_found_under_its_name():
    report = played(_StuckController(width=64, height=64, gridSize=0.1, visibilityDistance=3.0))
    wrong = {action for action, (agreed, compared) in shares(report, "success").items() if agreed < compared}
    assert wrong == {"OpenObject"}
    assert shares(report, "success")["OpenObject"][0] == 0
    assert shares(report, "state")["OpenObject"][0] < shares(report, "state")["OpenObject"][1]
    assert "OpenObject" in render(report).partition("first differences")[2]


def test_eyes_that_reach_less_far_are_found_in_visible_and_legality():
    report = played(open_controller("embedded", FRAME, visibility_distance_m=1.0))
    for measure in ("visible", "legality"):
        assert all(agreed < compared for agreed, compared in shares(report, measure).values() if compared)


def test_the_same_seed_draws_the_same_actions():
    metadata = open_controller("embedded", FRAME).reset(scene().metadata).metadata
    one, other = (random.Random("a"), random.Random("a"))
    assert [draw_action(metadata, one) for _ in range(20)] == [draw_action(metadata, other) for _ in range(20)]


def test_the_verb_compares_scene_files_and_writes_its_counts(tmp_path, capsys):
    folder = tmp_path / "scenes"
    folder.mkdir()
    (folder / "FloorPlan7.json").write_text(json.dumps(scene().metadata | {"sceneName": "FloorPlan7_physics"}))
    words = [f"source={folder}", "second=embedded", "episodes=1", "steps=5", f"output={tmp_path / 'parity.json'}"]
    assert cli.main(["parity", *words, "frame.width_px=64", "frame.height_px=64"]) == 0
    assert "Reset" in capsys.readouterr().out
    rows = json.loads((tmp_path / "parity.json").read_text())["rows"]
    assert all(row["agreed"] == row["compared"] for row in rows)
    assert cli.main(["parity", f"source={folder}", "scenes=[FloorPlan8]"]) == 1
    assert "has no scene FloorPlan8" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["source=/nowhere"], ["first=unreal"]])
def test_what_cannot_be_compared_is_one_line(words, tmp_path, capsys, monkeypatch):
    monkeypatch.delenv("EMBODIED_THOR_DATA", raising=False)
    assert cli.main(["parity", "second=embedded", *words]) == 1
    assert capsys.readouterr().err.startswith("llamafactory-embodied parity: ")
