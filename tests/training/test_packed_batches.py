"""Batches of packs: each sample has the positions, the attention and the loss that it has alone."""

import copy
import itertools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from toy_host import DataFolder, Host, configuration, episode

from benchmarks.qwen import FAMILIES, Family, write_checkpoint
from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.packing import unpack
from llamafactory_embodied.training.seams import host_version
from llamafactory_embodied.training.tiny_tokenizer import build_tokenizer

pytestmark = [
    pytest.mark.every_host,
    pytest.mark.skipif(
        host_version() == "0.9.4", reason="LLaMA-Factory 0.9.4 refuses neat_packing with transformers>=4.53"
    ),
]

IGNORED = -100


class Packed:
    """A family's model, packs of toy samples, and the collators of a run with an attention implementation."""

    def __init__(self, family: Family, checkpoint: Path, data: DataFolder, rows: list[dict[str, Any]], **how: Any):
        from transformers import AutoModelForImageTextToText

        self.host = Host(checkpoint)
        given = {"template": family.ours, "neat_packing": True, "cutoff_len": 400, **how}
        name = data.add(f"ours-{len(data.info)}", rows)
        self.packs = list(self.host.preprocess(data, name, **given))
        self.alone = list(self.host.preprocess(data, name, **{**given, "neat_packing": False, "cutoff_len": 399}))
        self.template, self.model_args, *_, self.tokens = self.host.load(
            **configuration(checkpoint, data.path, name, data.path / "out", **given)
        )
        self.model = AutoModelForImageTextToText.from_pretrained(checkpoint)

    def collate(self, rows: list[dict[str, Any]], attention: str = "sdpa", neat: bool = True) -> Mapping[str, Any]:
        from llamafactory_embodied.training.collator import EmbodiedCollator

        collator = EmbodiedCollator(
            template=self.template,
            model=self.model,
            pad_to_multiple_of=8,
            label_pad_token_id=IGNORED,
            block_diag_attn=neat,
            neat_packing=neat,
            attn_implementation=attention,
            compute_dtype=torch.float32,
            **self.tokens,
        )
        batch: Mapping[str, Any] = collator(copy.deepcopy(rows))
        return batch


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {family.name: tmp_path_factory.mktemp(family.name) for family in FAMILIES}
    for family in FAMILIES:
        write_checkpoint(family, build_tokenizer([], 1024, 128), made[family.name])
    return made


def seen(data: DataFolder, count: int = 8) -> list[dict[str, Any]]:
    return [episode(data.frames(f"e{n}", 1 + n % 3), f"e{n}") for n in range(count)]


def unseen(data: DataFolder, count: int = 3) -> list[dict[str, Any]]:
    rows = [episode(data.frames(f"t{n}", 1 + n), f"t{n}") for n in range(count)]
    for row in rows:
        row["images"] = []
        for message in row["messages"]:
            message["content"] = message["content"].replace("<image>", "")
    return rows


