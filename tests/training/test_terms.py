"""What a checkpoint was trained with is read from beside it or above it, and a damaged file is named."""

import json
from pathlib import Path

import pytest

from llamafactory_embodied.errors import PolicyError
from llamafactory_embodied.training.terms import read_terms

SIDECAR = {
    "format": "embodied-checkpoint-1",
    "template": "embodied_qwen2_vl",
    "image_max_pixels": 6000,
    "image_min_pixels": 1024,
    "cutoff_len": 1024,
    "prompts": ["brief@1a2b3c4d"],
}


def test_the_sidecar_is_found_beside_the_checkpoint_or_above_it(tmp_path: Path) -> None:
    (tmp_path / "embodied.json").write_text(json.dumps(SIDECAR), encoding="utf-8")
    inner = tmp_path / "checkpoint-100"
    inner.mkdir()
    above = read_terms(inner)
    assert above is not None
    assert (above.template, above.image_max_pixels, above.prompts) == ("embodied_qwen2_vl", 6000, ("brief@1a2b3c4d",))
    (inner / "embodied.json").write_text(json.dumps({**SIDECAR, "image_max_pixels": 7000}), encoding="utf-8")
    beside = read_terms(inner)
    assert beside is not None
    assert beside.image_max_pixels == 7000
    assert read_terms(tmp_path / "elsewhere" / "deep") is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{torn", "is damaged"),
        ("[]", "is damaged"),
        (json.dumps({**SIDECAR, "format": "other-2"}), "has format 'other-2', expected 'embodied-checkpoint-1'"),
        (json.dumps({"format": "embodied-checkpoint-1"}), r"is damaged \(KeyError\('template'\)\)"),
    ],
)
def test_a_damaged_sidecar_is_named(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "embodied.json").write_text(content, encoding="utf-8")
    with pytest.raises(PolicyError, match=message):
        read_terms(tmp_path)
