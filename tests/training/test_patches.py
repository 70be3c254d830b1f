"""Patches are those of Transformers' image processor, bit for bit, or made by it."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from toy_host import Host

from llamafactory_embodied.training.image_tokens import ImageSizing
from llamafactory_embodied.training.patches import FastPatches, with_fast_patches


def load(host: Host) -> Any:
    from transformers import AutoProcessor

    return AutoProcessor.from_pretrained(host.checkpoint)


@pytest.fixture(scope="module")
def processor(registered_host: Host) -> Any:
    return load(registered_host)


def sizing_of(stock: Any) -> ImageSizing:
    limits = {"max_pixels": stock.size["longest_edge"], "min_pixels": stock.size["shortest_edge"]}
    return ImageSizing(10**9, 1, stock.patch_size, stock.merge_size, **limits)


def image(width: int, height: int, seed: int = 0) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


def same(mine: Any, theirs: Any) -> bool:
    return all(torch.equal(mine[name], theirs[name]) for name in ("pixel_values", "image_grid_thw"))


@settings(max_examples=40)
@given(
    sizes=st.lists(st.tuples(st.integers(28, 500), st.integers(28, 500)), min_size=1, max_size=4),
    seed=st.integers(0, 9),
)
def test_patches_are_those_of_the_image_processor(processor: Any, sizes: list[tuple[int, int]], seed: int) -> None:
    images = [image(*size, seed + number) for number, size in enumerate(sizes)]
    stock = processor.image_processor
    assert same(FastPatches(stock, sizing_of(stock))(images, return_tensors="pt"), stock(images, return_tensors="pt"))


def test_a_frame_of_the_recipes_has_the_same_patches_twice_in_a_row_and_after_copying(processor: Any) -> None:
    stock = processor.image_processor
    fast = FastPatches(stock, sizing_of(stock))
    for seed in (1, 2):
        frame = [image(800, 450, seed)]
        assert same(fast(frame, return_tensors="pt"), stock(frame, return_tensors="pt"))
        fast = copy.deepcopy(fast)


def test_a_batch_keeps_its_memory_for_as_long_as_a_part_of_it_is_held(processor: Any) -> None:
    stock = processor.image_processor
    fast = FastPatches(stock, sizing_of(stock))

    def patches(seed: int) -> Any:
        return fast([image(100, 80, seed)], return_tensors="pt")["pixel_values"]

    held = patches(1)
    address, part, kept = held.data_ptr(), held[2:4], held.clone()
    del held
    others = [patches(2), patches(3)]
    assert torch.equal(part, kept[2:4])
    assert len({one.untyped_storage().data_ptr() for one in (part, *others)}) == 3
    assert address == part.untyped_storage().data_ptr()
    last = others.pop().data_ptr()
    assert patches(4).data_ptr() == last  # nobody holds it any more


def test_what_is_not_known_is_left_to_the_processor(processor: Any) -> None:
    stock = processor.image_processor
    grey = [image(60, 60).convert("L")]
    assert same(FastPatches(stock, sizing_of(stock))(grey, return_tensors="pt"), stock(grey, return_tensors="pt"))
    other = FastPatches(stock, sizing_of(stock))([image(60, 90)], return_tensors="np")
    assert np.array_equal(other["pixel_values"], stock([image(60, 90)], return_tensors="np")["pixel_values"])


@pytest.mark.parametrize("changed", [{"do_normalize": False}, {"do_resize": False}, {"image_mean": [0.5, 0.4, 0.3]}])
def test_a_processor_is_replaced_only_where_it_makes_the_same_bits(
    registered_host: Host, changed: dict[str, Any]
) -> None:
    other = load(registered_host)
    for name, value in changed.items():
        setattr(other.image_processor, name, value)
    made = with_fast_patches(other, sizing_of(other.image_processor))
    assert isinstance(made.image_processor, FastPatches) == ("image_mean" in changed)
    assert not isinstance(other.image_processor, FastPatches)
    frame = [image(112, 84)]
    assert same(made.image_processor(frame, return_tensors="pt"), other.image_processor(frame, return_tensors="pt"))


@pytest.mark.every_host
def test_the_bits_are_the_same_with_every_version_whoever_makes_them(processor: Any) -> None:
    """The image processor of Transformers 4 takes other arguments and is left to do its work."""
    frames = [image(112, 84), image(400, 225)]
    made = with_fast_patches(processor, sizing_of(processor.image_processor)).image_processor(
        frames, return_tensors="pt"
    )
    assert same(made, processor.image_processor(frames, return_tensors="pt"))
