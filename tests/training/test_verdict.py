from types import SimpleNamespace
from typing import Any

import pytest

from llamafactory_embodied.errors import DataError, SettingsError
from llamafactory_embodied.training.columns import LOSS
from llamafactory_embodied.training.converter import EmbodiedConverter
from llamafactory_embodied.training.entry import Entry
from llamafactory_embodied.training.message import Names
from llamafactory_embodied.training.sample import read_sample
from llamafactory_embodied.training.stage import loading_for, require_entry

GOOD, BAD = {"role": "assistant", "content": "open Fridge"}, {"role": "assistant", "content": "open Lamp"}
ASKED = [
    {"role": "system", "content": "You are a robot."},
    {"role": "user", "content": "<image>Find it."},
    {"role": "assistant", "content": "observe", "loss": False},
    {"role": "user", "content": "<image>done."},
]


def ranking(**changes: Any) -> dict[str, Any]:
    row = {"id": "rank-0", "messages": ASKED, "chosen": GOOD, "rejected": BAD, "images": ["0.png", "1.png"]}
    return {**row, **changes}


def judged(**changes: Any) -> dict[str, Any]:
    return {"id": "kto-0", "messages": [*ASKED, GOOD], "kto_tag": True, "images": ["0.png", "1.png"], **changes}


def read(row: dict[str, Any], **names: Any) -> Any:
    return read_sample(row, Names(**names), "toy.jsonl")


def convert(row: dict[str, Any], entry: Entry, stage: str | None) -> dict[str, Any]:
    attributes = SimpleNamespace(dataset_name="toy.jsonl", load_from="hub", embodied_entry=entry)
    arguments = SimpleNamespace(dataset_dir=".", media_dir=".", train_on_prompt=False)
    with loading_for(stage or "sft"):
        converter = EmbodiedConverter.of_dataset(attributes, arguments)
    return converter({name: value for name, value in row.items() if name != "images"} | {"messages": text(row)})


def text(row: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**message, "content": message["content"].replace("<image>", "")} for message in row["messages"]]


def test_a_ranking_ends_with_a_turn_that_asks_and_has_two_answers() -> None:
    sample = read(ranking(), ranking=True)
    assert sample.stage == "rm"
    assert [turn.role for turn in sample.turns] == ["user", "assistant", "user"]
    assert [(turn.content, turn.loss) for turn in sample.rivals] == [("open Fridge", True), ("open Lamp", True)]
    assert sample.image_turns == (1, 3)


@pytest.mark.parametrize(
    "rivals",
    [
        {"chosen": "open Fridge", "rejected": "open Lamp"},
        {"chosen": {"from": "gpt", "value": "open Fridge"}, "rejected": BAD},
        {"chosen": {"role": "assistant", "content": [{"type": "text", "text": "open Fridge"}]}},
    ],
)
def test_answers_are_messages_of_any_dialect_or_texts(rivals: dict[str, Any]) -> None:
    assert read(ranking(**rivals), ranking=True) == read(ranking(), ranking=True)


def test_answers_and_tags_may_have_other_names() -> None:
    row = ranking()
    renamed = {"better": row.pop("chosen"), "worse": row.pop("rejected"), **row}
    names = {"chosen": "better", "rejected": "worse", "ranking": True}
    assert read(renamed, **names) == read(ranking(), ranking=True)
    row = judged()
    assert read({"good": row.pop("kto_tag"), **row}, kto_tag="good") == read(judged())


def test_a_judged_answer_is_the_last_one_and_marks_of_loss_are_not_read() -> None:
    sample = read(judged(messages=[*ASKED, {**GOOD, "loss": False}], kto_tag=False))
    assert (sample.stage, sample.kto_tag) == ("kto", False)
    assert [turn.loss for turn in sample.turns] == [False, False, False, True]


def test_samples_without_ids_differ_by_their_verdicts() -> None:
    rankings = [ranking(id=None), ranking(id=None, rejected="end")]
    tags = [judged(id=None), judged(id=None, kto_tag=False)]
    ids = [read(row, ranking=True).id for row in rankings] + [read(row).id for row in tags]
    assert len(set(ids)) == 4
    assert (
        read(judged(id=None, kto_tag=None, chosen=None)).id
        == read({"messages": [*ASKED, GOOD], "images": ["0.png", "1.png"]}).id
    )


