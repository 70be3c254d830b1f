"""Images read several at a time are those that the host reads one by one, in their order; cores are shared."""

import io
import struct
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from llamafactory_embodied.training import reading
from llamafactory_embodied.training.reading import read_images, spare_cores


class Plugin:
    """The host's part: reads, and resizes what is too large."""

    def _regularize_images(self, images, image_max_pixels, image_min_pixels):
        opened = [Image.open(image) if isinstance(image, str) else image for image in images]
        return {"images": [one.resize((5, 5)) if one.width * one.height > image_max_pixels else one for one in opened]}


class Processor:
    image_max_pixels, image_min_pixels = 100, 1


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    made = []
    for number in range(9):
        path = tmp_path / f"{number}.png"
        Image.fromarray(rng.integers(0, 255, (6 + number, 9, 3), np.uint8)).save(path)
        made.append(str(path))
    return made


@pytest.mark.parametrize("cores", [1, 4])
def test_images_come_in_their_order_and_as_the_host_makes_them(files, cores, monkeypatch):
    monkeypatch.setattr(reading, "spare_cores", lambda: cores)
    read = read_images(Plugin(), Processor(), files)
    for image, path in zip(read, files, strict=True):
        (wanted,) = Plugin()._regularize_images([path], 100, 1)["images"]
        assert np.array_equal(np.array(image), np.array(wanted))
    assert read_images(Plugin(), Processor(), []) == []


def test_a_file_that_cannot_be_read_is_the_hosts_error(files, tmp_path):
    with pytest.raises(FileNotFoundError):
        read_images(Plugin(), Processor(), [*files, str(tmp_path / "absent.png")])


class Shrinking:
    """The host's way of making an image smaller."""

    def _regularize_images(self, images, image_max_pixels, image_min_pixels):
        return {
            "images": [
                self._small(Image.open(one) if isinstance(one, str) else one, image_max_pixels) for one in images
            ]
        }

    def _small(self, image, most):
        factor = (most / (image.width * image.height)) ** 0.5
        size = (int(image.width * factor), int(image.height * factor))
        return image.resize(size) if factor < 1 else image


@given(st.integers(20, 90), st.integers(20, 90), st.integers(0, 2**32 - 1), st.booleans())
@settings(max_examples=60)
def test_the_fast_way_differs_by_two_of_255_at_most_and_only_where_it_is_asked_for(width, height, seed, extreme):
    rng = np.random.default_rng(seed)
    pixels = rng.choice([0, 255], (height, width, 3)) if extreme else rng.integers(0, 256, (height, width, 3))
    image = Image.fromarray(pixels.astype(np.uint8))
    processor = type("Processor", (), {"image_max_pixels": 1000, "image_min_pixels": 1})
    (wanted,) = Shrinking()._regularize_images([image], 1000, 1)["images"]
    (exact,) = read_images(Shrinking(), processor, [image])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(reading.RESIZE, "fast")
        (fast,) = read_images(Shrinking(), processor, [image])
    assert np.array_equal(np.array(exact), np.array(wanted))
    assert fast.size == wanted.size
    assert np.abs(np.array(fast).astype(int) - np.array(wanted).astype(int)).max() <= 2


@pytest.mark.parametrize("name", ["jpeg.jpg", "plain.png", "grey.png"])
def test_the_fast_way_takes_files_of_any_kind(tmp_path, name, monkeypatch):
    noise = np.random.default_rng(0).integers(0, 255, (60, 70, 3), np.uint8)
    path = tmp_path / name
    Image.fromarray(noise).convert("L" if name.startswith("grey") else "RGB").save(path)
    processor = type("Processor", (), {"image_max_pixels": 1000, "image_min_pixels": 1})
    (wanted,) = read_images(Shrinking(), processor, [str(path)])
    monkeypatch.setenv(reading.RESIZE, "fast")
    (fast,) = read_images(Shrinking(), processor, [str(path)])
    assert fast.size == wanted.size
    assert np.abs(np.array(fast).astype(int) - np.array(wanted).astype(int)).max() <= 2


def test_a_process_takes_no_more_than_its_share_of_the_cores(monkeypatch):
    monkeypatch.setattr("os.cpu_count", lambda: 12)
    assert spare_cores() == 12
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert spare_cores() == 3
    worker = type("Worker", (), {"num_workers": 2})
    monkeypatch.setattr("torch.utils.data.get_worker_info", lambda: worker)
    assert spare_cores() == 1
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "64")
    assert spare_cores() == 1


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(stream, *, width=5, height=4, kind=2, bits=8, before=b"", after=b""):
    """A PNG file of compressed rows; by default 5x4 pixels of RGB."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + before + chunk(b"IDAT", stream) + after + chunk(b"IEND", b"")


def encoded(pixels, kind="PNG", **how):
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, kind, **how)
    return written.getvalue()


def outcome(content):
    """What Pillow and the host make of a file: pixels, or the class of the error."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return np.array(image.convert("RGB"))
    except (OSError, SyntaxError, ValueError) as error:
        return type(error)


