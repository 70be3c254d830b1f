"""The reference's formulas against a second writing of them, and beside the true figures where the two differ."""

import random
from collections import Counter
from dataclasses import asdict, replace

import pytest
from kitchens import BRIEF, household, pairs
from made_up import episode, step
from reference_formulas import reference_figures

from evaluation.metrics import measure
from evaluation.paper import NO_OBJECT, measure_as_paper
from llamafactory_embodied.episodes.policy import Oracle, Reply
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.errors import RecordError
from llamafactory_embodied.tasks.task import LONG_RANGE, ORDERED

TYPES = (
    *("single_search", "single_search", "single_search_from_closerep", "single_pickup", "single_toggle"),
    *("pickup_and_put_in_closerep", ORDERED, LONG_RANGE),
)
KINDS = ("Apple", "Pot", "Pen", "Pencil", "Towel", "HandTowel", "Fridge")
HANDLING = ("pickup", "put", "open", "close", "toggle")
ENDS = ("ended", "step_limit", "unparseable", "repetition")


def random_episode(chance: random.Random) -> tuple[dict, tuple]:
    """One episode twice: as our record and as what the reference's formulas are given."""
    task_type, end = chance.choice(TYPES), chance.choice(ENDS)
    keys = [(chance.choice(("navigate to", *HANDLING)), chance.choice(KINDS)) for _ in range(chance.randrange(6))]
    if chance.random() < 0.1:
        keys.append(("put", ""))
    keys.append(("end", ""))
    steps = [random_step(chance, keys) for _ in range(chance.randrange(12))]
    legal = chance.sample(KINDS, chance.randrange(3))
    name = f"See if you can {chance.choice(('spot', 'find', 'get'))} the {chance.choice(KINDS)}"
    record = episode(
        [*steps, *([step("end")] if end == "ended" else [])],
        end=end,
        holds=False,
        keys=tuple(keys),
        task_type=task_type,
        legal_objects=legal,
    )
    record["task"]["name"] = name
    return record, (task_type, name, as_reference(record, legal), [" ".join(filter(None, key)) for key in keys])


def random_step(chance: random.Random, keys: list[tuple[str, str]]) -> dict:
    kind = chance.random()
    if kind < 0.1:
        return step("unparseable", success=False, legal=False)
    if kind < 0.2:
        return step(chance.choice(("observe", "move forward")))
    done = [key for key in keys if key[0] != "end" and key[1]]
    action, target = chance.choice(done) if done and kind < 0.7 else (chance.choice(HANDLING), chance.choice(KINDS))
    if kind > 0.9:
        return step("navigate to", chance.choice(("sofa", "tv")), success=False, feedback="unknown_object")
    return step(action, target, success=chance.random() < 0.8)


def as_reference(record: dict, legal: list[str]) -> list[dict]:
    """What its evaluator writes down: the fourth identical action is not done; all but an abort ends well."""
    steps = record["steps"] if record["end"] != "repetition" else record["steps"][:-1]
    entries = [
        {
            "action": "error" if one["action"] == "unparseable" else one["action"],
            "object": NO_OBJECT if one["feedback"] == "unknown_object" else one["target"],
            "legal_objects": legal,
            "success": int(one["success"]),
        }
        for one in steps
        if one["action"] != "end"
    ]
    last = {"action": "end", "object": None, "legal_objects": legal, "success": int(record["end"] != "repetition")}
    return [*entries, last]


def test_twelve_thousand_random_episodes_have_the_reference_figures_to_the_last_digit():
    chance = random.Random(20250531)
    seen = Counter()
    for _ in range(12_000):
        record, given = random_episode(chance)
        ours, theirs = asdict(measure_as_paper(record)), reference_figures(*given)
        assert {name: ours[name] for name in theirs} == theirs, (record["end"], given)
        seen.update(name for name, value in theirs.items() if 0 < value < 1)
        seen.update(["efficiency > 1"] if theirs["efficiency"] > 1 else [])
        seen.update([f"{theirs['success']} at {record['end']}"])
    assert min(seen[name] for name in ("efficiency", "completeness", "ordered_completeness", "repetition_rate")) > 500
    assert min(seen[f"1 at {end}"] for end in ENDS if end != "repetition") > 300
    assert seen["efficiency > 1"] > 20


