"""The verb `tasks`."""

import json

import pytest

from llamafactory_embodied.cli import main
from llamafactory_embodied.tasks.benchmark import load_entries
from llamafactory_embodied.tasks.generate import TASK_TYPES
from llamafactory_embodied.tasks.reference_tasks import REFERENCE_TYPES
from llamafactory_embodied.tasks.task import Task

ROOMS = ["selection.split=dev", "selection.rooms=4", "selection.tasks_per_room=22"]


def test_tasks_of_every_type_are_written_as_records_that_can_be_read_back(tmp_path, capsys):
    path = tmp_path / "tasks.jsonl"
    assert main(["tasks", f"output={path}", *ROOMS]) == 0
    tasks = [Task.from_json(json.loads(line)) for line in path.read_text().splitlines()]
    assert {task.type for task in tasks} == set(TASK_TYPES)
    assert len(tasks) == 88
    assert "88 tasks" in capsys.readouterr().out
    again = tmp_path / "again.jsonl"
    main(["tasks", f"output={again}", *ROOMS])
    assert again.read_bytes() == path.read_bytes()


def test_the_references_format_holds_what_its_evaluator_reads(tmp_path):
    own, theirs = tmp_path / "own.jsonl", tmp_path / "theirs.json"
    main(["tasks", f"output={own}", *ROOMS])
    main(["tasks", f"output={theirs}", "format=reference", *ROOMS])
    tasks = [json.loads(line) for line in own.read_text().splitlines()]
    for task, entry in zip(tasks, json.loads(theirs.read_text()), strict=True):
        assert (entry["tasktype"], entry["taskname"]) == (task["type"], task["instruction"])
        steps = [(step["action"], step["object_type"], step["object_id"]) for step in task["key_actions"]]
        assert steps == [(step["action"], step["objectType"], step["objectId"]) for step in entry["actions"]]
        assert entry["totalreward"] == len(steps)
        assert set(task["target_ids"]) <= set(entry["actions"][-1]["relatedObject"])


def test_the_references_own_tasks_come_from_any_room(tmp_path):
    path = tmp_path / "reference.json"
    assert main(["tasks", f"output={path}", "profile=reference", "format=reference", *ROOMS]) == 0
    entries = json.loads(path.read_text())
    assert {entry["tasktype"].rstrip("01") for entry in entries} == set(REFERENCE_TYPES)
    whole = [
        entry
        | {"identity": number, "scene": "", "taskquery": "", "task_metadata": entry}
        | {"target_objects": [], "related_objects": []}
        for number, entry in enumerate(entries)
    ]
    path.write_text(json.dumps(whole))
    assert len(load_entries(path)) == len(entries) > 150


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["profile=easy"], "profile='easy' is unknown; choose one of sound, reference."),
        (["format=xml"], "format='xml' is unknown"),
        (["profile=reference"], "add format=reference, or use profile=sound"),
    ],
)
def test_what_does_not_go_together_is_one_line(words, says, tmp_path, capsys):
    assert main(["tasks", f"output={tmp_path / 'x'}", *words]) == 1
    assert says in capsys.readouterr().err
