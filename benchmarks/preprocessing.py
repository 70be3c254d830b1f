"""How long `llamafactory.data.get_dataset` takes: stock's ShareGPT path without the plugin, and ours, in turns.

Each measurement is a process of its own with one worker and a cold cache; imports, the loading of the tokenizer and a
first small data set are not counted. A second data set, the same texts without their images, tells what images cost in
all: the difference, over the number of images. How long it takes to tell how many tokens an image is, is timed apart:
stock's `process_messages` against ours. Where ours spends its time is told by a profile, which is not one of the timed
runs.

`python -m benchmarks.preprocessing [of=1000] [rounds=3]`
"""

import cProfile
import pstats
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from llamafactory_embodied.training.image_tokens import ImageSizing, size_of

from .host import Loaded, configuration, prepared, preprocess
from .qwen import FAMILIES, checkpoint
from .report import Row, save
from .settings import OUT, read_settings
from .trajectories import Trajectories, add_data_set, make, read


@dataclass(frozen=True)
class Preprocessing:
    """What is measured."""

    of: int = 1000
    width_px: int = 800
    height_px: int = 450
    rounds: int = 3


def without_images(example: dict[str, Any]) -> dict[str, Any]:
    """The same words without a frame."""
    messages = [{**one, "content": one["content"].replace("<image>", "")} for one in example["messages"]]
    return {**example, "messages": messages, "images": []}


def measure(settings: Preprocessing) -> tuple[list[Row], list[Row]]:
    """The figures of each round with their medians, and the parts of ours."""
    folder = make(Trajectories(settings.of, settings.width_px, settings.height_px))
    examples = read(folder)
    images = sum(len(one["images"]) for one in examples)
    seen = add_data_set(folder, "timed", examples)
    words = add_data_set(folder, "timed-words", [without_images(one) for one in examples])
    first = add_data_set(folder, "timed-first", examples[:2])
    model = checkpoint(FAMILIES[0])
    rows: list[dict[str, Any]] = []
    for number in range(settings.rounds):
        taken: dict[str, float] = {}
        for name, plugin, place in (("ours", True, 0), ("stock", False, 1)):
            sets = (first, words, seen)
            given = [configuration(model, folder, names[place]) for names in sets]
            _, without, with_images = preprocess(given, plugin=plugin)
            assert not with_images.error + without.error, with_images.error + without.error
            taken |= {f"{name}, s": with_images.seconds, f"{name}, words only, s": without.seconds}
            taken[f"{name}, ms an image"] = 1e3 * (with_images.seconds - without.seconds) / images
        taken |= counting(configuration(model, folder, seen[0]), folder, examples[number::10])
        taken["whole, times faster"] = taken["stock, s"] / taken["ours, s"]
        taken["per image, times faster"] = taken["stock, ms an image"] / taken["ours, ms an image"]
        taken["counting, times faster"] = taken["stock, ms a count"] / taken["ours, ms a count"]
        rows.append({"round": number + 1, **taken})
        print(rows[-1], flush=True)
    middle = {name: median(row[name] for row in rows) for name in rows[0] if name != "round"}
    sizes = {"round": "median", "trajectories": len(examples), "images": images}
    return [*rows, {**sizes, **middle}], parts(configuration(model, folder, seen[0]))


def counting(given: dict[str, Any], folder: Path, examples: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Milliseconds that it takes to tell the tokens of an image, stock and ours, each image met for the first time."""
    loaded = Loaded(given, with_model=False)
    plugin, processor = loaded.template.mm_plugin, loaded.tokens["processor"]
    sizing = ImageSizing.of_processor(plugin, processor)
    assert sizing is not None
    shown = [[str(folder / image) for image in one["images"]] for one in examples]
    count = sum(map(len, shown))
    started = time.perf_counter()
    ours = [sizing.token_count(*size_of(path)) for paths in shown for path in paths]
    between = time.perf_counter()
    messages = [[{"role": "user", "content": "<image>" * len(paths)}] for paths in shown]
    said = [plugin.process_messages(one, paths, [], [], processor) for one, paths in zip(messages, shown, strict=True)]
    ended = time.perf_counter()
    assert sum(ours) == sum(one[0]["content"].count(plugin.image_token) for one in said)
    return {
        "ours, ms a count": 1e3 * (between - started) / count,
        "stock, ms a count": 1e3 * (ended - between) / count,
    }


def parts(given: dict[str, Any], shown: int = 25) -> list[Row]:
    """Where our time goes: the functions that take most of it themselves."""
    folder = OUT / "runs" / "preprocessing-parts"
    make_rows = prepared({**given, "output_dir": str(folder), "cache_dir": str(folder / "cache")})
    profile = cProfile.Profile()
    profile.runcall(make_rows)
    stats: dict[Any, Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(own for _, _, own, _, _ in stats.values())
    most = sorted(stats.items(), key=lambda item: -item[1][2])[:shown]
    return [
        {"function": f"{Path(file).name}:{line} {name}", "calls": calls, "share": own / whole}
        for (file, line, name), (_, calls, own, _, _) in most
    ]


def main() -> None:
    settings = read_settings(Preprocessing)
    found, where = measure(settings)
    save("preprocessing", settings, found)
    save("preprocessing-parts", settings, where)


if __name__ == "__main__":
    main()
