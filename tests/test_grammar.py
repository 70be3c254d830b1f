"""A grammar says only what its facts allow, and everything that they allow."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamafactory_embodied.errors import PromptError
from llamafactory_embodied.grammar import Grammar, load_grammar
from llamafactory_embodied.stages.writer import thought_grammar

RULES = {
    "go": ["I [walk|go] to the {place}.", "<name^> waits[, again|]."],
    "name": ["{who}", "nobody"],
    "go.fast": ["Run to {place^}!"],
}


def drawn(rules, rule, facts, cases=(), count=400):
    grammar, rng = Grammar(rules), np.random.default_rng(0)
    return {grammar.write(rule, facts, cases, rng) for _ in range(count)}


def test_all_alternatives_with_their_facts_are_drawn_and_no_others():
    assert drawn(RULES, "go", {"place": "shelf"}) == {
        "I walk to the shelf.",
        "I go to the shelf.",
        "Nobody waits, again.",
        "Nobody waits.",
    }
    assert drawn(RULES, "go", {"who": "a cat"}) == {
        "A cat waits.",
        "A cat waits, again.",
        "Nobody waits.",
        "Nobody waits, again.",
    }


def test_a_case_comes_before_the_rule_if_it_has_anything_to_say():
    assert drawn(RULES, "go", {"place": "shelf"}, ["fast"]) == {"Run to Shelf!"}
    assert "Nobody waits." in drawn(RULES, "go", {}, ["fast"])


def test_where_nothing_is_so_nothing_is_said():
    assert drawn({"a": ["{b}"]}, "a", {}) == {None}


def test_a_fact_may_be_drawn_anew_each_time():
    assert drawn({"a": ["{n}{n}"]}, "a", {"n": lambda rng: str(rng.integers(2))}) == {"00", "01", "10", "11"}


def test_texts_that_lead_to_many_are_drawn_more_often():
    rules = {"a": ["<short>", "[a|b|c|d][a|b|c|d][a|b|c|d]"], "short": ["no"]}
    rng = np.random.default_rng(1)
    texts = [Grammar(rules).write("a", {}, (), rng) for _ in range(900)]
    assert 0.05 < texts.count("no") / len(texts) < 0.2  # 1 to the square root of 64


@given(st.integers(0, 2**32 - 1))
def test_the_same_seed_says_the_same(seed):
    said = [
        thought_grammar().write("intent", {"the_to": "the bed"}, ["navigate_to"], np.random.default_rng(seed))
        for _ in "ab"
    ]
    assert said[0] == said[1]
    assert "the bed" in said[0]


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"a": ["[b"]}, "rule a holds a text whose brackets do not match: '\\[b'"),
        ({"a": ["b]"]}, "do not match"),
        ({"a": ["b|c"]}, "do not match"),
        ({"a": ["{b"]}, "do not match"),
        ({"a": ["<b>"]}, "names rules that it does not have: b"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_rule(rules, told):
    with pytest.raises(PromptError, match=told):
        Grammar(rules)


@pytest.mark.parametrize("text", ["- a", "a: b", "a: [1]", "a: [", "{"])
def test_a_file_that_is_no_grammar_is_refused(tmp_path, text):
    file = tmp_path / "own.yaml"
    file.write_text(text)
    with pytest.raises(PromptError, match=r"own\.yaml"):
        load_grammar(str(file))


def test_a_grammar_of_ones_own_is_used(tmp_path):
    file = tmp_path / "own.yaml"
    file.write_text("Planning: ['I am a {robot}.']")
    grammar = load_grammar(str(file))
    assert grammar.facts == {"robot"}
    assert grammar.write("Planning", {"robot": "cook"}, (), np.random.default_rng(0)) == "I am a cook."
