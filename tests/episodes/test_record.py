"""Files that grow by lines, whatever an interruption left at their end."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafactory_embodied.episodes.record import append_record, frame_name, order_records, read_records
from llamafactory_embodied.errors import RecordError
from llamafactory_embodied.files import append_line, read_lines, replace_file

FORMAT = "embodied-episode-2"


def record(name, **more):
    return {"format": FORMAT, "id": name, "message": "café ‹ 日本", **more}


def ids(folder):
    return [one["id"] for one in read_records(folder)]


def test_records_come_back_in_order(tmp_path):
    for name in "abc":
        append_record(tmp_path, record(name))
    assert ids(tmp_path) == ["a", "b", "c"]
    assert next(iter(read_records(tmp_path))) == record("a")


def test_no_file_is_no_records(tmp_path):
    assert ids(tmp_path) == []


def test_wherever_the_last_line_is_torn_it_is_owed_again_and_nothing_else_is_lost(tmp_path):
    append_record(tmp_path, record("a"))
    path = tmp_path / "episodes.jsonl"
    whole, line = path.read_bytes(), (json.dumps(record("b"), ensure_ascii=False) + "\n").encode()
    assert len(line) > len(line.decode())  # it holds characters of several bytes, so some cuts split one
    for cut in range(len(line)):
        path.write_bytes(whole + line[:cut])
        read = ids(tmp_path)
        append_record(tmp_path, record("c"))
        assert read == (["a", "b"] if cut == len(line) - 1 else ["a"])
        assert ids(tmp_path) == [*read, "c"]


@given(st.binary(max_size=30))
@settings(max_examples=60)
def test_after_any_rubbish_at_the_end_one_can_go_on(tmp_path_factory, rubbish):
    path = tmp_path_factory.mktemp("run") / "lines.jsonl"
    path.write_bytes(b'{"n": 1}\n' + rubbish.replace(b"\n", b""))
    before = [value for _, value in read_lines(path)]
    append_line(path, '{"n": 2}')
    assert [value for _, value in read_lines(path)] == [*before, {"n": 2}]


@pytest.mark.parametrize("line", [b"{torn", b"\xe6\x97", b'{"format": "other"}', b"[]", b"3"])
def test_a_damaged_line_before_the_last_is_an_error_that_names_it(tmp_path, line):
    append_record(tmp_path, record("a"))
    with (tmp_path / "episodes.jsonl").open("ab") as file:
        file.write(line + b"\n" + json.dumps(record("b")).encode() + b"\n")
    with pytest.raises(RecordError, match=r"episodes\.jsonl:2 is not"):
        ids(tmp_path)


def test_records_are_put_into_the_order_of_their_tasks(tmp_path):
    for name in "cab":
        append_record(tmp_path, record(name))
    order_records(tmp_path, ["a", "b", "c"])
    assert ids(tmp_path) == ["a", "b", "c"]


def test_a_file_that_is_in_order_is_not_touched(tmp_path):
    append_record(tmp_path, record("a"))
    before = (tmp_path / "episodes.jsonl").stat().st_ino
    order_records(tmp_path, ["a"])
    assert (tmp_path / "episodes.jsonl").stat().st_ino == before


def test_a_file_is_replaced_whole_and_leaves_no_other(tmp_path):
    replace_file(tmp_path / "deep" / "one.txt", "old")
    replace_file(tmp_path / "deep" / "one.txt", "new")
    assert [path.read_text() for path in (tmp_path / "deep").iterdir()] == ["new"]


def test_frame_names_stay_inside_the_run_folder():
    assert frame_name("a/../../b|c", 7) == "frames/a_.._.._b_c/007.png"
