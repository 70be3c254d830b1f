"""Streaming through LLaMA-Factory's own workflow: what each process trains on, and what is kept of the data."""

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from datasets import IterableDataset
from PIL import Image
from stream_runs import digest
from toy_host import DataFolder, Host, configuration, episode

from llamafactory_embodied.cli import main
from llamafactory_embodied.errors import DataError, SettingsError
from llamafactory_embodied.training.streams import EndlessStream, _told_of_shards, least_shards

CUT = 160  # tokens: three turns of four
SAMPLES, WINDOWS = 16, 2
PASSES = 2


def streaming(**further: Any) -> dict[str, Any]:
    return {"streaming": True, "buffer_size": 4, "cutoff_len": CUT, **further}


def marked(data: DataFolder) -> str:
    """Samples that are two windows each and take about as many bytes each; each is told apart by its first words."""
    frames = data.frames("a", 4)
    rows = [episode(frames, f"sample-{number:02}") for number in range(SAMPLES)]
    for row in rows:
        row["messages"][1]["content"] += f" {row['id']}."
    return data.add("ours", rows)


class Runs:
    """What the processes of one torchrun trained on.

    Attributes:
        noted: By run and process, see `stream_runs`.
        rows: The rows there are, as digests.
    """

    def __init__(self, host: Host, data: DataFolder, processes: int) -> None:
        self.processes = processes
        marked(data)
        self.rows = [digest(list(row["input_ids"])) for row in host.preprocess(data, "ours", cutoff_len=CUT)]
        assert len(set(self.rows)) == len(self.rows) == SAMPLES * WINDOWS
        plan = dict(self._plan(host, data))
        (data.path / "plan.json").write_text(json.dumps(plan))
        script = [str(Path(__file__).with_name("stream_runs.py")), str(data.path / "plan.json"), str(data.path)]
        torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", str(processes)]
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        ended = subprocess.run(
            [sys.executable, *torchrun, *script],
            env=variables,
            capture_output=True,
            text=True,
            timeout=550,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr[-5000:]
        self.log = ended.stdout + ended.stderr
        told = [json.loads((data.path / f"{rank}.json").read_text()) for rank in range(processes)]
        self.noted = {name: [one[name] for one in told] for name in plan}

    def _plan(self, host: Host, data: DataFolder) -> Iterator[tuple[str, dict[str, Any]]]:
        steps = PASSES * SAMPLES * WINDOWS // self.processes  # of one row

        def configured(name: str, **further: Any) -> dict[str, Any]:
            folder, out = data.path / f"packed-{further.pop('shards')}", data.path / name / "out"
            usual = {"per_device_train_batch_size": 1, "max_steps": steps, "ddp_backend": "gloo"}
            return configuration(host.checkpoint, folder, "ours", out, **streaming(**usual | further))

        equal, unequal = 2 * self.processes, 2 * self.processes + 1
        for shards in (equal, unequal, self.processes):
            packed = data.path / f"packed-{shards}"
            assert main(["pack", str(data.path), f"output_dir={packed}", f"shards={shards}"]) == 0
        for shards, workers in itertools.product((equal, unequal), (0, 2)):
            name = f"{'equal' if shards == equal else 'unequal'}-{workers}"
            yield name, configured(name, shards=shards, dataloader_num_workers=workers)
        yield "few", configured("few", shards=self.processes)
        half = {"gradient_accumulation_steps": 3, "max_steps": steps // 3 + 1}
        yield "accumulated", configured("accumulated", shards=unequal, **half)
        saved = {"save_strategy": "steps", "save_steps": steps // PASSES + 3, "save_only_model": False}
        yield "saved", configured("saved", shards=unequal, dataloader_num_workers=2, **saved)
        checkpoint = str(data.path / "saved" / "out" / f"checkpoint-{steps // PASSES + 3}")
        again = {"resume_from_checkpoint": checkpoint, "dataloader_num_workers": 2}
        yield "continued", configured("continued", shards=unequal, **again)


@pytest.fixture(scope="module", params=[2, pytest.param(4, marks=pytest.mark.slow)])
def runs(request: pytest.FixtureRequest, registered_host: Host, tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(registered_host, DataFolder(tmp_path_factory.mktemp("streams")), request.param)


def trained_on(runs: Runs, name: str) -> list[list[str]]:
    """The rows that each process trained on, in order."""
    return [list(itertools.chain(*one["batches"])) for one in runs.noted[name]]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("workers", [0, 2])
def test_equal_shards_give_every_row_once_in_each_pass(runs: Runs, workers: int) -> None:
    orders = trained_on(runs, f"equal-{workers}")
    length = len(runs.rows) // runs.processes
    passes = [[order[start : start + length] for order in orders] for start in range(0, PASSES * length, length)]
    assert all(sorted(itertools.chain(*one)) == sorted(runs.rows) for one in passes)
    # `datasets` draws the order of the shards and that of the buffer with the same numbers, in each process. With one
    # row in each of four shards that is one permutation, twice: with 10 of 24 nothing moves (in 94 of 200 seeds), and
    # nothing in two passes in 44 of 200. Of two rows in each of two shards it is one in 24 (7 of 200, never twice).
    assert any(order != sorted(order, key=runs.rows.index) for one in passes for order in one)
    assert len({tuple(itertools.chain(*one)) for one in passes}) == PASSES  # and shuffled anew


def numbers_of(shards: list[range]) -> Iterator[dict[str, int]]:
    for shard in shards:
        yield from ({"number": number} for number in shard)


@pytest.mark.parametrize("buffer_size", [1, 2, 100])
def test_each_pass_is_shuffled_anew(buffer_size: int) -> None:
    """In three processes, of two shards with three rows each; a buffer of one shuffles the shards alone."""
    length, seeds = 6, range(40)
    shards = [range(start, start + 3) for start in range(0, 3 * length, 3)]
    rows = IterableDataset.from_generator(numbers_of, gen_kwargs={"shards": shards})
    in_order = same = 0
    for seed, process in itertools.product(seeds, range(3)):
        stream = EndlessStream.of(rows.shuffle(seed=seed, buffer_size=buffer_size), 2 * len(shards) * 3)
        order = np.array([row["number"] for row in stream.shard(3, process)])[: 2 * length]
        first, second = (np.argsort(part).tolist() for part in np.split(order, 2))
        in_order += first == [*range(length)]
        same += first == second
    # The shards alone can be in two orders; with a buffer there are more.
    most = {1: 0.6, 2: 0.3, 100: 0.05}[buffer_size] * len(seeds) * 3
    assert in_order < most
    assert same < most


def test_a_process_of_unequal_shards_goes_on_with_those_of_the_next(runs: Runs) -> None:
    orders = trained_on(runs, "unequal-0")
    fewest = len(runs.rows) // (2 * runs.processes)  # less than any process has
    firsts = [set(order[:fewest]) for order in orders]
    assert len(set().union(*firsts)) == runs.processes * fewest  # no row is given twice, or to two processes
    counts = [sum(order.count(row) for order in orders) for row in runs.rows]
    if runs.processes == PASSES:  # each has then been through the shards of both
        assert counts == [PASSES] * len(runs.rows)
    assert min(counts) >= 1


def test_a_stream_with_no_more_shards_than_processes_gives_each_row_once(runs: Runs) -> None:
    steps = zip(*(one["batches"] for one in runs.noted["few"]), strict=True)
    order = [row for batches in steps for rows in batches for row in rows]
    for start in range(0, len(order), len(runs.rows)):
        assert sorted(order[start : start + len(runs.rows)]) == sorted(runs.rows)
    assert "each process reads and tokenizes all of it" in runs.log


def test_processes_of_unequal_shards_keep_step_when_gradients_are_accumulated(runs: Runs) -> None:
    weights = {one["weights"] for one in runs.noted["accumulated"]}
    assert len(weights) == 1
    assert len({len(one["batches"]) for one in runs.noted["accumulated"]}) == 1


def test_a_continued_run_trains_on_what_the_whole_one_did(runs: Runs) -> None:
    for whole, rest in zip(runs.noted["saved"], runs.noted["continued"], strict=True):
        assert 0 < len(rest["batches"]) < len(whole["batches"]) // PASSES
        assert rest["batches"] == whole["batches"][-len(rest["batches"]) :]
        # More than two processes add their gradients in an order that follows from what has been added before.
        assert rest["weights"] == whole["weights"] or runs.processes > 2
    [whole, *_], [rest, *_] = runs.noted["saved"], runs.noted["continued"]
    assert rest["losses"] == (whole["losses"] if runs.processes == 2 else pytest.approx(whole["losses"], rel=1e-3))


@pytest.mark.parametrize("said", [None, {}, {"dispatch_batches": True}])
def test_a_stream_whose_batches_one_process_would_cut_is_refused(host: Host, data: DataFolder, said: Any) -> None:
    marked(data)
    with pytest.raises(SettingsError, match=r"needs accelerator_config: \{dispatch_batches: false\} .* pixel_values"):
        host.preprocess(data, "ours", **streaming(accelerator_config=said))


def arguments(processes: int, workers: int) -> Any:
    return SimpleNamespace(world_size=processes, dataloader_num_workers=workers)


@pytest.mark.parametrize(
    ("shards", "processes", "workers", "told"),
    [
        (1, 1, 0, ""),
        (1, 1, 2, "some workers have nothing to read"),
        (2, 2, 0, "tokenizes all of it"),
        (8, 2, 4, ""),
        (6, 2, 4, "some workers have nothing"),
        (9, 2, 2, "they are not divided equally"),
    ],
)
def test_too_few_shards_are_told_with_their_number(shards: int, processes: int, workers: int, told: str) -> None:
    said = _told_of_shards(shards, arguments(processes, workers))
    assert told in said
    if told:
        least = least_shards(arguments(processes, workers))
        assert f"has {shards} shards for {processes} processes" in said
        assert f"shards={least}" in said
        assert not _told_of_shards(least, arguments(processes, workers))
    else:
        assert not said


def noise(data: DataFolder, samples: int) -> None:
    """Samples whose images do not compress: what is read of them is the same as what lies on the disk."""
    rows = []
    for number in range(samples):
        [name] = data.frames(f"n{number}", 1)
        pixels = np.random.default_rng(number).integers(0, 255, (400, 400, 3), np.uint8)
        Image.fromarray(pixels).save(data.path / name)
        rows.append(episode([name], f"n{number}"))
    data.add("ours", rows)


def as_folder(packed: Path) -> None:
    """Names the shards as a folder of files, which the host would load as a whole."""
    info = json.loads((packed / "dataset_info.json").read_text())
    info["ours"]["file_name"] = info["ours"].pop("script_url")
    (packed / "dataset_info.json").write_text(json.dumps(info))


def bytes_read() -> int:
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["rchar"])


@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the system does not tell what a process reads")
@pytest.mark.parametrize("folder", [False, True])
def test_shards_are_read_one_after_the_other_and_nothing_is_kept(host: Host, data: DataFolder, folder: bool) -> None:
    noise(data, 12)
    packed = data.path / "packed"
    assert main(["pack", str(data.path), f"output_dir={packed}", "shards=6"]) == 0
    if folder:
        as_folder(packed)
    shard = max(path.stat().st_size for path in packed.rglob("*.parquet"))
    before = bytes_read()
    how = {"streaming": True, "buffer_size": 1, "preprocessing_batch_size": 1, "max_steps": 1}
    stream = host.preprocess(DataFolder(packed), "ours", output_dir=data.path / "out", image_max_pixels=1024, **how)
    whole = sum(path.stat().st_size for path in packed.rglob("*.parquet"))
    looked = bytes_read() - before  # for the columns and the prompt sets, and for the row that the host prints
    rows = iter(stream)
    before = bytes_read()
    next(rows)
    first = bytes_read() - before

    assert stream.num_shards == 6
    assert first < 1.5 * shard
    assert len([*rows]) == 11
    assert bytes_read() - before < 1.5 * whole
    assert looked < 3 * whole
    kept = [path for path in (data.path / "cache").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in kept) < shard / 10


def test_lines_of_one_file_are_shared_among_the_workers_of_all_processes(host: Host, data: DataFolder) -> None:
    marked(data)
    expected = [row["embodied_id"] for row in host.preprocess(data, "ours", cutoff_len=CUT)]
    stream = host.preprocess(data, "ours", **streaming(dataloader_num_workers=3, max_steps=1))
    assert stream.num_shards == 3
    parts = [[row["embodied_id"] for row in stream.shard(3, index)] for index in range(3)]
    assert sorted(map(len, parts)) == [10, 10, 12]
    assert sorted(itertools.chain(*parts)) == sorted(expected)


def test_a_damaged_line_of_a_stream_is_named(host: Host, data: DataFolder) -> None:
    marked(data)
    with (data.path / "ours.jsonl").open("a") as lines:
        lines.write('{"id": "torn')
    with pytest.raises(DataError, match=rf"ours\.jsonl, line {SAMPLES + 1}: not JSON"):
        list(host.preprocess(data, "ours", **streaming(buffer_size=100)))


def test_a_folder_of_files_of_several_kinds_is_refused(host: Host, data: DataFolder) -> None:
    folder = data.path / "mixed"
    folder.mkdir()
    for name in ("a.jsonl", "b.parquet"):
        (folder / name).write_text("")
    data.add("ours", [], file_name="mixed")
    with pytest.raises(DataError, match=r"mixed: expected files of one kind, found \['json', 'parquet'\]"):
        host.preprocess(data, "ours", **streaming())
