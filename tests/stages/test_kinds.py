"""The kinds of thoughts follow the table of transitions as far as they have their occasions."""

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from llamafactory_embodied.errors import PromptError
from llamafactory_embodied.stages.kinds import ACTION, BEGIN, ORDER, PAPER, Kinds, Occasion, load_table, transitions

PLAIN, MISS, END, BEGINNING = (
    Occasion(False, False, False),
    *(Occasion(*bits) for bits in ((0, 1, 0), (0, 0, 1), (1, 0, 0))),
)


def shares(occasions, table=PAPER):
    kinds, rng = Kinds(table, occasions), np.random.default_rng(0)
    chains = [kinds.draw(one, rng) for one in occasions]
    return chains, transitions(chains, [one.begins for one in occasions])


def furthest(found, table=PAPER):
    """The greatest distance of a share from the table's, in points."""
    return max(
        abs(100 * (found[state].get(to, 0) - share)) for state, row in table.items() for to, share in row.items()
    )


def test_with_occasions_enough_every_transition_is_as_in_the_paper_within_three_points():
    episode = [BEGINNING, PLAIN, MISS, MISS, PLAIN, MISS, PLAIN, END]
    _, found = shares(episode * 2500)
    assert furthest(found) < 3
    assert found[BEGIN] == {"Observation": 1.0}


def test_reflection_and_verification_never_come_without_their_occasion():
    occasions = [BEGINNING, PLAIN, MISS, PLAIN, END, Occasion(True, False, True), Occasion(False, True, True)] * 300
    chains, _ = shares(occasions)
    for occasion, chain in zip(occasions, chains, strict=True):
        assert occasion.reflects or "Reflection" not in chain
        assert occasion.ends or "Verification" not in chain


def test_with_too_few_occasions_every_one_is_used_and_the_rest_keeps_its_proportions():
    _, found = shares([BEGINNING, PLAIN, PLAIN, PLAIN, PLAIN, MISS, PLAIN, PLAIN, PLAIN, END] * 1000)
    row = found[ACTION]
    assert row["Reflection"] == pytest.approx(1 / 9, abs=0.005)
    assert row["Thinking"] / row["Planning"] == pytest.approx(42 / 22, rel=0.1)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=30), st.integers(0, 99))
def test_each_turn_has_thoughts_in_their_order(bits, seed):
    occasions = [Occasion(*one) for one in bits]
    kinds, rng = Kinds(PAPER, occasions), np.random.default_rng(seed)
    for occasion in occasions:
        chain = kinds.draw(occasion, rng)
        assert chain
        assert [ORDER.index(tag) for tag in chain] == sorted({ORDER.index(tag) for tag in chain})
        assert (chain[0] == "Observation") == occasion.begins


def own(tmp_path, **changes):
    file = tmp_path / "table.yaml"
    file.write_text(yaml.safe_dump({state: dict(row) for state, row in (PAPER | changes).items()}))
    return str(file)


def test_a_table_of_ones_own_decides(tmp_path):
    table = load_table(own(tmp_path, Action={"Thinking": 0.9, "Planning": 0.1}))
    _, found = shares([BEGINNING, MISS, PLAIN, END] * 2000, table)
    assert found[ACTION]["Thinking"] == pytest.approx(0.9, abs=0.02)
    assert set(found[ACTION]) == {"Thinking", "Planning"}


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Action": {"Thinking": 0.9}}, "the row Action must be shares that add up to 1"),
        ({"Action": {"Thinking": 0.5, "Action": 0.5}}, "the row Action must be shares"),
        ({"Planning": {"Thinking": 1.0}}, "Planning may lead to"),
        ({"Dreaming": {"Action": 1.0}}, "expected the rows"),
        ({"Thinking": {"Planning": 1.5, "Action": -0.5}}, "the row Thinking"),
    ],
)
def test_a_table_that_makes_no_sense_is_refused(tmp_path, changes, told):
    with pytest.raises(PromptError, match=told):
        load_table(own(tmp_path, **changes))


@pytest.mark.parametrize("text", ["[1]", "a: 1", "{", "Action: {Thinking: x}"])
def test_a_file_that_is_no_table_is_refused(tmp_path, text):
    file = tmp_path / "table.yaml"
    file.write_text(text)
    with pytest.raises(PromptError, match=r"expected `paper` or a YAML file"):
        load_table(str(file))
