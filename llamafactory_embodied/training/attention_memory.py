"""Keys and values that a model computed for earlier turns, kept so that a later turn of the same episode is cheap.

Legend: L layers, B rows of a batch, H heads of keys and values, T tokens, D width of a head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers.cache_utils import Cache, DynamicLayer

Keys = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Remembered:
    """What the model computed for one sequence of tokens.

    Attributes:
        keys: [T] what the sequence was (see `prompt.Prompt.keys`).
        states: [L, 2, H, T, D] attention keys and values.
    """

    keys: Keys
    states: torch.Tensor

    @property
    def size_bytes(self) -> int:
        """Memory that the states take."""
        return int(self.states.nbytes)


class AttentionMemory:
    """Remembers sequences up to a size in bytes, and forgets the least recently used first."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self._entries: list[Remembered] = []

    def longest_prefix(self, keys: Keys) -> tuple[Remembered | None, int]:
        """Returns the sequence that shares the longest beginning with `keys`, and that beginning's length.

        The last of `keys` never counts as shared: the model has to read at least one token to say the next one.
        """
        best, length = None, 0
        for entry in self._entries:
            shared = _shared(entry.keys, keys[:-1])
            if shared > length:
                best, length = entry, shared
        if best is not None:
            self._move_to_end(best)
        return best, length

    def add(self, entry: Remembered) -> None:
        """Keeps a sequence, in place of those that it continues."""
        self._entries = [old for old in self._entries if _shared(old.keys, entry.keys) < len(old.keys)]
        self._entries.append(entry)
        total = sum(old.size_bytes for old in self._entries)
        while self._entries and total > self.limit_bytes:
            total -= self._entries.pop(0).size_bytes

    def _move_to_end(self, entry: Remembered) -> None:
        self._entries = [old for old in self._entries if old is not entry] + [entry]


def _shared(first: Keys, second: Keys) -> int:
    length = min(len(first), len(second))
    differs = first[:length] != second[:length]
    return int(differs.argmax()) if differs.any() else length


class RoomyLayer(DynamicLayer):  # type: ignore[misc]
    """A cache layer with room for the tokens to come: a step writes one column, where the host's copies everything."""

    def __init__(self, room: int) -> None:
        super().__init__()
        self.room = room
        self.length = 0
        self._keys: torch.Tensor | None = None
        self._values: torch.Tensor | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Appends [B, H, T, D] keys and values; returns all of them."""
        rows, heads, tokens, width = key_states.shape
        if self._keys is None or self._values is None:
            self._keys = key_states.new_zeros(rows, heads, self.room, width)
            self._values = value_states.new_zeros(rows, heads, self.room, width)
            self.dtype, self.device, self.is_initialized = key_states.dtype, key_states.device, True
        start, self.length = self.length, self.length + tokens
        self._keys[:, :, start : self.length] = key_states
        self._values[:, :, start : self.length] = value_states
        self.keys, self.values = self._keys[:, :, : self.length], self._values[:, :, : self.length]
        return self.keys, self.values

    def get_seq_length(self) -> int:
        """Returns the number of columns that are filled."""
        return self.length

    def keep_rows(self, rows: torch.Tensor) -> None:
        """Drops all rows but these."""
        assert self._keys is not None
        assert self._values is not None
        self._keys, self._values = self._keys[rows], self._values[rows]
        self.keys, self.values = self._keys[:, :, : self.length], self._values[:, :, : self.length]


class RoomyCache(Cache):  # type: ignore[misc]
    """The cache of a batch: remembered beginnings, padded at the left, and room for what follows.

    Args:
        layers: How many layers the model has.
        room: Columns in all.
        beginnings: For each row what is remembered and how many of its tokens to use, or None.
    """

    def __init__(self, layers: int, room: int, beginnings: Sequence[tuple[Remembered | None, int]]) -> None:
        super().__init__(layers=[RoomyLayer(room) for _ in range(layers)])
        self._start(beginnings)

    def _start(self, beginnings: Sequence[tuple[Remembered | None, int]]) -> None:
        columns = max(length for _, length in beginnings)
        known = next((entry for entry, length in beginnings if entry is not None and length), None)
        if known is None:
            return
        count, _, heads, _, width = known.states.shape
        states = known.states.new_zeros(count, 2, len(beginnings), heads, columns, width)
        for row, (entry, length) in enumerate(beginnings):
            if entry is not None:
                states[:, :, row, :, columns - length :] = entry.states[:, :, :, :length]
        for layer, (keys, values) in zip(self.layers, states, strict=True):
            layer.update(keys, values)

    def keep_rows(self, rows: torch.Tensor) -> None:
        """Drops all rows but these."""
        for layer in self.layers:
            layer.keep_rows(rows)

    def states_of(self, row: int, columns: torch.Tensor) -> torch.Tensor:
        """Copies the states [L, 2, H, T, D] of one row at these columns."""
        return torch.stack(
            [torch.stack([layer.keys[row][:, columns], layer.values[row][:, columns]]) for layer in self.layers]
        )
