"""Plays a benchmark with a policy and sums up what came of it; every run can be stopped and continued."""

import json
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from evaluation.compare import paired_difference
from evaluation.report import write_report
from evaluation.runs import Run, load_run
from evaluation.summary import Summary, summarize
from evaluation.tables import comparison_table, summary_table, type_table
from llamafactory_embodied.episodes.conversation import load_prompts
from llamafactory_embodied.episodes.policy import MODEL_FREE, Policy, Reply, View, make_policy
from llamafactory_embodied.episodes.pool import owed, progress, run_ordered
from llamafactory_embodied.episodes.record import Record, append_record, read_records
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.episodes.server_policy import ServerPolicy
from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.settings import claim_folder, option, replace_file
from llamafactory_embodied.tasks.task import Task
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.scene import Scene

if TYPE_CHECKING:
    from llamafactory_embodied.training.checkpoint import CheckpointPolicy

POLICIES = ("checkpoint", "server", *MODEL_FREE)


@dataclass(frozen=True)
class EvaluateSettings:
    """Settings of the verb `evaluate`."""

    output_dir: str = option("out/evaluation", "run folder: records, frames, summary and page")
    policy: str = option("searcher", "who plays: " + ", ".join(POLICIES))
    checkpoint: str = option("", "folder of a checkpoint, for policy=checkpoint")
    template: str = option("", "the host's template, for a checkpoint that was not trained with this package")
    image_max_pixels: int = option(0, "greatest area of an image, likewise")
    base_url: str = option("http://127.0.0.1:8000/v1", "address of an OpenAI-compatible server, for policy=server")
    model: str = option("", "the server's name for the model, for policy=server")
    selection: Selection = option(Selection(split="test"), "rooms and tasks")
    frame: FrameSettings = option(FrameSettings(), "camera, as in training")
    backend: str = option("embedded", "simulator: embedded or unity")
    prompts: str = option("auto", "prompt set; auto takes the one the checkpoint was trained with")
    control: str = option(
        "none", "what the policy is shown: none (the frames), blind (black) or swap (other contents)"
    )
    max_new_tokens: int = option(512, "longest reply")
    temperature: float = option(0.0, "0 is greedy")
    seed: int = option(0, "of sampling")
    batch: int = option(8, "episodes that share a call of the policy")
    workers: int = option(1, "processes, each with a policy of its own")


@dataclass(frozen=True)
class ReportSettings:
    """Settings of the verb `report`."""

    runs: tuple[str, ...] = option((), "run folders, each as `folder` or `name:folder`")
    output: str = option("out/report.html", "the page")
    title: str = option("Evaluation", "its heading")
    episodes_per_run: int = option(24, "episodes shown of each run")


def run_evaluate(settings: EvaluateSettings) -> int:
    """Plays, prints the tables, writes summary.json and report.html."""
    summary = evaluate(settings)
    folder = Path(settings.output_dir)
    replace_file(folder / "summary.json", json.dumps(summary.to_json(), indent=2) + "\n")
    page = write_report([folder], folder / "report.html")
    _print_tables({folder.name: summary})
    sys.stdout.write(f"{page}\n")
    return 0


def evaluate(settings: EvaluateSettings) -> Summary:
    """Plays what is still owed and sums up everything.

    Raises:
        SettingsError: the policy is unknown or incompletely named.
        RecordError: the folder holds a run with other settings.
        PolicyError: the model does not answer; what has been played stays.
    """
    if settings.policy not in POLICIES:
        raise SettingsError(f"policy={settings.policy!r} is unknown; choose one of {', '.join(POLICIES)}.")
    folder = Path(settings.output_dir)
    claim_folder(settings, folder, free=("output_dir", "batch", "workers", "base_url"))
    tasks = settings.selection.tasks()
    left = owed(tasks, [record["id"] for record in read_records(folder)], key=lambda pair: pair[1].id)
    solved = 0
    with progress(f"playing {folder.name}", len(tasks), len(tasks) - len(left)) as advance:
        for records in run_ordered(partial(_play, settings), _chunks(left, settings), settings.workers):
            for record in records:
                append_record(folder, record)
                solved += record["success"]
                advance(f"{solved} solved")
    return summarize(read_records(folder))


