"""`show`: one sample as the trainer gets it, told from its token ids and labels alone."""

import base64
import difflib
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image
from rich.console import Console
from rich.text import Text

from ..errors import DataError, SettingsError
from ..settings import option
from ..training.rows import read_rows
from ..training.sample import read_sample
from .page import write_page
from .recipe import Encoded, Recipe
from .source import Source, Sources

KINDS = ("system", "user", "image", "trained", "not trained")
_STYLES = {"system": "dim", "user": "", "image": "cyan", "trained": "bold green", "not trained": "dim italic"}
# Every Qwen-VL template opens a message so; other templates have no roles here, and their text is "not trained".
_HEADER = re.compile(r"<\|im_start\|>(\w+)\n")
_ROLES = {"system": "system", "user": "user", "tool": "user"}


@dataclass(frozen=True)
class ShowSettings:
    """Settings of the verb `show`."""

    recipe: str = option("", "a training configuration of LLaMA-Factory")
    id: str = option("", "the sample's id; the first sample without it")
    data: str = option("", "a data file or folder, where it is not the recipe's dataset_dir")
    datasets: tuple[str, ...] = option((), "names in dataset_info.json, where they are not the recipe's")
    output: str = option("", "HTML file; without it the sample is printed")


@dataclass(frozen=True)
class Frame:
    """An image as the model gets it.

    Attributes:
        path: As the data has it.
        width: In pixels, after all resizing.
        height: In pixels, after all resizing.
        tokens: How many tokens it takes.
        content: The file's bytes.
    """

    path: str
    width: int
    height: int
    tokens: int
    content: bytes

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return Path(self.path).name

    @property
    def uri(self) -> str:
        """The image at its trained size, as a data URI."""
        with Image.open(io.BytesIO(self.content)) as image:
            buffer = io.BytesIO()
            image.convert("RGB").resize((self.width, self.height), Image.Resampling.BICUBIC).save(buffer, "PNG")
        return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


@dataclass(frozen=True)
class Span:
    """Neighbouring tokens of one kind.

    Attributes:
        kind: One of `KINDS`.
        tokens: How many.
        text: What they say; empty for image tokens.
        frame: The image, for image tokens.
    """

    kind: str
    tokens: int
    text: str = ""
    frame: Frame | None = None


@dataclass(frozen=True)
class View:
    """A sample, or one of its windows.

    Attributes:
        spans: In order.
    """

    spans: tuple[Span, ...]

    @property
    def counts(self) -> dict[str, int]:
        """Tokens of each kind, then of all."""
        counted: Counter[str] = Counter()
        for span in self.spans:
            counted[span.kind] += span.tokens
        return {**{kind: counted[kind] for kind in KINDS}, "all": counted.total()}


def run_show(settings: ShowSettings) -> None:
    """Prints a sample, or writes it as a page."""
    if not settings.recipe:
        raise SettingsError("needs recipe=, a training configuration of LLaMA-Factory")
    recipe = Recipe(Path(settings.recipe))
    source, row, name = find_sample(recipe.sources(settings.data, settings.datasets), settings.id)
    views = [view(recipe, encoded) for encoded in recipe.encode(source.converter(row))]
    if not views:
        raise DataError(f"sample {name!r} is left out: it is longer than cutoff_len, {recipe.data_args.cutoff_len}")
    if settings.output:
        write_page("show.html.j2", Path(settings.output), _page_values(settings, recipe, name, views))
        Console().print(Text(settings.output), soft_wrap=True)
    else:
        _print(name, views)


def find_sample(sources: Sources, id_: str) -> tuple[Source, Mapping[str, Any], str]:
    """Returns the data set, the row and the id of a sample, the first one if the id is empty.

    Raises:
        DataError: There is no such sample; names the nearest ids. Or it is damaged.
    """
    seen: list[str] = []
    for source in sources.found:
        for row in (row for file in source.files for row in read_rows(file)):
            try:
                if row.value is None:
                    raise DataError(f"{source.name}, line {row.line}: {row.problem}")
                names, dataset = source.converter.names, source.converter.dataset
                name = read_sample(row.value, names, dataset, source.converter.train_on_prompt).id
            except DataError:
                if not id_ or (row.value or {}).get("id") == id_:
                    raise
                continue
            if name == id_ or not id_:
                return source, row.value, name
            seen.append(name)
    near = difflib.get_close_matches(id_, seen, n=3) or seen[:3]
    raise DataError(f"no sample has the id {id_!r}; there are {len(seen)}, such as {', '.join(map(repr, near))}")


