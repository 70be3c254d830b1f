"""Generates answers for a batch of prompts, greedily or by sampling, reusing what was computed for earlier turns.

Why not `model.generate`: an episode asks again and again with the same beginning, and `generate` can neither start
from remembered beginnings of different lengths nor avoid copying its whole cache at each token. The model's forward
pass, its rotary positions and its image inputs are the host's.
"""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..errors import PolicyError
from .attention_memory import AttentionMemory, Remembered, RoomyCache
from .prompt import Prompt, PromptEncoder


@dataclass(frozen=True)
class Sampling:
    """How a token is chosen, and when to stop.

    Attributes:
        max_new_tokens: Longest answer in tokens.
        stop_ids: Tokens that end an answer and are not part of it.
        temperature: 0 takes the likeliest token.
        seed: With the prompt it decides every draw, whatever else is in the batch.
    """

    max_new_tokens: int
    stop_ids: frozenset[int]
    temperature: float
    seed: int


class _Row:
    """One answer in the making."""

    def __init__(self, index: int, prompt: Prompt, sampling: Sampling) -> None:
        self.index = index
        self.prompt = prompt
        self.tokens: list[int] = []
        self.done = False
        self._sampling = sampling
        self._generator = torch.Generator().manual_seed(_seed_of(prompt, sampling.seed))

    def choose(self, logits: torch.Tensor) -> int:
        """Appends the next token, given logits [vocabulary], or ends; returns what the model reads next."""
        temperature = self._sampling.temperature
        if temperature == 0:
            token = int(logits.argmax())
        else:
            chances = torch.softmax(logits.float().cpu() / temperature, dim=-1)
            token = int(torch.multinomial(chances, 1, generator=self._generator))
        if token in self._sampling.stop_ids:
            self.done = True
        else:
            self.tokens.append(token)
            self.done = len(self.tokens) == self._sampling.max_new_tokens
        return token


class Generator:
    """Answers batches of prompts with one model.

    Args:
        model: The host's model, a member of the Qwen-VL family, perhaps wrapped by an adapter.
        encoder: Makes image inputs.
        pad_id: Any token id, to fill rows with.
        memory: What was computed before.

    Raises:
        PolicyError: The model does not use Qwen-VL's rotary positions.
    """

    def __init__(self, model: Any, encoder: PromptEncoder, pad_id: int, memory: AttentionMemory) -> None:
        self.model = model
        self.encoder = encoder
        self.pad_id = pad_id
        self.memory = memory
        inner = model.get_base_model() if hasattr(model, "get_base_model") else model
        if not hasattr(getattr(inner, "model", None), "get_rope_index"):
            raise PolicyError(
                f"{type(inner).__name__} is not of the Qwen-VL family, which is all this policy runs; "
                "serve it with vLLM or SGLang and use the server policy"
            )
        self._rope_index = inner.model.get_rope_index
        self._layers: int = inner.config.get_text_config().num_hidden_layers
        self._image_token_id: int = inner.config.image_token_id

    @torch.inference_mode()  # type: ignore[untyped-decorator]
    def answer(self, prompts: Sequence[Prompt], sampling: Sampling) -> list[list[int]]:
        """Returns the tokens of each answer, without the one that ended it."""
        beginnings = [self.memory.longest_prefix(prompt.keys) for prompt in prompts]
        rows = [_Row(index, prompt, sampling) for index, prompt in enumerate(prompts)]
        batch = self._read(rows, beginnings, sampling.max_new_tokens)
        active = rows
        while active:
            finished = [place for place, row in enumerate(active) if row.done]
            if len(finished) == len(active) or 2 * len(finished) > len(active):
                active = self._retire(batch, active)
                if not active:
                    break
            batch.step(self.model, [row.tokens[-1] if row.tokens else self.pad_id for row in active])
            for row, logits in zip(active, batch.logits, strict=True):
                if not row.done:
                    row.choose(logits)
        return [row.tokens for row in rows]

    def _read(
        self, rows: Sequence[_Row], beginnings: Sequence[tuple[Remembered | None, int]], max_new_tokens: int
    ) -> _Batch:
        """Lets the model read what is new in each prompt, and chooses the first tokens."""
        past = max(length for _, length in beginnings)
        fresh = [row.prompt.ids[length:] for row, (_, length) in zip(rows, beginnings, strict=True)]
        width = max(map(len, fresh))
        device = self.model.device
        ids = torch.full((len(rows), width), self.pad_id)
        mask = torch.zeros(len(rows), past + width, dtype=torch.long)
        positions = torch.zeros(3, len(rows), width, dtype=torch.long)
        next_positions = torch.zeros(len(rows), dtype=torch.long)
        for place, (row, (_, length)) in enumerate(zip(rows, beginnings, strict=True)):
            ids[place, width - len(fresh[place]) :] = torch.tensor(fresh[place])
            mask[place, past - length : past] = 1
            mask[place, past + width - len(fresh[place]) :] = 1
            whole = self._positions(row.prompt)
            positions[:, place, width - len(fresh[place]) :] = whole[:, length:]
            next_positions[place] = whole.max() + 1
        images = [
            image
            for row, (_, length) in zip(rows, beginnings, strict=True)
            for image in _images_after(row.prompt, length)
        ]
        batch = _Batch(
            cache=RoomyCache(self._layers, past + width + max_new_tokens, beginnings),
            mask=mask.to(device),
            positions=next_positions.to(device),
            logits=torch.empty(0),
        )
        batch.feed(self.model, ids.to(device), positions.to(device), self._image_inputs(images))
        for row, logits in zip(rows, batch.logits, strict=True):
            row.choose(logits)
        return batch

    def _positions(self, prompt: Prompt) -> torch.Tensor:
        """Returns the rotary positions [3, T] of a whole prompt, by the model's own rule."""
        ids = torch.tensor([prompt.ids])
        inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
        inputs["image_grid_thw"] = torch.tensor(prompt.grids) if prompt.grids else None
        # Transformers 5 wants the modalities told; 4 finds them by itself.
        if "mm_token_type_ids" in inspect.signature(self._rope_index).parameters:
            inputs["mm_token_type_ids"] = (ids == self._image_token_id).int()
        positions, _ = self._rope_index(**inputs)
        whole: torch.Tensor = positions[:, 0]
        return whole

    def _image_inputs(self, images: Sequence[Any]) -> dict[str, torch.Tensor]:
        inputs = {name: value.to(self.model.device) for name, value in self.encoder.pixels(images).items()}
        if "pixel_values" in inputs:
            inputs["pixel_values"] = inputs["pixel_values"].to(self.model.dtype)
        return inputs

    def _retire(self, batch: _Batch, active: list[_Row]) -> list[_Row]:
        """Remembers the finished rows and takes them out of the batch."""
        for place, row in enumerate(active):
            if row.done:
                self.memory.add(batch.remembered(place, row))
        going = [place for place, row in enumerate(active) if not row.done]
        if going:
            batch.keep_rows(torch.tensor(going, device=batch.mask.device))
        return [active[place] for place in going]


