"""Tasks drawn from scenes: stable, sound and worded."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest
from kitchens import pairs

from llamafactory_embodied.errors import TaskError
from llamafactory_embodied.tasks.generate import SIMPLE_TYPES, TASK_TYPES, generate_tasks
from llamafactory_embodied.tasks.names import listed, plain, with_article
from llamafactory_embodied.tasks.task import LONG_RANGE, ORDERED, Goal, KeyAction, Task
from llamafactory_embodied.world.profiles import PROFILES
from llamafactory_embodied.world.rooms import generate_room
from llamafactory_embodied.world.scene import check_scene


def test_tasks_are_the_same_in_another_process_with_another_hash_seed():
    code = "import kitchens, json; print(json.dumps([task.to_json() for _, task in kitchens.pairs(2, 6)]))"
    out = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(sys.path), "PYTHONHASHSEED": "7", "PATH": "/usr/bin:/bin", "HOME": "/tmp"},
        capture_output=True,
        text=True,
        check=True,
    )
    here = json.loads(json.dumps([task.to_json() for _, task in pairs(2, 6)]))
    assert json.loads(out.stdout) == here


def test_task_ids_are_unique_and_say_type_scene_and_target():
    tasks = [task for _, task in pairs(5, 30)]
    assert len({task.id for task in tasks}) == len(tasks) > 60
    for task in tasks:
        parts = (task.type, task.scene, task.target_type, task.destination_type)
        assert task.id == "-".join(part for part in parts if part)


def test_types_are_drawn_evenly():
    types = [task.type for _, task in pairs(5, 6)]
    assert {kind: types.count(kind) for kind in SIMPLE_TYPES} == dict.fromkeys(SIMPLE_TYPES, 10)


def test_targets_are_the_only_ones_of_their_type_and_hidden_ones_lie_in_closed_places():
    for scene, task in pairs(5, 9):
        items = {item["objectId"]: item for item in scene.metadata["objects"]}
        assert [name for name, item in items.items() if item["objectType"] == task.target_type] == [*task.target_ids]
        (parent,) = (items[name] for name in items[task.target_ids[0]]["parentReceptacles"])
        hidden = parent["openable"] and not parent["isOpen"]
        assert hidden == (task.type == "single_pickup_from_closerep")


def test_nothing_is_asked_of_a_drawer_that_is_one_of_too_many_to_open_within_the_limit():
    scene, _ = pairs(1, 1)[0]
    drawer = next(item for item in scene.metadata["objects"] if item["objectType"] == "Drawer")
    for count, asked in ((2, True), (30, False)):
        more = [{**drawer, "objectId": f"Drawer|{number}"} for number in range(count)]
        crowded = replace(scene, metadata={**scene.metadata, "objects": [*scene.metadata["objects"], *more]})
        tasks = generate_tasks(crowded, SIMPLE_TYPES, 500, 0)
        first = [task.key_actions[0].object_type for task in tasks]
        assert len(first) > 20
        assert ("Drawer" in first) == asked


def test_every_instruction_names_target_and_destination_in_plain_words():
    for _, task in pairs(5, 9):
        assert plain(task.target_type) in task.instruction
        assert task.destination_type is None or plain(task.destination_type) in task.instruction


def test_another_seed_words_and_draws_differently():
    scene = pairs(1, 1)[0][0]
    first, second = (generate_tasks(scene, SIMPLE_TYPES, 6, seed) for seed in (0, 1))
    assert [task.instruction for task in first] != [task.instruction for task in second]


def test_an_unknown_type_is_an_error_that_names_the_known_ones():
    with pytest.raises(TaskError, match="Unknown task type 'juggle'; known are single_search"):
        generate_tasks(pairs(1, 1)[0][0], ("juggle",), 1, 0)


def test_a_task_survives_json():
    for _, task in pairs(2, 3):
        assert Task.from_json(json.loads(json.dumps(task.to_json()))) == task


@pytest.mark.parametrize(
    "damage",
    [
        {"goals": [{"kind": "juggled", "object_type": "Apple"}]},
        {"max_steps": "many"},
        {"goals": 3},
        {"key_actions": [1]},
    ],
)
def test_a_damaged_task_is_an_error(damage):
    task = pairs(1, 1)[0][1]
    with pytest.raises(TaskError, match=r"Not a task|unknown goal kind"):
        Task.from_json(task.to_json() | damage)
    with pytest.raises(TaskError, match="Not a task"):
        Task.from_json({"id": "x"})


def test_names_are_plain_english():
    assert [plain(one) for one in ("SoapBottle", "CounterTop", "TVStand")] == ["soap bottle", "counter", "TV stand"]
    assert [with_article(one) for one in ("Apple", "Mug", "Bread")] == ["an apple", "a mug", "some bread"]
    assert [listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


def test_no_task_of_a_room_means_what_another_does():
    """In one bathroom the same three things could be tidied in two orders."""
    for seed in (1_000_011, 1_000_008):
        scene = check_scene(generate_room(seed, PROFILES["household"]), f"seed {seed}")
        tasks = generate_tasks(scene, TASK_TYPES, 400, 0)
        assert len({task.meaning for task in tasks}) == len(tasks) > 30


def test_words_and_key_actions_change_no_meaning_and_an_order_does():
    goals = (Goal("placed", "Apple", "Plate"), Goal("placed", "Egg", "Fridge"))
    task = Task("a", ORDERED, "x", "First this.", "Apple", ("Apple|1",), "Plate", (KeyAction("end"),), goals, 9)
    again = replace(task, id="b", instruction="Do this.", key_actions=(), max_steps=1)
    assert again.meaning == task.meaning != replace(task, goals=goals[::-1]).meaning
    loose = replace(task, type=LONG_RANGE)
    assert loose.meaning == replace(loose, goals=goals[::-1]).meaning != task.meaning
    assert replace(task, scene="y").meaning != task.meaning
