"""What the tools say under a recipe is what the host's own code makes of the data."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from toy_data import register_data, sample, write_data, write_frame

from llamafactory_embodied.cli import main
from llamafactory_embodied.datatools.check import Report, check
from llamafactory_embodied.datatools.recipe import Recipe
from llamafactory_embodied.datatools.show import KINDS, find_sample, view
from llamafactory_embodied.datatools.source import find_sources
from llamafactory_embodied.datatools.stats import gather
from llamafactory_embodied.datatools.text_rules import CONTROL_TOKEN
from llamafactory_embodied.errors import DataError
from llamafactory_embodied.training.columns import CONTEXT, ERROR, ID, LOSS, ON_ERROR, OVERFLOW, PROMPTS

BASE = Path(__file__).parents[2] / "recipes" / "demo" / "base"


def write_recipe(folder: Path, **further: Any) -> Path:
    recipe = {
        "model_name_or_path": str(BASE),
        "template": "embodied_qwen2_vl",
        "dataset_dir": str(folder),
        "dataset": "ours",
        "cutoff_len": 4096,
        "bf16": True,
    }
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe | further))
    return folder / "recipe.yaml"


def write_ours(folder: Path, rows: list[Any], **entry: Any) -> Path:
    write_data(folder, rows)
    register_data(folder, ours={"file_name": "data.jsonl", "formatting": "embodied", **entry})
    return write_recipe(folder)


def encoded(recipe: Recipe, row: dict[str, Any]) -> Any:
    (source,) = recipe.sources().found
    return recipe.encode_whole(source.converter(row))


def lint(folder: Path, **further: Any) -> Report:
    recipe = Recipe(write_recipe(folder, **further))
    return check(recipe.sources(), recipe)


def test_every_token_is_shown_once_under_its_kind(tmp_path: Path) -> None:
    row = sample("a", 3)
    row["messages"][2]["loss"] = False
    row["messages"][3]["content"] = "<image><image>Two frames side by side."
    row["images"].insert(1, "frames/wide.png")
    write_frame(tmp_path / "frames/wide.png", 112, 84)
    recipe = Recipe(write_ours(tmp_path, [row]))
    whole = encoded(recipe, row)
    shown = view(recipe, whole)

    assert shown.counts["all"] == len(whole.input_ids) == sum(shown.counts[kind] for kind in KINDS)
    assert shown.counts["trained"] == sum(label >= 0 for label in whole.labels)
    frames = [span.frame for span in shown.spans if span.frame]
    assert [(frame.name, frame.width, frame.height) for frame in frames] == [
        ("a-0.png", 56, 56),
        ("wide.png", 112, 84),
        ("a-1.png", 56, 56),
        ("a-2.png", 56, 56),
    ]
    assert shown.counts["image"] == whole.input_ids.count(recipe.image_token_id) == 4 + 12 + 4 + 4
    texts = {kind: "".join(span.text for span in shown.spans if span.kind == kind) for kind in KINDS}
    answers = [message["content"] for message in row["messages"] if message["role"] == "assistant"]
    squeezed = {kind: "".join(text.split()) for kind, text in texts.items()}
    assert squeezed["trained"] == "".join("".join(f"{answer}<|im_end|>".split()) for answer in answers[1:])
    assert "".join(answers[0].split()) in squeezed["not trained"]
    assert "Youarearobot." in squeezed["system"]
    assert "Twoframessidebyside." in squeezed["user"]


def test_the_page_shows_hostile_text_as_text(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    row = sample("a", 1)
    row["id"] = evil
    row["messages"][1]["content"] += evil
    row["messages"][2]["content"] += evil
    page = tmp_path / "page.html"
    assert main(["show", str(write_ours(tmp_path, [row])), f"output={page}"]) == 0
    html = page.read_text()
    assert "<script" not in html
    assert re.findall(r"<img src=\"?(.{5})", html) == ["data:"]
    assert html.count("&lt;script&gt;") >= 3
    assert 'class="span trained"' in html


def test_a_sample_is_printed_with_what_is_trained_on_in_brackets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(write_ours(tmp_path, [sample("a"), sample("b", 1)])), "id=b"]) == 0
    out = capsys.readouterr().out
    assert "sample 'b'" in out
    assert "⟦<Observation>" in out
    assert "[image 56x56 px, 4 tokens: " in out
    assert re.search(r"system \d+, user \d+, image 4, trained \d+, not trained \d+, all \d+", out)


def test_a_long_sample_is_shown_in_its_windows_with_every_answer_trained_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = sample("long", 8)
    for number, message in enumerate(row["messages"][2::2]):
        message["content"] = f"<Planning>Answer number {number}.</Planning>" + message["content"]
    recipe = Recipe(write_ours(tmp_path, [row]))
    page = tmp_path / "page.html"
    path = write_recipe(tmp_path, cutoff_len=len(encoded(recipe, row).input_ids) // 2)
    assert main(["show", str(path)]) == 0
    windows = re.split(r"sample 'long', window \d of \d", capsys.readouterr().out)[1:]
    assert len(windows) >= 3
    squeezed = ["".join(window.split()) for window in windows]
    for number in range(8):
        trained = [window for window in squeezed if re.search(rf"⟦[^⟧]*Answernumber{number}\.[^⟧]*⟧", window)]
        assert len(trained) == 1
    assert all("[Earlierturnsandimagesareleftouthere.]" in window for window in squeezed[1:])

    assert main(["show", str(path), f"output={page}"]) == 0
    html = page.read_text()
    assert [html.count(f"Window {number} of {len(windows)}") for number in range(1, len(windows) + 1)] == [1] * len(
        windows
    )
    assert html.count("data:image/png") == sum(window.count("[image56x56px,4tokens") for window in squeezed)


@pytest.mark.parametrize(("id_", "said"), [("smaple-7", "such as 'sample-7'"), ("hurt", "conversation is empty")])
def test_a_sample_that_is_not_there_or_damaged_is_one_clear_error(tmp_path: Path, id_: str, said: str) -> None:
    rows = [sample("sample-1"), {**sample("hurt"), "messages": []}, "torn\n", sample("sample-7")]
    sources = find_sources(write_data(tmp_path, rows))
    with pytest.raises(DataError, match=said):
        find_sample(sources, id_)
    assert find_sample(sources, "sample-7")[2] == "sample-7"
    assert find_sample(sources, "")[2] == "sample-1"


def test_what_is_too_long_for_the_recipe_is_named_with_its_length(tmp_path: Path) -> None:
    rows = [sample("short", 1), sample("long", 6)]
    recipe = Recipe(write_ours(tmp_path, rows, overflow="error"))
    short, long = (len(encoded(recipe, row).input_ids) for row in rows)
    assert lint(tmp_path, cutoff_len=long).findings == []
    (one,) = lint(tmp_path, cutoff_len=long - 1).findings
    assert (one.kind, one.severity, one.place.sample, one.place.line) == ("overlong", "error", "long", 2)
    assert f"takes {long} tokens, cutoff_len is {long - 1}" in one.problem
    assert len(lint(tmp_path, cutoff_len=short - 1).findings) == 2


@pytest.mark.parametrize(
    ("overflow", "said"),
    [
        ("window", r"takes \d+ tokens, becomes \d windows"),
        ("drop", r"\d+ tokens > cutoff_len \d+, dropped"),
        ("keep_last", "only the last of its [2-9] windows is kept"),
    ],
)
def test_what_becomes_of_a_sample_that_is_too_long_is_a_warning(tmp_path: Path, overflow: str, said: str) -> None:
    row = sample("long", 6)
    recipe = Recipe(write_ours(tmp_path, [row], overflow=overflow))
    report = lint(tmp_path, cutoff_len=len(encoded(recipe, row).input_ids) * 2 // 3)
    (one,) = report.findings
    assert (one.kind, one.severity, one.place.sample) == ("overlong", "warning", "long")
    assert re.search(said, one.problem)
    windows = re.search(r"becomes (\d) windows", one.problem)
    assert report.rows == (int(windows[1]) if windows else {"drop": 0, "keep_last": 1}[overflow])


def test_an_error_says_which_cutoff_would_do_where_not_even_one_turn_fits(tmp_path: Path) -> None:
    row = sample("long", 3)
    write_ours(tmp_path, [row])
    (one,) = lint(tmp_path, cutoff_len=20).findings
    assert (one.kind, one.severity, one.place.sample) == ("overlong", "error", "long")
    least = int(re.search(r"take up to (\d+) tokens, the limit is 20; raise cutoff_len", one.problem)[1])
    assert [one.severity for one in lint(tmp_path, cutoff_len=least).findings] == ["warning"]
    assert [one.severity for one in lint(tmp_path, cutoff_len=least - 1).findings] == ["error"]


def test_the_check_says_which_cutoff_would_hold_every_sample(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [sample("one", 2), sample("two", 2), sample("three", 2)]
    rows[1]["messages"][3]["content"] += " and look again" * 40
    write_ours(tmp_path, rows)
    assert main(["check", f"recipe={write_recipe(tmp_path, cutoff_len=20)}"]) == 1
    least = int(re.search(r"least cutoff_len .*: (\d+)\.", capsys.readouterr().out)[1])
    assert lint(tmp_path, cutoff_len=least).samples_with("error") == 0
    assert lint(tmp_path, cutoff_len=least - 1).samples_with("error") == 1
    assert main(["check", f"recipe={write_recipe(tmp_path, cutoff_len=least)}"]) == 0
    assert "least cutoff_len" not in capsys.readouterr().out


@settings(max_examples=40)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=300), size=st.integers(28, 600))
def test_what_fits_by_its_bytes_fits_by_its_tokens(recipe: Recipe, tmp_path: Path, text: str, size: int) -> None:
    Image.new("RGB", (size, 56)).save(tmp_path / "a.bmp")
    talk = [{"role": "user", "content": f"<image>{text.replace('<', '')}"}]
    row = {
        **dict.fromkeys(("_videos", "_audios")),
        **{"_prompt": talk, "_response": [{"role": "assistant", "content": f"end {text.replace('<', '')}"}]},
        **{"_system": "", "_tools": "", "_images": [str(tmp_path / "a.bmp")]},
        **{
            ID: "a",
            LOSS: [False, True],
            OVERFLOW: "window",
            CONTEXT: 0.5,
            ON_ERROR: "raise",
            ERROR: None,
            PROMPTS: "",
        },
    }
    tokens = len(recipe.encode_whole(row).input_ids)
    cutoff_len = recipe.data_args.cutoff_len
    assert tokens < 2000 < cutoff_len
    recipe.data_args.cutoff_len = tokens - 1
    try:
        assert not recipe._surely_fits(row)
    finally:
        recipe.data_args.cutoff_len = cutoff_len


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Recipe:
    return Recipe(write_ours(tmp_path_factory.mktemp("recipe"), [sample("a")]))


def test_smaller_images_make_a_sample_fit(tmp_path: Path) -> None:
    row = sample("a", 1)
    write_ours(tmp_path, [row], overflow="error")
    write_frame(tmp_path / "frames/a-0.png", 448, 448)
    assert lint(tmp_path, cutoff_len=200).counts == {"overlong": 1}
    assert lint(tmp_path, cutoff_len=200, image_max_pixels=56 * 56).findings == []


def test_a_damaged_sample_is_not_measured_and_the_next_one_is(tmp_path: Path) -> None:
    hurt = sample("hurt", 6)
    hurt["images"][0] = "nowhere.png"
    write_ours(tmp_path, [hurt, "torn\n", sample("long", 6)], overflow="error")
    assert lint(tmp_path, cutoff_len=60).counts == {"not-json": 1, "image-missing": 1, "overlong": 1}


def test_every_control_token_that_training_refuses_is_found_without_a_recipe(tmp_path: Path) -> None:
    recipe = Recipe(write_ours(tmp_path, [sample("a", 1)]))
    refused = []
    for token in map(str, recipe.tokenizer.added_tokens_decoder.values()):
        row = sample("a", 1)
        row["messages"][1]["content"] += token
        try:
            encoded(recipe, row)
        except DataError:
            refused.append(token)
    assert len(refused) >= 5
    assert all(CONTROL_TOKEN.fullmatch(token) for token in refused)


def test_statistics_under_a_recipe_count_its_tokens(tmp_path: Path) -> None:
    rows = [sample("a", 2), sample("b", 1)]
    recipe = Recipe(write_ours(tmp_path, [*rows, "torn"]))
    statistics = gather(recipe.sources(), recipe)
    whole = [encoded(recipe, row) for row in rows]
    assert statistics.quantities["tokens"] == [len(one.input_ids) for one in whole]
    assert statistics.quantities["image tokens"] == [8, 4]
    assert statistics.quantities["trained tokens"] == [sum(label >= 0 for label in one.labels) for one in whole]
    assert statistics.unreadable == 1


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (None, "Cannot read the configuration"),
        ("[1, 2]", "must be a mapping of keys and values"),
        ("model_name_or_path: x", "must name model_name_or_path and template"),
        ("a: [", "is not YAML"),
        (json.dumps({"model_name_or_path": "./nowhere", "template": "embodied_qwen2_vl"}), "recipe.yaml: "),
        (json.dumps({"model_name_or_path": str(BASE), "template": "nothing"}), "recipe.yaml: "),
    ],
)
def test_a_wrong_recipe_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], recipe: str | None, said: str
) -> None:
    path = tmp_path / "recipe.yaml"
    if recipe is not None:
        path.write_text(recipe)
    for verb in (["show", str(path)], ["check", f"recipe={path}"]):
        assert main(verb) == 1
        assert said in capsys.readouterr().err


def test_show_without_a_recipe_says_what_it_needs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show"]) == 1
    assert "show: needs recipe=" in capsys.readouterr().err


def test_a_ranking_takes_as_many_tokens_as_its_longer_answer(tmp_path: Path) -> None:
    row = sample("a")
    longer, messages = row["messages"][-1], row["messages"][:-1]
    recipe = Recipe(write_ours(tmp_path, [row]))
    whole = encoded(recipe, row)
    ranked = {**row, "messages": messages, "chosen": "<DecisionMaking>end</DecisionMaking>", "rejected": longer}
    recipe = Recipe(write_ours(tmp_path, [ranked], ranking=True))
    assert encoded(recipe, ranked).input_ids == whole.input_ids
    assert check(recipe.sources(), recipe).findings == []
