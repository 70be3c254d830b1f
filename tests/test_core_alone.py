"""The core alone evaluates against a server: no torch, no LLaMA-Factory, nothing of the extras."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXTRAS = ("torch", "transformers", "llamafactory", "datasets", "peft", "tokenizers", "accelerate", "trl", "deepspeed")

BLOCK = f"""
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}} (blocked)", name=name)
        return None

sys.meta_path.insert(0, Blocked())
"""

PLAY = """
import json, sys, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

class Toy(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        message = {"role": "assistant", "content": "<DecisionMaking>end</DecisionMaking>"}
        answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "toy"}
        body = json.dumps(answer | {"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

server = ThreadingHTTPServer(("127.0.0.1", 0), Toy)
threading.Thread(target=server.serve_forever, daemon=True).start()
from llamafactory_embodied.cli import main
words = ["policy=server", "model=toy", f"base_url=http://127.0.0.1:{server.server_address[1]}/v1", "output_dir=out"]
words += ["selection.profile=demo", "selection.rooms=1", "selection.tasks_per_room=3", "prompts=brief"]
words += ["frame.width_px=56", "frame.height_px=56", "frame.seen_px=16"]
code = main(["evaluate", *words])
loaded = sorted(set(EXTRAS) & set(sys.modules))
print("loaded:", loaded)
sys.exit(code)
"""


def play(python, folder, before):
    script = folder / "play.py"
    script.write_text(f"{before}\nEXTRAS = {EXTRAS!r}\n{PLAY}")
    clean = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run([python, str(script)], cwd=folder, env=clean, capture_output=True, text=True, check=False)


def check(done, folder):
    assert done.returncode == 0, done.stderr
    assert "loaded: []" in done.stdout
    assert len((folder / "out" / "episodes.jsonl").read_text().splitlines()) == 3
    assert (folder / "out" / "report.html").exists()


def test_the_core_evaluates_against_a_server_where_nothing_of_the_extras_can_be_imported(tmp_path):
    check(play(sys.executable, tmp_path, BLOCK), tmp_path)


def test_a_verb_that_needs_an_extra_says_which(tmp_path):
    script = f"{BLOCK}\nfrom llamafactory_embodied.cli import main\nsys.exit(main(['tiny-model', 'output_dir=model']))"
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "llamafactory-embodied[train]" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_core_installed_without_extras_in_an_environment_of_its_own_evaluates_against_a_server(tmp_path):
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("needs uv, which `make install` brings")
    home = tmp_path / "environment"
    venv.create(home, with_pip=False)
    python = str(home / "bin" / "python")
    command = [uv, "pip", "install", "--python", python, "--constraint", str(ROOT / "constraints.txt"), str(ROOT)]
    installed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert installed.returncode == 0, installed.stderr
    listed = subprocess.run([uv, "pip", "list", "--python", python], capture_output=True, text=True, check=True).stdout
    assert not {line.split()[0] for line in listed.splitlines() if line} & set(EXTRAS)
    check(play(python, tmp_path, ""), tmp_path)
