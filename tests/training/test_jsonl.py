import json
from pathlib import Path

import pytest
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.jsonl import read_rows


def test_whole_lines_and_blank_lines_pass(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a"}\n\n{"id": "b"}')
    assert list(read_rows(path)) == [{"id": "a"}, {"id": "b"}]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id": "b", "mess', "line 2: not JSON .* no end, as if its writer had been stopped"),
        (b'{"id": "b"}}\n', "line 2: not JSON"),
        (b"[1]\n", "line 2: expected a JSON object, got list"),
        (b'{"id": "\xff"}\n', "line 2: not JSON"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": "a"}\n' + line)
    with pytest.raises(DataError, match=rf"a\.jsonl, {message}"):
        list(read_rows(path))


def test_a_torn_last_line_is_named_when_the_host_loads_the_file(host: Host, data: DataFolder) -> None:
    whole = json.dumps(episode(data.frames("a", 1)))
    data.add("torn", f"{whole}\n{whole[:60]}")
    with pytest.raises(DataError, match=r"torn\.jsonl, line 2: not JSON"):
        host.preprocess(data, "torn")


@pytest.mark.parametrize(
    ("text", "message"),
    [('[{"id": "a"},\n{"id"', "line 2: not JSON"), ('[{"id": "a"},\n7]', "row 1: expected a JSON object, got int: 7")],
)
def test_damage_in_an_array_is_named(host: Host, data: DataFolder, text: str, message: str) -> None:
    (data.path / "array.json").write_text(text)
    data.add("array", [], file_name="array.json")
    with pytest.raises(DataError, match=rf"array\.json, {message}"):
        host.preprocess(data, "array")


def test_a_damaged_file_of_others_gives_the_hosts_own_error(host: Host, data: DataFolder) -> None:
    from datasets.exceptions import DatasetGenerationError

    data.add("torn", '{"id": "a"}\n{"id"', formatting="sharegpt")
    with pytest.raises(DatasetGenerationError):
        host.preprocess(data, "torn")
