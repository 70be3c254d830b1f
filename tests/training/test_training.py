"""LLaMA-Factory's own commands in processes of their own, started together because each spends its time importing."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from toy_host import DataFolder, configuration, episode, judged, ranking

# Four hosts start at once, each of which imports for ten seconds on a free machine and for a minute on a busy one.
pytestmark = pytest.mark.timeout(600)

CLI = str(Path(sys.executable).with_name("llamafactory-cli"))
CUT = 120  # tokens: two turns of four
OFF = {"LLAMAFACTORY_EMBODIED_AUTOLOAD": "0"}
TWO_PROCESSES = {"FORCE_TORCHRUN": "1", "NPROC_PER_NODE": "2"}
UNFROZEN = {"freeze_vision_tower": False, "freeze_multi_modal_projector": False}
THEIRS = {"template": "qwen2_vl", **UNFROZEN}

Configured = Callable[..., dict[str, Any]]
"""Gives a configuration from a data set, a name for its output, and what else is set."""


@dataclass
class Runs:
    """What the processes left behind.

    Attributes:
        with_plugin: Result of host_runs.py.
        without: The same with the plugin turned off.
        distributed: Output of the command line with two processes.
        refused: Output of the command line on our format, with the plugin turned off.
        data: The folder with the data, and with the outputs beside it.
    """

    with_plugin: dict[str, Any]
    without: dict[str, Any]
    distributed: str
    refused: str
    data: DataFolder


class Commands:
    """Starts processes side by side and collects them; ends those that are left, with their children."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._started: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> None:
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        variables = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1", **environment}
        with (self.folder / f"{name}.log").open("wb") as log:
            self._started[name] = subprocess.Popen(
                command, env=variables, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def start_script(self, name: str, plan: dict[str, Any], environment: dict[str, str]) -> None:
        """Starts host_runs.py."""
        path = self.folder / f"{name}.json"
        path.write_text(json.dumps({**plan, "result": str(self.folder / f"{name}-result.json")}))
        self.start(name, [sys.executable, str(Path(__file__).with_name("host_runs.py")), str(path)], environment)

    def start_training(self, name: str, configured: dict[str, Any], environment: dict[str, str]) -> None:
        """Starts the host's command line."""
        path = self.folder / f"{name}.yaml"
        path.write_text(yaml.safe_dump(configured))
        self.start(name, [CLI, "train", str(path)], environment)

    def finish(self, name: str) -> tuple[int, str]:
        code = self._started[name].wait(timeout=500)
        return code, (self.folder / f"{name}.log").read_text(errors="replace")

    def output(self, name: str) -> str:
        """What a process wrote that must end well."""
        code, output = self.finish(name)
        assert code == 0, output[-6000:]
        return output

    def result(self, name: str) -> Any:
        """What a script found."""
        self.output(name)
        return json.loads((self.folder / f"{name}-result.json").read_text())

    def end(self) -> None:
        for process in self._started.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


@pytest.fixture(scope="session")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commands]:
    started = Commands(tmp_path_factory.mktemp("runs"))
    yield started
    started.end()


@pytest.fixture(scope="session")
def runs(commands: Commands, tiny_checkpoint: Path) -> Runs:
    data = DataFolder(commands.folder)
    add_data_sets(data)

    def configured(dataset: str, output: str, **further: Any) -> dict[str, Any]:
        return configuration(tiny_checkpoint, data.path, dataset, data.path / output / "out", **further)

    read = {"theirs": configured("theirs", "p1", **THEIRS), "mixed": configured("theirs,ours", "p2", **THEIRS)}
    trained = supervised(configured) | compared(configured) | many(configured)
    commands.start_script("with-plugin", {"preprocess": read, "train": trained}, {})
    read, trained = ({"theirs": configured("theirs", output, **THEIRS)} for output in ("p3", "t3"))
    commands.start_script("without", {"preprocess": read, "train": trained}, OFF)
    apart = {**UNFROZEN, "ddp_backend": "gloo", "disable_shuffling": True}
    commands.start_training("distributed", configured("ours,text,theirs", "t4", **apart), TWO_PROCESSES)
    commands.start_training("refused", configured("ours", "t5", template="qwen2_vl"), OFF)

    refused_code, refused = commands.finish("refused")
    assert refused_code != 0
    results = (commands.result(name) for name in ("with-plugin", "without"))
    return Runs(*results, commands.output("distributed"), refused, data)


