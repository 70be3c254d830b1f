"""`llamafactory-embodied VERB [config.yaml] [key=value ...]`, LLaMA-Factory's habit.

Errors the package raises on purpose are printed in one line; everything else is a bug and keeps its traceback.
"""

import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from . import __version__
from .errors import EmbodiedError
from .settings import describe, load_settings


class Verb(NamedTuple):
    """One verb: what it is for, and where its settings and its function are."""

    help: str
    settings: str
    run: str
    word: str | None = None
    """The setting that a word without `=` gives, where that is not a configuration file."""


VERBS = {
    "doctor": Verb(
        "versions, the seams to LLaMA-Factory, and which simulators run here",
        "llamafactory_embodied.verbs:DoctorSettings",
        "llamafactory_embodied.verbs:run_doctor",
    ),
    "tasks": Verb(
        "what can be asked for in rooms, as our records or as the reference system's JSON",
        "llamafactory_embodied.tasklist:TasksSettings",
        "llamafactory_embodied.tasklist:run_tasks",
    ),
    "synthesize": Verb(
        "rooms and tasks become trajectories and a training set",
        "llamafactory_embodied.stages.synthesize:SynthesizeSettings",
        "llamafactory_embodied.verbs:run_synthesize",
    ),
    "ground": Verb(
        "rooms become albums of frames with what they show, to teach a small model to see",
        "llamafactory_embodied.stages.grounding:GroundingSettings",
        "llamafactory_embodied.verbs:run_ground",
    ),
    "explore": Verb(
        "a checkpoint plays new tasks, several times each; what it solved becomes training data",
        "llamafactory_embodied.explore:ExploreSettings",
        "llamafactory_embodied.explore:run_explore",
    ),
    "record": Verb(
        "scenes of a running AI2-THOR become scene files, with where one can stand and handle things",
        "llamafactory_embodied.world.record:RecordSettings",
        "llamafactory_embodied.world.record:run_record",
    ),
    "parity": Verb(
        "two simulators play the same seeded actions: how far they agree, by action and kind of room",
        "llamafactory_embodied.parity:ParitySettings",
        "llamafactory_embodied.parity:run_parity",
    ),
    "check": Verb(
        "lints a data set without decoding images: each damaged sample with its place and cure",
        "llamafactory_embodied.datatools.check:CheckSettings",
        "llamafactory_embodied.datatools.check:run_check",
        word="data",
    ),
    "stats": Verb(
        "tokens, images, turns, actions and thoughts of a data set as tables and plots",
        "llamafactory_embodied.datatools.stats:StatsSettings",
        "llamafactory_embodied.datatools.stats:run_stats",
        word="data",
    ),
    "show": Verb(
        "one sample as the trainer gets it: windows, frames, trained tokens",
        "llamafactory_embodied.datatools.show:ShowSettings",
        "llamafactory_embodied.datatools.show:run_show",
        word="recipe",
    ),
    "pack": Verb(
        "data sets become Parquet shards with their images inside, and a card",
        "llamafactory_embodied.datatools.pack:PackSettings",
        "llamafactory_embodied.datatools.pack:run_pack",
        word="data",
    ),
    "tiny-model": Verb(
        "a small random model of Qwen2-VL's architecture, made offline",
        "llamafactory_embodied.training.tiny_model:TinyModelSettings",
        "llamafactory_embodied.verbs:run_tiny_model",
    ),
    "evaluate": Verb(
        "a policy plays tasks; success, efficiency and completeness",
        "evaluation.run:EvaluateSettings",
        "evaluation.run:run_evaluate",
    ),
    "report": Verb(
        "run folders become tables and one page",
        "evaluation.verbs:ReportSettings",
        "evaluation.verbs:run_report",
    ),
    "compare": Verb(
        "two runs on the same tasks: paired differences, and which tasks flipped",
        "evaluation.verbs:CompareSettings",
        "evaluation.verbs:run_compare",
    ),
    "demo": Verb(
        "the whole path at toy size: rooms, trajectories, training, episodes, figures",
        "llamafactory_embodied.demo:DemoSettings",
        "llamafactory_embodied.demo:run_demo",
    ),
}


def usage() -> str:
    """What is printed without a verb."""
    rows = "\n".join(f"  {name:<12} {verb.help}" for name, verb in VERBS.items())
    return (
        f"llamafactory-embodied {__version__}\n\n"
        "llamafactory-embodied VERB [config.yaml] [key=value ...]\n\n"
        f"{rows}\n\n`VERB --help` lists a verb's settings. Training itself is stock `llamafactory-cli train`.\n"
    )


def verb_usage(name: str) -> str:
    """The settings of one verb."""
    rows = describe(_load(VERBS[name].settings))
    lines = "\n".join(f"  {key:<28} {text} [{default}]" for key, default, text in rows)
    first = VERBS[name].word or "config.yaml"
    return f"llamafactory-embodied {name} [{first}] [key=value ...]\n\n{VERBS[name].help}\n\n{lines}\n"


def _load(path: str) -> Any:
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        arguments: the command line's words, sys.argv's by default.

    Returns:
        0 on success, 1 when the verb failed with an error of ours, 2 when the words make no sense.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or words[0] in ("-h", "--help", "help"):
        sys.stdout.write(usage())
        return 0
    if words[0] == "--version":
        sys.stdout.write(f"{__version__}\n")
        return 0
    if words[0] not in VERBS:
        sys.stderr.write(f"Unknown verb {words[0]!r}.\n\n{usage()}")
        return 2
    return _run(words[0], words[1:])


def _run(name: str, words: Sequence[str]) -> int:
    try:
        if words and words[0] in ("-h", "--help"):
            sys.stdout.write(verb_usage(name))
            return 0
        run: Callable[[Any], int | None] = _load(VERBS[name].run)
        return run(load_settings(_load(VERBS[name].settings), _named(VERBS[name], words))) or 0
    except EmbodiedError as error:
        sys.stderr.write(f"llamafactory-embodied {name}: {' '.join(str(error).split())}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. The same command continues.\n")
        return 130
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _EXTRAS:
            raise
        sys.stderr.write(
            f"llamafactory-embodied {name} needs {error.name}: pip install 'llamafactory-embodied[train]'.\n"
        )
        return 1


def _named(verb: Verb, words: Sequence[str]) -> list[str]:
    return [f"{verb.word}={word}" if verb.word and "=" not in word else word for word in words]


_EXTRAS = frozenset(
    {"torch", "transformers", "llamafactory", "tokenizers", "peft", "datasets", "safetensors", "pyarrow"}
)
