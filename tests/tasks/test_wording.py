"""Tasks are asked for in many ways, in English, and plainly where that is asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kitchens import pairs

from benchmarks.wordings import FILE, bare, drawn, theirs
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.errors import PromptError
from llamafactory_embodied.tasks.generate import TASK_TYPES
from llamafactory_embodied.tasks.names import plain, with_article
from llamafactory_embodied.tasks.task import LONG_RANGE, Goal, Task
from llamafactory_embodied.tasks.wording import load_wordings

ROOM = Selection(profile="household", split="dev", rooms=1, tasks_per_room=44, wordings="varied")


@pytest.mark.parametrize("kind", TASK_TYPES)
def test_each_type_has_many_wordings_and_none_that_comes_again_and_again(kind):
    texts = drawn(kind, "varied", 200)
    assert len(texts) >= 100
    assert max(texts.values()) <= 10


def test_every_wording_names_all_things_and_places_and_reads_as_a_sentence():
    said = 0
    for _, task in ROOM.tasks():
        text = task.instruction
        for goal in task.goals:
            assert plain(goal.object_type) in text.lower()
            assert goal.kind != "placed" or plain(goal.destination_type) in text.lower()
        assert text[0].isupper()
        assert text[-1] in ".?!"
        assert not set(text) & set("{}[]<>|")
        assert "  " not in text
        said += 1
    assert said >= 30


@given(st.sampled_from(["Apple", "Egg", "Mug", "Bread", "CoffeeMachine"]), st.integers(0, 10**6))
def test_articles_are_right(kind, seed):
    task = Task("", "single_pickup", "", "", kind, (), None, (), (Goal("held", kind),), 0)
    text = load_wordings("varied")[0](task, np.random.default_rng(seed)).lower()
    assert f"the {plain(kind)}" in text or with_article(kind) in text
    assert f"a {plain(kind)}" not in text or with_article(kind).startswith("a ")


@pytest.mark.parametrize(("place", "word"), [("Fridge", "in"), ("DiningTable", "on")])
def test_things_lie_in_hollow_places_and_on_others(place, word):
    task = Task("", "pickup_and_put", "", "", "Apple", (), place, (), (Goal("placed", "Apple", place),), 0)
    other = {"in": "on", "on": "in"}[word]
    for seed in range(200):
        text = load_wordings("varied")[0](task, np.random.default_rng(seed))
        assert f" {other} the {plain(place)}" not in text
        assert f" {other}to the {plain(place)}" not in text


def test_plain_wordings_are_the_default_and_what_they_were():
    assert Selection().wordings == "plain"
    assert (
        pairs(1, 3)[0][1].instruction
        == Selection(profile="demo", split="dev", rooms=1, tasks_per_room=3, wordings="plain")
        .tasks()[0][1]
        .instruction
    )
    assert len(drawn("single_search", "plain", 50)) == 3


def test_the_wordings_change_nothing_but_the_words():
    plainly = Selection(profile="household", split="dev", rooms=1, tasks_per_room=44).tasks()
    varied = ROOM.tasks()
    assert [task.id for _, task in plainly] == [task.id for _, task in varied]
    assert [task.key_actions for _, task in plainly] == [task.key_actions for _, task in varied]


def test_a_file_of_further_texts_is_used_every_other_time_and_named_by_its_hash(tmp_path):
    file = tmp_path / "more.yaml"
    file.write_text("single_search:\n  - 'Behold the {target}!'\npart.washed: ['give the {target} a bath']\n")
    texts = drawn("single_search", str(file), 200)
    assert 60 <= texts["Behold the apple!"] <= 140
    assert len(drawn("single_toggle", str(file), 100)) >= 50
    assert all("bath" not in text for text in drawn(LONG_RANGE, str(file), 50))  # it lacks words for the other parts
    label = load_wordings(str(file))[1]
    assert label.startswith("more@")
    other = tmp_path / "b" / "more.yaml"
    other.parent.mkdir()
    other.write_text("single_search: ['Behold {a_target}!']\n")
    assert load_wordings(str(other))[1] != label


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("single_search: ['Find the {thing}.']", r"\['thing'\] are no facts"),
        ("single_serch: ['Find the {target}.']", "no rule is known"),
        ("single_search: ['Find [the {target}.']", "brackets"),
        ("single_search: Find it", "mapping of rules to lists"),
        ("- 1", "mapping of rules to lists"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_says_why(tmp_path, text, message):
    file = tmp_path / "bad.yaml"
    file.write_text(text)
    with pytest.raises(PromptError, match=message):
        load_wordings(str(file))
    with pytest.raises(PromptError, match="cannot be read"):
        load_wordings(str(tmp_path / "none.yaml"))


def test_the_overlap_is_counted_without_case_punctuation_and_names():
    assert bare("Could you take the Soap-Bottle, please?", {"soap bottle"}) == (
        *("could", "you", "take", "the", "x", "please"),
    )


def test_few_of_our_wordings_are_the_benchmarks(thor_data):
    own = theirs(thor_data / FILE)
    assert len(own) >= 50
    for kind in TASK_TYPES:
        ours = [
            bare(text, {"apple", "egg", "mug", "sink", "counter", "desk lamp"}) for text in drawn(kind, "varied", 200)
        ]
        assert sum(text in own for text in ours) <= len(ours) // 50
