"""An OpenAI-compatible server on loopback that says what it was told to, and fails where it was told to."""

import hashlib
import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMPLETION = {"id": "1", "object": "chat.completion", "created": 1, "model": "toy"}


def completion(text):
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    usage = {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12}
    return json.dumps(COMPLETION | {"choices": [choice], "usage": usage})


def decided(*actions):
    return [f"<DecisionMaking>{action}</DecisionMaking>" for action in actions]


def by_words(asked):
    """A model whose answer depends on every word said so far and on nothing else."""
    places = "CounterTop", "Fridge", "Cabinet", "DiningTable"
    going = "observe", "move forward", "open Fridge", *(f"navigate to {place}" for place in places)
    choices = decided(*going, *going, "end")
    digest = hashlib.sha256(json.dumps([text_of(message) for message in asked["messages"]]).encode()).digest()
    return choices[digest[0] % len(choices)]


def text_of(message):
    if isinstance(message["content"], str):
        return [message["content"]]
    return [part.get("text", "<image>") for part in message["content"]]


class Toy(ThreadingHTTPServer):
    """Answers every chat with the next of some replies or what `answer` makes of it, and fails as `fault` says.

    `fault` is given each chat and returns None or one of the kinds below; `body` is sent in place of every completion.
    """

    daemon_threads = True

    def __init__(self, *replies, status=200, body=None, kind="application/json", answer=None, fault=None):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replies, self.status, self.body, self.kind = list(replies), status, body, kind
        self.answer, self.fault = answer, fault or (lambda asked: None)
        self.asked = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def said(self, asked):
        if self.answer:
            return completion(self.answer(asked))
        return self.body or completion(self.replies.pop(0) if len(self.replies) > 1 else self.replies[0])

    def handle_error(self, request, client_address):
        """Clients that no longer wait are no news."""


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)
        kind = self.server.fault(asked)
        if kind is None:
            self.send(self.server.said(asked), self.server.status)
        else:
            getattr(self, f"fail_{kind}")(self.server.said(asked))

    def do_GET(self):
        self.send('{"object": "list", "data": []}')

    def send(self, body, status=200, length=None, **headers):
        self.send_response(status)
        self.send_header("Content-Type", self.server.kind)
        self.send_header("Content-Length", str(length or len(body.encode())))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body.encode())

    def fail_hang(self, body):
        time.sleep(5)

    def fail_limit(self, body):
        self.send('{"error": {"message": "slower"}}', 429, Retry_After="1")

    def fail_error(self, body):
        self.send('{"error": {"message": "out of memory"}}', 500)

    def fail_refuse(self, body):
        self.send('{"error": {"message": "too long for this model"}}', 400)

    def fail_cut(self, body):
        self.send(body[: len(body) // 2], length=len(body))

    def fail_truncate(self, body):
        self.send(body[: len(body) // 2])

    def fail_empty(self, body):
        self.send(completion(""))

    def fail_garbage(self, body):
        self.send('{"choices": [{"message": null}], "usage": 3}')

    def log_message(self, *_):
        pass


@contextmanager
def serving(*replies, **response):
    toy = Toy(*replies, **response)
    thread = threading.Thread(target=toy.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield toy
    finally:
        toy.shutdown()
        toy.server_close()
        thread.join()
