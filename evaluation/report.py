"""One self-contained HTML page of runs: the tables, the paired gaps, and each episode turn by turn.

Everything that comes from a model, a task or a scene is escaped; the page loads nothing and its policy (CSP) allows
only its own script, named by its hash, and embedded images.
"""

import base64
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from evaluation.compare import PairedDifference
from evaluation.differences import chance, difference_sheets, points
from evaluation.metrics import Record
from evaluation.published import Published
from evaluation.runs import Run, load_run
from evaluation.selection import select_episodes
from evaluation.sheet import Sheet
from evaluation.summary import Summary, summarize
from evaluation.tables import bounds, percent, seconds, sheet, shown_groups
from evaluation.timeline import EpisodeView, episode_view
from llamafactory_embodied.errors import RecordError

MAX_EPISODES_PER_RUN = 40


_SHOWN_FIRST = ("group", "task type")


@dataclass(frozen=True)
class TableView:
    """The runs of one backend, rule set and benchmark, which alone may share a table here.

    `groups` are shown, `more_groups` unfolded on demand, both as (grouping, group); `paper` is the table of the
    reference's formulas.
    """

    backend: str
    rules: str
    benchmark: str
    summaries: dict[str, Summary]
    groups: list[tuple[str, str]]
    more_groups: list[tuple[str, str]]
    paper: Sheet


@dataclass(frozen=True)
class ShownView:
    """How many of a run's episodes the page shows."""

    run: str
    shown: int
    episodes: int


def write_report(
    runs: Sequence[Run | Path],
    output: Path,
    title: str = "Evaluation",
    *,
    differences: Sequence[PairedDifference] = (),
    notes: Sequence[str] = (),
    published: Mapping[str, Published] | None = None,
    max_episodes_per_run: int = MAX_EPISODES_PER_RUN,
    only: Callable[[Record], bool] = lambda record: True,
) -> Path:
    """Write the page; the file appears under its name only when it is complete.

    Args:
        runs: Runs or run folders, in the order in which to show them; a folder is named after itself.
        output: The HTML file.
        title: Heading of the page.
        differences: Paired comparisons to show under the tables, such as a control's gap.
        notes: Sentences to show under the heading.
        published: Rows of the paper's table, as columns of their own beside the reference's formulas.
        max_episodes_per_run: Episodes shown a run; the page says how many of how many.
        only: Which episodes may be shown; the tables are over all.

    Returns:
        `output`.

    Raises:
        RecordError: no runs, two of one name, a damaged record, or a run that mixes conditions.
    """
    loaded = [run if isinstance(run, Run) else load_run(run) for run in runs]
    _refuse_unnameable(loaded)
    tables = _tables({run.name: summarize(run.records) for run in loaded}, published or {})
    shown = {run.name: select_episodes(list(filter(only, run.records)), max_episodes_per_run) for run in loaded}
    episodes = [episode_view(run.name, run.folder, record) for run in loaded for record in shown[run.name]]
    counts = [ShownView(run.name, len(shown[run.name]), len(run.records)) for run in loaded]
    page = _render(
        title=title,
        notes=notes,
        tables=tables,
        differences=[(one, difference_sheets(one)) for one in differences],
        published=published,
        shown=counts,
        limited=any(count.shown < count.episodes for count in counts),
        episodes=episodes,
        opened=_opened(episodes),
        kinds=sorted({episode.task_type for episode in episodes}),
        outcomes=sorted({episode.outcome for episode in episodes}),
    )
    _write(output, page)
    return output


def _refuse_unnameable(runs: Sequence[Run]) -> None:
    names = [run.name for run in runs]
    if not names:
        raise RecordError("no runs to report: expected at least one run folder")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise RecordError(f"several runs are called {', '.join(twice)}: expected a name of its own for each run")


def _tables(summaries: dict[str, Summary], published: Mapping[str, Published]) -> list[TableView]:
    groups: dict[tuple[str, str, str], dict[str, Summary]] = {}
    for name, one in summaries.items():
        groups.setdefault((one.backend, one.rules, one.benchmark), {})[name] = one
    return [_table(*conditions, runs, published) for conditions, runs in groups.items()]


def _table(
    backend: str, rules: str, benchmark: str, runs: dict[str, Summary], published: Mapping[str, Published]
) -> TableView:
    names = list(shown_groups(runs))
    first = [name for name in names if name[0] in _SHOWN_FIRST]
    rest = [name for name in names if name[0] not in _SHOWN_FIRST]
    return TableView(backend, rules, benchmark, runs, first, rest, sheet(runs, "paper", published))


def _opened(episodes: Sequence[EpisodeView]) -> set[int]:
    """Which episodes start unfolded: the first solved and the first failed one of each kind of scene."""
    first: dict[tuple[bool, str], int] = {}
    for index, episode in enumerate(episodes):
        first.setdefault((episode.outcome == "success", episode.scene_kind), index)
    return set(first.values())


def _render(**values: object) -> str:
    loader = PackageLoader("evaluation")
    environment = Environment(
        loader=loader,
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(percent=percent, seconds=seconds, bounds=bounds, chance=chance)
    environment.globals.update(points=points)
    style, script = (loader.get_source(environment, name)[0] for name in ("report.css", "report.js"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii")
    # Both are our own files, read from the package: the only text that is not escaped.
    return environment.get_template("report.html.j2").render(
        **values, style=Markup(style), script=Markup(script), script_hash=digest
    )


def _write(output: Path, page: str) -> None:
    """Write and rename; a lone surrogate in a reply is not UTF-8, so it is spelt out."""
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = output.with_name(f".{output.name}.{os.getpid()}.tmp")
    temporary.write_bytes(page.encode("utf-8", "backslashreplace"))
    temporary.replace(output)
