"""A policy behind an OpenAI-compatible server: vLLM, SGLang, `llamafactory-cli api`, or a hosted model."""

import base64
import io
import json
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import openai
from openai.types.chat import ChatCompletion
from PIL import Image

from ..errors import PolicyError
from ..world.outcome import Frame
from .conversation import IMAGE
from .policy import Reply, View


class ServerPolicy:
    """Asks a chat completions server for each reply; episodes of a batch are asked at the same time."""

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

    def reply(self, views: Sequence[View]) -> list[Reply]:
        """One answer each.

        Raises:
            PolicyError: the server is gone or refuses.
        """
        with ThreadPoolExecutor(max(1, len(views))) as threads:
            return list(threads.map(self._ask, views))

    def _ask(self, view: View) -> Reply:
        start = time.perf_counter()
        try:
            answer = self._client.chat.completions.create(
                model=self._model,
                messages=chat_messages(view),  # type: ignore[arg-type]  # plain dictionaries of the same shape
                max_tokens=self._tokens,
                temperature=self._temperature,
                seed=self._seed,
            )
        except (openai.OpenAIError, json.JSONDecodeError) as error:
            raise PolicyError(
                f"The model server at {self._client.base_url} does not answer for {self._model!r}: {error}. "
                "Start it, or correct base_url and model; the same command continues."
            ) from error
        if not isinstance(answer, ChatCompletion) or not answer.choices:  # a web page comes through as plain text
            raise PolicyError(
                f"The model server at {self._client.base_url} sent an answer without choices: {str(answer)[:200]!r}. "
                "Expected an OpenAI-compatible chat completion; base_url usually ends in /v1."
            )
        tokens = answer.usage.completion_tokens if answer.usage else None
        return Reply(answer.choices[0].message.content or "", tokens, time.perf_counter() - start)


def chat_messages(view: View) -> list[dict[str, Any]]:
    """The conversation in the server's form: each `<image>` becomes a part with the frame as PNG."""
    frames = iter(view.images)
    return [
        {"role": message["role"], "content": list(_parts(message["content"], frames))}
        if message["role"] == "user"
        else dict(message)
        for message in view.messages
    ]


def _parts(text: str, frames: Iterator[Frame]) -> Iterator[dict[str, Any]]:
    for number, piece in enumerate(text.split(IMAGE)):
        if number:
            yield {"type": "image_url", "image_url": {"url": _data_url(next(frames))}}
        if piece:
            yield {"type": "text", "text": piece}


def _data_url(frame: Frame) -> str:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(frame)).save(buffer, "PNG", compress_level=1)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
