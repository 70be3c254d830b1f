"""What the evaluation costs beside a model behind a server, and how it scales with workers.

The server of this benchmark sleeps for as long as a model would think, then says what the searcher said at that point
of that episode: the episodes are real ones. A run is watched from the server for a while, once all its workers are at
work, and then stopped. `overhead` is what a step takes beside the model's time; its processor time is given beside it,
which other work on the machine changes less.

`python -m benchmarks.runner [seconds=60] [model_s=1] [workers=[1,2,4]] [rooms=12] [rounds=1]`
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from evaluation.run import EvaluateSettings, evaluate
from llamafactory_embodied.episodes.conversation import IMAGE, load_prompts, messages
from llamafactory_embodied.episodes.record import read_records
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.world.controller import FrameSettings

from .report import Row, save
from .settings import OUT, read_settings

_PICTURE = re.compile(rb"data:image/png;base64,[^\"]*")
PROMPTS = "full"


@dataclass(frozen=True)
class Runner:
    """What is measured."""

    seconds: float = 60.0
    model_s: float = 1.0
    workers: tuple[int, ...] = (1, 2, 4)
    batches: tuple[int, ...] = (1,)
    rooms: int = 12
    rounds: int = 1
    width_px: int = 800
    height_px: int = 450

    @property
    def played(self) -> EvaluateSettings:
        """What is evaluated, but for who plays."""
        frame = FrameSettings(self.width_px, self.height_px)
        tasks = Selection(split="dev", rooms=self.rooms, tasks_per_room=3)
        return EvaluateSettings(
            str(OUT / "runner" / f"expert-{self.rooms}-{self.width_px}"), selection=tasks, frame=frame
        )


class Sleeper(ThreadingHTTPServer):
    """A model server whose model sleeps.

    Attributes:
        asking: requests that wait for their answer.
        answered: when answers were sent.
    """

    daemon_threads = True

    def __init__(self, replies: Mapping[str, str], model_s: float):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies, self.model_s = replies, model_s
        self.asking, self.answered, self.unknown = 0, list[float](), 0
        self.lock = threading.Lock()

    def handle_error(self, *_: object) -> None:
        """A run that is stopped does not wait for its answers."""

    def reply(self, body: bytes) -> str:
        """What the searcher said at this point."""
        said = json.loads(_PICTURE.sub(b"", body))["messages"]
        text = self.replies.get(_key([_text(one["content"]) for one in said]))
        with self.lock:
            self.unknown += text is None
        return text or "<DecisionMaking>end</DecisionMaking>"


class _Handler(BaseHTTPRequestHandler):
    server: Sleeper
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        due = time.monotonic() + self.server.model_s
        with self.server.lock:
            self.server.asking += 1
        message = {"role": "assistant", "content": self.server.reply(body)}
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "sleeper"}
        sent = json.dumps(answer | {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).encode()
        time.sleep(max(0.0, due - time.monotonic()))
        with self.server.lock:
            self.server.asking -= 1
            self.server.answered.append(time.monotonic())
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, *_: object) -> None:
        pass


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content)  # type: ignore[attr-defined]


def _key(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).replace(IMAGE, "").encode()).hexdigest()


def expert(settings: Runner) -> dict[str, str]:
    """What the searcher says, by the words of the conversation that it answers; played once."""
    evaluate(settings.played)
    prompts, replies = load_prompts(PROMPTS), {}
    for record in read_records(Path(settings.played.output_dir)):
        for index, step in enumerate(record["steps"][1:], 1):
            said = messages(prompts, record["task"]["instruction"], record["steps"][:index])
            replies[_key([message["content"] for message in said])] = step["reply"]
    return replies


@contextmanager
def serving(replies: Mapping[str, str], model_s: float) -> Iterator[Sleeper]:
    server = Sleeper(replies, model_s)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def watch(settings: Runner, replies: Mapping[str, str], workers: int, batch: int) -> Row:
    """A run, watched for a while."""
    folder = OUT / "runner" / "watched"
    shutil.rmtree(folder, ignore_errors=True)
    with serving(replies, settings.model_s) as server:
        call = subprocess.Popen(_command(settings, folder, server, workers, batch), stdout=subprocess.DEVNULL)
        try:
            while server.asking < workers * batch:
                time.sleep(0.05)
            began, before, busy = time.monotonic(), len(server.answered), _processor_s(call.pid)
            time.sleep(settings.seconds)
            steps, took, busy = len(server.answered) - before, time.monotonic() - began, _processor_s(call.pid) - busy
            if call.poll() is not None:
                raise SystemExit(f"All episodes are over after {len(server.answered)} steps; give rooms=... more.")
        finally:
            call.terminate()
            call.wait()
    each = workers * batch * took / steps - settings.model_s
    return {
        "workers": workers,
        "batch": batch,
        "steps": steps,
        "steps/s": steps / took,
        "overhead, s a step": each,
        "of a step": f"{each / (each + settings.model_s):.1%}",
        "processor, s a step": busy / steps,
        "not the searcher's way": server.unknown,
    }


def _command(settings: Runner, folder: Path, server: Sleeper, workers: int, batch: int) -> list[str]:
    played = settings.played
    words = {
        "output_dir": folder,
        "policy": "server",
        "model": "sleeper",
        "base_url": f"http://127.0.0.1:{server.server_address[1]}/v1",
        "prompts": PROMPTS,
        "selection.split": played.selection.split,
        "selection.rooms": played.selection.rooms,
        "selection.tasks_per_room": played.selection.tasks_per_room,
        "frame.width_px": settings.width_px,
        "frame.height_px": settings.height_px,
        "workers": workers,
        "batch": batch,
    }
    return [sys.executable, "-m", "evaluation", *(f"{key}={value}" for key, value in words.items())]


def _processor_s(process: int) -> float:
    """Processor time of a process and those that it started, seconds."""
    own = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ticks = int(own[11]) + int(own[12])
    return ticks / os.sysconf("SC_CLK_TCK") + sum(_processor_s(int(child)) for child in children)


def measure(settings: Runner) -> list[Row]:
    replies = expert(settings)
    ways = [(workers, batch) for workers in settings.workers for batch in settings.batches] * settings.rounds
    rows = [watch(settings, replies, *way) for way in ways]
    first = next(row["steps/s"] for row in rows if row["workers"] == row["batch"] == 1)
    return [row | {"of one": row["steps/s"] / first} for row in rows]


if __name__ == "__main__":
    wanted = read_settings(Runner)
    save("runner", wanted, [row | {"load": f"{os.getloadavg()[0]:.1f}"} for row in measure(wanted)])
