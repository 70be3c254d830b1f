"""`check`: lints data sets without decoding an image. A damaged sample is named and the lint goes on."""

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..episodes.progress import progress
from ..errors import DataError
from ..files import replace_file
from ..settings import option
from ..training.image_file import inspect_image
from ..training.rows import Row, count_rows, read_rows
from ..training.sample import Sample, read_sample
from .findings import KINDS, LEAST, Finding, Place, finding, finding_of_error
from .recipe import Recipe, open_sources
from .source import Source, Sources
from .text_rules import CONTROL_TOKEN, HALF_CHARACTER, decision_problems, has_tags, tag_problems

_MIN_SIDE_PX, _MAX_RATIO = 28, 20


@dataclass(frozen=True)
class CheckSettings:
    """Settings of the verb `check`."""

    data: str = option("", "a data file, or a folder with dataset_info.json; without it the recipe's dataset_dir")
    datasets: tuple[str, ...] = option((), "names in dataset_info.json; without them the recipe's, or all")
    recipe: str = option("", "a training configuration of LLaMA-Factory: also finds samples that are too long for it")
    media_dir: str = option("", "second folder that images are looked up in, where there is no recipe")
    shown: int = option(10, "findings of each kind that are printed", least=0)
    output: str = option("", "JSON Lines file for all findings")


