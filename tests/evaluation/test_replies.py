import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.replies import THOUGHT_NAMES, reply_parts
from llamafactory_embodied.episodes.reply import THOUGHT_TAGS


def pairs(reply):
    return [(part.name, part.text) for part in reply_parts(reply)]


def test_tags_become_the_papers_names_for_thoughts():
    tags = ("Observation", "Thinking", "Planning", "Reflection", "Verification", "DecisionMaking")
    reply = "".join(f"<{tag}> {tag} text </{tag}>" for tag in tags)
    assert pairs(reply) == [
        ("situation analysis", "Observation text"),
        ("spatial reasoning", "Thinking text"),
        ("task planning", "Planning text"),
        ("self-reflection", "Reflection text"),
        ("double verification", "Verification text"),
        ("action", "DecisionMaking text"),
    ]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("just words", [("outside the tags", "just words")]),
        ("<Planning>cut off", [("task planning", "cut off")]),
        ("<Planning>a<Thinking>b</Thinking>", [("task planning", "a"), ("spatial reasoning", "b")]),
        ("<planning>small</PLANNING>", [("task planning", "small")]),
        ("< Planning >spaced< / Planning >", [("task planning", "spaced")]),
        ("a</Planning>b", [("outside the tags", "a"), ("outside the tags", "b")]),
        ("<b>bold</b>", [("outside the tags", "<b>bold</b>")]),
        ("  <Planning> </Planning> ", []),
        ("", []),
    ],
)
def test_malformed_replies_keep_their_text(reply, expected):
    assert pairs(reply) == expected


@given(st.lists(st.sampled_from(["<Planning>", "</Planning>", "<Thinking>", "</x>", "word ", "<", "\n"])))
def test_nothing_but_tags_and_outer_space_is_lost(pieces):
    kept = "".join(part.text for part in reply_parts("".join(pieces)))
    assert kept.count("word") == pieces.count("word ")
    assert kept.count("</x>") == pieces.count("</x>")


def test_every_tag_that_replies_are_written_in_has_a_name():
    assert {tag.lower() for tag in THOUGHT_TAGS} | {"decisionmaking"} == set(THOUGHT_NAMES)
