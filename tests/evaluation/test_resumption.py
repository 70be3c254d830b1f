"""A run that is killed again and again, and continued by the same command, is the run that was never stopped."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llamafactory_embodied.episodes.record import read_records

ROOT = Path(__file__).parents[2]
TASKS_A_ROOM = 4


def start(folder, workers, rooms):
    frame = "frame={width_px: 56, height_px: 56, fov_deg: 75, seen_px: 16}"
    where = ["profile=demo", "split=dev", f"rooms={rooms}", f"tasks_per_room={TASKS_A_ROOM}"]
    words = ["policy=searcher", "prompts=brief", frame, *(f"selection.{word}" for word in where)]
    words += ["batch=2", f"workers={workers}", f"output_dir={folder}"]
    return subprocess.Popen([sys.executable, "-m", "evaluation", *words], cwd=ROOT, stdout=subprocess.DEVNULL)


def killed_after(seconds, call):
    time.sleep(seconds)
    call.kill()
    return call.wait()


def kill_in_play(folder, call, frames, began):
    """Kills a call that has written so many frames, unless it has ended before."""
    while call.poll() is None:
        if sum(path.stat().st_mtime >= began for path in folder.glob("frames/*/*.png")) >= frames:
            break
        time.sleep(0.03)
    return killed_after(random.uniform(0.0, 0.05), call)


def timeless(folder):
    """The records without what a clock said, and the bytes of every frame they name."""
    records = list(read_records(folder))
    for record in records:
        for step in record["steps"]:
            del step["seconds"]
    names = [name for record in records for step in record["steps"] for name in step["frames"]]
    return records, {name: (folder / name).read_bytes() for name in names}


def check_kills(tmp_path, rooms, kills):
    """Kills runs with one worker and with two: once while they start, then while they play."""
    assert start(tmp_path / "whole", 1, rooms).wait() == 0
    records, frames = whole = timeless(tmp_path / "whole")
    assert len(records) == rooms * TASKS_A_ROOM < len(frames)
    rng = random.Random(kills)
    for workers in (1, 2):
        torn, ends, kept = tmp_path / f"torn{workers}", [], []
        ends.append(killed_after(rng.uniform(0.0, 0.8), start(torn, workers, rooms)))
        for _ in range(kills - 1):
            began = time.time()
            call = start(torn, workers, rooms)
            ends.append(kill_in_play(torn, call, rng.uniform(1.0, 1.5) * len(frames) / kills, began))
            kept.append(len(list(read_records(torn))))
        assert start(torn, workers, rooms).wait() == 0
        assert ends.count(-signal.SIGKILL) >= 0.8 * kills
        assert any(0 < count < len(records) for count in kept)
        assert timeless(torn) == whole


def test_a_run_killed_a_few_times_equals_one_that_was_not(tmp_path):
    check_kills(tmp_path, rooms=2, kills=3)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_run_killed_at_twenty_random_moments_equals_one_that_was_not(tmp_path):
    check_kills(tmp_path, rooms=15, kills=20)
