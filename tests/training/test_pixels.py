"""Pixel values leave the workers in the dtype that the model would give them first; a text explains the collator."""

import copy
import doctest
from pathlib import Path
from typing import Any

import pytest
import torch
from toy_host import DataFolder, Host, configuration, episode, ranking

from benchmarks.qwen import FAMILIES, Family, write_checkpoint
from llamafactory_embodied.training import collator as ours
from llamafactory_embodied.training.tiny_tokenizer import build_tokenizer


@pytest.fixture(scope="module", params=FAMILIES[:3], ids=[family.name for family in FAMILIES[:3]])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Family, Path]:
    folder = tmp_path_factory.mktemp(request.param.name)
    write_checkpoint(request.param, build_tokenizer([], 1024, 128), folder)
    return request.param, folder


def batch_of(collator: Any, rows: list[dict[str, Any]], dtype: torch.dtype) -> dict[str, Any]:
    collator.compute_dtype = dtype
    collator.__dict__.pop("_quick_processor", None)
    batch: dict[str, Any] = collator(copy.deepcopy(rows))
    return batch


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_the_loss_is_bit_for_bit_that_of_pixels_that_the_model_rounds(
    registered_host: Host, family: tuple[Family, Path], data: DataFolder, dtype: torch.dtype
) -> None:
    from transformers import AutoModelForImageTextToText

    kind, checkpoint = family
    data.add("ours", [episode(data.frames(name, 2), name) for name in "ab"])
    rows = list(Host(checkpoint).preprocess(data, "ours", template=kind.ours))
    given = configuration(checkpoint, data.path, "ours", data.path / "out", template=kind.ours)
    template, *_, tokens = registered_host.load(**given)
    model = AutoModelForImageTextToText.from_pretrained(checkpoint)
    collator = ours.EmbodiedCollator(template=template, model=model, label_pad_token_id=-100, **tokens)
    whole, half = (batch_of(collator, rows, one) for one in (torch.float32, dtype))
    assert half["pixel_values"].dtype == dtype
    assert torch.equal(half["pixel_values"], whole["pixel_values"].to(dtype))
    assert half["pixel_values"].untyped_storage().nbytes() * 2 == whole["pixel_values"].untyped_storage().nbytes()
    with torch.no_grad():
        for mixed in (True, False):  # weights in full with autocast, then all in half
            if not mixed:
                model.to(dtype)
            with torch.autocast("cpu", dtype, enabled=mixed):
                assert torch.equal(model(**half).loss, model(**whole).loss)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_compared_answers_bring_pixels_in_the_dtype_of_the_vision_tower(
    host: Host, data: DataFolder, dtype: torch.dtype
) -> None:
    from transformers import AutoModelForImageTextToText

    data.add("ours", [ranking(data.frames("a", 2), "a")], ranking=True)
    rows = list(host.preprocess(data, "ours", "rm"))
    template, *_, tokens = host.load(**configuration(host.checkpoint, data.path, "none", data.path / "out"))
    model = AutoModelForImageTextToText.from_pretrained(host.checkpoint).to(dtype)
    collator = ours.EmbodiedPairwiseCollator(template=template, model=model, label_pad_token_id=-100, **tokens)
    assert collator(rows)["pixel_values"].dtype == dtype


def test_the_example_of_the_collator_runs(host: Host, data: DataFolder) -> None:
    from transformers import AutoModelForImageTextToText

    data.add("ours", [episode(data.frames("a", 2), "a"), episode(data.frames("b", 1), "b")])
    given = {
        "dataset": host.preprocess(data, "ours"),
        "model": AutoModelForImageTextToText.from_pretrained(host.checkpoint),
        "EmbodiedCollator": ours.EmbodiedCollator,
    }
    template, *_, tokenizer_module = host.load(**configuration(host.checkpoint, data.path, "ours", data.path / "out"))
    given |= {"template": template, "tokenizer_module": tokenizer_module}
    [example] = doctest.DocTestFinder(recurse=False).find(ours.EmbodiedCollator, "example", globs=given)
    assert len(example.examples) == 3
    assert doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE).run(example).failed == 0
