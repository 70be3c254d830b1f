import base64
import io

import pytest
from made_up import write_frame
from PIL import Image

from evaluation.frames import MAX_WIDTH_PX, embed_frame


def decoded(view):
    header, data = view.uri.split(",", 1)
    assert header == "data:image/webp;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_small_frame_keeps_its_pixels_and_is_enlarged_by_a_whole_factor(tmp_path):
    view = embed_frame(tmp_path, write_frame(tmp_path, "frames/a/000.png", (140, 140)), "left")
    assert decoded(view).size == (140, 140)
    assert (view.label, view.problem, view.shown_px, view.enlarged) == ("left", "", 280, True)


def test_a_large_frame_is_made_small(tmp_path):
    view = embed_frame(tmp_path, write_frame(tmp_path, "big.png", (1600, 900)), "")
    assert decoded(view).size == (MAX_WIDTH_PX, 270)
    assert (view.shown_px, view.enlarged) == (420, False)
    assert len(view.uri) < 30_000


@pytest.mark.parametrize(("width_px", "shown_px"), [(64, 256), (140, 280), (151, 151), (300, 300), (640, 420)])
def test_a_frame_is_shown_at_a_whole_multiple_of_its_size_or_at_most_420_px_wide(tmp_path, width_px, shown_px):
    assert embed_frame(tmp_path, write_frame(tmp_path, "a.png", (width_px, 90)), "").shown_px == shown_px


@pytest.mark.parametrize("name", ["frames/000.jpg", "frames/000.webp"])
def test_other_image_formats_are_embedded_too(tmp_path, name):
    assert embed_frame(tmp_path, write_frame(tmp_path, name), "").uri is not None


def test_a_missing_frame_is_named_without_the_machines_paths(tmp_path):
    view = embed_frame(tmp_path, "frames/a/000.png", "back")
    assert (view.uri, view.label) == (None, "back")
    assert view.problem == "frame frames/a/000.png is missing: no such file"


@pytest.mark.parametrize("path", ["../secret.png", "/etc/hostname", "frames/../../secret.png", "link.png"])
def test_a_frame_outside_the_run_folder_is_not_read(tmp_path, path):
    run = tmp_path / "run"
    run.mkdir()
    write_frame(tmp_path, "secret.png")
    (run / "link.png").symlink_to(tmp_path / "secret.png")
    view = embed_frame(run, path, "")
    assert view.uri is None
    assert view.problem.endswith("it lies outside the run folder")


@pytest.mark.parametrize("path", ["broken.png", "folder", "nul\0.png", "x" * 5000])
def test_what_is_no_image_is_shown_as_missing(tmp_path, path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n half a file")
    (tmp_path / "folder").mkdir()
    view = embed_frame(tmp_path, path, "")
    assert view.uri is None
    assert "is missing: " in view.problem
    assert str(tmp_path) not in view.problem


def test_a_truncated_image_is_shown_as_missing(tmp_path):
    whole = (tmp_path / write_frame(tmp_path, "whole.png")).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    assert embed_frame(tmp_path, "half.png", "").uri is None