def add_data_sets(data: DataFolder) -> None:
    """Adds each data set of ours, and the host's own format of the same under a name with "their"."""
    rows = [episode(data.frames(name, 1 + n), name) for n, name in enumerate("abcd")]
    data.add_sharegpt("theirs", rows)
    data.add("same", rows)
    data.add("ours", [episode(data.frames("o", 3), "mine", {2: False}), episode(data.frames("p", 2), "other")])

    several = [episode(data.frames(f"m{n}", 1 + n % 3), f"m{n}") for n in range(10)]
    data.add("many", several)
    data.add_sharegpt("their-many", several)
    data.add("text", [text_alone(f"t{n}") for n in range(2)])

    frames = {name: data.frames(name, 1 + n) for n, name in enumerate("efgh")}
    rankings = [ranking(images, name) for name, images in frames.items()]
    data.add_sharegpt("their-rankings", rankings, "chosen", "rejected", ranking=True)
    data.add("rankings", rankings, ranking=True)
    data.add("verdicts", [judged(images, name, name in "eg") for name, images in frames.items()])


def supervised(configured: Configured) -> dict[str, dict[str, Any]]:
    return {
        "theirs": configured("theirs", "t1", **THEIRS),
        "same": configured("same", "t-same", **THEIRS),
        # With checkpointing the host's model, which its collator holds, cannot be sent to a spawned worker.
        "ours": configured("ours", "t2", dataloader_num_workers=1, disable_gradient_checkpointing=True),
    }


def compared(configured: Configured) -> dict[str, dict[str, Any]]:
    """Runs on rankings and judged answers, some of them too long."""
    stages = {"rankings": "dpo", "their-rankings": "dpo", "verdicts": "kto"}
    runs = {name: configured(name, f"t-{name}", stage=stage) for name, stage in stages.items()}
    long = {"long rankings": runs["rankings"], "long verdicts": runs["verdicts"]}
    return runs | {name: run | {"cutoff_len": CUT} for name, run in long.items()}


def text_alone(id_: str) -> dict[str, Any]:
    row = episode(["a", "b"], id_)
    messages = [{**one, "content": one["content"].replace("<image>", "")} for one in row["messages"]]
    return {"id": id_, "messages": messages, "images": []}


def many(configured: Configured) -> dict[str, dict[str, Any]]:
    """Runs on the same rows in other ways, each of which must come to the same; with packs and without."""
    runs = {}
    kinds = {
        "": {"cutoff_len": 400},
        "packed ": {"cutoff_len": 200, "neat_packing": True},
        "lora ": {"finetuning_type": "lora"},
    }
    for kind, switches in kinds.items():
        how = {
            **switches,
            "disable_gradient_checkpointing": True,
            "per_device_train_batch_size": 1,
            "max_steps": 4,
            "save_strategy": "steps",
            "save_steps": 2,
        }
        whole = configured("many", f"{kind}whole", **how)
        runs[f"{kind}whole"] = whole
        checkpoint = str(Path(whole["output_dir"]) / "checkpoint-2")
        runs[f"{kind}continued"] = configured("many", f"{kind}rest", **how, resume_from_checkpoint=checkpoint)
        for start in ("fork", "spawn") if kind != "lora " else ():
            workers = {"dataloader_num_workers": 2, "workers": start}
            runs[f"{kind}{start}"] = configured("many", f"{kind}{start}", **how, **workers)
    twice = {"per_device_train_batch_size": 1, "gradient_accumulation_steps": 2}
    for whose, template in (("", "embodied_qwen2_vl"), ("their-", "qwen2_vl")):
        runs[f"{whose}accumulated"] = configured(f"{whose}many", f"{whose}accumulated", template=template, **twice)
    return runs


@pytest.mark.parametrize("kind", ["", "packed ", "lora "])
def test_a_run_that_was_interrupted_comes_to_the_weights_of_one_that_was_not(runs: Runs, kind: str) -> None:
    trained = runs.with_plugin["train"]
    assert len(set(trained[f"{kind}whole"]["losses"])) == 4
    assert trained[f"{kind}continued"] == trained[f"{kind}whole"]


@pytest.mark.parametrize("kind", ["", "packed "])
@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_workers_of_the_data_loader_change_nothing(runs: Runs, kind: str, start: str) -> None:
    trained = runs.with_plugin["train"]
    assert trained[f"{kind}{start}"] == trained[f"{kind}whole"]


