"""Packing names what is damaged, gives the same bytes again, and writes what a hub reads."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from damaged_data import write_damaged
from toy_data import sample, write_data

from llamafactory_embodied.cli import main


def pack(data: Path, output: Path, *words: str) -> int:
    return main(["pack", str(data), f"output_dir={output}", *words])


def shards(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((folder / "data").iterdir())}


def ids(folder: Path) -> list[str]:
    from pyarrow import parquet

    return [id_ for path in sorted((folder / "data").iterdir()) for id_ in parquet.read_table(path)["id"].to_pylist()]


def test_the_same_data_gives_the_same_bytes_and_a_seed_another_order(tmp_path: Path) -> None:
    data = write_data(tmp_path, [sample(f"s{number}") for number in range(12)])
    shuffled = ("shuffle=true", "seed=3")
    for name, words in {"a": (), "b": (), "c": shuffled, "d": shuffled, "e": ("shuffle=true", "seed=4")}.items():
        assert pack(data, tmp_path / name, "shards=3", *words) == 0
    assert shards(tmp_path / "a") == shards(tmp_path / "b")
    assert len(shards(tmp_path / "a")) == 3
    assert shards(tmp_path / "c") == shards(tmp_path / "d")
    assert ids(tmp_path / "a") == [f"s{number}" for number in range(12)]
    orders = [ids(tmp_path / name) for name in "ace"]
    assert len(set(map(tuple, orders))) == 3
    assert all(sorted(order) == sorted(orders[0]) for order in orders)


def test_damaged_samples_are_refused_by_name_and_nothing_is_left_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = [one for one in write_damaged(tmp_path / "data") if one.kind]
    assert pack(tmp_path / "data/data.jsonl", tmp_path / "out") == 1
    error = capsys.readouterr().err
    assert f"{len(damaged)} damaged samples" in error
    assert all(f"data.jsonl:{one.line}, sample {one.sample!r}" in error for one in damaged[:10])
    assert not (tmp_path / "out").exists()


def test_damaged_samples_are_left_out_by_name_on_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = write_damaged(tmp_path / "data")
    assert pack(tmp_path / "data/data.jsonl", tmp_path / "out", "on_error=skip") == 0
    damaged = [one for one in expected if one.kind]
    out = capsys.readouterr().out
    assert f"{len(damaged)} damaged samples are left out" in out
    assert all(f"data.jsonl:{one.line}, sample {one.sample!r}" in out for one in damaged[:10])
    assert ids(tmp_path / "out") == [one.sample for one in expected if not one.kind]


def test_a_stopped_call_starts_anew_and_a_finished_one_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_data(tmp_path, [sample("a"), sample("b")])

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("pyarrow.parquet.ParquetWriter.write_table", stop)
        assert pack(data, tmp_path / "out") == 130
    assert not (tmp_path / "out").exists()
    assert pack(data, tmp_path / "out") == 0
    assert ids(tmp_path / "out") == ["a", "b"]
    assert not (tmp_path / "out.tmp").exists()
    assert pack(data, tmp_path / "out") == 1
    assert "is there already" in capsys.readouterr().err


def test_a_hub_reads_the_card_and_knows_that_images_are_images(tmp_path: Path) -> None:
    from datasets import Image, load_dataset

    assert pack(write_data(tmp_path, [sample("a", 3)]), tmp_path / "out") == 0
    front = yaml.safe_load((tmp_path / "out/README.md").read_text().split("---\n")[1])
    assert front["configs"] == [{"config_name": "data", "data_files": [{"split": "train", "path": "data/*.parquet"}]}]
    (row,) = load_dataset(str(tmp_path / "out"), "data", split="train", cache_dir=str(tmp_path / "cache"))
    assert [image.size for image in row["images"]] == [(56, 56)] * 3
    stream = load_dataset(str(tmp_path / "out"), "data", split="train", streaming=True)
    assert isinstance(stream.features["images"].feature, Image)
