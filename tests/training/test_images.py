from pathlib import Path

import pytest

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.images import ImageRoots

pytestmark = pytest.mark.every_host


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
