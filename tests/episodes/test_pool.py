"""Work spread over processes, and how far it is."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafactory_embodied.episodes import progress as progress_module
from llamafactory_embodied.episodes.pool import owed, run_ordered, run_streams
from llamafactory_embodied.episodes.progress import progress
from llamafactory_embodied.errors import EmbodiedError, PolicyError


def slow_square(number):
    time.sleep(0.02 * (number % 3))
    return number * number


def fails_at_two(number):
    if number == 2:
        raise PolicyError("The checkpoint is gone.")
    return number


def dies_at_two(number):
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def sleeps(number):
    time.sleep(60 if number else 0)
    return number


def test_results_come_in_the_order_of_the_work_whatever_the_workers():
    assert list(run_ordered(slow_square, range(9), 1)) == list(run_ordered(slow_square, range(9), 2))


def test_an_error_in_a_worker_comes_out_as_itself_after_the_results_before_it():
    results = []
    with pytest.raises(PolicyError, match="The checkpoint is gone"):
        results.extend(iter_into(results, run_ordered(fails_at_two, range(6), 2)))
    assert results == [0, 1]


def iter_into(results, values):
    for value in values:
        results.append(value)
    return ()


def leaves_its_number(folder):
    Path(folder, f"{os.getpid()}.pid").touch()
    time.sleep(60)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the state of processes from /proc")
@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_workers_end_with_a_parent_that_is_killed(tmp_path, end):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from test_pool import leaves_its_number, run_ordered\n"
        "if __name__ == '__main__': list(run_ordered(leaves_its_number, [sys.argv[2]] * 2, 2))"
    )
    (tmp_path / "parent.py").write_text(script)
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py", Path(__file__).parent, tmp_path])
    assert until(lambda: len(list(tmp_path.glob("*.pid"))) == 2)
    parent.send_signal(end)
    parent.wait()
    assert until(lambda: not any(runs(int(path.stem)) for path in tmp_path.glob("*.pid")))


def until(holds):
    """Whether something comes to hold within 40 seconds."""
    deadline = time.monotonic() + 40
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.1)
    return holds()


def runs(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def two_in_hand(pieces):
    """Takes a second piece before it gives back the first."""
    held = []
    for piece in pieces:
        held.append(piece)
        if len(held) == 2:
            time.sleep(0.5 if piece < 4 else 0.0)
            yield held.pop(0), os.getpid()
    yield from ((piece, os.getpid()) for piece in held)


def test_workers_take_work_as_they_can_and_each_piece_is_done_once():
    found = list(run_streams(two_in_hand, range(40), 2))
    assert sorted(piece for piece, _ in found) == list(range(40))
    by_worker = [sorted(piece for piece, worker in found if worker == one) for one in {worker for _, worker in found}]
    assert len(by_worker) == 2
    assert all(by_worker)
    assert list(run_streams(two_in_hand, range(4), 1)) == [(piece, os.getpid()) for piece in range(4)]


def says_where_it_failed(pieces):
    yield from map(fails_at_two, pieces)


def test_an_error_in_a_stream_comes_out_as_itself_and_tells_where_it_was():
    with pytest.raises(PolicyError, match="The checkpoint is gone") as caught:
        list(run_streams(says_where_it_failed, range(6), 2))
    assert "in says_where_it_failed" in caught.value.__notes__[0]


def test_a_worker_that_dies_is_one_clear_error():
    with pytest.raises(EmbodiedError, match="A worker process died without a word"):
        list(run_ordered(dies_at_two, range(6), 2))


def test_stopping_does_not_wait_for_work_under_way():
    results = run_ordered(sleeps, range(3), 2)
    assert next(results) == 0
    start = time.monotonic()
    results.close()
    assert time.monotonic() - start < 20


@given(st.lists(st.integers(0, 9), unique=True), st.sets(st.integers(0, 9)))
def test_what_is_owed_and_what_is_done_make_the_whole(items, done):
    left = owed(items, map(str, done), key=str)
    assert left == [item for item in items if item not in done]


def log_of(monkeypatch, every_s, total, done=0, steps=None):
    stream = io.StringIO()
    monkeypatch.setattr(progress_module.sys, "stdout", stream)
    monkeypatch.setattr(progress_module, "LINE_EVERY_S", every_s)
    with progress("playing", total, done) as advance:
        for number in range(total - done if steps is None else steps):
            time.sleep(0.002)
            advance(f"{number + 1} solved")
    return stream.getvalue().splitlines()


def test_a_log_without_a_terminal_gets_lines_with_count_rate_and_time_left(monkeypatch):
    lines = log_of(monkeypatch, 0.0, 3)
    assert lines[0] == "playing: 0/3"
    assert [line.split(",")[0] for line in lines] == [f"playing: {count}/3" for count in range(4)]
    assert all("/s" in line for line in lines[1:])
    assert lines[-1].endswith("3 solved")


def test_lines_are_rare_but_the_last_state_is_always_said(monkeypatch):
    lines = log_of(monkeypatch, 1000.0, 50)
    assert [line.split(",")[0] for line in lines] == ["playing: 0/50", "playing: 50/50"]


def test_the_time_left_is_told_and_what_an_earlier_call_has_done_is_no_speed(monkeypatch):
    lines = log_of(monkeypatch, 0.0, 10_000, done=9_000, steps=2)
    assert lines[0] == "playing: 9000/10000"
    assert "left" in lines[1]
    assert float(lines[2].split(", ")[1].removesuffix("/s")) < 1000


def test_no_work_at_all_is_said_once(monkeypatch):
    assert log_of(monkeypatch, 0.0, 0) == ["playing: 0/0"]


def test_a_terminal_gets_a_bar_with_a_rate(monkeypatch):
    from rich.console import Console

    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120)
    monkeypatch.setattr(progress_module, "Console", lambda: console)
    with progress("playing", 2) as advance:
        advance("1 solved")
        advance("2 solved")
    assert "2/2" in stream.getvalue()
    assert "2 solved" in stream.getvalue()
    assert threading.active_count() < 20
