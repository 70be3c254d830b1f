"""The reference system's test entries as tasks, and what comes of replaying them."""

import json
from collections import Counter

import pytest
from kitchens import BRIEF, pairs

from llamafactory_embodied.episodes.policy import Oracle, Replay
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.errors import TaskError
from llamafactory_embodied.tasks.benchmark import benchmark_task, impossible, load_entries, load_poses
from llamafactory_embodied.tasks.task import Goal, Task
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.pose import Pose
from llamafactory_embodied.world.scene import load_scene

FRAME = FrameSettings(300, 168, 90.0, 6)


@pytest.fixture(scope="module")
def entries(thor_data):
    return {entry["identity"]: entry for entry in load_entries(thor_data / "test_tasks_313.json")}


@pytest.fixture(scope="module")
def poses(thor_data):
    return load_poses(thor_data / "agent_positions.json")


@pytest.fixture(scope="module")
def scenes(thor_data):
    return {name: load_scene(thor_data / "scenes" / f"{name}.json") for name in ("FloorPlan1", "FloorPlan201")}


def reference(frame=FRAME):
    return Household(open_controller("embedded", frame), frame, rules="reference")


def goals(task):
    return [(goal.kind, goal.object_type, goal.destination_type) for goal in task.goals]


def test_every_entry_becomes_a_task_and_survives_json(entries, poses, thor_data):
    kinds = Counter()
    loaded = {}
    for entry in entries.values():
        name = entry["scene"]
        scene = loaded.setdefault(name, None) or load_scene(thor_data / "scenes" / f"{name}.json")
        loaded[name] = scene
        task = benchmark_task(entry, scene, poses)
        assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task
        assert task.name == entry["taskname"]
        kinds[task.type] += 1
    assert (sum(kinds.values()), len(kinds)) == (313, 11)


def test_goals_say_what_holds_after_the_key_actions(entries, poses, scenes):
    def of(identity):
        entry = entries[identity]
        return goals(benchmark_task(entry, scenes[entry["scene"]], poses))

    assert of(1) == [("in_view", "CreditCard", None)]
    assert of(37) == [("held", "Apple", None)]
    assert of(78) == [("toggled_on", "CoffeeMachine", None)]
    assert of(361) == [("toggled_off", "DeskLamp", None)]
    assert of(118) == [("placed", "Cup", "Microwave")]
    assert of(129) == [("placed", "Cup", "GarbageCan"), ("placed", "Mug", "SinkBasin")]
    assert of(800) == [("washed", "Egg", None), ("placed", "Apple", "Fridge"), ("placed", "Egg", "Plate")]


def test_entries_that_can_never_succeed_are_named(entries):
    found = {identity: impossible(entry) for identity, entry in entries.items() if impossible(entry)}
    assert found == {795: "a pickup of Potato names the object Egg|-02.04|+00.81|+01.24"}
    steps = entries[129]["task_metadata"]["actions"]
    empty = {"task_metadata": {"actions": [*steps, {"action": "put", "objectId": "Plate|1", "objectType": ""}]}}
    assert impossible(empty) == "a put into Plate|1 has no object type"
    burner = {"action": "toggle", "objectId": "StoveBurner|1", "objectType": "StoveBurner"}
    assert "StoveKnob" in impossible({"task_metadata": {"actions": [burner]}})


def test_of_poses_set_by_hand_the_last_of_an_object_counts(tmp_path):
    def pose(x):
        place = {
            "agent_teleport_position": {"x": x, "y": 0.9, "z": 2.0},
            "agent_rotation": {"x": 0, "y": 90.0, "z": 0},
        }
        return place | {"agent_cameraHorizon": 30, "agent_isstanding": False}

    path = tmp_path / "positions.json"
    path.write_text(json.dumps({"1": {"scene": "FloorPlan1", "Box|1": pose(1.0)}, "2": {"Box|1": pose(3.0)}}))
    assert load_poses(path) == {"Box|1": Pose(3.0, 2.0, 90.0, 30)}


@pytest.mark.parametrize("text", ["[", "{}", '[{"identity": 1}]', "[1]"])
def test_a_file_that_is_no_benchmark_is_a_task_error(tmp_path, text):
    (tmp_path / "test.json").write_text(text)
    with pytest.raises(TaskError, match=r"test\.json"):
        load_entries(tmp_path / "test.json")
    if text != "{}":
        with pytest.raises(TaskError, match="agent positions"):
            load_poses(tmp_path / "test.json")
    with pytest.raises(TaskError, match="cannot be read"):
        load_poses(tmp_path / "none.json")


def test_an_entry_of_an_unknown_type_or_about_what_the_scene_lacks_is_a_task_error(entries, poses, scenes):
    with pytest.raises(TaskError, match="unknown task type 'juggle'"):
        benchmark_task(entries[1] | {"tasktype": "juggle"}, scenes["FloorPlan1"], poses)
    with pytest.raises(TaskError, match="FloorPlan201 does not have"):
        benchmark_task(entries[1], scenes["FloorPlan201"], poses)


@pytest.mark.parametrize("policy", [Replay(), Oracle()], ids=["replay", "oracle"])
def test_replay_and_oracle_solve_one_entry_of_each_type_under_the_reference_rules(policy, entries, poses, scenes):
    possible = [entry for entry in entries.values() if entry["scene"] == "FloorPlan1" and not impossible(entry)]
    chosen = {entry["tasktype"]: entry for entry in reversed(possible)}
    tasks = [(scenes["FloorPlan1"], benchmark_task(entry, scenes["FloorPlan1"], poses)) for entry in chosen.values()]
    records = list(play(tasks, policy, reference, RolloutSettings(BRIEF)))
    assert {record["rules"] for record in records} == {"reference"}
    assert [record["id"] for record in records if not record["success"]] == []
    assert len(records) == 11


def test_replay_and_oracle_solve_generated_tasks_under_the_reference_rules():
    tasks = pairs(rooms=3, per_room=3)
    for policy in (Replay(), Oracle()):
        records = list(play(tasks, policy, reference, RolloutSettings(BRIEF)))
        assert [record["id"] for record in records if not record["success"]] == []


def test_washing_counts_once_it_was_done():
    washed = Goal("washed", "Cup")
    basin = {"objectId": "SinkBasin|1", "objectType": "SinkBasin", "parentReceptacles": None}
    cup = {"objectId": "Cup|1", "objectType": "Cup", "parentReceptacles": ["SinkBasin|1"]}
    faucet = {"objectId": "Faucet|1", "objectType": "Faucet", "isToggled": True}
    metadata = {"objects": [basin, cup, faucet], "inventoryObjects": []}
    assert washed.holds(metadata, ())
    assert not washed.holds({**metadata, "objects": [basin, cup, faucet | {"isToggled": False}]}, ())
    assert not washed.holds({**metadata, "objects": [basin, cup | {"parentReceptacles": None}, faucet]}, ())


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("policy", [Replay(), Oracle()], ids=["replay", "oracle"])
def test_replay_and_oracle_solve_ninety_nine_of_a_hundred_possible_entries(policy, entries, poses, thor_data):
    tasks = []
    for entry in entries.values():
        scene = load_scene(thor_data / "scenes" / f"{entry['scene']}.json")
        tasks += [] if impossible(entry) else [(scene, benchmark_task(entry, scene, poses))]
    records = list(play(tasks, policy, reference, RolloutSettings(BRIEF)))
    failed = [record["id"] for record in records if not record["success"]]
    assert len(records) == 312
    assert len(failed) <= 0.01 * len(records), failed
