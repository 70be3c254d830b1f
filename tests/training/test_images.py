from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from toy_host import Host

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.image_tokens import ImageSizing, size_of
from llamafactory_embodied.training.images import ImageRoots


@pytest.fixture
def roots(tmp_path: Path) -> ImageRoots:
    for name in ("data/a.png", "media/a.png", "media/b.png", "outside.png"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"")
    return ImageRoots((str(tmp_path / "data"), str(tmp_path / "media")))


def test_the_data_files_folder_comes_before_media_dir(roots: ImageRoots, tmp_path: Path) -> None:
    assert Path(roots.resolve("a.png", "here")) == tmp_path / "data/a.png"
    assert Path(roots.resolve("b.png", "here")) == tmp_path / "media/b.png"


def test_a_missing_image_names_its_place_and_where_it_was_looked_for(roots: ImageRoots, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=rf"^here: image 'c\.png' is not a file; looked in {tmp_path}/data and "):
        roots.resolve("c.png", "here")


@pytest.mark.parametrize("path", ["../outside.png", "{root}/outside.png", "link.png"])
def test_a_path_that_leads_outside_is_refused_unless_allowed(roots: ImageRoots, tmp_path: Path, path: str) -> None:
    (tmp_path / "data/link.png").symlink_to(tmp_path / "outside.png")
    path = path.format(root=tmp_path)
    with pytest.raises(DataError, match=r"lies outside .* \"allow_absolute_paths\": true"):
        roots.resolve(path, "here")
    allowed = ImageRoots(roots.folders, allow_absolute_paths=True)
    assert Path(allowed.resolve(path, "here")).resolve() == tmp_path / "outside.png"


def test_a_root_that_is_a_link_holds_its_images(roots: ImageRoots, tmp_path: Path) -> None:
    (tmp_path / "linked").symlink_to(tmp_path / "data")
    linked = ImageRoots((str(tmp_path / "linked"),))
    assert Path(linked.resolve("a.png", "here")) == tmp_path / "linked/a.png"


@pytest.fixture(scope="session")
def template_and_processor(registered_host: Host) -> tuple[Any, Any]:
    from llamafactory.data import TEMPLATES
    from llamafactory.hparams import ModelArguments
    from llamafactory.model import load_tokenizer

    arguments = ModelArguments(
        model_name_or_path=str(registered_host.checkpoint), image_max_pixels=180_000, image_min_pixels=4_000
    )
    return TEMPLATES["embodied_qwen2_vl"], load_tokenizer(arguments)["processor"]


@settings(max_examples=60, deadline=None)
@given(width=st.integers(1, 1400), height=st.integers(1, 1400))
def test_tokens_from_the_header_are_those_of_the_image_processor(
    template_and_processor: tuple[Any, Any], width: int, height: int
) -> None:
    template, processor = template_and_processor
    sizing = ImageSizing.of_processor(template.mm_plugin, processor)
    assert sizing is not None
    image = Image.new("RGB", (width, height))
    grid = template.mm_plugin.get_mm_inputs([image], [], [], [1], [0], [0], [], processor)["image_grid_thw"]
    assert sizing.token_count(width, height) == int(grid.prod()) // 4


def test_tokens_of_files_are_told_without_decoding_them(
    template_and_processor: tuple[Any, Any], tmp_path: Path
) -> None:
    sizing = ImageSizing.of_processor(template_and_processor[0].mm_plugin, template_and_processor[1])
    path = tmp_path / "a.png"
    Image.new("RGB", (560, 280)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[:33] + bytes(len(content) - 33 - 12) + content[-12:])  # no pixels between head and end
    assert sizing is not None
    assert sizing.token_count(*size_of(str(path))) == 20 * 10


def test_images_of_other_models_are_not_counted(template_and_processor: tuple[Any, Any]) -> None:
    from llamafactory.data import TEMPLATES

    assert ImageSizing.of_processor(TEMPLATES["llava"].mm_plugin, template_and_processor[1]) is None
