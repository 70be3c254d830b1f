"""How many samples `check` lints in a second, without a recipe and with one.

    .venv/bin/python benchmarks/check_speed.py [model=recipes/demo/base] [cutoff_len=16384] [samples=1000] [rounds=5]

Samples are real trajectories with frames of 800x450 px, each with words and files of its own (see `sample_data`). Each
round starts with an empty cache of image headers. Rates are the median of the rounds with the least and the greatest,
of wall time and of CPU time: on a machine that does other work as well, only the latter says something.
"""

import contextlib
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml
from sample_data import ROOT, grown_data

from llamafactory_embodied.datatools.check import check
from llamafactory_embodied.datatools.recipe import Recipe
from llamafactory_embodied.datatools.source import find_sources
from llamafactory_embodied.training import image_file

DEFAULTS = {"model": str(ROOT / "recipes/demo/base"), "cutoff_len": "16384", "samples": "1000", "rounds": "5"}


def main() -> None:
    settings = DEFAULTS | dict(word.split("=", 1) for word in sys.argv[1:])
    data = grown_data(ROOT / "out/bench", int(settings["samples"]))
    rounds = int(settings["rounds"])
    report("without a recipe", find_sources(data), None, rounds)
    for pixels in (180_000, 768 * 768):
        recipe = open_recipe(data, settings, pixels)
        label = f"with a recipe, cutoff_len {settings['cutoff_len']}, image_max_pixels {pixels}"
        report(label, recipe.sources(), recipe, rounds)


def open_recipe(data: Path, settings: dict[str, str], pixels: int) -> Recipe:
    told = {"model_name_or_path": settings["model"], "template": "embodied_qwen2_vl", "dataset": "grown"}
    told |= {"dataset_dir": str(data), "cutoff_len": int(settings["cutoff_len"]), "image_max_pixels": pixels}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recipe.yaml"
        path.write_text(yaml.safe_dump(told))
        return Recipe(path)


def report(label: str, sources: Any, recipe: Recipe | None, rounds: int) -> None:
    walls, processors = [], []
    for _ in range(rounds):
        image_file._inspect.cache_clear()
        wall, processor = time.perf_counter(), time.process_time()
        with contextlib.redirect_stdout(io.StringIO()):
            found = check(sources, recipe)
        walls.append(found.samples / (time.perf_counter() - wall))
        processors.append(found.samples / (time.process_time() - processor))
    print(f"{label}: {found.samples} samples, {found.images} images, findings {found.counts}")
    for name, rates in (("wall", walls), ("CPU", processors)):
        print(f"  samples per second of {name}: {statistics.median(rates):.0f} [{min(rates):.0f}, {max(rates):.0f}]")


if __name__ == "__main__":
    main()