def test_accumulated_gradients_come_to_the_losses_and_weights_of_the_hosts_sharegpt_path(runs: Runs) -> None:
    trained = runs.with_plugin["train"]
    assert len(trained["accumulated"]["losses"]) == 2
    assert trained["accumulated"] == trained["their-accumulated"]


def test_a_data_set_of_others_is_preprocessed_bit_for_bit_as_without_the_plugin(runs: Runs) -> None:
    assert len(runs.without["preprocess"]["theirs"]) == 4
    assert runs.with_plugin["preprocess"]["theirs"] == runs.without["preprocess"]["theirs"]


def test_a_data_set_of_others_trains_to_the_same_losses_and_weights_as_without_the_plugin(runs: Runs) -> None:
    assert len(runs.without["train"]["theirs"]["losses"]) == 2
    assert runs.with_plugin["train"]["theirs"] == runs.without["train"]["theirs"]


def test_our_format_trains_to_the_losses_and_weights_of_the_hosts_sharegpt_path(runs: Runs) -> None:
    assert runs.with_plugin["train"]["same"] == runs.without["train"]["theirs"]


def test_rows_of_others_are_the_same_when_mixed_with_ours_as_without_the_plugin(runs: Runs) -> None:
    mixed = runs.with_plugin["preprocess"]["mixed"]
    assert len(mixed) == 6
    assert mixed[:4] == runs.without["preprocess"]["theirs"]


def test_our_format_trains_from_python_with_spawned_workers(runs: Runs) -> None:
    trained = runs.with_plugin["train"]["ours"]
    assert len(trained["losses"]) == 2
    assert trained["weights"] != runs.with_plugin["train"]["theirs"]["weights"]


def test_our_format_trains_in_two_processes_one_of_which_sees_text_alone(runs: Runs) -> None:
    """The second process gets the two rows of text first; the vision tower is trained, so it must run there too."""
    output = runs.data.path / "t4" / "out"
    state = json.loads((output / "trainer_state.json").read_text())
    assert "Initializing 2 distributed tasks" in runs.distributed
    assert state["global_step"] == 2
    assert json.loads((output / "embodied.json").read_text())["template"] == "embodied_qwen2_vl"


@pytest.mark.slow
def test_packs_train_in_two_processes_one_of_which_sees_text_alone(
    tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path
) -> None:
    started = Commands(tmp_path_factory.mktemp("packed"))
    data = DataFolder(started.folder)
    data.add(
        "both", [row for n in range(4) for row in (episode(data.frames(f"e{n}", 2), f"e{n}"), text_alone(f"t{n}"))]
    )
    given = configuration(
        tiny_checkpoint,
        data.path,
        "both",
        data.path / "run" / "out",
        **{"neat_packing": True, "cutoff_len": 112, "per_device_train_batch_size": 1, "disable_shuffling": True},
        **{**UNFROZEN, "ddp_backend": "gloo", "max_steps": 3},
    )
    try:
        started.start_training("packed", given, TWO_PROCESSES)
        output = started.output("packed")
    finally:
        started.end()
    assert "Num examples = 8" in output  # no two samples share a pack: text and images take turns
    assert json.loads((data.path / "run" / "out" / "trainer_state.json").read_text())["global_step"] == 3


def test_one_of_two_processes_tokenizes_and_the_other_finds_it_in_the_cache(runs: Runs) -> None:
    """That is, what is hashed of our code and settings is the same in both."""
    for progress in ("Converting format of dataset:   0%", "Running tokenizer on dataset:   0%"):
        assert runs.distributed.count(progress) == {"C": 3, "R": 1}[progress[0]]  # three data sets, then one


def test_rankings_train_to_the_losses_and_weights_of_the_hosts_own_format(runs: Runs) -> None:
    trained = runs.with_plugin["train"]
    assert len(trained["rankings"]["losses"]) == 2
    assert trained["rankings"] == trained["their-rankings"]


def test_compared_answers_that_are_too_long_train_in_each_stage(runs: Runs) -> None:
    told = (runs.data.path / "with-plugin.log").read_text()
    assert told.count("2 samples longer than cutoff_len became 2 windows") == 2
    for name in ("verdicts", "long rankings", "long verdicts"):
        assert len(runs.with_plugin["train"][name]["losses"]) == 2


def test_without_the_plugin_our_format_is_unknown_to_the_host(runs: Runs) -> None:
    assert runs.refused.rstrip().endswith("ValueError: Dataset converter embodied not found.")
