"""The verb `tasks`: tasks of rooms as a file, in our records or as the reference system writes them."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .episodes.selection import Selection
from .errors import SettingsError
from .files import replace_file
from .settings import option
from .tasks.generate import TASK_TYPES
from .tasks.reference_tasks import REFERENCE_TYPES, as_reference, reference_entries

PROFILES = ("sound", "reference")
FORMATS = ("own", "reference")


@dataclass(frozen=True)
class TasksSettings:
    """Settings of the verb `tasks`."""

    output: str = option("out/tasks.jsonl", "file to write: a record a line, or a list in the reference's format")
    selection: Selection = option(Selection(types=TASK_TYPES), "rooms, types, and how many tasks of each room")
    profile: str = option("sound", "sound: all can be done; reference: what the reference's generator would ask for")
    format: str = option("own", "own: our records; reference: the reference system's JSON")


def run_tasks(settings: TasksSettings) -> None:
    """Writes the tasks and prints how many there are of each type.

    Raises:
        SettingsError: profile or format is unknown, or they do not go together.
    """
    for name, known in (("profile", PROFILES), ("format", FORMATS)):
        if getattr(settings, name) not in known:
            raise SettingsError(f"{name}={getattr(settings, name)!r} is unknown; choose one of {', '.join(known)}.")
    if settings.profile == "reference" and settings.format == "own":
        raise SettingsError(
            "profile=reference makes records of the reference system, which say neither what is to be so in the end "
            "nor whether it can be: add format=reference, or use profile=sound."
        )
    made = list(_made(settings))
    lines = [json.dumps(one, ensure_ascii=False) for one in made]
    listed = "[\n" + ",\n".join(lines) + "\n]" if settings.format == "reference" else "\n".join(lines)
    replace_file(Path(settings.output), listed + "\n")
    counts = Counter(str(one.get("tasktype") or one["type"]) for one in made)
    for kind, count in sorted(counts.items()):
        sys.stdout.write(f"{count:6} {kind}\n")
    sys.stdout.write(f"{len(made)} tasks: {settings.output}\n")


def _made(settings: TasksSettings) -> Iterator[dict[str, Any]]:
    if settings.profile == "sound":
        for scene, task in settings.selection.tasks():
            yield as_reference(task, scene.source) if settings.format == "reference" else task.to_json()
        return
    kinds = [kind for kind in settings.selection.types if kind in REFERENCE_TYPES]
    selection = replace(settings.selection, types=tuple(kinds))
    for scene in selection.scenes():
        for kind in kinds:
            yield from reference_entries(scene, kind, selection.seed)