@dataclass
class _Batch:
    """The rows that the model is working on.

    Attributes:
        cache: Attention keys and values so far.
        mask: [B, T] 1 where a row has a token, 0 where it is padded.
        positions: [B] rotary position of each row's next token.
        logits: [B, vocabulary] for the next token.
    """

    cache: RoomyCache
    mask: torch.Tensor
    positions: torch.Tensor
    logits: torch.Tensor

    def feed(self, model: Any, ids: torch.Tensor, positions: torch.Tensor, images: dict[str, torch.Tensor]) -> None:
        """Lets the model read ids [B, T] at positions [3, B, T]."""
        self.logits = model(
            input_ids=ids,
            attention_mask=self.mask,
            position_ids=positions,
            past_key_values=self.cache,
            use_cache=True,
            logits_to_keep=1,
            **images,
        ).logits[:, -1]

    def step(self, model: Any, tokens: Sequence[int]) -> None:
        """Lets the model read one token of each row."""
        ids = torch.tensor(tokens, device=self.mask.device)[:, None]
        self.mask = torch.cat([self.mask, self.mask.new_ones(len(tokens), 1)], dim=1)
        positions = self.positions[None, :, None].expand(3, -1, 1)
        self.positions = self.positions + 1
        self.feed(model, ids, positions, {})

    def keep_rows(self, rows: torch.Tensor) -> None:
        """Drops all rows but these."""
        self.cache.keep_rows(rows)
        self.mask, self.positions, self.logits = self.mask[rows], self.positions[rows], self.logits[rows]

    def remembered(self, place: int, row: _Row) -> Remembered:
        """Copies what the model computed for a row: its prompt, and its answer as far as the model has read it."""
        keys = np.concatenate([row.prompt.keys, np.array(row.tokens, dtype=np.int64)])
        columns = self.mask[place].nonzero()[:, 0][: len(keys)]
        return Remembered(keys[: len(columns)], self.cache.states_of(place, columns))


def _images_after(prompt: Prompt, length: int) -> list[Any]:
    """Returns the images whose tokens stand in the prompt from `length` on."""
    image_keys = prompt.keys < 0
    starts = np.flatnonzero(image_keys & np.concatenate([[True], ~image_keys[:-1]]))
    return [image for image, start in zip(prompt.images, starts, strict=True) if start >= length]


def _seed_of(prompt: Prompt, seed: int) -> int:
    """Mixes the prompt into the seed, so that an answer does not depend on the batch it was made in."""
    content = f"{seed} ".encode() + prompt.keys.tobytes()
    return int.from_bytes(hashlib.blake2b(content, digest_size=7).digest(), "big")
