"""Which samples share a sequence, planned by their lengths over all rows of a data set, and what such a pack is.

A pack is what the host makes of the same samples: their tokens one after the other, the longest first, positions and
numbers in the mask that tell them apart, and padding up to a token more than the capacity. The plan depends on the
lengths and their order alone, so neither workers nor batches of the tokenization change it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain, pairwise
from typing import Any

import numpy as np
from llamafactory.extras import logging
from llamafactory.extras.constants import IGNORE_INDEX

from ..errors import SettingsError
from .columns import REVISION
from .marked_rows import SAMPLE_ID
from .seams import PACKING_PARAMS

logger = logging.get_logger(__name__)

_MEDIA = ("images", "videos", "audios")
_NO_MEDIA = 2**32
"""Where a pack has none of a kind, the host gives this as the sample of its only one."""
DENSE_TOKENS = 8192
"""The longest sequence for which a mask of all pairs of tokens is made: 128 MiB in half precision."""

Ints = np.ndarray[Any, np.dtype[np.int64]]


def plan_packs(lengths: Ints, capacity: int) -> list[Ints]:
    """Best-fit decreasing: each sample, the longest first, goes to the pack in which it leaves the least room.

    Args:
        lengths: Tokens of each row.
        capacity: The most tokens of a pack.

    Returns:
        The rows of each pack, the longest first; packs in the order of their earliest row.

    Raises:
        ValueError: A row has more tokens than a pack may have.
    """
    if len(lengths) and lengths.max() > capacity:
        row = int(lengths.argmax())
        raise ValueError(f"row {row} has {lengths[row]} tokens, a pack takes {capacity}")
    order = np.argsort(lengths, kind="stable")[::-1]  # of several that are as long the last one first, as in the host
    packs: Ints = np.empty(len(lengths), np.int64)
    roomy: defaultdict[int, list[int]] = defaultdict(list)  # room that is left -> packs
    rooms, count = 1 << capacity, 0  # one bit for each room that some pack has; an empty pack is always at hand
    for row, length in zip(order.tolist(), lengths[order].tolist(), strict=True):
        fitting = rooms >> length
        room = length + (fitting & -fitting).bit_length() - 1
        if roomy[room]:
            pack = roomy[room].pop()
            if not roomy[room]:
                rooms ^= 1 << room
        else:
            pack, count = count, count + 1
        packs[row] = pack
        roomy[room - length].append(pack)
        rooms |= 1 << (room - length)
    by_pack = order[np.argsort(packs[order], kind="stable")]
    members = np.split(by_pack, np.cumsum(np.bincount(packs, minlength=count))[:-1])
    return sorted(members, key=np.min) if count else []


@dataclass(frozen=True)
class Packer:
    """Makes packs.

    Attributes:
        capacity: The most tokens of a pack, without the padding.
        pad_token_id: Token of the padding.
        numbered: Whether the mask numbers the samples, from 1, so that they do not see each other; that is the host's
            `neat_packing`.
        with_params: Whether the host takes `packing_params`.
    """

    capacity: int
    pad_token_id: int
    numbered: bool
    with_params: bool

    def pack(self, samples: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """Makes one pack.

        Args:
            samples: Columns of preprocessed rows: `input_ids` and `labels`, arrays [tokens] each, `images`, `videos`,
                `audios`, and the name of each sample.

        Returns:
            The host's columns of a packed row, and the names of its samples.
        """
        lengths = [len(ids) for ids in samples["input_ids"]]
        padding = self.capacity + 1 - sum(lengths)
        numbers = [*range(1, len(lengths) + 1), 0] if self.numbered else [1] * (len(lengths) + 1)
        packed: dict[str, Any] = {
            "input_ids": np.concatenate([*samples["input_ids"], np.full(padding, self.pad_token_id)]).astype(np.int32),
            "attention_mask": np.repeat(np.array(numbers, np.int32), [*lengths, padding]),
            "labels": np.concatenate([*samples["labels"], np.full(padding, IGNORE_INDEX)]).astype(np.int64),
            "position_ids": np.concatenate([*map(np.arange, lengths), np.zeros(padding, np.int64)]),
        }
        packed |= {kind: list(chain.from_iterable(one or () for one in samples[kind])) or None for kind in _MEDIA}
        packed[SAMPLE_ID] = list(samples[SAMPLE_ID])
        if self.with_params:
            packed["packing_params"] = {
                "sequence_boundaries": list(accumulate([*lengths, padding], initial=0)),
                **{f"{kind[:-1]}_subseq_ids": _places(samples[kind]) or [_NO_MEDIA] for kind in _MEDIA},
                "right_padding_length": padding,
            }
        return packed

    def features(self, given: Mapping[str, Any]) -> Any:
        """Types of the columns of packs, from those of the rows."""
        from datasets import Features, Value

        number, text = Value("int64"), Value("string")
        types: dict[str, Any] = {"input_ids": [Value("int32")]}
        types |= {
            "attention_mask": [Value("int32" if self.numbered else "int8")],
            "labels": [number],
            "position_ids": [number],
            **{kind: given[kind] for kind in _MEDIA},
        }
        if self.with_params:
            types["packing_params"] = {
                name: number if name == "right_padding_length" else [number] for name in PACKING_PARAMS.expects
            }
        return Features({**types, SAMPLE_ID: [text]})

    def lists(self, samples: Mapping[str, Sequence[Any]]) -> dict[str, Any]:
        """As `pack`, with lists in place of arrays, as the host's collator takes them."""
        packed = self.pack(samples)
        return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in packed.items()}

    def packs_of(self, samples: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
        """Packs the samples of a batch among themselves; columns of what `lists` gives."""
        lengths = np.array([len(ids) for ids in samples["input_ids"]])
        packs = [
            self.lists({name: [values[row] for row in members] for name, values in samples.items()})
            for members in plan_packs(lengths, self.capacity)
        ]
        return {name: [pack[name] for pack in packs] for name in packs[0]}


def _places(media: Sequence[Sequence[Any] | None]) -> list[int]:
    """The sample of each image."""
    return [place for place, one in enumerate(media) for _ in one or ()]


def unpack(pack: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The samples of a pack that has `packing_params`, without the padding: what `Packer.pack` takes."""
    params = pack["packing_params"]
    spans = [slice(*span) for span in pairwise(params["sequence_boundaries"][:-1])]
    samples: dict[str, list[Any]] = {
        name: [np.asarray(pack[name][span]) for span in spans] for name in ("input_ids", "labels")
    }
    for kind in _MEDIA:
        media: list[list[Any]] = [[] for _ in spans]
        if pack[kind]:
            for place, one in zip(params[f"{kind[:-1]}_subseq_ids"], pack[kind], strict=True):
                media[place].append(one)
        samples[kind] = media
    return samples | {SAMPLE_ID: pack[SAMPLE_ID]}


def packed(rows: Any, packer: Packer, num_proc: int | None = None, **how: Any) -> Any:
    """Packs preprocessed rows: those of a data set over all of it, those of a stream batch by batch.

    Args:
        rows: The data set or the stream.
        packer: What makes the packs.
        num_proc: Processes that write the packs.
        how: Of the host's own arguments for `map`, `batch_size` and `load_from_cache_file` are used.
    """
    from datasets import IterableDataset
    from datasets.fingerprint import Hasher

    if isinstance(rows, IterableDataset):
        columns = ["input_ids", "attention_mask", "labels", *_MEDIA, SAMPLE_ID]
        return rows.map(packer.packs_of, batched=True, batch_size=how["batch_size"], remove_columns=columns)
    plan = PlannedPacks(rows, packer)
    # Packs are written in place of as many rows, so that they lie where these lie: in the cache, or in memory.
    return rows.select(range(len(plan))).map(
        plan,
        with_indices=True,
        batched=True,
        batch_size=16,
        remove_columns=rows.column_names,
        features=packer.features(rows.features),
        num_proc=num_proc,
        load_from_cache_file=how["load_from_cache_file"],
        new_fingerprint=Hasher.hash([rows._fingerprint, packer, REVISION]),
        desc="Packing",
    )


class PlannedPacks:
    """The packs of a data set by their numbers, for its `map`."""

    def __init__(self, rows: Any, packer: Packer) -> None:
        self._rows, self._packer = rows.with_format("arrow"), packer
        self._plan = plan_packs(_lengths(self._rows), packer.capacity)

    def __len__(self) -> int:
        return len(self._plan)

    def __call__(self, _: Any, numbers: Sequence[int]) -> dict[str, list[Any]]:
        """Columns of the packs with these numbers."""
        packs = [self._packer.pack(_columns(self._rows[self._plan[number]])) for number in numbers]
        return {name: [pack[name] for pack in packs] for name in packs[0]}


def _lengths(rows: Any) -> Ints:
    import pyarrow.compute as pc

    tables = rows.select_columns("input_ids").iter(1000)
    return np.concatenate([pc.list_value_length(table["input_ids"]).to_numpy() for table in tables])


def _columns(table: Any) -> dict[str, list[Any]]:
    tokens = {name: [one.values.to_numpy() for one in table[name]] for name in ("input_ids", "labels")}
    return tokens | {name: table[name].to_pylist() for name in (*_MEDIA, SAMPLE_ID)}


def check_packing(data_args: Any, model_args: Any) -> None:
    """Refuses packs that only a large mask would keep apart, and warns of packs that nothing keeps apart.

    Raises:
        SettingsError: The mask of all pairs of tokens would be too large. Names what to set.
    """
    from transformers.utils import is_flash_attn_2_available, is_torch_npu_available

    if not data_args.packing:
        return
    if not data_args.neat_packing:
        logger.warning_rank0_once(
            "packing: true without neat_packing: true lets each sample of a pack see those before it, other rooms and "
            "tasks as if they were its own past; set neat_packing: true"
        )
        return
    tokens = data_args.cutoff_len + 1  # the host has taken one off
    flash = model_args.flash_attn == "fa2" and (is_flash_attn_2_available() or is_torch_npu_available())
    if tokens > DENSE_TOKENS and not flash:
        raise SettingsError(
            f"neat_packing with cutoff_len {tokens} and flash_attn {model_args.flash_attn} (flash-attn is "
            f"{'' if is_flash_attn_2_available() else 'not '}installed): without FlashAttention 2 the samples of a "
            f"pack are kept apart by a mask of {tokens} x {tokens} numbers, {2 * tokens**2 / 2**30:.1f} GiB in half "
            f"precision for each pack; set flash_attn: fa2 (pip install flash-attn), or cutoff_len: {DENSE_TOKENS} or "
            "less, or neat_packing: false with per_device_train_batch_size: 1, which pads nothing either"
        )
