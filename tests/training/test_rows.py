import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training import rows
from llamafactory_embodied.training.rows import Row, count_rows, read_rows

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUE = st.recursive(st.none() | st.booleans() | st.integers() | TEXT, lambda inner: st.lists(inner, max_size=3))
OBJECT = st.dictionaries(TEXT, VALUE, max_size=4)


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value is read in several steps."""
    monkeypatch.setattr(rows, "_CHUNK_BYTES", 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows")


def write_array(path: Path, values: list[Any], indent: int | None, ascii_only: bool, chunk: int) -> bytes:
    """Writes an array, and sets the reader's step."""
    content = json.dumps(values, indent=indent, ensure_ascii=ascii_only).encode()
    path.write_bytes(content)
    rows._CHUNK_BYTES = chunk
    return content


@pytest.fixture(scope="module", autouse=True)
def _usual_chunks() -> Any:
    usual = rows._CHUNK_BYTES
    yield
    rows._CHUNK_BYTES = usual


@given(
    values=st.lists(OBJECT | st.integers(), max_size=6),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
    chunk=st.integers(1, 80),
)
def test_an_array_is_read_as_json_reads_it_whatever_the_step(
    folder: Path, values: list[Any], indent: int | None, ascii_only: bool, chunk: int
) -> None:
    path = folder / "array.json"
    content = write_array(path, values, indent, ascii_only, chunk)
    read = list(read_rows(path))
    assert [row.value for row in read] == [value if isinstance(value, dict) else None for value in values]
    assert count_rows(path) == len(values)
    lines = content.splitlines() if b"\n" in content and values else []
    for row in read if indent == 0 else ():
        assert lines[row.line - 1].startswith((b"{", b"-", *(b"%d" % digit for digit in range(10))))


@given(values=st.lists(OBJECT, min_size=1, max_size=4), chunk=st.integers(1, 80), data=st.data())
def test_an_array_that_is_cut_off_anywhere_gives_its_whole_rows_and_one_finding(
    folder: Path, values: list[Any], chunk: int, data: st.DataObject
) -> None:
    path = folder / "array.json"
    content = write_array(path, values, None, True, chunk)
    end = data.draw(st.integers(1, len(content) - 1))
    path.write_bytes(content[:end])
    *whole, last = list(read_rows(path))
    ends = [len(json.dumps(values[: count + 1])) - 1 for count in range(len(values))]
    assert [row.value for row in whole] == values[: sum(place <= end for place in ends)]
    assert last.value is None
    assert "not JSON" in last.problem


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (b'[{"a": 1}\n {"b": 2}]', 2, "not JSON (, or ] expected, byte 11 of the file)"),
        (b'[{"a": 1},\n]', 2, "not JSON (Expecting value, byte 11 of the file)"),
        (b'[{"a": 1}]\n\n{"b": 2}', 3, "not JSON (text after the array's end, byte 12 of the file)"),
        (b'[{"a": 1},\n{"b": tru}]', 2, "not JSON (Expecting value, byte 17 of the file)"),
        ('[{"a": "üü"},\n{"b" 1}]'.encode(), 2, "not JSON (Expecting ':' delimiter, byte 21 of the file)"),
    ],
)
@pytest.mark.usefixtures("small_chunks")
def test_damage_in_an_array_is_told_with_line_and_byte(tmp_path: Path, text: bytes, line: int, problem: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text)
    first, last = read_rows(path)
    assert first.value is not None
    assert last.line == line
    assert last.problem.startswith(problem)


@pytest.mark.usefixtures("small_chunks")
def test_a_row_of_an_array_that_is_not_utf_8_is_lost_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"a": 1},\n{"b": "x\xffx"}, {"c": 3}]')
    first, second, third = read_rows(path)
    assert (first.value, second.value, third.value) == ({"a": 1}, None, {"c": 3})
    assert second.line == 2
    assert "byte 19 of the file" in second.problem


def test_an_array_is_not_held_whole(tmp_path: Path) -> None:
    import tracemalloc

    path = tmp_path / "a.json"
    path.write_text(json.dumps([{"id": number, "text": "word " * 200} for number in range(5000)], indent=1))
    tracemalloc.start()
    assert sum(row.value is not None for row in read_rows(path)) == 5000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 5_000_000
    assert peak < 1_500_000


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'\xef\xbb\xbf[{"a": 1}]')
    assert [row.value for row in read_rows(path)] == [{"a": 1}]


def test_nesting_without_end_is_damage(tmp_path: Path) -> None:
    for text in ("[" * 100_000, '{"a": ' * 100_000):
        path = tmp_path / "a.json"
        path.write_text(text)
        (row,) = read_rows(path)
        assert row.value is None


def test_whole_lines_and_blank_lines_pass(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "a"}\n\n{"id": "b"}')
    assert list(read_rows(path)) == [Row(1, {"id": "a"}), Row(3, {"id": "b"})]


@pytest.mark.parametrize("array", [False, True])
def test_parts_of_a_file_are_its_rows_once_each(tmp_path: Path, array: bool) -> None:
    path = tmp_path / "a.json"
    rows = [{"id": str(number)} for number in range(10)]
    path.write_text(json.dumps(rows) if array else "".join(json.dumps(row) + "\n" for row in rows))
    parts = [[row.value for row in read_rows(path, part, 3)] for part in range(3)]
    assert parts == [rows[part::3] for part in range(3)]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b'{"id": "b", "mess', r"line 2: not JSON \(.*, byte 24 of .* no end, as if its writer had been stopped"),
        (b'{"id": "b"}}\n', "line 2: not JSON .Extra data, byte 23 of the file"),
        (b"[1]\n", "line 2: expected a JSON object, got list"),
        (b'{"id": "\xff"}\n', "line 2: not JSON .not UTF-8: .*, byte 20 of the file"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": "a"}\n' + line)
    first, damaged = read_rows(path)
    assert first == Row(1, {"id": "a"})
    assert re.search(message, f"line {damaged.line}: {damaged.problem}")


@pytest.mark.parametrize("keep", [0.0, 0.5, 0.95])
def test_a_parquet_file_that_is_cut_off_is_one_clear_error(tmp_path: Path, keep: float) -> None:
    from datasets import Dataset

    path = tmp_path / "a.parquet"
    Dataset.from_list([{"id": str(number)} for number in range(100)]).to_parquet(path)
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    with pytest.raises(DataError, match=r"a\.parquet is not Parquet"):
        list(read_rows(path))


def test_a_torn_last_line_is_named_when_the_host_loads_the_file(host: Host, data: DataFolder) -> None:
    whole = json.dumps(episode(data.frames("a", 1)))
    data.add("torn", f"{whole}\n{whole[:60]}")
    with pytest.raises(DataError, match=r"torn\.jsonl, line 2: not JSON"):
        host.preprocess(data, "torn")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"id": "a"},\n{"id"', "line 2: not JSON"),
        ('[{"id": "a"},\n7]', "line 2: expected a JSON object, got int: 7"),
    ],
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