def _chunks(tasks: Sequence[tuple[Scene, Task]], settings: EvaluateSettings) -> list[Sequence[tuple[Scene, Task]]]:
    size = settings.batch * 4
    return [tasks[start : start + size] for start in range(0, len(tasks), size)]


def _play(settings: EvaluateSettings, tasks: Sequence[tuple[Scene, Task]]) -> list[Record]:
    policy, prompts = _open_policy(settings)
    rollout = RolloutSettings(load_prompts(prompts), settings.control, Path(settings.output_dir), settings.seed)

    def household() -> Household:
        return Household(open_controller(settings.backend, settings.frame), settings.frame, settings.backend)

    return list(play(tasks, policy, household, rollout, settings.batch))


@lru_cache(maxsize=1)
def _open_policy(settings: EvaluateSettings) -> tuple[Policy, str]:
    """The policy and the prompt set it is talked to with; opened once a process."""
    prompts = "full" if settings.prompts == "auto" else settings.prompts
    if settings.policy in MODEL_FREE:
        return make_policy(settings.policy), prompts
    if settings.policy == "server":
        if not settings.model:
            raise SettingsError("policy=server needs model=..., the name under which the server knows the model.")
        server = ServerPolicy(
            settings.base_url, settings.model, settings.max_new_tokens, settings.temperature, settings.seed
        )
        return server, prompts
    return _open_checkpoint(settings)


def _open_checkpoint(settings: EvaluateSettings) -> tuple[Policy, str]:
    if not settings.checkpoint:
        raise SettingsError("policy=checkpoint needs checkpoint=..., the folder that training wrote.")
    from llamafactory_embodied.training.checkpoint import CheckpointPolicy

    policy = CheckpointPolicy(
        settings.checkpoint,
        template=settings.template or None,
        max_new_tokens=settings.max_new_tokens,
        temperature=settings.temperature,
        seed=settings.seed,
        image_max_pixels=settings.image_max_pixels or None,
    )
    return _Local(settings.checkpoint, policy), _trained_prompts(policy.terms.prompts, settings.prompts)


class _Local:
    """A checkpoint in this process as a policy that plays."""

    def __init__(self, folder: str, policy: "CheckpointPolicy"):
        self.name, self._policy = f"checkpoint:{folder}", policy

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """The checkpoint's answers."""
        return [Reply(*answer) for answer in self._policy.reply(views)]


def _trained_prompts(trained: Sequence[str], asked: str) -> str:
    """The prompt set to use; another one than the checkpoint's is a warning.

    Raises:
        SettingsError: nothing says which.
    """
    if asked == "auto" and not trained:
        raise SettingsError("The checkpoint does not say which prompt set it was trained with: give prompts=...")
    name = trained[0].partition("@")[0] if asked == "auto" else asked
    label = load_prompts(name).label
    if trained and label not in trained:
        warnings.warn(
            f"The checkpoint was trained with the prompt set {', '.join(trained)} and is now talked to with {label}: "
            "its figures will be lower than they could be.",
            stacklevel=2,
        )
    return name


def run_report(settings: ReportSettings) -> int:
    """Writes the page of several runs and prints their tables; the first run is compared with each other one."""
    if not settings.runs:
        raise SettingsError("report needs runs=[folder, name:folder, ...].")
    runs = [_named(entry) for entry in settings.runs]
    first, others = runs[0], runs[1:]
    differences = [paired_difference(first.records, run.records, names=(first.name, run.name)) for run in others]
    page = write_report(
        runs,
        Path(settings.output),
        settings.title,
        differences=differences,
        max_episodes_per_run=settings.episodes_per_run,
    )
    summaries = {run.name: summarize(run.records) for run in runs}
    _print_tables(summaries)
    replace_file(Path(settings.output).with_suffix(".md"), comparison_table(summaries))
    content = {name: summary.to_json() for name, summary in summaries.items()}
    replace_file(Path(settings.output).with_suffix(".json"), json.dumps(content, indent=2) + "\n")
    sys.stdout.write(f"{page}\n")
    return 0


def _named(entry: str) -> Run:
    name, colon, folder = entry.partition(":")
    return load_run(Path(folder), name) if colon else load_run(Path(entry))


def _print_tables(summaries: dict[str, Summary]) -> None:
    console = Console()
    console.print(summary_table(summaries))
    console.print(type_table(summaries))
