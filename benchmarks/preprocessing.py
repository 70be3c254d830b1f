"""How long `llamafactory.data.get_dataset` takes: stock's ShareGPT path without the plugin, and ours, in turns.

Each measurement is a process of its own with one worker and a cold cache; imports and the loading of the tokenizer are
not counted. A second data set, the same texts without their images, tells what images cost: the difference, over the
number of images. Where ours spends its time is told by a profile, which is not one of the timed runs.

`python -m benchmarks.preprocessing [of=1000] [rounds=3]`
"""

import cProfile
import pstats
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from .host import configuration, prepared, preprocess
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
    model = checkpoint(FAMILIES[0])
    rows: list[dict[str, Any]] = []
    for number in range(settings.rounds):
        taken: dict[str, float] = {}
        for name, plugin, place in (("ours", True, 0), ("stock", False, 1)):
            given = [configuration(model, folder, names[place], template="qwen2_vl") for names in (seen, words)]
            with_images, without = preprocess(given, plugin=plugin)
            assert not with_images.error + without.error, with_images.error + without.error
            taken |= {f"{name}, s": with_images.seconds, f"{name}, words only, s": without.seconds}
            taken[f"{name}, ms an image"] = 1e3 * (with_images.seconds - without.seconds) / images
        taken["whole, times faster"] = taken["stock, s"] / taken["ours, s"]
        taken["per image, times faster"] = taken["stock, ms an image"] / taken["ours, ms an image"]
        rows.append({"round": number + 1, **taken})
        print(rows[-1], flush=True)
    middle = {name: median(row[name] for row in rows) for name in rows[0] if name != "round"}
    sizes = {"round": "median", "trajectories": len(examples), "images": images}
    return [*rows, {**sizes, **middle}], parts(configuration(model, folder, seen[0], template="qwen2_vl"))


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
