"""Images read several at a time are those that the host reads one by one, in their order; cores are shared."""

import numpy as np
import pytest
from PIL import Image

from llamafactory_embodied.training import reading
from llamafactory_embodied.training.reading import read_images, spare_cores


class Plugin:
    """The host's part: reads, and resizes what is too large."""

    def _regularize_images(self, images, image_max_pixels, image_min_pixels):
        opened = [Image.open(image) for image in images]
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
