"""Thoughts by the grammar, on episodes of all types of tasks in rooms of all kinds."""

import json
import re
from collections import Counter
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from kitchens import BRIEF, household, pairs

from llamafactory_embodied.episodes.policy import SearcherPolicy
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.stages.checks import problems
from llamafactory_embodied.stages.facts import REASONS, UNNAMED, facts_of
from llamafactory_embodied.stages.kinds import PAPER, Kinds, Occasion
from llamafactory_embodied.stages.thinking import make_writer, occasions, with_thoughts
from llamafactory_embodied.stages.turn import turns_of
from llamafactory_embodied.stages.writer import GrammarWriter, thought_grammar
from llamafactory_embodied.tasks.generate import TASK_TYPES
from llamafactory_embodied.tasks.names import plain
from llamafactory_embodied.tasks.task import Goal
from llamafactory_embodied.world.action import Action
from llamafactory_embodied.world.controller import FrameSettings
from llamafactory_embodied.world.outcome import FEEDBACK
from llamafactory_embodied.world.sight import Sighting

FRAME = FrameSettings(320, 180, 90.0)
ALL = [Occasion(*bits) for bits in product((False, True), repeat=3)]


@pytest.fixture(scope="module")
def records():
    tasks = pairs(rooms=8, per_room=8, profile="household", types=TASK_TYPES)
    policy = SearcherPolicy(slips=0.1)
    return [
        json.loads(json.dumps(one)) for one in play(tasks, policy, lambda: household(FRAME), RolloutSettings(BRIEF))
    ]


@pytest.fixture(scope="module")
def written(records):
    writer = GrammarWriter(Kinds(PAPER, ALL), thought_grammar())
    turns = [list(turns_of(record)) for record in records]
    return [pair for episode in turns for pair in zip(episode, writer.write(episode), strict=True)]


def test_each_thought_is_one_line_of_whole_sentences(written):
    for _, thoughts in written:
        for thought in thoughts:
            assert re.fullmatch(r"[A-Z][^{}<>|\[\]\n]*\.", thought.text), thought.text
            assert not re.search(r"  | [,.;:]|[.,;:]{2}|\.[a-z]", thought.text), thought.text
    assert len(written) >= 300


def test_each_thought_after_the_first_turn_names_something_in_view_or_a_failure(written):
    named = 0
    for turn, thoughts in written:
        for thought in thoughts:
            if turn.number > 1 and turn.visible - UNNAMED and not (turn.failure and thought.tag == "Reflection"):
                assert any(plain(kind) in thought.text for kind in turn.visible), thought.text
                named += 1
    assert named >= 300


def test_the_last_thought_names_what_the_action_is_about(written):
    for turn, thoughts in written:
        if turn.action.target:
            names = {plain(turn.action.target)}
            assert any(name in thoughts[-1].text for name in names), (turn.action, thoughts[-1].text)


def test_all_thoughts_pass_the_checks_and_few_are_drawn_twice_for_it(written):
    assert not any(problems(turn, thoughts) for turn, thoughts in written if turn.occasion != "slip")
    once = Loose(Kinds(PAPER, ALL), thought_grammar())
    wrong = [problems(turn, once.write([turn])[0]) for turn, _ in written if turn.occasion != "slip"]
    assert sum(map(bool, wrong)) < 0.02 * len(wrong)


class Loose(GrammarWriter):
    """Takes what is drawn first."""

    def write(self, turns):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("llamafactory_embodied.stages.writer.problems", lambda turn, thoughts: [])
            return super().write(turns)


def test_hardly_a_thought_is_written_twice(written):
    texts = Counter(thought.text for _, thoughts in written for thought in thoughts)
    assert sum(count - 1 for count in texts.values()) < 0.02 * texts.total()


def test_every_fact_of_the_grammar_is_a_fact_of_some_turn(written):
    told = set().union(*(facts_of(turn) for turn, _ in written))
    goals = [Goal("washed", "Apple"), Goal("placed", "Apple", "Fridge")]
    turn = next(turn for turn, _ in written if turn.before)
    failed = replace(turn, before=((Action("open", "Safe"), "failed"),))
    told |= set().union(*(facts_of(replace(turn, goal=goal)) for goal in goals), facts_of(failed))
    assert thought_grammar().facts <= told


def test_episodes_get_the_same_thoughts_alone_and_in_any_order(records):
    writer = make_writer("grammar", "paper", "", occasions(records), seed=3)
    forward = [with_thoughts(writer, record) for record in records[:6]]
    backward = [with_thoughts(writer, record) for record in reversed(records[:6])]
    assert forward == backward[::-1]
    other = make_writer("grammar", "paper", "", occasions(records), seed=4)
    assert with_thoughts(other, records[0]) != forward[0]


