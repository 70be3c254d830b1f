"""Image files -> images of the size that the host wants, several at a time.

Decoding and resizing go without Python's lock, so a few threads take a fraction of the time that one image after the
other takes; the pixels are those of the host's own code, which is what runs in each thread, but for the decoding of
plain PNG files. With the environment variable `LLAMAFACTORY_EMBODIED_RESIZE=fast` large images are resized by
torchvision in a fifth of Pillow's time; a value then differs by at most 2 of 255 (the most in 300 images of noise).
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import numpy as np
import torch
from PIL import Image
from torchvision.io import decode_png, read_file
from torchvision.transforms.v2.functional import InterpolationMode, resize

RESIZE = "LLAMAFACTORY_EMBODIED_RESIZE"
_MOST_THREADS = 8


def read_images(plugin: Any, processor: Any, images: Sequence[Any]) -> list[Any]:
    """Reads and resizes images as the host does.

    Args:
        plugin: The host's plugin of the template.
        processor: The processor, which carries the host's limits.
        images: Paths, bytes, or Pillow images.

    Returns:
        Pillow images, in the same order; the host leaves them as they are.

    Raises:
        OSError: A file cannot be read.
    """
    limits = {"image_max_pixels": processor.image_max_pixels, "image_min_pixels": processor.image_min_pixels}

    shrink = _shrunk if os.environ.get(RESIZE) == "fast" else _as_it_is

    def read(image: Any) -> Any:
        given = shrink(_decoded(image), processor.image_max_pixels)
        regular = plugin._regularize_images([given], **limits)["images"][0]
        regular.load()
        return regular

    threads = min(_MOST_THREADS, len(images), spare_cores())
    if threads <= 1:
        return [read(image) for image in images]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(read, images))


def _decoded(image: Any) -> Any:
    """A PNG file of RGB with 8 bits each, decoded by torchvision in less time than by Pillow; else what came.

    Its libpng refuses what Pillow refuses and more, such as a wrong checksum: what it refuses is left to Pillow.
    """
    if not isinstance(image, (str, bytes)):
        return image
    with _opened(image) as opened:
        if opened.format != "PNG" or [tile[3] for tile in opened.tile] != ["RGB"]:
            return image
    content = read_file(image) if isinstance(image, str) else torch.frombuffer(bytearray(image), dtype=torch.uint8)
    try:
        return Image.fromarray(decode_png(content).permute(1, 2, 0).numpy())
    except (AttributeError, RuntimeError):  # the former where torchvision was built without libpng
        return image


def _opened(image: str | bytes) -> Image.Image:
    return Image.open(image if isinstance(image, str) else BytesIO(image))


def _as_it_is(image: Any, most_pixels: int) -> Any:
    return image


def _shrunk(image: Any, most_pixels: int) -> Any:
    """An image that is too large for the host, in the size that the host would give it; the host then leaves it so."""
    opened = _opened(image) if isinstance(image, (str, bytes)) else image
    if not isinstance(opened, Image.Image) or opened.mode != "RGB" or opened.width * opened.height <= most_pixels:
        return opened
    factor = math.sqrt(most_pixels / (opened.width * opened.height))
    size = [int(opened.height * factor), int(opened.width * factor)]
    pixels = torch.from_numpy(np.array(opened)).permute(2, 0, 1)[None]
    resized = resize(pixels, size, InterpolationMode.BICUBIC, antialias=True)
    return Image.fromarray(resized[0].permute(1, 2, 0).numpy())


def spare_cores() -> int:
    """How many cores are for this process: all of them shared by the ranks of the machine and their workers."""
    from torch.utils.data import get_worker_info

    worker = get_worker_info()
    processes = int(os.environ.get("LOCAL_WORLD_SIZE", "1")) * (1 if worker is None else worker.num_workers)
    return max(1, (os.cpu_count() or 1) // processes)
