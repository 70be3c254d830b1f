"""Plays a benchmark with a policy and sums up what came of it; every run can be stopped and continued."""

import json
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from evaluation.benchmark import Benchmark, reference_benchmark, selected
from evaluation.report import write_report
from evaluation.summary import Summary, summarize
from evaluation.verbs import print_tables
from llamafactory_embodied.episodes.conversation import load_prompts
from llamafactory_embodied.episodes.policy import MODEL_FREE, Policy, Reply, View, make_policy
from llamafactory_embodied.episodes.pool import owed, run_streams
from llamafactory_embodied.episodes.progress import progress
from llamafactory_embodied.episodes.record import Record, append_record, order_records, read_records
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.episodes.server_policy import ServerPolicy
from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.files import replace_file
from llamafactory_embodied.settings import claim_folder, option
from llamafactory_embodied.tasks.task import Task
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.household import RULES, Household
from llamafactory_embodied.world.scene import Scene

if TYPE_CHECKING:
    from llamafactory_embodied.training.checkpoint import CheckpointPolicy

POLICIES = ("checkpoint", "server", *MODEL_FREE)


@dataclass(frozen=True)
class EvaluateSettings:
    """Settings of the verb `evaluate`."""

    output_dir: str = option("out/evaluation", "run folder: records, frames, summary and page")
    policy: str = option("searcher", "who plays: " + ", ".join(POLICIES))
    checkpoint: str = option("", "folder of a checkpoint or of a LoRA adapter, for policy=checkpoint")
    adapter_name_or_path: str = option("", "folder of a LoRA adapter whose base model the checkpoint is, likewise")
    template: str = option("", "the host's template, for a checkpoint that was not trained with this package")
    image_max_pixels: int = option(0, "greatest area of an image, likewise")
    base_url: str = option("http://127.0.0.1:8000/v1", "address of an OpenAI-compatible server, for policy=server")
    model: str = option("", "the server's name for the model, for policy=server")
    timeout_s: float = option(120.0, "how long the server may take for a reply, likewise")
    selection: Selection = option(Selection(split="test"), "rooms and tasks")
    benchmark: str = option("", "in place of a selection, a test file of the reference system, such as test_809.json")
    frame: FrameSettings = option(FrameSettings(), "camera, as in training")
    backend: str = option("embedded", "simulator: embedded or unity")
    rules: str = option("unaided", "what is allowed: " + ", ".join(RULES))
    prompts: str = option("auto", "prompt set; auto takes the one the checkpoint was trained with")
    control: str = option(
        "none",
        "what the policy is shown: none (the frames), blind (black), text (no frames), swap (other contents), "
        "or moved (its target where it usually is not)",
    )
    context: str = option(
        "auto",
        "what the policy is shown of an episode so far: all, window (cut as in the checkpoint's training), a number "
        "(so many of the newest frames), or auto (window where the checkpoint was trained with windows, else all)",
    )
    max_new_tokens: int = option(512, "longest reply", least=1)
    temperature: float = option(0.0, "0 is greedy")
    seed: int = option(0, "of sampling")
    batch: int = option(8, "episodes that share a call of the policy", least=1)
    workers: int = option(1, "processes, each with a policy of its own", least=1)


def run_evaluate(settings: EvaluateSettings) -> int:
    """Plays, prints the tables, writes summary.json and report.html."""
    summary = evaluate(settings)
    folder = Path(settings.output_dir)
    replace_file(folder / "summary.json", json.dumps(summary.to_json(), indent=2) + "\n")
    page = write_report([folder], folder / "report.html")
    print_tables({folder.name: summary})
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
    allowed = ("auto", "all", *(["window"] if settings.policy == "checkpoint" else []))
    if settings.context not in allowed and not settings.context.isdecimal():
        raise SettingsError(f"context={settings.context!r}: give {', '.join(allowed)} or a number of frames.")
    folder = Path(settings.output_dir)
    claim_folder(settings, folder, free=("output_dir", "batch", "workers", "base_url", "timeout_s"))
    benchmark = reference_benchmark(Path(settings.benchmark)) if settings.benchmark else selected(settings.selection)
    _tell_left_out(benchmark)
    tasks = benchmark.tasks
    done = {record["id"]: record["success"] for record in read_records(folder)}
    left, solved = owed(tasks, done, key=lambda pair: pair[1].id), sum(done.values())
    workers = min(settings.workers, len(left))
    batch = min(settings.batch, ceil(len(left) / max(1, workers)))  # nobody takes what another could begin
    with progress(f"playing {folder.name}", len(tasks), len(tasks) - len(left)) as advance:
        for record in run_streams(partial(_play, settings, benchmark.label, batch), left, workers) if left else ():
            append_record(folder, record)
            solved += record["success"]
            advance(f"{solved} solved")
    order_records(folder, [task.id for _, task in tasks])
    return summarize(read_records(folder))


def _tell_left_out(benchmark: Benchmark) -> None:
    """Names what is not played, and stays out of the denominator: the label of the benchmark says so."""
    for name, reason in benchmark.left_out.items():
        sys.stderr.write(f"not played: {name}: {reason}\n")


def _play(settings: EvaluateSettings, label: str, batch: int, tasks: Iterator[tuple[Scene, Task]]) -> Iterator[Record]:
    player = _open_policy(settings)
    rollout = RolloutSettings(
        load_prompts(player.prompts),
        settings.control,
        Path(settings.output_dir),
        settings.seed,
        benchmark=label,
        newest=int(settings.context) if settings.context.isdecimal() else None,
        windows=player.windows,
    )

    def household() -> Household:
        controller = open_controller(settings.backend, settings.frame)
        return Household(controller, settings.frame, settings.backend, settings.rules)

    yield from play(tasks, player.policy, household, rollout, batch)


class Player(NamedTuple):
    """Who plays.

    Attributes:
        policy: decides.
        prompts: the prompt set it is talked to with.
        windows: whether it cuts long conversations as its training did.
    """

    policy: Policy
    prompts: str
    windows: bool = False


@lru_cache(maxsize=1)
def _open_policy(settings: EvaluateSettings) -> Player:
    """Who plays; opened once a process."""
    prompts = "full" if settings.prompts == "auto" else settings.prompts
    if settings.policy in MODEL_FREE:
        return Player(make_policy(settings.policy), prompts)
    if settings.policy == "server":
        if not settings.model:
            raise SettingsError("policy=server needs model=..., the name under which the server knows the model.")
        sampling = settings.max_new_tokens, settings.temperature, settings.seed
        return Player(ServerPolicy(settings.base_url, settings.model, *sampling, settings.timeout_s), prompts)
    return _open_checkpoint(settings)


def _open_checkpoint(settings: EvaluateSettings) -> Player:
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
        adapter=settings.adapter_name_or_path or None,
        windows=settings.context != "all",
    )
    if settings.context == "window" and not policy.windows:
        raise SettingsError(f"context=window: {policy.path} was not trained with windows (`overflow: window`).")
    prompts = _trained_prompts(policy.terms.prompts, settings.prompts)
    return Player(_Local(str(policy.path), policy), prompts, policy.windows)


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
