"""How episodes run and end, and what is written down of them."""

import json
from dataclasses import replace
from itertools import accumulate

import numpy as np
import pytest
from kitchens import BRIEF, TOY_FRAME, Noted, Watched, household, pairs

from evaluation.metrics import measure
from llamafactory_embodied.episodes.control import make_twin, move_target, swap_contents
from llamafactory_embodied.episodes.policy import Oracle, PriorOnly, Random, Reply, SearcherPolicy
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.errors import PolicyError, SettingsError, SimulatorError
from llamafactory_embodied.tasks.affordances import usual_places

RUN = RolloutSettings(BRIEF)


class Script:
    """Says given decisions one after the other, the last one for ever."""

    name = "script"

    def __init__(self, *decisions):
        self.decisions = list(decisions)

    def reply(self, views):
        words = self.decisions.pop(0) if len(self.decisions) > 1 else self.decisions[0]
        text = words if "<" in words else f"<DecisionMaking>{words}</DecisionMaking>"
        return [Reply(text, tokens=3, seconds=0.5) for _ in views]


def one(policy, run=RUN, task=0, open_household=household):
    (record,) = play([pairs(1, 3)[task]], policy, open_household, run)
    assert json.loads(json.dumps(record)) == record
    assert measure(record).success == record["success"]
    return record


def test_a_record_names_its_benchmark_and_what_may_be_handled_at_the_end():
    record = one(Oracle(), replace(RUN, benchmark="rooms-v1"))
    assert (record["benchmark"], one(Script("end"))["benchmark"]) == ("rooms-v1", "")
    assert record["legal_objects"] == sorted(set(record["legal_objects"]))
    watched = Watched(TOY_FRAME)
    record = one(Script("observe", "end"), open_household=lambda: watched)
    in_view = {item["objectType"] for item in watched.metadata["objects"] if item["visible"]}
    assert set(record["legal_objects"]) < in_view
    assert len(record["legal_objects"]) > 1


class Counting(Script):
    """Notes, before each reply, how many things all frames so far have shown."""

    def __init__(self, *decisions):
        super().__init__(*decisions)
        self.seen, self.counts = set(), []

    def reply(self, views):
        self.seen |= {sight.object_id for frame in views[0].outcome.sights for sight in frame}
        self.counts.append(len(self.seen))
        return super().reply(views)


def test_a_step_tells_the_instance_acted_on_and_how_many_things_it_showed_first():
    policy = Counting("navigate to Fridge", "open Fridge", "navigate to Fridge", "open Safe", "observe", "end")
    steps = one(policy)["steps"]
    assert list(accumulate(step["new"] for step in steps[:-1])) == policy.counts
    assert steps[1]["new"] + steps[2]["new"] > 0
    acted_on = [step["object_id"] for step in steps]
    assert acted_on == [None, steps[1]["object_id"], steps[1]["object_id"], steps[1]["object_id"], None, None, None]
    assert steps[1]["object_id"].startswith("Fridge|")


def test_the_agents_own_end_ends_and_the_goal_decides():
    record = one(Script("end"))
    assert (record["end"], record["success"], len(record["steps"])) == ("ended", False, 2)
    assert record["steps"][1]["frames"] == []
    assert one(Oracle())["success"]


def test_the_step_limit_ends_without_success():
    record = one(Script(*["observe", "move forward"] * 20))
    assert record["end"] == "step_limit"
    assert len(record["steps"]) - 1 == record["task"]["max_steps"]
    assert record["success"] is False


def test_the_fourth_identical_action_ends():
    assert [len(one(Script(word))["steps"]) for word in ("observe", "open Safe")] == [5, 5]
    record = one(Script("observe", "observe", "observe", "open Safe", "observe", "end"))
    assert record["end"] == "ended"
    assert one(Script("observe"))["end"] == "repetition"


def test_the_third_reply_without_an_action_ends():
    record = one(Script("<Planning>hm</Planning>"))
    assert (record["end"], len(record["steps"])) == ("unparseable", 4)
    assert [step["action"] for step in record["steps"]] == ["init", *["unparseable"] * 3]
    assert one(Script("<x>", "<x>", "observe", "<x>", "<x>", "end"))["end"] == "ended"


def test_an_illegal_action_has_a_kind_and_no_frame():
    step = one(Script("open Safe", "end"))["steps"][1]
    assert (step["legal"], step["success"], step["feedback"], step["frames"]) == (False, False, "unknown_object", [])
    assert (step["tokens"], step["seconds"]) == (3, 0.5)


