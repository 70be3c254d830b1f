"""What windows cost: tokens that are read in all windows over tokens of the trajectories, on the paper's mix.

Each trajectory is encoded once, then cut as training cuts it at each cutoff and share of context.

`python -m benchmarks.multiplier [count=400] [cutoffs=[8192]] [contexts=[0.5]] [limits=[589824]]`
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llamafactory_embodied.episodes.windows import plan_windows

from .host import Loaded, configuration
from .qwen import FAMILIES, checkpoint
from .report import Row, save
from .settings import read_settings
from .trajectories import Trajectories, make, read


@dataclass(frozen=True)
class Multiplier:
    """What is measured."""

    count: int = 400
    cutoffs: tuple[int, ...] = (4096, 8192, 16384, 32768)
    contexts: tuple[float, ...] = (0.0, 0.125, 0.25, 0.5, 0.75)
    limits: tuple[int, ...] = (589824, 180000)
    draws: int = 1000


def encode(settings: Multiplier, limit: int) -> list[Any]:
    """The mix in token ids, at one image limit."""
    from llamafactory_embodied.training.encoder import ConversationEncoder

    folder = make(Trajectories(settings.count))
    given = configuration(checkpoint(FAMILIES[0]), folder, "ours-all", image_max_pixels=limit)
    loaded = Loaded(given, with_model=False)
    encoder = ConversationEncoder(loaded.template, loaded.tokens["tokenizer"], loaded.tokens["processor"])
    encoded = []
    for one in read(folder):
        system, *messages = one["messages"]
        images = [str(folder / image) for image in one["images"]]
        encoded.append(encoder.encode(messages, system["content"], None, images))
    return encoded


def windowed(conversation: Any, cutoff: int, context: float) -> tuple[int, int]:
    """Tokens of all windows of a conversation, and how many windows there are."""
    lengths = conversation.lengths
    if sum(lengths) <= cutoff:
        return sum(lengths), 1
    windows = plan_windows(lengths, conversation.opening_length, [True] * len(lengths), cutoff, context)
    read = sum(sum(map(len, pair)) for window in windows for pair in conversation.window(window))
    return read, len(windows)


def measure(settings: Multiplier) -> Iterator[Row]:
    """A row for each image limit, cutoff and share of context, with an interval over draws of trajectories."""
    for limit in settings.limits:
        conversations = encode(settings, limit)
        lengths = [sum(one.lengths) for one in conversations]
        for cutoff in settings.cutoffs:
            for context in settings.contexts:
                cut = [windowed(one, cutoff, context) for one in conversations]
                low, high = _interval([tokens for tokens, _ in cut], lengths, settings.draws)
                yield {
                    "image limit": limit,
                    "cutoff": cutoff,
                    "window_context": context,
                    "mean tokens": float(np.mean(lengths)),
                    "longer than cutoff": sum(length > cutoff for length in lengths),
                    "samples": sum(count for _, count in cut),
                    "multiplier": sum(tokens for tokens, _ in cut) / sum(lengths),
                    "from": low,
                    "to": high,
                }


def _interval(read: Sequence[int], lengths: Sequence[int], draws: int) -> tuple[float, float]:
    """95% bootstrap interval of the ratio of sums."""
    chosen = np.random.default_rng(0).integers(len(lengths), size=(draws, len(lengths)))
    ratios = np.asarray(read)[chosen].sum(1) / np.asarray(lengths)[chosen].sum(1)
    low, high = np.quantile(ratios, [0.025, 0.975])
    return float(low), float(high)


def main() -> None:
    settings = read_settings(Multiplier)
    save("multiplier", settings, list(measure(settings)))


if __name__ == "__main__":
    main()