PICKUP = (("navigate to", "CounterTop"), ("pickup", "Apple"), ("end", ""))
GO, TAKE, END = step("navigate to", "CounterTop"), step("pickup", "Apple"), step("end")
WANDER = [step("observe"), step("move forward")] * 10 + [step("observe")]
TWO = (("pickup", "Cup"), ("put", "Sofa"), ("pickup", "Mug"), ("put", "Bed"), ("end", ""))
ENCLOSED = (("navigate to", "Cabinet"), ("open", "Cabinet"), ("end", ""))
THREE = (("open", "Fridge"), ("pickup", "Egg"), ("end", ""))
LAMP = (("navigate to", "Desk"), ("toggle", "DeskLamp"), ("end", ""))
SEARCH = (("navigate to", "CounterTop"), ("end", ""))


def done(*pairs_of: tuple[str, str]) -> list[dict]:
    return [step(*pair) for pair in pairs_of]


WORKED = {
    "the shortest way": (
        episode([GO, TAKE, END], keys=PICKUP),
        (1, 4 / 4, 1.0, 1.0),
        (True, 1.0, 1.0, 1.0),
    ),
    "taken at once, as it was in view": (
        episode([TAKE, END], keys=PICKUP),
        (1, 4 / 3, 1.0, 1.0),
        (True, 1.0, 1.0, 1.0),
    ),
    "a time-out after the last key action": (
        episode([GO, TAKE, *WANDER], keys=PICKUP, end="step_limit"),
        (1, 4 / 25, 1.0, 1.0),
        (False, 0.0, 1.0, 0.5),
    ),
    "nothing but navigating until the limit": (
        episode([GO] * 23, keys=PICKUP, end="step_limit", holds=False),
        (0, 0.0, 0.5, 0.5),
        (False, 0.0, 0.0, 0.0),
    ),
    "a repetition after the last key action": (
        episode([GO, TAKE, *[step("observe")] * 4], keys=PICKUP, end="repetition"),
        (0, 0.0, 0.5, 0.5),
        (False, 0.0, 1.0, 0.5),
    ),
    "nothing at all, unreadable": (
        episode([step("unparseable", success=False)] * 3, keys=THREE, end="unparseable", holds=False),
        (0, 0.0, 1 / 3, 1 / 3),
        (False, 0.0, 0.0, 0.0),
    ),
    "the wrong order": (
        episode(done(TWO[2], TWO[3], TWO[0], TWO[1], TWO[4]), keys=TWO, holds=[True, False], task_type=ORDERED),
        (1, 6 / 6, 1.0, 3 / 5),
        (False, 0.0, 0.5, 2 / 5),
    ),
    "destinations swapped": (
        episode(done(TWO[0], TWO[3], TWO[2], TWO[1], TWO[4]), keys=TWO, holds=[False, False]),
        (1, 6 / 6, 1.0, 3 / 5),
        (False, 0.0, 0.0, 2 / 5),
    ),
    "put down and taken up again": (
        episode(done(*TWO[:4], TWO[2], TWO[4]), keys=TWO, holds=[True, False]),
        (1, 6 / 7, 1.0, 1.0),
        (False, 0.0, 0.5, 4 / 5),
    ),
    "toggled and toggled back": (
        episode(done(LAMP[0], LAMP[1], LAMP[1], LAMP[2]), keys=LAMP, holds=False),
        (1, 4 / 5, 1.0, 1.0),
        (False, 0.0, 0.0, 1 / 2),
    ),
    "the wrong cabinet": (
        episode(done(*ENCLOSED), keys=ENCLOSED, holds=False, task_type="single_search_from_closerep"),
        (1, 4 / 4, 1.0, 1.0),
        (False, 0.0, 0.0, 1 / 2),
    ),
    "a pot in view of a task that says spot": (
        episode([END], keys=SEARCH, holds=False, task_type="single_search", legal_objects=["Pot"]),
        (1, 3 / 2, 1.0, 1.0),
        (False, 0.0, 0.0, 0.0),
    ),
    "a key action last, whatever is in view": (
        episode([GO, END], keys=SEARCH, holds=False, task_type="single_search", legal_objects=["Bowl"]),
        (1, 3 / 3, 1.0, 1.0),
        (False, 0.0, 0.0, 0.0),
    ),
    "two of three": (
        episode([step("pickup", "Egg"), END], keys=THREE, holds=False),
        (0, 0.0, 2 / 3, 2 / 3),
        (False, 0.0, 0.0, 1 / 3),
    ),
    "a put without a type": (
        episode([step("put", "Plate"), END], keys=(("put", ""), ("end", "")), cost=2),
        (0, 0.0, 1 / 2, 1 / 2),
        (True, 1.0, 1.0, 1 / 2),
    ),
}


