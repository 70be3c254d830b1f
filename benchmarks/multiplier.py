"""What windows cost: tokens that are read in all windows over tokens of the trajectories, on the paper's mix.

`python -m benchmarks.multiplier [count=400] [cutoffs=[8192]] [contexts=[0.5]] [limits=[589824]]`
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .host import configuration, preprocess
from .qwen import FAMILIES, checkpoint
from .report import Row, save
from .settings import read_settings
from .trajectories import Trajectories, add_data_set, make, read


@dataclass(frozen=True)
class Multiplier:
    """What is measured."""

    count: int = 400
    cutoffs: tuple[int, ...] = (4096, 8192, 16384, 32768)
    contexts: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75)
    limits: tuple[int, ...] = (589824, 180000)


def measure(settings: Multiplier) -> Iterator[Row]:
    """A row for each image limit, cutoff and share of context; the whole trajectories come first."""
    folder = make(Trajectories(settings.count))
    examples = read(folder)
    names = {
        context: add_data_set(folder, f"context-{context}", examples, window_context=context)[0]
        for context in settings.contexts
    }
    model = checkpoint(FAMILIES[0])
    cases = [(limit, cutoff, context) for limit in settings.limits for cutoff in settings.cutoffs for context in names]
    whole = [(limit, 0, settings.contexts[0]) for limit in settings.limits]
    given = [
        configuration(
            model,
            folder,
            names[context],
            template="qwen2_vl",
            image_max_pixels=limit,
            **({"cutoff_len": cutoff} if cutoff else {}),
        )
        for limit, cutoff, context in [*whole, *cases]
    ]
    made = preprocess(given)
    lengths = {case[0]: [len(ids) for ids in one.rows["input_ids"]] for case, one in zip(whole, made, strict=False)}
    for (limit, cutoff, context), one in zip(cases, made[len(whole) :], strict=True):
        row = {
            "image limit": limit,
            "cutoff": cutoff,
            "window_context": context,
            "mean length": sum(lengths[limit]) / len(examples),
            "longer": sum(length > cutoff for length in lengths[limit]),
        }
        if one.error:
            yield row | {"multiplier": one.error.splitlines()[-1]}
            continue
        windows = [len(ids) for ids in one.rows["input_ids"]]
        yield row | {"samples": len(windows), "multiplier": sum(windows) / sum(lengths[limit])}


def main() -> None:
    settings = read_settings(Multiplier)
    save("multiplier", settings, list(measure(settings)))


if __name__ == "__main__":
    main()
