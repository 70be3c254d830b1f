"""The verbs over run folders that are already there: `report` and `compare`."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from evaluation.compare import PairedDifference, paired_difference
from evaluation.differences import difference_sheets
from evaluation.families import FAMILIES
from evaluation.published import published_rows
from evaluation.report import write_report
from evaluation.runs import Run, load_run
from evaluation.sheet import Sheet
from evaluation.summary import Summary, as_json, summarize
from evaluation.tables import sheets
from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.files import replace_file
from llamafactory_embodied.settings import option


@dataclass(frozen=True)
class ReportSettings:
    """Settings of the verb `report`."""

    runs: tuple[str, ...] = option((), "run folders, each as `folder` or `name:folder`")
    output: str = option("out/report.html", "the page; the same tables as .md and .json beside it")
    title: str = option("Evaluation", "its heading")
    episodes_per_run: int = option(24, "episodes shown of each run", least=0)
    published: tuple[str, ...] = option((), "models of the paper whose figures stand beside the metrics paper")
    allow_mixed: bool = option(False, "whether runs of different backends may share a table")


@dataclass(frozen=True)
class CompareSettings:
    """Settings of the verb `compare`."""

    runs: tuple[str, ...] = option((), "two run folders, each as `folder` or `name:folder`")
    output: str = option("out/compare.html", "the page; the same tables as .md and .json beside it")
    title: str = option("Comparison", "its heading")
    episodes_per_run: int = option(24, "episodes shown of each run, of the tasks that one alone solved", least=0)
    allow_mixed: bool = option(False, "whether the runs may differ in backend, rules or benchmark")


def run_report(settings: ReportSettings) -> int:
    """Writes the page of several runs and prints their tables; compares the first with each that shares its tasks."""
    if not settings.runs:
        raise SettingsError("report needs runs=[folder, name:folder, ...].")
    published = published_rows(settings.published)
    runs = [_named(entry) for entry in settings.runs]
    summaries = {run.name: summarize(run.records) for run in runs}
    tables = sheets(summaries, published=published, allow_mixed=settings.allow_mixed)
    page = write_report(
        runs,
        Path(settings.output),
        settings.title,
        differences=_gaps_to_first(runs, summaries),
        published=published,
        max_episodes_per_run=settings.episodes_per_run,
    )
    print_tables(summaries, allow_mixed=settings.allow_mixed)
    _write_beside(page, tables, as_json(summaries))
    return 0


def run_compare(settings: CompareSettings) -> int:
    """Prints and writes what tells two runs apart; the page shows the tasks that one alone solved, as both played."""
    if len(settings.runs) != 2:
        raise SettingsError(f"compare needs runs=[one, other], two run folders; got {len(settings.runs)}.")
    first, second = (_named(entry) for entry in settings.runs)
    names = (first.name, second.name)
    if names[0] == names[1]:
        raise SettingsError(f"Both runs are called {names[0]}; give names: runs=[a:{first.folder},b:{second.folder}].")
    differences = [
        paired_difference(first.records, second.records, names=names, family=name, allow_mixed=settings.allow_mixed)
        for name in FAMILIES
    ]
    flipped = {(flip.task, flip.seed) for one in differences for flip in one.flips}
    page = write_report(
        (first, second),
        Path(settings.output),
        settings.title,
        differences=differences,
        notes=("Episodes below: the tasks that one of the runs alone solved.",),
        max_episodes_per_run=settings.episodes_per_run,
        only=lambda record: (str(record["task"]["id"]), int(record.get("seed", 0))) in flipped,
    )
    tables = [sheet for one in differences for sheet in difference_sheets(one)]
    _print(tables)
    _write_beside(page, tables, {one.family: as_json(one) for one in differences})
    return 0


def print_tables(summaries: Mapping[str, Summary], *, allow_mixed: bool = False) -> None:
    """The tables of runs for the terminal; raises as `sheets`."""
    _print(sheets(summaries, allow_mixed=allow_mixed))


def _print(tables: Sequence[Sheet]) -> None:
    console = Console()
    for table in tables:
        console.print(table.to_rich())


def _write_beside(page: Path, tables: Sequence[Sheet], content: Any) -> None:
    replace_file(page.with_suffix(".md"), "\n".join(table.to_markdown() for table in tables))
    replace_file(page.with_suffix(".json"), json.dumps(content, indent=2) + "\n")
    sys.stdout.write(f"{page}\n")


def _gaps_to_first(runs: Sequence[Run], summaries: Mapping[str, Summary]) -> list[PairedDifference]:
    """The first run against each that shares its world and some of its tasks."""
    first = runs[0]
    worlds = {name: (one.backend, one.rules, one.benchmark) for name, one in summaries.items()}
    others = [run for run in runs[1:] if worlds[run.name] == worlds[first.name] and _tasks(first) & _tasks(run)]
    return [paired_difference(first.records, run.records, names=(first.name, run.name)) for run in others]


def _tasks(run: Run) -> set[tuple[str, int]]:
    return {(str(record["task"]["id"]), int(record.get("seed", 0))) for record in run.records}


def _named(entry: str) -> Run:
    name, colon, folder = entry.partition(":")
    return load_run(Path(folder), name) if colon else load_run(Path(entry))