def test_what_no_file_can_hold_is_replaced():
    record = one(Script("<DecisionMaking>open \ud800</DecisionMaking>", "end"))
    assert record["steps"][1]["target"] == "?"


class Failing:
    """A household whose simulator fails at the start or at an action."""

    def __init__(self, at):
        self.at, self.opened, self.stopped = at, 0, 0

    def __call__(self):
        self.opened += 1
        home, stop = household(), None
        reset, step, stop = home.reset, home.step, home.controller.stop

        def fail(*_):
            raise SimulatorError("Unity is gone.")

        home.reset = fail if self.at == "reset" and self.opened == 1 else reset
        home.step = fail if self.at == "step" and self.opened == 1 else step

        def stopped():
            self.stopped += 1
            stop()

        home.controller.stop = stopped
        return home


@pytest.mark.parametrize(("at", "steps", "said"), [("reset", 0, "At the start"), ("step", 1, "At observe")])
def test_a_simulator_that_fails_ends_the_episode_and_the_next_one_gets_another(at, steps, said):
    failing = Failing(at)
    first, second = play(pairs(1, 2), Script("observe"), failing, replace(RUN, retries=0))
    assert (first["end"], first["success"], len(first["steps"])) == ("infrastructure", False, steps)
    assert first["message"] == f"{said}: Unity is gone."
    assert first["goals"] == first["legal_objects"] == []
    assert measure(first).success is False
    assert second["end"] == "repetition"
    assert (failing.opened, failing.stopped) == (2, 2)


@pytest.mark.parametrize("at", ["reset", "step"])
def test_an_episode_whose_simulator_fails_is_played_anew_and_ends_as_if_nothing_had_been(at):
    failing = Failing(at)
    timeless = [list(play(pairs(1, 3), Script("observe"), home, RUN)) for home in (failing, Failing("never"))]
    for record in (*timeless[0], *timeless[1]):
        record["steps"] = [{**step, "seconds": 0} for step in record["steps"]]
    assert sorted(timeless[0], key=lambda one: one["id"]) == sorted(timeless[1], key=lambda one: one["id"])
    assert (failing.opened, failing.stopped) == (2, 2)


def test_a_policy_that_raises_is_one_clear_error_and_the_simulator_is_stopped():
    class Broken:
        name = "broken"

        def reply(self, views):
            raise MemoryError("no room")

    failing = Failing("never")
    with pytest.raises(
        PolicyError, match=r"The policy broken failed in a batch of 1 episodes, .*MemoryError: no room"
    ):
        list(play(pairs(1, 1), Broken(), failing, RUN))
    assert (failing.opened, failing.stopped) == (1, 1)


def test_a_batch_gives_the_same_episodes_as_one_after_the_other():
    tasks = pairs(2, 3)
    alone = {record["id"]: record for record in play(tasks, SearcherPolicy(), household, RUN)}
    together = {record["id"]: record for record in play(tasks, SearcherPolicy(), household, RUN, batch=4)}
    assert alone == together
    assert len(alone) == 6


def test_policies_forget_episodes_that_have_ended():
    for policy, kept in ((SearcherPolicy(), "_searchers"), (PriorOnly(), "_scripts")):
        list(play(pairs(2, 2), policy, household, RUN, batch=2))
        assert len(getattr(policy, kept)) <= 2


def test_cost_to_go_and_target_seen_follow_the_episode():
    record = one(SearcherPolicy(), task=1)
    costs = [step["cost_to_go"] for step in record["steps"]]
    seen = [step["target_seen"] for step in record["steps"]]
    assert costs[-1] == 1 < costs[0]
    assert seen == sorted(seen)
    assert seen[-1]


def shown(control, policy, task=1):
    watched = Watched(TOY_FRAME)
    noted = Noted(policy, watched)
    scene, chosen = pairs(1, 3)[task]
    (record,) = play([(scene, chosen)], noted, lambda: watched, RolloutSettings(BRIEF, control))
    return record, noted.views[-1].images


def test_blind_shows_as_many_frames_all_black():
    plain, frames = shown("none", SearcherPolicy())
    blind, black = shown("blind", SearcherPolicy())
    assert [frame.shape for frame in black] == [frame.shape for frame in frames]
    assert all(not frame.any() for frame in black)
    assert all(frame.any() for frame in frames)
    assert blind["steps"] == plain["steps"]
    assert blind["control"] == "blind"


