"""A policy behind an OpenAI-compatible server, against a real one on loopback."""

import base64
import io
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from kitchens import BRIEF, TOY_FRAME, Noted, Watched, household, pairs
from PIL import Image

from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.episodes.server_policy import ServerPolicy
from llamafactory_embodied.errors import PolicyError


class Toy(ThreadingHTTPServer):
    """Answers every chat with the next of some replies, or with a whole response of its own."""

    daemon_threads = True

    def __init__(self, replies, status=200, body=None, kind="application/json"):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies, self.status, self.body, self.kind = list(replies), status, body, kind
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        server = self.server
        server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        body = server.body
        if body is None:
            text = server.replies.pop(0) if len(server.replies) > 1 else server.replies[0]
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
            usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
            answer = {"id": "1", "object": "chat.completion", "created": 1, "model": "toy", "choices": [choice]}
            body = json.dumps(answer | {"usage": usage})
        self.send_response(server.status)
        self.send_header("Content-Type", server.kind)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@contextmanager
def serving(*replies, **response):
    toy = Toy(replies, **response)
    thread = threading.Thread(target=toy.serve_forever, daemon=True)
    thread.start()
    try:
        yield toy
    finally:
        toy.shutdown()
        toy.server_close()
        thread.join()


def decided(*actions):
    return [f"<DecisionMaking>{action}</DecisionMaking>" for action in actions]


def test_the_server_is_shown_every_frame_in_order_without_loss():
    with serving(*decided("observe", "move forward", "end")) as toy:
        watched = Watched(TOY_FRAME)
        noted = Noted(ServerPolicy(toy.url, "toy", max_new_tokens=9, seed=4), watched)
        (record,) = play(pairs(1, 1), noted, lambda: watched, RolloutSettings(BRIEF))
    assert [step["action"] for step in record["steps"]] == ["init", "observe", "move forward", "end"]
    assert [step.get("tokens") for step in record["steps"]] == [None, 7, 7, 7]
    assert record["policy"] == "server:toy"
    last = toy.asked[-1]
    assert (last["model"], last["max_tokens"], last["temperature"], last["seed"]) == ("toy", 9, 0.0, 4)
    pictures = [picture for message in last["messages"] for picture in pictures_of(message)]
    frames = noted.views[-1].images
    assert len(pictures) == len(frames) == 5
    assert all(np.array_equal(*both) for both in zip(pictures, frames, strict=True))
    texts = ["".join(text_of(message)) for message in last["messages"]]
    assert texts == [message["content"] for message in noted.views[-1].messages]


def pictures_of(message):
    parts = message["content"] if isinstance(message["content"], list) else []
    for part in parts:
        if part["type"] == "image_url":
            head, _, data = part["image_url"]["url"].partition(",")
            assert head == "data:image/png;base64"
            yield np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def text_of(message):
    if isinstance(message["content"], str):
        return [message["content"]]
    return [part.get("text", "<image>") for part in message["content"]]


def test_episodes_of_a_batch_are_asked_together_and_answered_in_order():
    with serving(*decided("end")) as toy:
        policy = ServerPolicy(toy.url, "toy")
        records = list(play(pairs(1, 3), policy, household, RolloutSettings(BRIEF), batch=3))
    assert [record["end"] for record in records] == ["ended"] * 3
    assert len(toy.asked) == 3


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ({"status": 500, "body": "{}"}, "does not answer for 'toy'"),
        ({"status": 404, "body": '{"error": {"message": "no such model"}}'}, "no such model"),
        ({"body": '{"id": "1", "object": "chat.completion", "choices": []}'}, "without choices"),
        ({"body": "<html>a web page</html>", "kind": "text/html"}, "without choices"),
        ({"body": "{torn"}, "does not answer for 'toy'"),
    ],
)
def test_a_server_that_refuses_or_answers_garbage_is_one_clear_error(response, said):
    with serving(**response) as toy, pytest.raises(PolicyError, match=said):
        list(play(pairs(1, 1), ServerPolicy(toy.url, "toy", retries=0), household, RolloutSettings(BRIEF)))


def test_a_server_that_is_gone_is_one_clear_error():
    with serving("x") as toy:
        url = toy.url
    with pytest.raises(PolicyError, match="Start it, or correct base_url and model; the same command continues"):
        list(play(pairs(1, 1), ServerPolicy(url, "toy", retries=0), household, RolloutSettings(BRIEF)))


def test_an_empty_answer_is_a_reply_without_an_action():
    with serving(None) as toy:
        (record,) = play(pairs(1, 1), ServerPolicy(toy.url, "toy"), household, RolloutSettings(BRIEF))
    assert record["end"] == "unparseable"
