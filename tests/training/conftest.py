"""Fixtures: a tiny model, an empty folder for data, and LLaMA-Factory with the plugin registered."""

from collections.abc import Iterator
from pathlib import Path

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


@pytest.fixture
def host(registered_host: Host) -> Iterator[Host]:
    """The host, with what a configuration changes in it as it was once the test is over."""
    from datasets.arrow_writer import OptimizedTypedSequence
    from llamafactory.data.template import TEMPLATES

    before = {name: dict(vars(template)) for name, template in TEMPLATES.items()}
    narrowing = OptimizedTypedSequence.__init__  # neat_packing replaces it, for good
    yield registered_host
    OptimizedTypedSequence.__init__ = narrowing
    for name, fields in before.items():
        vars(TEMPLATES[name]).update(fields)