def test_swap_shows_the_same_furniture_and_actions_with_other_contents():
    plain, frames = shown("none", SearcherPolicy())
    swapped, others = shown("swap", SearcherPolicy())
    assert swapped["steps"] == plain["steps"]
    assert len(others) == len(frames)
    share = [float(np.mean(np.any(a != b, axis=-1))) for a, b in zip(frames, others, strict=True)]
    assert 0.0 < float(np.mean(share)) < 0.5  # things differ, the room around them does not


def test_swapped_contents_are_the_same_things_in_the_same_places():
    for scene, _ in pairs(3, 1):
        twin = swap_contents(scene)
        before = {item["objectId"]: item for item in scene.metadata["objects"]}
        after = {item["objectId"]: item for item in twin.metadata["objects"]}
        assert before.keys() == after.keys()
        small = [name for name, item in before.items() if item["pickupable"]]
        moved = [name for name in small if before[name]["parentReceptacles"] != after[name]["parentReceptacles"]]
        assert len(moved) > len(small) / 2
        for name, item in after.items():
            if name not in small:
                assert item["axisAlignedBoundingBox"] == before[name]["axisAlignedBoundingBox"]
            for inside in item.get("receptacleObjectIds") or ():
                assert name in after[inside]["parentReceptacles"]


def test_without_frames_the_same_words_are_left():
    plain, _ = shown("none", SearcherPolicy())
    silent, frames = shown("text", SearcherPolicy())
    assert frames == ()
    unseen = [{**step, "frames": []} for step in plain["steps"]]
    assert silent["steps"] == unseen
    assert len(unseen) > 2


def test_a_moved_target_lies_where_it_usually_is_not_and_can_still_be_found():
    moved = 0
    for scene, task in pairs(4, 3):
        other = move_target(scene, task)
        if other is None:
            continue
        before, after = ({i["objectId"]: i for i in room.metadata["objects"]} for room in (scene, other))
        (place,), (old,) = (
            [room[name]["objectType"] for name in room[task.target_ids[0]]["parentReceptacles"]]
            for room in (after, before)
        )
        prior = usual_places(task.target_type, scene.room)
        assert place not in (old, task.destination_type)
        assert prior.get(place, 0.0) <= prior.get(old, 0.0) or prior.get(place, 0.0) < 0.2
        moved += 1
    assert moved > 8
    played = [one(Oracle(), RolloutSettings(BRIEF, "moved"), task) for task in range(3)]
    plain = [one(Oracle(), RUN, task) for task in range(3)]
    assert all(record["scene"] != other["scene"] for record, other in zip(played, plain, strict=True))
    assert sum(record["success"] for record in played) >= 2


def test_a_target_that_cannot_be_moved_is_played_where_it_is_and_the_record_says_so():
    scene, task = pairs(1, 1)[0]
    alone = [
        item for item in scene.metadata["objects"] if not item["pickupable"] or item["objectId"] in task.target_ids
    ]
    bare = replace(scene, metadata={**scene.metadata, "objects": alone})
    assert move_target(bare, task) is None
    (record,) = play([(bare, task)], Script("end"), household, RolloutSettings(BRIEF, "moved"))
    assert record["message"] == "the target stays where it is"


def test_an_unknown_control_is_an_error_that_names_the_known_ones():
    with pytest.raises(SettingsError, match="choose one of none, blind, text, swap, moved"):
        make_twin("dream", household(), pairs(1, 1)[0][0])
    with pytest.raises(SettingsError, match="control='dream' is unknown"):
        one(Oracle(), RolloutSettings(BRIEF, "dream"))


def test_the_random_policy_does_what_its_seed_says_and_names_only_what_was_seen():
    tasks = pairs(2, 3)
    runs = [list(play(tasks, Random(seed), household, RUN)) for seed in (0, 0, 1)]
    done = [[(step["action"], step["target"]) for record in run for step in record["steps"]] for run in runs]
    assert done[0] == done[1] != done[2]
    assert len({action for action, _ in done[0]}) > 6
    assert not any(step["error"] == "unknown_object" for run in runs for record in run for step in record["steps"])
    assert not any(step["action"] == "unparseable" for run in runs for record in run for step in record["steps"])
