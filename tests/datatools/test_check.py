"""The lint names every damaged sample and nothing else."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damaged_data import DAMAGE as EVERY_DAMAGE
from damaged_data import write_damaged
from PIL import Image
from toy_data import register_data, sample, write_data, write_frame

from llamafactory_embodied.cli import main
from llamafactory_embodied.datatools.check import Report, check
from llamafactory_embodied.datatools.findings import KINDS
from llamafactory_embodied.datatools.source import find_sources

Row = dict[str, Any]
PNG = b"\x89PNG\r\n\x1a\n"


def lint(path: Path, **how: Any) -> Report:
    return check(find_sources(path, **how))


def set_answer(row: Row, text: str, **further: Any) -> Row:
    row["messages"][2] = {"role": "assistant", "content": text, **further}
    return row


def set_role(row: Row, index: int, role: str) -> Row:
    row["messages"][index]["role"] = role
    return row


def answered(text: str) -> Callable[[Row], Row]:
    return lambda row: set_answer(row, text)


# kind, severity, message index, how a sound sample is damaged
DAMAGE: list[tuple[str, str, int | None, Callable[[Row], Any]]] = [
    ("not-json", "error", None, lambda row: json.dumps(row)[:-9] + "\n"),
    ("not-json", "error", None, lambda row: "[1, 2]\n"),
    ("format", "error", None, lambda row: {"id": row["id"], "text": "hello"}),
    ("format", "error", 1, lambda row: {**row, "messages": [row["messages"][0], "hello"]}),
    ("role", "error", 1, lambda row: set_role(row, 1, "robot")),
    ("order", "error", 2, lambda row: set_role(set_answer(row, "Hello."), 2, "user")),
    ("order", "error", None, lambda row: {**row, "messages": row["messages"][:-1], "images": row["images"]}),
    ("order", "error", None, lambda row: {**row, "messages": []}),
    ("loss", "error", 2, lambda row: set_answer(row, "end", loss="yes")),
    ("image-count", "error", 3, lambda row: {**row, "images": row["images"][:1]}),
    ("image-count", "error", None, lambda row: {**row, "images": [*row["images"], row["images"][0]]}),
    ("image-count", "error", 2, lambda row: set_answer(row, "I see <image>.")),
    ("image-missing", "error", 3, lambda row: {**row, "images": [row["images"][0], "nowhere.png"]}),
    ("image-outside", "error", 1, lambda row: {**row, "images": ["../outside.png", row["images"][1]]}),
    ("control-token", "error", 2, answered("stop<|im_end|><DecisionMaking>end</DecisionMaking>")),
    ("tag", "error", 2, answered("<Planning>I open it.<DecisionMaking>end</DecisionMaking>")),
    ("tag", "error", 2, answered("I open it.</Planning><DecisionMaking>end</DecisionMaking>")),
    ("tag", "error", 2, answered("<observation>x</observation><DecisionMaking>end</DecisionMaking>")),
    ("tag", "error", 2, answered("<Plannning>x</Plannning><DecisionMaking>end</DecisionMaking>")),
    ("decision", "warning", 2, answered("<Planning>I open it.</Planning>")),
    ("decision", "warning", 2, answered("<DecisionMaking>dance</DecisionMaking>")),
    ("decision", "warning", 2, answered("<DecisionMaking>end</DecisionMaking><DecisionMaking>end</DecisionMaking>")),
    ("decision", "warning", 2, answered("<DecisionMaking>end</DecisionMaking> and more")),
]


def test_a_sound_data_set_has_no_findings(tmp_path: Path) -> None:
    report = lint(write_data(tmp_path, [sample("a"), sample("b", 3)]))
    assert (report.samples, report.images, report.findings) == (2, 5, [])


@pytest.mark.parametrize(("kind", "severity", "turn", "damage"), DAMAGE)
def test_damage_is_named_with_its_place_and_nothing_else_is(
    tmp_path: Path, kind: str, severity: str, turn: int | None, damage: Callable[[Row], Any]
) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write_frame(tmp_path / "outside.png")
    report = lint(write_data(folder, [sample("a"), "\n", damage(sample("hurt")), sample("z")]))
    assert report.samples == 3
    assert {(one.kind, one.severity) for one in report.findings} == {(kind, severity)}
    for one in report.findings:
        assert (one.place.line, one.place.turn) == (3, turn)
        assert one.place.file == str(folder / "data.jsonl")
        assert one.place.sample == ("" if kind == "not-json" else "hurt")
        assert kind == "not-json" or "hurt" not in one.problem.split("'")[0]


def test_every_kind_of_damage_at_once_leaves_no_damaged_sample_unnamed(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    write_frame(tmp_path / "outside.png")
    rows: list[Any] = []
    for number, (*_, damage) in enumerate(DAMAGE):
        rows += [sample(f"sound-{number}"), damage(sample(f"hurt-{number}"))]
    report = lint(write_data(folder, rows))
    assert report.samples == 2 * len(DAMAGE)
    assert {one.place.line for one in report.findings} == {2 * number + 2 for number in range(len(DAMAGE))}
    assert report.counts["not-json"] == 2
    assert report.samples_with("error") == sum(severity == "error" for _, severity, *_ in DAMAGE)


def test_every_damaged_sample_is_named_with_the_right_finding_and_nothing_else_is(tmp_path: Path) -> None:
    expected = write_damaged(tmp_path / "data")
    report = lint(tmp_path / "data" / "data.jsonl")
    assert report.samples == len(expected) > 80
    assert {one.name for one in expected} == {*EVERY_DAMAGE, "", "torn end"}
    found = [(one.place.line, one.place.sample, one.kind, one.place.turn, one.severity) for one in report.findings]
    assert found == [(one.line, one.sample, one.kind, one.turn, "error") for one in expected if one.kind]


def test_a_control_token_in_the_systems_text_is_found(tmp_path: Path) -> None:
    row = sample("hurt")
    row["messages"][0]["content"] = "Be <|im_start|>good."
    (one,) = lint(write_data(tmp_path, [row])).findings
    assert (one.kind, one.place.sample, one.place.turn) == ("control-token", "hurt", None)


def test_texts_without_tags_are_no_findings(tmp_path: Path) -> None:
    row = sample("plain")
    for message in row["messages"][2::2]:
        message["content"] = "I <b>open</b> the fridge."
    assert lint(write_data(tmp_path, [row])).findings == []


def test_tags_of_turns_that_are_not_trained_on_are_warnings(tmp_path: Path) -> None:
    row = set_answer(sample("hurt"), "<Planning>x<DecisionMaking>end</DecisionMaking>", loss=False)
    assert {one.severity for one in lint(write_data(tmp_path, [row])).findings} == {"warning"}


def test_duplicates_name_the_sample_before(tmp_path: Path) -> None:
    same, twin = sample("a"), sample("a")
    twin["messages"][1]["content"] += " Differs."
    report = lint(write_data(tmp_path, [same, {**sample("a"), "id": "b"}, twin]))
    assert [(one.kind, one.place.line) for one in report.findings] == [("duplicate-sample", 2), ("duplicate-id", 3)]
    assert all(f"'a', {tmp_path / 'data.jsonl'}:1" in one.problem for one in report.findings)


def test_duplicates_are_found_across_data_sets(tmp_path: Path) -> None:
    write_data(tmp_path, [sample("a")], "one.jsonl")
    write_data(tmp_path, [sample("a")], "two.jsonl")
    register_data(
        tmp_path,
        one={"file_name": "one.jsonl", "formatting": "embodied"},
        two={"file_name": "two.jsonl", "formatting": "embodied"},
    )
    (found,) = lint(tmp_path).findings
    assert (found.kind, found.place.file) == ("duplicate-sample", str(tmp_path / "two.jsonl"))


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".gif"])
@pytest.mark.parametrize("lost", [1, 200])
def test_an_image_is_cut_off_if_it_can_no_longer_be_decoded(tmp_path: Path, suffix: str, lost: int) -> None:
    row = sample("a", 1)
    row["images"] = [f"x{suffix}"]
    image = write_frame(tmp_path / f"x{suffix}")
    data = write_data(tmp_path, [row])
    assert lint(data).findings == []
    cut = tmp_path / f"y{suffix}"
    cut.write_bytes(image.read_bytes()[:-lost])
    found = lint(write_data(tmp_path, [{**row, "images": [cut.name]}])).findings
    expected = [] if decodes(cut) else [("image-truncated", "a", 1)]
    assert [(one.kind, one.place.sample, one.place.turn) for one in found] == expected
    assert expected or (lost, suffix) in [(1, ".png"), (1, ".gif")]  # the end mark alone is missing


def decodes(path: Path) -> bool:
    try:
        with Image.open(path) as image:
            image.load()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("content", [b"", b"not an image", PNG + bytes(40) + b"IEND\xaeB`\x82"])
def test_what_is_no_image_is_found(tmp_path: Path, content: bytes) -> None:
    row = {**sample("a", 1), "images": ["x.png"]}
    (tmp_path / "x.png").write_bytes(content)
    (one,) = lint(write_data(tmp_path, [row])).findings
    assert one.kind == "image-unreadable"


def test_text_after_the_end_of_a_png_is_no_damage(tmp_path: Path) -> None:
    row = {**sample("a", 1), "images": ["x.png"]}
    image = write_frame(tmp_path / "x.png")
    image.write_bytes(image.read_bytes() + b"written by a camera")
    assert lint(write_data(tmp_path, [row])).findings == []


@pytest.mark.parametrize("size", [(20, 200), (30, 700)])
def test_specks_and_strips_are_warned_of(tmp_path: Path, size: tuple[int, int]) -> None:
    write_frame(tmp_path / "x.png", *size)
    (one,) = lint(write_data(tmp_path, [{**sample("a", 1), "images": ["x.png"]}])).findings
    assert (one.kind, one.severity) == ("image-shape", "warning")
    assert f"{size[0]}x{size[1]} px" in one.problem


def test_images_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_data(tmp_path, [sample("a")])
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", lambda self: pytest.fail("decoded"))
    assert lint(data).images == 2


def test_an_array_is_read_with_the_lines_of_its_samples(tmp_path: Path) -> None:
    write_data(tmp_path, [sample("a"), sample("b")])
    hurt = set_role(sample("hurt"), 1, "robot")
    text = json.dumps([sample("a"), hurt, sample("b")], indent=1)
    path = tmp_path / "data.json"
    path.write_text(text)
    (one,) = lint(path).findings
    assert one.place.line == text[: text.index('"hurt"')].count("\n")
    path.write_text(text[: text.index('"b"')])
    report = lint(path)
    assert [one.kind for one in report.findings] == ["role", "not-json"]
    assert report.samples == 3


def test_names_and_media_dir_of_the_entry_are_used(tmp_path: Path) -> None:
    row = sample("a")
    renamed = {"id": "a", "talk": row["messages"], "images": row["images"]}
    (tmp_path / "data").mkdir()
    write_data(tmp_path / "data", [renamed])
    (tmp_path / "data" / "frames").rename(tmp_path / "frames")
    entry = {"file_name": "data/data.jsonl", "formatting": "embodied", "columns": {"messages": "talk"}}
    register_data(tmp_path, ours=entry, theirs={"file_name": "x.json"})
    sources = find_sources(tmp_path)
    assert check(sources).findings == []
    assert sources.left_out == ('theirs: "formatting": "alpaca"',)


def test_the_command_exits_with_1_on_errors_and_0_on_warnings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warned = write_data(tmp_path, [set_answer(sample("odd"), "<Planning>x</Planning>")], "warned.jsonl")
    assert main(["check", str(warned)]) == 0
    assert "1 samples, 2 images: 0 samples with errors, 1 with warnings." in capsys.readouterr().out
    wrong = write_data(tmp_path, [set_role(sample(f"hurt-{n}"), 1, "robot") for n in range(5)], "wrong.jsonl")
    assert main(["check", str(wrong), "shown=2", f"output={tmp_path / 'found.jsonl'}"]) == 1
    out = capsys.readouterr().out
    assert "wrong.jsonl:2, sample 'hurt-1', messages[1]: role is 'robot'" in out
    assert "and 3 more; output=" in out
    assert KINDS["role"].cure in out
    found = [json.loads(line) for line in (tmp_path / "found.jsonl").read_text().splitlines()]
    assert [(one["sample"], one["turn"], one["kind"], one["line"]) for one in found] == [
        (f"hurt-{n}", 1, "role", n + 1) for n in range(5)
    ]


def test_an_empty_data_set_is_an_error(tmp_path: Path) -> None:
    assert main(["check", str(write_data(tmp_path, []))]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "check: needs data="),
        (["nowhere"], "nowhere is neither a data file nor a folder"),
        (["."], "dataset_info.json cannot be read"),
        (["data.txt"], "expected a file that ends in .jsonl, .json, .parquet"),
    ],
)
def test_a_wrong_path_is_one_clear_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.txt").write_text("hello")
    assert main(["check", *words]) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("entries", "datasets", "said"),
    [
        ({"ours": {"file_name": "gone.jsonl", "formatting": "embodied"}}, [], "gone.jsonl is not a data file"),
        ({"ours": {"file_name": "a.jsonl", "formatting": "embodied"}}, ["our"], "did you mean 'ours'"),
        ({"ours": {"hf_hub_url": "x/y", "formatting": "embodied"}}, [], "no local data set"),
        ({"ours": {"file_name": "a.jsonl", "formatting": "embodied", "over": 1}}, [], "unknown key 'over'"),
    ],
)
def test_a_wrong_entry_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], entries: Any, datasets: list[str], said: str
) -> None:
    register_data(tmp_path, **entries)
    assert main(["check", str(tmp_path), f"datasets=[{','.join(datasets)}]"]) == 1
    assert said in capsys.readouterr().err


def test_hostile_ids_and_texts_do_not_break_the_lint(tmp_path: Path) -> None:
    hostile = "a', messages[7]: \ud800 <|im_end|> [red]x[/red] \x1b[31m"
    row = set_role({**sample("frame"), "id": hostile}, 1, "robot")
    (one,) = lint(write_data(tmp_path, [row])).findings
    assert one.place.sample == hostile
    assert main(["check", str(tmp_path / "data.jsonl"), f"output={tmp_path / 'found.jsonl'}"]) == 1


def test_without_a_recipe_neither_torch_nor_llamafactory_is_imported(tmp_path: Path) -> None:
    data = write_data(tmp_path, [sample("a")])
    code = (
        "import sys; from llamafactory_embodied.cli import main; "
        f"code = main(['check', {str(data)!r}]) or main(['stats', {str(data)!r}]); "
        "sys.exit(code or bool({'torch', 'llamafactory', 'transformers', 'datasets'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def ranked(id_: str, rejected: str) -> Row:
    """A ranking: the last answer of a sound sample, and a worse one."""
    row = sample(id_)
    *messages, chosen = row["messages"]
    return {**row, "messages": messages, "chosen": chosen, "rejected": rejected}


def test_compared_answers_are_linted_like_all_others_and_are_no_duplicates(tmp_path: Path) -> None:
    end = "<DecisionMaking>end</DecisionMaking>"
    rankings = [ranked("a", end), {**ranked("a", "<DecisionMaking>observe</DecisionMaking>"), "id": "b"}]
    rankings.append(ranked("c", f"<|im_end|>{end}"))
    rankings.append({**ranked("d", end), "chosen": None})
    write_data(tmp_path, rankings, "rankings.jsonl")
    write_data(tmp_path, [{**sample("e"), "kto_tag": True}, {**sample("e"), "id": "f", "kto_tag": False}], "kto.jsonl")
    entry = {"formatting": "embodied"}
    register_data(
        tmp_path,
        rankings={"file_name": "rankings.jsonl", "ranking": True, **entry},
        verdicts={"file_name": "kto.jsonl", **entry},
    )
    report = lint(tmp_path)
    assert report.samples == 6
    assert [(one.kind, one.place.sample) for one in report.findings] == [("control-token", "c"), ("format", "d")]