@pytest.mark.parametrize("name", WORKED)
def test_worked_examples_under_both_families(name):
    record, paper, true = WORKED[name]
    record["task"]["name"] = "See if you can spot the Lettuce"
    ours = measure_as_paper(record)
    assert (ours.success, ours.efficiency, ours.completeness, ours.ordered_completeness) == paper
    keys = [f"{key['action']} {key['object_type']}".strip() for key in record["task"]["key_actions"]]
    trajectory = as_reference(record, record["legal_objects"])
    again = reference_figures(record["task"]["type"], record["task"]["name"], trajectory, keys)
    assert (again["success"], again["efficiency"], again["completeness"], again["ordered_completeness"]) == paper
    honest = measure(record)
    figures = (honest.success, honest.search_efficiency, honest.goal_conditions, honest.ordered_completeness)
    assert figures == true


def test_a_search_is_judged_by_the_entrys_name_and_by_the_instruction_where_there_is_none():
    record = episode([END], keys=SEARCH, holds=False, task_type="single_search", legal_objects=["Pot"])
    record["task"].update(instruction="Where is the Lettuce?", name="Spot the Lettuce")
    assert measure_as_paper(record).success
    record["task"]["name"] = ""
    assert not measure_as_paper(record).success


def test_an_episode_that_infrastructure_broke_off_gets_no_end():
    assert measure_as_paper(episode([], end="infrastructure", holds=[])).completeness == 0.0
    record = episode([GO, TAKE], end="infrastructure", holds=[])
    assert (measure_as_paper(record).success, measure_as_paper(record).completeness) == (False, 0.5)


def test_the_repetition_rate_counts_refused_navigations_and_takes_unknown_names_for_one():
    taken = [GO, GO, step("navigate to", "sofa", success=False, feedback="unknown_object")]
    taken.append(step("navigate to", "tv", success=False, feedback="unknown_object"))
    assert measure_as_paper(episode([*taken, END], holds=False)).repetition_rate == 2 / 4
    assert measure_as_paper(episode([END], holds=False)).repetition_rate == 0.0


def test_length_is_the_sum_of_the_replies_tokens():
    assert measure_as_paper(episode([GO, TAKE, END])).length == 30


def test_a_task_without_scored_key_actions_and_a_record_without_fields_are_refused():
    with pytest.raises(RecordError, match="no key action"):
        measure_as_paper(episode([END], keys=(("navigate to", "Fridge"),)))
    with pytest.raises(RecordError, match="lacks legal_objects"):
        measure_as_paper({name: value for name, value in episode([END]).items() if name != "legal_objects"})


class Script:
    """Does given actions one after the other."""

    name = "script"

    def __init__(self, actions):
        self.actions = list(actions)

    def reply(self, views):
        text = f"<DecisionMaking>{self.actions.pop(0)}</DecisionMaking>"
        return [Reply(text) for _ in views]


def played(task, actions=None):
    (record,) = play([task], Script(actions) if actions else Oracle(), household, RolloutSettings(BRIEF))
    return record


def actions(record):
    return [" ".join(filter(None, (one["action"], one["target"]))) for one in record["steps"][1:]]


def test_played_rooms_tell_the_families_apart_where_something_is_undone_or_never_ended():
    task = next(pair for pair in pairs(2, 3) if pair[1].type == "pickup_and_put")
    way = actions(played(task))
    assert measure(played(task, way)).success
    undone = played(task, [*way[:-1], f"pickup {task[1].target_type}", "end"])
    assert (measure_as_paper(undone).success, measure(undone).success) == (True, False)
    late = played(task, [*way[:-1], *["observe", "move forward"] * 20])
    assert late["end"] == "step_limit"
    assert (measure_as_paper(late).success, measure(late).success, measure(late).goal_conditions) == (True, False, 1.0)


def test_played_rooms_tell_the_families_apart_where_a_device_is_toggled_back():
    task = pairs(1, 1, types=("single_toggle",))[0]
    way = actions(played(task))
    back = played(task, [*way[:-1], way[-2], "end"])
    assert way[-2].startswith("toggle ")
    assert (measure_as_paper(back).success, measure(back).success, measure(back).goal_conditions) == (True, False, 0.0)


def test_played_rooms_tell_the_families_apart_where_the_order_is_wrong():
    open_ones = (pair for pair in pairs(6, 4, types=(ORDERED,)) if "open" not in str(pair[1].key_actions))
    scene, task = next(open_ones)
    way = actions(played((scene, replace(task, goals=task.goals[::-1]))))
    record = played((scene, task), way)
    assert [goal["holds"] for goal in record["goals"]] == [True, False]
    assert (measure_as_paper(record).success, measure(record).success) == (True, False)
    assert measure(record).ordered_completeness < measure_as_paper(record).ordered_completeness < 1.0
