"""The verb `explore`: a checkpoint plays new tasks, several times each, and what it solved becomes stage 2's data.

Each sample of all tasks is a run of `evaluate`, so it can be stopped and continued, served or in process.
"""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rich.console import Console

from evaluation.run import EvaluateSettings, evaluate
from evaluation.sheet import Sheet

from . import __version__
from .episodes.conversation import PromptSet, load_prompts
from .episodes.record import Record, read_records
from .errors import SettingsError
from .files import replace_file, replacing
from .settings import claim_folder, option, to_plain
from .stages.dataset import DATA_FILE, example_line, name_data_set
from .stages.exploration import RULES, Verdict, explored_example, judged, passed


@dataclass(frozen=True)
class ExploreSettings:
    """Settings of the verb `explore`."""

    output_dir: str = option("out/explored", "folder for runs, the training file and the report")
    dataset: str = option("embodied_stage2", "the data set's name in dataset_info.json")
    play: EvaluateSettings = option(EvaluateSettings(temperature=0.8), "who plays, and which tasks; a split but test")
    samples: int = option(4, "how often each task is played, each time with a seed of its own", least=1)
    per_task: int = option(2, "samples of a task that are kept at most", least=1)
    balance: float = option(3.0, "no type has more than so many times the median type's; 0: no limit", least=0)
    beside: tuple[str, ...] = option((), "folders of data sets that are trained on as well, such as stage 1's")


def run_explore(settings: ExploreSettings) -> None:
    """Plays, judges, writes, and prints what was kept and why.

    Raises:
        SettingsError: the tasks are those of the test split, or the rules help.
    """
    if settings.play.selection.split == "test" or settings.play.benchmark:
        raise SettingsError("explore plays tasks that are trained on afterwards: choose play.selection.split=train.")
    if settings.play.rules != RULES:
        raise SettingsError(f"play.rules={settings.play.rules}: what is kept must have been played under {RULES}.")
    folder = Path(settings.output_dir)
    later = ("output_dir", "dataset", "per_task", "balance", "beside", "samples")
    claim_folder(replace(settings, play=_of_sample(settings, 0)), folder, free=later)
    for sample in range(settings.samples):
        evaluate(_of_sample(settings, sample))
    verdicts = judged(
        (Verdict.of(record, sample) for sample, record in _records(settings)), settings.per_task, settings.balance
    )
    _write(settings, verdicts)
    sheets = _sheets(settings, verdicts)
    replace_file(folder / "report.md", "\n".join(sheet.to_markdown() for sheet in sheets))
    for sheet in sheets:
        Console().print(sheet.to_rich())
    kept = sum(one.reason == "kept" for one in verdicts)
    sys.stdout.write(f"{kept} examples of {len(verdicts)} samples: {folder / DATA_FILE}\n")


def _of_sample(settings: ExploreSettings, sample: int) -> EvaluateSettings:
    return replace(
        settings.play, output_dir=str(Path(settings.output_dir) / _folder(sample)), seed=settings.play.seed + sample
    )


def _folder(sample: int) -> str:
    return f"samples/{sample}"


def _records(settings: ExploreSettings) -> Iterator[tuple[int, Record]]:
    for sample in range(settings.samples):
        for record in read_records(Path(settings.output_dir) / _folder(sample)):
            yield sample, record


def _write(settings: ExploreSettings, verdicts: Sequence[Verdict]) -> None:
    """Writes the examples, every verdict, and the entries for LLaMA-Factory."""
    folder, words = Path(settings.output_dir), dict[str, PromptSet]()
    with replacing(folder / DATA_FILE) as data, replacing(folder / "verdicts.jsonl") as judgements:
        for verdict, (sample, record) in zip(verdicts, _records(settings), strict=True):
            judgements.write(json.dumps(asdict(verdict) | {"policy": record["policy"], "seed": record["seed"]}) + "\n")
            if verdict.reason == "kept":
                label = record["prompts"]
                words[label] = words.get(label) or load_prompts(label.partition("@")[0])
                example = explored_example(record, verdict, words[label], _folder(sample))
                data.write(example_line(example) + "\n")
    name_data_set(
        folder, settings.dataset, {name: entry for one in settings.beside for name, entry in _entries(one, folder)}
    )
    manifest: Mapping[str, Any] = {
        "version": __version__,
        "samples": len(verdicts),
        "reasons": dict(sorted(Counter(one.reason for one in verdicts).items())),
        "by_type": dict(sorted(Counter(one.type for one in verdicts if one.reason == "kept").items())),
        "prompts": sorted(words),
        "settings": to_plain(settings),
    }
    replace_file(folder / "manifest.json", json.dumps(manifest, indent=2, ensure_ascii=False) + "\n")


def _entries(beside: str, folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The data sets of another folder as seen from this one.

    Raises:
        SettingsError: the folder has no `dataset_info.json`.
    """
    try:
        entries = json.loads((Path(beside) / "dataset_info.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"beside={beside}: expected a folder with dataset_info.json; {error}.") from error
    for name, entry in entries.items():
        yield name, entry | {"file_name": os.path.relpath(Path(beside) / entry["file_name"], folder)}


def _sheets(settings: ExploreSettings, verdicts: Sequence[Verdict]) -> list[Sheet]:
    ks = [k for k in (1, 2, 4, 8, 16) if k <= settings.samples]
    chances = passed(verdicts, ks)
    rows = []
    for kind in sorted(chances, key=lambda name: (name == "all", name)):
        own = [one for one in verdicts if kind in ("all", one.type)]
        shares = [f"{100 * chance:.0f}%" for chance in chances[kind]]
        kept = sum(one.reason == "kept" for one in own)
        searched = sum(one.reason == "kept" and one.misses > 0 for one in own)
        rows.append((kind, str(len({one.task for one in own})), *shares, str(kept), str(searched)))
    told = "Solved: all goals hold at the model's own end. Searched: kept samples with a place searched in vain."
    both = Counter((one.solved, one.keys) for one in verdicts)
    agreement = [
        (f"goals {_yes(solved)}, key actions {_yes(keys)}", str(both[solved, keys]))
        for solved in (True, False)
        for keys in (True, False)
    ]
    reasons = [(reason, str(count)) for reason, count in Counter(one.reason for one in verdicts).most_common()]
    return [
        Sheet("Tasks", ("type", "tasks", *(f"pass@{k}" for k in ks), "kept", "searched"), rows, told),
        Sheet("Samples", ("reason", "samples"), reasons, "Why samples are kept or not; all stay in samples/."),
        Sheet("Verdicts", ("verdicts", "samples"), agreement, "The goals decide; the reference goes by key actions."),
    ]


def _yes(value: bool) -> str:
    return "met" if value else "not met"
