"""Tokens told from a file's header against what the host makes of its pixels."""

import copy
import io
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from toy_host import Host

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.image_tokens import ImageSizing, size_of

MODES = {"PNG": ("RGB", "RGBA", "P", "L", "LA", "1", "I;16"), "JPEG": ("RGB", "L", "CMYK"), "WEBP": ("RGB", "RGBA")}
MODES |= {"GIF": ("P", "L"), "BMP": ("RGB", "L", "1")}
files = st.sampled_from([(kind, mode) for kind, modes in MODES.items() for mode in modes])
sides = st.integers(1, 700) | st.sampled_from([1, 2, 27, 28, 29, 200, 448, 450, 800])
# (image_max_pixels, image_min_pixels) of the configuration, (longest_edge, shortest_edge) of the image processor.
limits = st.tuples(
    st.tuples(st.integers(784, 600_000), st.integers(1, 50_000)).map(lambda pair: (max(pair), min(pair))),
    st.tuples(st.integers(4_000, 900_000), st.integers(1, 100_000)).map(lambda pair: (max(pair), min(pair))),
)


class Family(NamedTuple):
    """A model family as far as its images go."""

    template: str
    patch_px: int


FAMILIES = (Family("qwen2_vl", 14), Family("embodied_qwen2_5_vl", 14), Family("embodied_qwen3_vl", 16))


@pytest.fixture(scope="module")
def processor(registered_host: Host) -> Any:
    from llamafactory.hparams import ModelArguments
    from llamafactory.model import load_tokenizer

    return load_tokenizer(ModelArguments(model_name_or_path=str(registered_host.checkpoint)))["processor"]


def limited(processor: Any, family: Family, host_limits: tuple[int, int], own: tuple[int, int]) -> Any:
    """The processor with the limits of a configuration and of another image processor."""
    changed = copy.copy(processor)
    changed.image_max_pixels, changed.image_min_pixels = host_limits
    changed.image_processor = type(processor.image_processor)(
        patch_size=family.patch_px, size={"longest_edge": own[0], "shortest_edge": own[1]}
    )
    return changed


def content(kind: str, mode: str, size: tuple[int, int], orientation: int, frames: int) -> bytes:
    image = Image.new(mode, size)
    exif = Image.Exif()
    exif[0x0112] = orientation
    more = {"exif": exif} if kind in ("JPEG", "PNG", "WEBP") else {}
    if frames > 1 and kind in ("GIF", "WEBP", "PNG") and mode in ("RGB", "RGBA", "P", "L"):
        more |= {"save_all": True, "append_images": [Image.new(mode, size, 1)] * (frames - 1)}
    buffer = io.BytesIO()
    image.save(buffer, kind, **more)
    return buffer.getvalue()


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.template)
@settings(max_examples=60)
@given(file=files, width=sides, height=sides, orientation=st.integers(1, 8), frames=st.integers(1, 2), limits=limits)
def test_tokens_from_the_header_are_those_of_the_pixels(
    processor: Any,
    tmp_path: Path,
    family: Family,
    file: tuple[str, str],
    width: int,
    height: int,
    orientation: int,
    frames: int,
    limits: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    from llamafactory.data import TEMPLATES

    plugin = TEMPLATES[family.template].mm_plugin
    changed = limited(processor, family, *limits)
    sizing = ImageSizing.of_processor(plugin, changed)
    assert sizing is not None
    path = tmp_path / "image"
    path.write_bytes(content(*file, (width, height), orientation, frames))
    try:
        mine: Any = sizing.grid(*size_of(str(path)))
    except (DataError, ValueError):
        mine = "refused"
    try:
        with Image.open(path) as image:
            made = plugin.get_mm_inputs([image], [], [], [1], [0], [0], [[]], changed)["image_grid_thw"]
        theirs: Any = tuple(made[0].tolist()[1:])
    except (ValueError, ZeroDivisionError):
        theirs = "refused"
    assert mine == theirs
    if mine != "refused":
        rows, columns = mine
        assert sizing.token_count(*size_of(str(path))) == rows * columns // 4


@pytest.mark.parametrize(("width", "height"), [(6_000, 20), (20, 6_000), (30_000, 28), (201, 1), (1, 5_000)])
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.template)
def test_strips_are_cut_as_the_host_cuts_them(processor: Any, family: Family, width: int, height: int) -> None:
    from llamafactory.data import TEMPLATES

    plugin = TEMPLATES[family.template].mm_plugin
    changed = limited(processor, family, (500_000, 1_024), (12_845_056, 3_136))
    sizing = ImageSizing.of_processor(plugin, changed)
    assert sizing is not None
    image = Image.new("RGB", (width, height))
    made = plugin.get_mm_inputs([image], [], [], [1], [0], [0], [[]], changed)["image_grid_thw"]
    assert sizing.grid(width, height) == tuple(made[0].tolist()[1:])


def test_an_image_of_which_the_limits_leave_nothing_is_refused(processor: Any) -> None:
    from llamafactory.data import TEMPLATES

    sizing = ImageSizing.of_processor(TEMPLATES["qwen2_vl"].mm_plugin, processor)
    assert sizing is not None
    with pytest.raises(DataError, match=r"an image of 1x100000000 px has no area left at image_max_pixels 589824"):
        sizing.grid(1, 100_000_000)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_a_file_that_is_cut_off_is_refused_before_its_pixels_are_wanted(
    tmp_path: Path, kind: str, share: float
) -> None:
    image = Image.effect_noise((200, 120), 80).convert("RGB")
    path = tmp_path / f"image.{kind.lower()}"
    image.save(path, kind)
    assert size_of(str(path)) == (200, 120)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(DataError, match=r"image\.\w+: "):
        size_of(str(path))


def test_files_are_told_without_decoding_them(processor: Any, tmp_path: Path) -> None:
    from llamafactory.data import TEMPLATES

    sizing = ImageSizing.of_processor(TEMPLATES["qwen2_vl"].mm_plugin, processor)
    path = tmp_path / "a.png"
    Image.new("RGB", (560, 280)).save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[:33] + bytes(len(whole) - 33 - 12) + whole[-12:])  # no pixels between head and end
    assert sizing is not None
    assert sizing.token_count(*size_of(str(path))) == 20 * 10


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    for size in ((30, 40), (50, 60)):
        Image.new("RGB", size).save(path)
        assert size_of(str(path)) == size


def test_images_of_other_models_are_not_counted(processor: Any) -> None:
    from llamafactory.data import TEMPLATES

    assert ImageSizing.of_processor(TEMPLATES["llava"].mm_plugin, processor) is None
