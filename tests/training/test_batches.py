"""Batches of every supported family against the host's ShareGPT path: ids, labels, masks, positions, pixels."""

from pathlib import Path
from typing import Any

import pytest
from toy_host import DataFolder, Host, configuration, episode

from benchmarks.host import Loaded
from benchmarks.qwen import FAMILIES, Family, write_checkpoint
from llamafactory_embodied.training.tiny_tokenizer import build_tokenizer

BATCH = {"input_ids", "attention_mask", "labels", "position_ids", "image_grid_thw", "pixel_values"}


@pytest.fixture(scope="module", params=FAMILIES, ids=[family.name for family in FAMILIES])
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Family, Path]:
    folder = tmp_path_factory.mktemp(request.param.name)
    write_checkpoint(request.param, build_tokenizer([], 1024, 128), folder)
    return request.param, folder


def batches(loaded: Loaded, rows: Any, ours: bool) -> list[dict[str, Any]]:
    collate = loaded.collator(ours)
    return [collate([dict(row) for row in rows.select(range(start, start + 2))]) for start in (0, 2)]


@pytest.mark.parametrize("whose", ["stock", "ours"])
def test_batches_are_those_of_the_hosts_sharegpt_path(
    registered_host: Host, family: tuple[Family, Path], data: DataFolder, whose: str
) -> None:
    import torch

    kind, checkpoint = family
    host, template = Host(checkpoint), getattr(kind, whose)
    rows = [episode(data.frames(name, 1 + n), name) for n, name in enumerate("abcd")]
    mine = host.preprocess(data, data.add("ours", rows), template=template)
    data.add_sharegpt("theirs", rows)
    stock = host.preprocess(data, "theirs", template=template)
    loaded = Loaded(configuration(checkpoint, data.path, "ours", data.path / "out", template=template))

    for batch, expected in zip(batches(loaded, mine, True), batches(loaded, stock, False), strict=True):
        assert set(batch) == set(expected) >= BATCH
        assert batch["position_ids"].unique(dim=0).shape[0] == 3  # time, height and width differ
        assert all(torch.equal(batch[name], expected[name]) for name in BATCH)


def test_a_window_goes_through_the_model_that_its_stock_truncation_would_end(
    registered_host: Host, family: tuple[Family, Path], data: DataFolder
) -> None:
    kind, checkpoint = family
    host, rows = Host(checkpoint), [episode(data.frames("a", 8), "long")]
    data.add_sharegpt("theirs", rows)
    given = {"template": kind.ours, "cutoff_len": 340 if kind.name.startswith("qwen3") else 200}
    windows = host.preprocess(data, data.add("ours", rows), **given)
    [cut] = host.preprocess(data, "theirs", **given)
    loaded = Loaded(configuration(checkpoint, data.path, "ours", data.path / "out", **given))

    assert len(windows) > 1
    for window in windows:
        loss = loaded.model(**loaded.collator(True)([dict(window)])).loss
        assert loss.isfinite()
    with pytest.raises((ValueError, RuntimeError, IndexError)):
        loaded.model(**loaded.collator(False)([dict(cut)]))