def test_thoughts_change_nothing_else_of_a_record(records):
    writer = make_writer("plain", "paper", "", (), seed=0)
    for record in records:
        _, after = with_thoughts(writer, record)
        for old, new in zip(record["steps"], after["steps"], strict=True):
            assert {key: value for key, value in old.items() if key != "reply"} == {
                key: value for key, value in new.items() if key != "reply"
            }
            assert old["reply"] is None or new["reply"].endswith(old["reply"])
        assert {**after, "steps": 0} == {**record, "steps": 0}


def test_a_writer_that_there_is_not_is_refused():
    with pytest.raises(SettingsError, match=r"writer='poet' is unknown; choose one of grammar, plain"):
        make_writer("poet", "paper", "", (), seed=0)


# ---------------------------------------------------------------- facts, on made-up turns


def sight(kind, across, distance_m=1.0, inside=(), **flags):
    told = {"is_open": None, "is_on": None, "receptacle": False, "portable": True, "held": False} | flags
    return Sighting(f"{kind}|1", kind, 500, across, distance_m, inside, **told)


def looking(turn, *sights, **changes):
    return replace(turn, looks=(sights,), ahead=sights, **changes)


@pytest.fixture(scope="module")
def turn(written):
    return next(turn for turn, _ in written if turn.number == 3 and not turn.holding and not turn.failure)


SHELF = sight("Shelf", 0.5, portable=False, receptacle=True)


@pytest.mark.parametrize(("across", "words"), [(0.1, "left"), (0.5, "ahead front"), (0.9, "right")])
def test_sides_are_those_of_the_frame(turn, across, words):
    facts = facts_of(looking(turn, sight("Mug", across), goal=Goal("held", "Mug")))
    drawn = [facts["target_side"](rng) for rng in rngs()]
    assert all(any(word in one for word in words.split()) for one in drawn)


def rngs():
    return [np.random.default_rng(seed) for seed in range(12)]


@pytest.mark.parametrize("across", [0.34, 0.37, 0.62, 0.66])
def test_what_is_seen_on_the_border_is_at_no_side(turn, across):
    assert "target_side" not in facts_of(looking(turn, sight("Mug", across), goal=Goal("held", "Mug")))


def test_after_a_look_around_sides_are_those_of_the_frames(turn):
    looks = ((), (), (sight("Mug", 0.1),))
    facts = facts_of(replace(turn, looks=looks, goal=Goal("held", "Mug")))
    assert facts["target_side"](rngs()[0]) == "behind me"


def test_a_thing_is_said_to_lie_on_what_is_seen_only(turn):
    mug = sight("Mug", 0.5, inside=("Shelf|1",))
    assert facts_of(looking(turn, mug, SHELF, goal=Goal("held", "Mug")))["target_on"] == "on the shelf"
    assert "target_on" not in facts_of(looking(turn, mug, goal=Goal("held", "Mug")))


def test_what_is_sought_is_missing_only_while_it_is_not_in_view(turn):
    goal = Goal("held", "Mug")
    assert facts_of(looking(turn, SHELF, goal=goal))["missing"] == "mug"
    assert "missing" not in facts_of(looking(turn, SHELF, sight("Mug", 0.5), goal=goal))
    assert "missing" not in facts_of(looking(turn, SHELF, goal=goal, holding="Mug"))


def test_things_are_next_to_each_other_on_one_piece_of_furniture_only(turn):
    near = [sight("Cup", 0.5, inside=("Shelf|1",)), sight("Bowl", 0.55, inside=("Shelf|1",)), SHELF]
    apart = [near[0], replace(near[1], inside=("Desk|1",)), SHELF]
    far = [near[0], replace(near[1], across=0.8), SHELF]
    goal, action = Goal("held", "Mug"), Action("navigate to", "Bed")
    assert "is next to the" in facts_of(looking(turn, *near, goal=goal, action=action, here=None))["near"]
    for sights in (apart, far):
        assert "near" not in facts_of(looking(turn, *sights, goal=goal, action=action, here=None))


def test_every_failure_has_its_words(turn):
    for feedback in FEEDBACK:
        if feedback != "unparseable":
            facts = facts_of(replace(turn, before=((Action("open", "Safe"), feedback),)))
            assert facts["fail"] == "open the safe"
            assert facts["reason"] == REASONS[feedback]


def test_another_one_is_gone_to_where_some_were_tried(turn):
    action = Action("navigate to", "Drawer")
    sure = facts_of(looking(turn, SHELF, action=action, tried=(), occasion="missed"))
    again = facts_of(looking(turn, SHELF, action=action, tried=("Drawer", "Drawer"), occasion="missed"))
    assert sure["the_to"] == "the drawer"
    assert {again["the_to"](rng) for rng in rngs()} == {"the next drawer", "another drawer"}
    assert again["tried"] == "two drawers"