@pytest.mark.parametrize(
    ("row", "names", "message"),
    [
        (ranking(chosen=None), {"ranking": True}, r", chosen: is missing; .*\"ranking\": true"),
        (ranking(rejected=None), {"ranking": True}, r", rejected: is missing"),
        (ranking(rejected=GOOD), {"ranking": True}, r", rejected: is the same as chosen"),
        (ranking(rejected="open Fridge"), {"ranking": True}, r", rejected: is the same as chosen"),
        (ranking(chosen="see <image>"), {"ranking": True}, r", chosen: has <image> in an assistant message"),
        (ranking(chosen={**GOOD, "content": "<image>"}), {"ranking": True}, r", chosen: has <image>"),
        (ranking(chosen="<video>"), {"ranking": True}, r", chosen: has <video>"),
        (ranking(chosen={**GOOD, "role": "user"}), {"ranking": True}, r", chosen: role is 'user', expected assistant"),
        (ranking(chosen=3), {"ranking": True}, r", chosen: is int, expected an object"),
        (ranking(chosen={"role": "assistant"}), {"ranking": True}, r", chosen: its content is NoneType"),
        (ranking(messages=[*ASKED, GOOD]), {"ranking": True}, "does not end with a user message"),
        (ranking(kto_tag=True), {"ranking": True}, r", kto_tag: is there beside two answers"),
        (ranking(), {}, r", chosen: has two answers, .*\"ranking\": true"),
        (judged(kto_tag=1), {}, r", kto_tag: is 1, expected true or false"),
        (judged(kto_tag="yes"), {}, r", kto_tag: is 'yes', expected true or false"),
        (judged(messages=ASKED), {}, "does not end with an assistant message"),
        (judged(messages=[*ASKED, {**GOOD, "content": ""}]), {}, r", messages\[4\]: is judged, but empty"),
    ],
)
def test_what_is_wrong_is_named_with_file_sample_and_place(
    row: dict[str, Any], names: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=rf"^toy\.jsonl: sample '{row['id']}'.*{message}"):
        read(row, **names)


def test_rows_have_the_shape_of_the_hosts_own_converters() -> None:
    nothing = {"role": "assistant", "content": ""}
    ranked = convert(ranking(), Entry(ranking=True), "rm")
    assert ([m["role"] for m in ranked["_prompt"]], ranked["_response"]) == (
        ["user", "assistant", "user"],
        [GOOD, BAD],
    )
    good, bad = (convert(judged(kto_tag=tag), Entry(), "kto") for tag in (True, False))
    assert (good["_response"], bad["_response"]) == ([GOOD, nothing], [nothing, GOOD])
    assert good["_prompt"] == bad["_prompt"] == ranked["_prompt"]
    assert [row[LOSS] for row in (ranked, good, bad)] == [
        [False, False, False, True, True],
        [False, False, False, True, False],
        [False, False, False, False, True],
    ]


def test_a_sample_of_another_stage_is_refused_by_name() -> None:
    plain = judged(kto_tag=None)
    with pytest.raises(DataError, match=r"^toy\.jsonl: sample 'kto-0', kto_tag: is missing; stage: kto"):
        convert(plain, Entry(), "kto")
    with pytest.raises(DataError, match=r"^toy\.jsonl: sample 'kto-0', kto_tag: judges .* stage: sft"):
        convert(judged(), Entry(), "sft")


@pytest.mark.parametrize(
    ("ranking", "stage", "message"),
    [
        (False, "rm", r'toy: stage: dpo and stage: rm need "ranking": true'),
        (True, "sft", r'toy: its entry says "ranking": true, .* the configuration says stage: sft'),
        (True, "kto", r"the configuration says stage: kto"),
        (False, "pt", r"trained with stage: sft, dpo, rm or kto; the configuration says 'pt'"),
        (True, "ppo", r"the configuration says 'ppo'"),
    ],
)
def test_a_data_set_of_another_stage_is_refused_by_name(ranking: bool, stage: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        require_entry("toy", ranking, stage)


@pytest.mark.parametrize(("ranking", "stage"), [(False, "sft"), (False, "kto"), (True, "rm"), (True, None)])
def test_a_data_set_of_the_stage_is_taken(ranking: bool, stage: str | None) -> None:
    require_entry("toy", ranking, stage)