def same(content):
    """Tells whether what is read of a file is what Pillow and the host make of it, unless it is left to them."""
    try:
        image = reading._decoded(content)
    except (OSError, SyntaxError, ValueError) as error:
        return type(error) is outcome(content)
    if isinstance(image, bytes):  # left to the host
        return image is content
    return image.mode == "RGB" and np.array_equal(np.array(image), outcome(content))


def is_ours(content):
    return isinstance(reading._decoded(content), Image.Image)


@settings(max_examples=60)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(0, 9), st.integers(0, 9), st.sampled_from([1, 40, 256]))
def test_a_plain_png_has_the_pixels_that_pillow_reads(width, height, seed, level, values):
    pixels = np.random.default_rng(seed).integers(0, values, (height, width, 3), np.uint8)
    content = encoded(np.repeat(pixels, 1 + seed % 3, axis=1), compress_level=level)
    assert is_ours(content)
    assert same(content)


PIXELS = np.random.default_rng(1).integers(0, 256, (4, 5, 3), np.uint8)
ROWS = b"".join(b"\0" + row.tobytes() for row in PIXELS)
GOOD = png(zlib.compress(ROWS))


@pytest.mark.parametrize(
    "content",
    [
        encoded(PIXELS[..., 0]),
        encoded(np.dstack([PIXELS, PIXELS[..., 0]])),
        encoded(PIXELS[..., 0].astype(np.uint16) * 255),
        png(zlib.compress(b"\0" + bytes(range(30)) + b"\0" + bytes(range(30))), height=2, bits=16),
        png(zlib.compress(b"\0\0\1\2\3\4" * 4), kind=3, before=chunk(b"PLTE", bytes(range(15)))),
        encoded(PIXELS, "JPEG"),
        encoded(PIXELS, "BMP"),
    ],
    ids=["grey", "alpha", "16 bit grey", "16 bit", "palette", "JPEG", "BMP"],
)
def test_files_of_other_kinds_are_left_to_the_host(content):
    assert isinstance(outcome(content), np.ndarray)
    assert not is_ours(content)


@pytest.mark.parametrize(
    "before",
    [
        chunk(b"gAMA", struct.pack(">I", 100_000)),
        chunk(b"tRNS", struct.pack(">HHH", *map(int, PIXELS[0, 0]))),
        chunk(b"PLTE", bytes(range(30))),
        chunk(b"sBIT", b"\5\5\5"),
        chunk(b"eXIf", Image.Exif().tobytes() + b"MM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"),
        chunk(b"IDAT", b""),
    ],
    ids=["gamma", "one transparent colour", "suggested palette", "significant bits", "turned", "empty data"],
)
def test_what_a_plain_png_says_beside_its_pixels_changes_none(before):
    assert same(png(zlib.compress(ROWS), before=before))
    assert same(png(zlib.compress(ROWS), after=before))


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_an_animation_is_its_first_frame():
    frames = [Image.fromarray(np.roll(PIXELS, shift)) for shift in range(3)]
    written = io.BytesIO()
    frames[0].save(written, "PNG", save_all=True, append_images=frames[1:], duration=40)
    assert same(written.getvalue())


@pytest.mark.parametrize(
    "stream",
    [
        zlib.compress(ROWS)[:-4],
        zlib.compress(ROWS)[:-1] + b"!",
        zlib.compress(ROWS)[:20],
        zlib.compress(ROWS[:-1]),
        zlib.compress(ROWS[:-16]),
        zlib.compress(ROWS + b"more"),
        zlib.compress(ROWS) + b"more",
        zlib.compress(b"\7" + ROWS[1:]),
        b"",
    ],
)
def test_damaged_rows_are_read_or_refused_as_pillow_does(stream):
    assert same(png(stream))


@settings(max_examples=200)
@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_file_is_read_or_refused_as_pillow_does(place, value, cut):
    damaged = GOOD[:place] if cut else GOOD[:place] + bytes([value]) + GOOD[place + 1 :]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert same(damaged)


def test_without_libpng_files_are_left_to_the_host(monkeypatch):
    def missing(_):
        raise AttributeError("'_OpNamespace' 'image' object has no attribute 'decode_png'")

    monkeypatch.setattr(reading, "decode_png", missing)
    assert not is_ours(GOOD)
