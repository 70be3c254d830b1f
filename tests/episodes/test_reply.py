"""From a model's text to an action."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafactory_embodied.episodes.reply import (
    THOUGHT_TAGS,
    Decision,
    Thought,
    parse_as_reference,
    parse_reply,
    write_reply,
)
from llamafactory_embodied.world.action import ACTION_NAMES, TARGETED, Action

TYPES = ("Apple", "CounterTop", "TVStand")


def said(words):
    return f"<Planning>I go on.</Planning><DecisionMaking>{words}</DecisionMaking>"


@pytest.mark.parametrize(
    ("words", "action"),
    [
        ("navigate to CounterTop", Action("navigate to", "CounterTop")),
        ("  Navigate To\n counter top. ", Action("navigate to", "CounterTop")),
        ("go to the countertop", Action("navigate to", "CounterTop")),
        ("pick up the apple!", Action("pickup", "Apple")),
        ("pickup an Apple", Action("pickup", "Apple")),
        ("put on TVStand", Action("put", "TVStand")),
        ('"put in the tv stand"', Action("put", "TVStand")),
        ("open Safe", Action("open", "safe")),
        ("OBSERVE", Action("observe")),
        ("move  forward", Action("move forward")),
        ("end.", Action("end")),
    ],
)
def test_an_action_is_understood_whatever_its_case_spaces_and_punctuation(words, action):
    assert parse_reply(said(words), TYPES) == (action, "exact" if action.target in TYPES else None)


@pytest.mark.parametrize("words", ["", "navigate to", "pick up", "open", "end it all", "dance", "observe Apple"])
def test_what_is_no_action_is_none(words):
    assert parse_reply(said(words), TYPES) == Decision(None)


def test_no_decision_is_none_and_the_first_of_two_counts():
    assert parse_reply("I end here. end", TYPES).action is None
    assert parse_reply(said("observe") + said("end"), TYPES).action == Action("observe")


def test_a_decision_cut_off_before_its_closing_tag_counts_and_so_do_sloppy_tags():
    assert parse_reply("<DecisionMaking>open Apple", TYPES).action == Action("open", "Apple")
    assert parse_reply("< decisionmaking >end</ DecisionMaking >", TYPES).action == Action("end")


@given(st.text(max_size=80), st.booleans(), st.sampled_from([parse_reply, parse_as_reference]))
def test_no_text_raises(text, tagged, parse):
    action, way = parse(said(text) if tagged else text, TYPES)
    assert action is None or (action.name in ACTION_NAMES and (action.target is not None) == (action.name in TARGETED))
    assert (way is None) == (action is None or action.target not in TYPES)


@given(st.sampled_from(ACTION_NAMES), st.sampled_from(TYPES), st.lists(st.sampled_from(THOUGHT_TAGS), max_size=3))
def test_what_is_written_is_read_back_under_both_rules(name, kind, tags):
    action = Action(name, kind if name in TARGETED else None)
    reply = write_reply([Thought(tag, "I see an Apple.") for tag in tags], action)
    assert parse_reply(reply, TYPES) == parse_as_reference(reply, TYPES) == (action, action.target and "exact")


@pytest.mark.parametrize(
    ("words", "decision"),
    [
        ("navigate to the large CounterTop", Decision(Action("navigate to", "CounterTop"), "exact")),
        ("pickup apple", Decision(Action("pickup", "apple"))),
        ("navigate to CounterTop ", Decision(Action("navigate to", ""))),
        ("put in TVStand", Decision(Action("put", "TVStand"), "exact")),
        ("navigate to TVStand put in", Decision(Action("put", "in"))),
        ("observed", Decision(Action("observe"))),
        (" navigate to Apple", Decision(None)),
        ("End", Decision(None)),
        ("pick up Apple", Decision(None)),
        ("open\nApple", Decision(None)),
        ("init", Decision(None)),
    ],
)
def test_the_reference_reads_to_the_letter(words, decision):
    assert parse_as_reference(said(words), TYPES) == decision


def test_the_reference_wants_the_tag_as_it_is_written_and_closed():
    assert parse_as_reference("<DecisionMaking>end", TYPES) == Decision(None)
    assert parse_as_reference("<decisionmaking>end</decisionmaking>", TYPES) == Decision(None)
