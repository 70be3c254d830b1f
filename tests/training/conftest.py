"""Fixtures: a tiny model, an empty folder for data, and LLaMA-Factory with the plugin registered."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from toy_host import DataFolder, Host


@pytest.fixture
def data(tmp_path: Path) -> DataFolder:
    return DataFolder(tmp_path)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from llamafactory_embodied.training.tiny_model import TinyModelSettings, build_tiny_model

    folder = tmp_path_factory.mktemp("models") / "tiny"
    sizes = {"hidden_size": 32, "intermediate_size": 64, "layers": 1, "heads": 2, "key_value_heads": 2}
    vision = {"vision_layers": 1, "vision_width": 32, "vision_heads": 2}
    return build_tiny_model(TinyModelSettings(output_dir=str(folder), **sizes, **vision))


@pytest.fixture(scope="session")
def registered_host(tiny_checkpoint: Path) -> Host:
    from llamafactory_embodied import register

    register()
    return Host(tiny_checkpoint)


@pytest.fixture(autouse=True, scope="module")
def narrowing() -> Iterator[None]:
    """The types that `datasets` chooses by itself, which `neat_packing` replaces for good."""
    before = _narrowing()
    yield
    if before is not None:
        sys.modules["datasets.arrow_writer"].OptimizedTypedSequence.__init__ = before


def _narrowing() -> Any:
    """What chooses them, where it has been imported."""
    module = sys.modules.get("datasets.arrow_writer")
    return None if module is None else module.OptimizedTypedSequence.__init__


@pytest.fixture
def host(registered_host: Host) -> Iterator[Host]:
    """The host, with what a configuration changes in it as it was once the test is over."""
    from llamafactory.data.template import TEMPLATES

    before, narrowing = {name: dict(vars(template)) for name, template in TEMPLATES.items()}, _narrowing()
    yield registered_host
    sys.modules["datasets.arrow_writer"].OptimizedTypedSequence.__init__ = narrowing
    for name, fields in before.items():
        vars(TEMPLATES[name]).update(fields)
