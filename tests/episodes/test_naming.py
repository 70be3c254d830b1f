"""Names that models use for objects: understood where they mean one type, and never turned into another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kitchens import BRIEF, TOY_FRAME, household, pairs

from llamafactory_embodied.episodes.naming import ALIASES, resolve
from llamafactory_embodied.episodes.policy import Reply
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.tasks.names import plain
from llamafactory_embodied.world.controller import open_controller
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.palette import COLORS

TYPES = sorted(COLORS)
WORDS = sorted(word for words in ALIASES.values() for word in words)


@pytest.mark.parametrize(
    ("name", "kind", "way"),
    [
        ("apple", "Apple", "exact"),
        ("the counter top", "CounterTop", "exact"),
        ("tv-stand", "TVStand", "exact"),
        ("counter", "CounterTop", "alias"),
        ("a refrigerator", "Fridge", "alias"),
        ("trash can", "GarbageCan", "alias"),
        ("dinning table", "DiningTable", "fuzzy"),
        ("refridgerator", "Fridge", "fuzzy"),
        ("coffee machnie", "CoffeeMachine", "fuzzy"),
        ("apples", "Apple", "fuzzy"),
        ("desk lmap", "DeskLamp", "fuzzy"),
    ],
)
def test_a_name_is_matched_and_says_how(name, kind, way):
    assert resolve(name, TYPES) == (kind, way)


CONFUSED = [
    ("Pot", "Pan"),
    ("Cup", "Mug"),
    ("Plate", "Pillow"),
    ("Book", "Bowl"),
    ("Pen", "Pencil"),
    ("Potato", "Tomato"),
    ("Towel", "HandTowel"),
    ("Desk", "DeskLamp"),
    ("Knife", "ButterKnife"),
    ("Sink", "SinkBasin"),
    ("ShowerDoor", "ShowerHead"),
]


@pytest.mark.parametrize("pair", CONFUSED)
def test_a_thing_that_is_not_there_is_not_taken_for_one_that_is(pair):
    for asked, there in (pair, pair[::-1]):
        for name in (asked.lower(), plain(asked).lower() if plain(asked).lower() != there.lower() else asked.lower()):
            assert resolve(name, [there]) == (name, None)


def test_no_name_of_a_type_means_another_one_in_any_room():
    for asked in TYPES:
        others = [kind for kind in TYPES if kind != asked]
        assert resolve(asked.lower(), others) == (asked.lower(), None)
    for asked, words in ALIASES.items():
        assert {resolve(word.lower(), TYPES) for word in words} == {(asked, "alias")}
        assert all(resolve(word.lower(), [kind for kind in TYPES if kind != asked])[1] is None for word in words)


def test_no_word_stands_for_two_types_or_for_the_name_of_another():
    assert len(WORDS) == len(set(WORDS)) > 30
    assert not {word.lower().replace(" ", "") for word in WORDS} & {kind.lower() for kind in TYPES}
    assert set(ALIASES) <= set(TYPES)


@pytest.mark.parametrize(
    "name",
    [
        "pn",
        "pot",
        "bok",
        "mgu",
        "penci",
        "books",
        "coaster",
        "bowel",
        "lamp",
        "table",
        "red apple",
        "",
        "桌子",
        "x" * 999,
    ],
)
def test_what_is_short_or_near_two_types_or_far_from_all_means_none(name):
    assert resolve(name, [kind for kind in TYPES if kind != "Pot"]) == (name, None)


@given(st.sampled_from(TYPES), st.integers(0, 30), st.sampled_from("abcdefghijklmnopqrstuvwxyz"), st.integers(0, 2))
def test_one_slip_never_turns_a_type_into_another(kind, place, letter, what):
    word = kind.lower()
    place %= len(word)
    slipped = word[:place] + (letter if what != 1 else "") + word[place + (what > 0) :]
    meant, way = resolve(slipped, TYPES)
    assert way is None or meant == kind or way in ("exact", "alias")


@given(st.text(max_size=30))
def test_any_text_is_a_type_or_stays_itself(name):
    meant, way = resolve(name, ["Apple", "Pan"])
    assert (meant in ("Apple", "Pan")) == (way is not None) or meant == name


class Says:
    """The same words as often as they are asked for."""

    name = "says"

    def __init__(self, words):
        self.words = words

    def reply(self, views):
        return [Reply(f"<DecisionMaking>{self.words}</DecisionMaking>") for _ in views]


@pytest.mark.parametrize(("words", "way"), [("navigate to counter", "alias"), ("navigate to Countertpo", "fuzzy")])
def test_the_record_says_how_a_name_was_matched_and_the_reference_takes_neither(words, way):
    def reference():
        return Household(open_controller("embedded", TOY_FRAME), TOY_FRAME, rules="reference")

    run = RolloutSettings(BRIEF)
    (record,) = play(pairs(1, 1), Says(words), household, run)
    assert [step["resolved"] for step in record["steps"]] == [None, way, way, way, way]
    assert {step["target"] for step in record["steps"][1:]} == {"CounterTop"}
    (record,) = play(pairs(1, 1), Says(words), reference, run)
    assert {step["feedback"] for step in record["steps"][1:]} == {"unknown_object"}
    assert [step["resolved"] for step in record["steps"]] == [None] * 5