def view(recipe: Recipe, encoded: Encoded) -> View:
    """Takes the token ids of a sample apart by what they are and whether they are trained on."""
    kinds = _kinds(recipe, encoded)
    frames = iter(_frames(recipe, encoded.images))
    spans: list[Span] = []
    for kind, run in groupby(zip(kinds, encoded.input_ids, strict=True), key=lambda pair: pair[0]):
        ids = [token for _, token in run]
        if kind != "image":
            spans.append(Span(kind, len(ids), recipe.tokenizer.decode(ids)))
        while kind == "image" and ids:  # images without a token between them are one run
            frame = next(frames)
            spans.append(Span(kind, frame.tokens, frame=frame))
            ids = ids[frame.tokens :]
    return View(tuple(spans))


def _kinds(recipe: Recipe, encoded: Encoded) -> Iterator[str]:
    """The kind of each token: from its label, its id, or the role of the message that it is in."""
    role = ""
    starts = dict(_message_starts(recipe, encoded.input_ids))
    for place, (token, label) in enumerate(zip(encoded.input_ids, encoded.labels, strict=True)):
        role = starts.get(place, role)
        if token == recipe.image_token_id:
            yield "image"
        elif label >= 0:
            yield "trained"
        else:
            yield _ROLES.get(role, "not trained")


def _message_starts(recipe: Recipe, ids: list[int]) -> Iterator[tuple[int, str]]:
    """Places where a message begins, with the role in its header."""
    opening = recipe.tokenizer.convert_tokens_to_ids("<|im_start|>")
    for place, token in enumerate(ids):
        if token == opening and (header := _HEADER.match(recipe.tokenizer.decode(ids[place : place + 8]))):
            yield place, header[1]


def _frames(recipe: Recipe, images: list[Any]) -> Iterator[Frame]:
    """The images with the sizes that the host's own image processor gives them."""
    if not images:
        return
    sizing = recipe.sizing
    for image in images:
        content = _content(image)
        with Image.open(io.BytesIO(content)) as opened:
            rows, columns = sizing.grid(*opened.size)
        path = str(image.get("path") or "") if isinstance(image, Mapping) else str(image)
        tokens = rows * columns // sizing.merge**2
        yield Frame(path, columns * sizing.patch_px, rows * sizing.patch_px, tokens, content)


def _content(image: Any) -> bytes:
    """The bytes of an image that the data has as a path, or as `{"bytes", "path"}`."""
    embedded = image.get("bytes") if isinstance(image, Mapping) else None
    if embedded is not None:
        return bytes(embedded)
    path = image["path"] if isinstance(image, Mapping) else image
    return Path(path).read_bytes()


def _print(name: str, views: list[View]) -> None:
    console = Console(highlight=False)
    for number, one in enumerate(views, start=1):
        console.print(Text(_heading(name, number, len(views)), style="bold underline"))
        text = Text()
        for span in one.spans:
            text.append(_printed(span), style=_STYLES[span.kind])
        console.print(text)
        console.print(Text(", ".join(f"{kind} {count}" for kind, count in one.counts.items())))


def _printed(span: Span) -> str:
    """A span's text; without colours, brackets tell what is trained on."""
    if span.frame:
        return f"[image {span.frame.width}x{span.frame.height} px, {span.tokens} tokens: {span.frame.path}]"
    return f"⟦{span.text}⟧" if span.kind == "trained" else span.text


def _heading(name: str, number: int, total: int) -> str:
    return f"sample {name!r}" + (f", window {number} of {total}" if total > 1 else "")


def _page_values(settings: ShowSettings, recipe: Recipe, name: str, views: list[View]) -> dict[str, Any]:
    facts = {
        "recipe": settings.recipe,
        "template": recipe.data_args.template,
        "cutoff_len": recipe.data_args.cutoff_len,
        "image_max_pixels": getattr(recipe.processor, "image_max_pixels", None),
    }
    return {"name": name, "facts": facts, "views": views, "kinds": KINDS}