@pytest.fixture(scope="module", params=FAMILIES, ids=[family.name for family in FAMILIES])
def packed(
    request: pytest.FixtureRequest,
    registered_host: Host,
    checkpoints: dict[str, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Packed:
    data = DataFolder(tmp_path_factory.mktemp("data"))
    return Packed(request.param, checkpoints[request.param.name], data, seen(data))


@pytest.fixture
def first(registered_host: Host, checkpoints: dict[str, Path]) -> tuple[Family, Path]:
    return FAMILIES[0], checkpoints[FAMILIES[0].name]


def spans(packs: list[dict[str, Any]], flash: bool) -> list[tuple[str, int, slice]]:
    """Name, row of the batch and place in it of each sample."""
    found, start = [], 0
    for row, pack in enumerate(packs):
        start = start if flash else 0
        for name, ids in zip(pack["embodied_id"], unpack(pack)["input_ids"], strict=True):
            found.append((name, 0 if flash else row, slice(start, start + len(ids))))
            start += len(ids)
    return found


@pytest.mark.parametrize("attention", ["sdpa", "flash_attention_2"])
def test_each_sample_of_a_batch_of_packs_is_as_it_is_alone(packed: Packed, attention: str) -> None:
    flash = attention == "flash_attention_2"
    batch = packed.collate(packed.packs, attention)
    places = spans(packed.packs, flash)
    assert len(packed.packs) > 1
    assert len(places) == len(packed.alone) > len(packed.packs)
    assert batch["input_ids"].shape[0] == (1 if flash else len(packed.packs))

    alone = {row["embodied_id"]: packed.collate([row], neat=False) for row in packed.alone}
    for name, row, place in places:
        length = place.stop - place.start
        for key in ("input_ids", "labels"):
            assert torch.equal(batch[key][row, place], alone[name][key][0, :length])
        assert torch.equal(batch["position_ids"][:, row, place], alone[name]["position_ids"][:, 0, :length])
    patches = torch.cat([alone[name]["pixel_values"] for name, *_ in places])
    assert torch.equal(batch["pixel_values"], patches)
    assert torch.equal(batch["image_grid_thw"], torch.cat([alone[name]["image_grid_thw"] for name, *_ in places]))


def test_the_loss_of_a_batch_of_packs_is_that_of_its_samples(packed: Packed) -> None:
    batch = packed.collate(packed.packs)
    with torch.no_grad():
        logits = packed.model(**{name: value for name, value in batch.items() if name != "labels"}).logits
        for name, row, place in spans(packed.packs, flash=False):
            alone = packed.collate([one for one in packed.alone if one["embodied_id"] == name], neat=False)
            expected = packed.model(**alone).logits[0, : place.stop - place.start]
            assert torch.allclose(logits[row, place], expected, atol=1e-5)


def test_flash_attention_is_told_where_each_sample_begins_by_positions(packed: Packed) -> None:
    from transformers.modeling_flash_attention_utils import prepare_fa_kwargs_from_position_ids

    batch = packed.collate(packed.packs, "flash_attention_2")
    (boundaries, _), _ = prepare_fa_kwargs_from_position_ids(batch["position_ids"][0])
    places = [place for *_, place in spans(packed.packs, flash=True)]
    assert batch["attention_mask"] is None
    assert boundaries.tolist() == [*[place.start for place in places], places[-1].stop]


@pytest.mark.parametrize("cutoff_len", [393, 397, 400])
def test_a_cutoff_need_not_be_a_multiple_of_eight(
    first: tuple[Family, Path], data: DataFolder, cutoff_len: int
) -> None:
    packed = Packed(*first, data, seen(data), cutoff_len=cutoff_len)
    with torch.no_grad():
        assert packed.model(**packed.collate(packed.packs[:2])).loss.isfinite()


@pytest.mark.parametrize("neat", [True, False])
@pytest.mark.parametrize("size", [1, 2])
def test_a_batch_of_text_alone_runs_the_vision_tower(
    first: tuple[Family, Path], data: DataFolder, neat: bool, size: int
) -> None:
    how = {"cutoff_len": 120} if neat else {"packing": False}
    packed = Packed(*first, data, unseen(data), neat_packing=neat, **how)
    batch = packed.collate(packed.packs[:size], neat=neat)
    loss = packed.model(**batch).loss
    loss.backward()
    assert batch["image_grid_thw"].tolist() == [[1, 4, 4]]
    assert all(weight.grad is not None for weight in packed.model.model.visual.parameters())

    weights = [sum(label != IGNORED for label in row["labels"]) for row in packed.packs[:size]]
    names = [row["embodied_id"] for row in packed.packs[:size]]
    named = {name for row in names for name in (row if neat else [row])}
    losses = [
        packed.model(**packed.collate([row], neat=False)).loss for row in packed.alone if row["embodied_id"] in named
    ]
    counts = [sum(x != IGNORED for x in row["labels"]) for row in packed.alone if row["embodied_id"] in named]
    assert sum(counts) == sum(weights)
    expected = sum(one * count for one, count in zip(losses, counts, strict=True)) / sum(counts)
    assert torch.allclose(loss, expected, atol=1e-5)


def test_text_alone_is_one_sequence_for_flash_attention_with_a_blank_image_of_its_own(
    first: tuple[Family, Path], data: DataFolder
) -> None:
    from transformers.modeling_flash_attention_utils import prepare_fa_kwargs_from_position_ids

    packed = Packed(*first, data, unseen(data), cutoff_len=120)
    batch = packed.collate(packed.packs[:2], "flash_attention_2")
    pads = (batch["input_ids"] == packed.host.image_token).sum()
    assert batch["image_grid_thw"].prod() // 4 == pads == 4
    (boundaries, _), _ = prepare_fa_kwargs_from_position_ids(batch["position_ids"][0])
    blank = next(
        (start, end)
        for start, end in itertools.pairwise(boundaries)
        if packed.host.image_token in batch["input_ids"][0, start:end]
    )
    assert blank[1] - blank[0] == 6
    assert (batch["labels"][0, slice(*blank)] == IGNORED).all()


@pytest.mark.parametrize("neat", [True, False])
def test_image_tokens_that_do_not_match_name_the_sample_of_the_pack(
    first: tuple[Family, Path], data: DataFolder, neat: bool
) -> None:
    packed = Packed(*first, data, seen(data), neat_packing=neat, packing=True)
    victim = packed.packs[0]["embodied_id"][1]
    Image.new("RGB", (280, 280)).save(data.path / "frames" / f"{victim}-0.png")
    with pytest.raises(DataError, match=rf"sample '{victim}': has" if neat else rf"sample '.*{victim}.*': has"):
        packed.collate(packed.packs, neat=neat)


def test_a_batch_of_packs_of_others_alone_is_laid_out_too(first: tuple[Family, Path], data: DataFolder) -> None:
    packed = Packed(*first, data, unseen(data), cutoff_len=120)
    for pack in packed.packs:
        pack["embodied_id"] = [""] * len(pack["embodied_id"])
    with torch.no_grad():
        assert packed.model(**packed.collate(packed.packs[:2])).loss.isfinite()
