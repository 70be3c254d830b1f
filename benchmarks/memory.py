"""How much memory preprocessing takes for how many trajectories: not streamed, and streamed shard by shard.

A million trajectories are simulated: every shard is the same file of a thousand under another name, and its
trajectories show the same few small frames. Each measurement is a process of its own that notes its memory while it
goes. `resident` is all of it, files that are mapped included, which the system takes back when it needs them; `own` is
what it does not. The stream is read for as long as it is given time; the growth for each trajectory is told from the
first tenth of it on.

`python -m benchmarks.memory [counts=[1000,10000,100000]] [streamed=1000000] [seconds=360]`
"""

import json
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from llamafactory_embodied.files import replace_file

from .host import configuration, environment, prepared, run
from .qwen import FAMILIES, checkpoint
from .report import Row, save
from .settings import OUT, read_settings

SHARD = 1000
FRAMES = 8


@dataclass(frozen=True)
class Memory:
    """What is measured."""

    counts: tuple[int, ...] = (1000, 10_000, 100_000)
    streamed: int = 1_000_000
    seconds: float = 360
    buffer_size: int = 1000


def make(folder: Path, count: int) -> str:
    """Makes a folder of shards and returns the name of its data set; every shard is one file."""
    first = folder / "shard.parquet"
    if not first.exists():
        _first(folder, first)
    shards = folder / f"shards-{count}"
    shards.mkdir(exist_ok=True)
    for number in range(count // SHARD):
        name = shards / f"{number:05d}.parquet"
        if not name.exists():
            name.hardlink_to(first)
    info = {"ours": {"file_name": shards.name, "formatting": "embodied"}}
    replace_file(folder / f"info-{count}" / "dataset_info.json", json.dumps(info))
    return shards.name


def _first(folder: Path, path: Path) -> None:
    from datasets import Dataset

    (folder / "frames").mkdir(parents=True, exist_ok=True)
    for number in range(FRAMES):
        Image.new("RGB", (56, 56), (30 * number, 90, 200)).save(folder / "frames" / f"{number}.png")
    Dataset.from_list([_trajectory(number) for number in range(SHARD)]).to_parquet(path)


def _trajectory(number: int) -> dict[str, Any]:
    messages = [{"role": "system", "content": "You are a robot in a kitchen."}]
    for turn in range(3):
        messages.append({"role": "user", "content": f"<image>Step {turn} of task {number} is done."})
        messages.append({"role": "assistant", "content": f"I see the drawer {turn}, so I open it. open Drawer_{turn}"})
    return {
        "id": f"t{number}",
        "messages": messages,
        "images": [f"frames/{(number + turn) % FRAMES}.png" for turn in range(3)],
    }


def memory_mb() -> dict[str, float]:
    """What this process has, all of it and without mapped files, in megabytes."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    resident, files = (int(told[name].split()[0]) / 1024 for name in ("VmRSS", "RssFile"))
    return {"resident": resident, "own": resident - files}


def note(given: dict[str, Any], limit: int, seconds: float) -> Iterator[Row]:
    """One measurement: the memory before, on the way and at the end."""
    make_rows = prepared(given)
    before, started = memory_mb(), time.perf_counter()
    yield {"trajectories": 0, "seconds": 0.0, **before}
    rows = make_rows()
    if not given.get("streaming"):
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        yield {"trajectories": len(rows), "seconds": time.perf_counter() - started, **memory_mb(), "resident": peak}
        return
    for number, _ in enumerate(rows, start=1):
        late = time.perf_counter() - started > seconds
        if number % SHARD == 0 or late:
            yield {"trajectories": number, "seconds": time.perf_counter() - started, **memory_mb()}
        if late or number == limit:
            return


def measure(settings: Memory) -> list[Row]:
    """A row for each number of trajectories."""
    folder = OUT / "memory"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    found: list[Row] = []
    for count, streaming in [*((count, False) for count in settings.counts), (settings.streamed, True)]:
        noted = _noted(settings, folder, count, streaming)
        rows = list(_streamed(noted) if streaming else _whole(noted))
        found += rows
        for row in rows:
            print(row, flush=True)
        shutil.rmtree(folder / "run")
    return found


def _noted(settings: Memory, folder: Path, count: int, streaming: bool) -> list[Row]:
    make(folder, count)
    place = folder / "run"
    place.mkdir()
    given = configuration(
        checkpoint(FAMILIES[0]),
        folder / f"info-{count}",
        "ours",
        media_dir=str(folder),
        output_dir=str(place / "out"),
        cache_dir=str(place / "cache"),
    )
    (folder / f"info-{count}" / f"shards-{count}").symlink_to(folder / f"shards-{count}")
    if streaming:
        own = {"dispatch_batches": False}
        given |= {"streaming": True, "buffer_size": settings.buffer_size, "accelerator_config": own}
    plan = {"given": given, "limit": count, "seconds": settings.seconds}
    (place / "plan.json").write_text(json.dumps(plan))
    code, log = run([sys.executable, "-m", "benchmarks.memory", "run", str(place)], environment(), place / "log.txt")
    if code != 0:
        raise RuntimeError(log[-3000:])
    return [json.loads(line) for line in (place / "noted.jsonl").read_text().splitlines()]


def _whole(noted: list[Row]) -> Iterator[Row]:
    before, after = noted
    yield {"streaming": False, **_row(before, after), "growth, bytes a trajectory": None}


def _streamed(noted: list[Row]) -> Iterator[Row]:
    """Rows at each power of ten and at the end."""
    before, *rest = noted
    start = rest[len(rest) // 10]
    for one in rest:
        if one is rest[-1] or one["trajectories"] in (10**power for power in range(3, 7)):
            peak = {name: max(row[name] for row in rest[: rest.index(one) + 1]) for name in ("resident", "own")}
            seen = one["trajectories"] - start["trajectories"]
            growth = 2**20 * (one["own"] - start["own"]) / seen if one is rest[-1] and seen else None
            yield {"streaming": True, **_row(before, one | peak), "growth, bytes a trajectory": growth}


def _row(before: Row, after: Row) -> dict[str, Any]:
    return {
        "trajectories": after["trajectories"],
        "a second": round(after["trajectories"] / after["seconds"]),
        "before, MB": round(before["resident"]),
        "peak resident, MB": round(after["resident"]),
        "own before, MB": round(before["own"]),
        "own, MB": round(after["own"]),
    }


def main() -> None:
    if sys.argv[1:2] == ["run"]:
        place = Path(sys.argv[2])
        plan = json.loads((place / "plan.json").read_text())
        with (place / "noted.jsonl").open("w") as notes:
            for row in note(plan["given"], plan["limit"], plan["seconds"]):
                notes.write(json.dumps(row) + "\n")
        return
    settings = read_settings(Memory)
    save("memory", settings, measure(settings))


if __name__ == "__main__":
    main()
