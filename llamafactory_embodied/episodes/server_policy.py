"""A policy behind an OpenAI-compatible server: vLLM, SGLang, `llamafactory-cli api`, or a hosted model."""

import base64
import io
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import openai
from openai.types.chat import ChatCompletion
from PIL import Image

from ..errors import PolicyError
from ..world.outcome import Frame
from .conversation import IMAGE, Message
from .policy import Reply, View, still_running

_PAUSE_S = 0.5  # before the first repetition of a request whose answer was unusable; doubled each time
_SILENT = 3
"""After so many calls in a row without a single answer the server counts as gone, whatever it says."""
_PROBE_S = 10.0
_OF_ALL = (openai.AuthenticationError, openai.PermissionDeniedError, openai.NotFoundError, openai.RateLimitError)
"""What a server refuses to everybody, not for what one episode asks."""


class ServerPolicy:
    """Asks a chat completions server for each reply; episodes of a batch are asked at the same time.

    A request that fails is repeated: by the client where the server does not answer or says that it cannot, here where
    the answer is cut, is no chat completion or has no text. A text that stays empty is the model's. Any other fault
    that stays is a fault of its episode, as long as the server is there: it answered before, and answers others or
    says now which models it has. Otherwise the run stops, since each further episode would only be lost.
    """

    def __init__(
        self,
        base_url: str,
        model: str,
        max_new_tokens: int = 512,
        temperature: float = 0.0,
        seed: int = 0,
        timeout_s: float = 120.0,
        retries: int = 3,
    ):
        """Connects to nothing yet.

        Args:
            base_url: such as `http://127.0.0.1:8000/v1`.
            model: the name under which the server knows the model.
            max_new_tokens: longest answer.
            temperature: 0 is greedy.
            seed: sent with each request.
            timeout_s: how long one answer may take.
            retries: how often a failed request is repeated, with growing pauses.
        """
        self.name = f"server:{model}"
        self._model, self._tokens, self._temperature, self._seed = model, max_new_tokens, temperature, seed
        key = os.environ.get("OPENAI_API_KEY", "none")
        self._client = openai.OpenAI(base_url=base_url, api_key=key, timeout=timeout_s, max_retries=retries)
        self._retries, self._answered, self._silent = retries, False, 0
        self._sent: dict[str, dict[int, str]] = {}

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """One answer each, or what kept it from coming.

        Raises:
            PolicyError: the server is gone or refuses.
        """
        self._sent = still_running(self._sent, views)
        with ThreadPoolExecutor(max(1, len(views))) as threads:
            replies = list(threads.map(self._ask, views))
        faults = [reply.fault for reply in replies if reply.fault]
        self._silent = self._silent + 1 if faults and len(faults) == len(replies) else 0
        self._answered = self._answered or len(faults) < len(replies)
        if self._silent and (not self._answered or self._silent >= _SILENT or not self._is_there()):
            raise self._error(faults[0])
        return replies

    def _ask(self, view: View) -> Reply:
        self._encode(view)
        start = time.perf_counter()
        try:
            for attempt in range(self._retries + 1):
                time.sleep(_PAUSE_S * (2**attempt - 1))
                reply = self._attempt(view)
                if reply.text:
                    break
        except _OF_ALL as error:
            raise self._error(str(error)) from error
        except openai.OpenAIError as error:  # the client has repeated it
            reply = Reply("", fault=f"{type(error).__name__}: {error}")
        return replace(reply, seconds=time.perf_counter() - start)

    def _attempt(self, view: View) -> Reply:
        pictures = iter(self._sent[view.episode].values())
        body = {
            "model": self._model,
            "messages": [_part_by_part(message, pictures) for message in view.messages],
            "max_tokens": self._tokens,
            "temperature": self._temperature,
            "seed": self._seed,
        }
        try:  # not `chat.completions.create`, which walks through all parts of all messages at 20 ms a turn
            answer = self._client.post("/chat/completions", body=body, cast_to=ChatCompletion)
        except ValueError as error:  # JSON that is cut, or none
            return Reply("", fault=f"an answer that cannot be read, {error}")
        return _read(answer)

    def _encode(self, view: View) -> None:
        """Frames as they are sent, each encoded once: the same array is the same frame while its episode runs."""
        sent = {} if view.first else self._sent.get(view.episode, {})
        self._sent[view.episode] = {id(one): sent.get(id(one)) or _data_url(one) for one in view.images}

    def _is_there(self) -> bool:
        """Whether the server says anything when it is asked which models it has."""
        try:
            self._client.with_options(timeout=_PROBE_S, max_retries=1).models.list()
        except openai.APIStatusError as error:
            return error.status_code < 500
        except (openai.OpenAIError, ValueError) as error:
            return isinstance(error, ValueError)
        return True

    def _error(self, fault: str) -> PolicyError:
        return PolicyError(
            f"The model server at {self._client.base_url} does not answer for {self._model!r}: {fault}. "
            "Start it, or correct base_url and model; the same command continues."
        )


def _read(answer: Any) -> Reply:
    """The reply that an answer holds; the client lets anything through that a server sends."""
    try:
        text, tokens = answer.choices[0].message.content, answer.usage and answer.usage.completion_tokens
    except (AttributeError, IndexError, TypeError):
        text, tokens = Ellipsis, None
    if text is not None and not isinstance(text, str):
        return Reply(
            "",
            fault=f"an answer without choices, {str(answer)[:200]!r}, where an OpenAI-compatible chat completion was "
            "expected; base_url usually ends in /v1",
        )
    return Reply(text or "", tokens if isinstance(tokens, int) else None)


def _part_by_part(message: Message, pictures: Iterator[str]) -> Message:
    """A message in the server's form: each `<image>` becomes a part with the frame as PNG."""
    if message["role"] != "user":
        return message
    pieces = message["content"].split(IMAGE)
    parts: list[dict[str, Any]] = [{"type": "text", "text": pieces[0]}]
    for piece in pieces[1:]:
        parts.append({"type": "image_url", "image_url": {"url": next(pictures)}})
        parts.append({"type": "text", "text": piece})
    return {**message, "content": [part for part in parts if part.get("text") != ""]}


def _data_url(frame: Frame) -> str:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(frame)).save(buffer, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