@dataclass
class Report:
    """What the lint found.

    Attributes:
        samples: Rows that were read.
        images: Files that the sound samples show, each counted once for each place.
        rows: What the sound samples are to training with the recipe, their windows counted.
        findings: In the order of the files.
    """

    samples: int = 0
    images: int = 0
    rows: int = 0
    findings: list[Finding] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Findings by kind, in the order of `KINDS`."""
        counted = Counter(one.kind for one in self.findings)
        return {kind: counted[kind] for kind in KINDS if counted[kind]}

    @property
    def wanting(self) -> int:
        """How much greater a cutoff_len holds a turn of every sample, in tokens; 0 where this one does."""
        needs = (LEAST.search(one.problem) for one in self.findings)
        return max((int(need[1]) - int(need[2]) for need in needs if need), default=0)

    def samples_with(self, severity: str) -> int:
        """How many rows have a finding of this severity."""
        return len({one.place[:2] for one in self.findings if one.severity == severity})


def run_check(settings: CheckSettings) -> int:
    """Prints what the lint found; 1 when there are errors."""
    recipe, sources = open_sources(settings.data, settings.datasets, settings.recipe, settings.media_dir)
    report = check(sources, recipe)
    if settings.output:
        lines = (json.dumps(one.as_json()) + "\n" for one in report.findings)
        replace_file(Path(settings.output), "".join(lines))
    _print(report, sources, settings)
    if recipe:
        cutoff = recipe.data_args.cutoff_len
        sys.stdout.write(f"{report.rows} rows to train on at cutoff_len {cutoff}, windows counted: one epoch.\n")
    if recipe and report.wanting:
        least = recipe.data_args.cutoff_len + report.wanting
        sys.stdout.write(f"The least cutoff_len that holds the system text, the task and one turn of each: {least}.\n")
    return 1 if report.samples_with("error") or not report.samples else 0


def check(sources: Sources, recipe: Recipe | None = None) -> Report:
    """Lints data sets.

    Args:
        sources: What to read.
        recipe: Training configuration to measure the samples with.
    """
    report, linter = Report(), Linter(recipe)
    files = [(source, file) for source in sources.found for file in source.files]
    with progress("check", sum(count_rows(file) for _, file in files)) as advance:
        for source, file in files:
            for row in read_rows(file):
                report.samples += 1
                found = linter.lint(source, file, row)
                report.findings += found
                advance(f"{len(report.findings)} findings")
    report.images, report.rows = linter.images, linter.rows
    return report


class Linter:
    """Applies the rules to one row after the other and remembers what it has seen.

    Args:
        recipe: Training configuration to measure the samples with.
    """

    def __init__(self, recipe: Recipe | None = None) -> None:
        self.images = self.rows = 0
        self._recipe = recipe
        self._ids: dict[str, Place] = {}
        self._contents: dict[bytes, Place] = {}

    def lint(self, source: Source, file: Path, row: Row) -> list[Finding]:
        """Returns what is wrong with one row."""
        place = Place(str(file), row.line, str((row.value or {}).get("id") or ""))
        if row.value is None:
            return [finding("not-json", place, row.problem)]
        converter = source.converter
        try:
            sample = read_sample(row.value, converter.names, converter.dataset, converter.train_on_prompt)
        except DataError as error:
            return [finding_of_error(str(error), place, "format")]
        place = place._replace(sample=sample.id)
        found = list(chain(self._image_rules(sample, source, place), _text_rules(sample, place)))
        found += self._duplicate_rules(sample, place)
        if self._recipe and not any(one.kind != "tag" and one.severity == "error" for one in found):
            found += self._length_rules(self._recipe, source, row.value, place)
        return found

    def _image_rules(self, sample: Sample, source: Source, place: Place) -> Iterator[Finding]:
        for image, turn in zip(sample.images, sample.image_turns, strict=True):
            self.images += 1
            where = place._replace(turn=turn)
            try:
                path = source.converter.roots.resolve(image, "image")
            except DataError as error:
                yield finding_of_error(str(error).removeprefix("image: "), where, "image-missing")
            else:
                yield from _file_rules(image, path, where)

    def _duplicate_rules(self, sample: Sample, place: Place) -> Iterator[Finding]:
        turns = [(turn.role, turn.content, turn.loss) for turn in (*sample.turns, *sample.rivals)]
        content = json.dumps([sample.system, turns, sample.kto_tag, sample.images], default=_digest)
        key = hashlib.blake2b(content.encode(), digest_size=16).digest()
        before, same = self._ids.setdefault(sample.id, place), self._contents.setdefault(key, place)
        if same is not place:
            yield finding("duplicate-sample", place, f"says and shows the same as {_named(same)}")
        elif before is not place:
            yield finding("duplicate-id", place, f"has the id of {_named(before)}")

    def _length_rules(self, recipe: Recipe, source: Source, value: Any, place: Place) -> Iterator[Finding]:
        row = source.converter(value)
        try:
            report = recipe.becomes(row)
        except DataError as error:
            yield finding_of_error(str(error), place, "encoding")
            return
        self.rows += report.windows if report.cut else 1 - len(report.left_out)
        for _, reason in report.left_out:
            yield finding("overlong", place, reason.partition(": ")[2] or reason, "warning")
        if report.cut and not report.left_out:
            tokens = len(recipe.encode_whole(row).input_ids)
            becomes = f"becomes {report.windows} windows"
            yield finding("overlong", place, f"takes {tokens} tokens, {becomes}", "warning")


def _digest(image: Any) -> str:
    """Stands for an image that the data file holds as bytes."""
    return hashlib.blake2b(image.content, digest_size=16).hexdigest()


def _named(place: Place) -> str:
    return f"sample {place.sample!r}, {place.file}:{place.line}"


def _file_rules(image: object, path: str, place: Place) -> Iterator[Finding]:
    file = inspect_image(path)
    if file.unreadable:
        yield finding("image-unreadable", place, f"image {image!r}: {file.unreadable}")
    elif file.truncated:
        yield finding("image-truncated", place, f"image {image!r} is cut off: {file.truncated}")
    elif _is_odd(file.width, file.height):
        yield finding("image-shape", place, f"image {image!r} is {file.width}x{file.height} px")


def _is_odd(width: int, height: int) -> bool:
    """Tells whether an image is smaller than one token, or a strip."""
    short, long = sorted((width, height))
    return short < _MIN_SIDE_PX or long > _MAX_RATIO * short


def _text_rules(sample: Sample, place: Place) -> Iterator[Finding]:
    turns = (*sample.turns, *sample.rivals)
    texts: list[tuple[int | None, str]] = [(turn.index, turn.content) for turn in turns]
    for index, text in [(None, sample.system), *texts]:
        if token := CONTROL_TOKEN.search(text):
            yield finding("control-token", place._replace(turn=index), f"has the control token {token[0]} in its text")
        if not text.isascii() and (half := HALF_CHARACTER.search(text)):
            yield finding("format", place._replace(turn=index), f"has {half[0]!r} in its text, half a character")
    answers = [turn for turn in turns if turn.role == "assistant"]
    tagged = any(has_tags(turn.content) for turn in answers)
    for turn in answers if tagged else ():
        where = place._replace(turn=turn.index)
        for problem in tag_problems(turn.content):
            yield finding("tag", where, problem, "error" if turn.loss else "warning")
        for problem in decision_problems(turn.content):
            yield finding("decision", where, problem)


def _print(report: Report, sources: Sources, settings: CheckSettings) -> None:
    console = Console()
    for kind in report.counts:
        _print_kind(console, kind, [one for one in report.findings if one.kind == kind], settings.shown)
    if report.findings:
        console.print(_summary(report))
    for left_out in sources.left_out:
        console.print(Text(f"Not checked: {left_out}."))
    errors, warnings = report.samples_with("error"), report.samples_with("warning")
    sys.stdout.write(
        f"{report.samples} samples, {report.images} images: {errors} samples with errors, {warnings} with warnings.\n"
    )


def _print_kind(console: Console, kind: str, findings: list[Finding], shown: int) -> None:
    console.print(Text(f"{kind}: {KINDS[kind].cure}", style="bold"), soft_wrap=True)
    for one in findings[:shown]:
        console.print(Text(f"  {one.severity}: {describe(one)}"), soft_wrap=True)
    if len(findings) > shown:
        console.print(
            Text(f"  and {len(findings) - shown} more; output=findings.jsonl lists them all"), soft_wrap=True
        )


def describe(one: Finding) -> str:
    """A finding in one line: its place and what is wrong."""
    place = one.place
    turn = "" if place.turn is None else f", messages[{place.turn}]"
    return f"{place.file}:{place.line}, sample {place.sample!r}{turn}: {one.problem}"


def _summary(report: Report) -> Table:
    table = Table("kind", "errors", "warnings", "samples")
    for kind in report.counts:
        ones = [one for one in report.findings if one.kind == kind]
        by_severity = [str(sum(one.severity == word for one in ones)) for word in ("error", "warning")]
        table.add_row(kind, *by_severity, str(len({one.place[:2] for one in ones})))
    return table
