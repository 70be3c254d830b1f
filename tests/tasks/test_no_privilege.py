"""No privileged knowledge: what the searcher does and says follows from its frames and the task alone."""

import numpy as np
from kitchens import TOY_FRAME, pairs, play_watched, thought_out

from benchmarks.leaks import leaks, named_types
from llamafactory_embodied.episodes.control import move_round
from llamafactory_embodied.episodes.policy import Oracle, Reply, SearcherPolicy
from llamafactory_embodied.tasks.habits import HabitShares


def replies(played):
    return [step["reply"] for step in played.record["steps"][1:]]


def elsewhere(scene, task, count):
    """Scenes in which the target has changed places with a thing that lies in another place."""
    small = [item for item in scene.metadata["objects"] if item["pickupable"] and item["parentReceptacles"]]
    target = next(item for item in small if item["objectId"] in task.target_ids)
    others = [item for item in small if not set(item["parentReceptacles"]) & set(target["parentReceptacles"])]
    return [
        move_round(scene, [target["objectId"], other["objectId"]]) for other in others[:: max(1, len(others) // count)]
    ]


class Shadow:
    """Plays as another policy while its frames are those that an earlier episode had, then ends."""

    name = "shadow"

    def __init__(self, policy, earlier):
        self.policy, self.earlier = policy, earlier
        self.compared, self.equal, self.differ = 0, True, False

    def reply(self, views):
        turn, said = self.compared, replies(self.earlier)
        then = self.earlier.views[turn].images if turn < len(said) else ()
        now = views[0].images
        self.differ = len(now) != len(then) or any(not np.array_equal(*both) for both in zip(now, then, strict=True))
        if self.differ or not self.equal:
            return [Reply("<DecisionMaking>end</DecisionMaking>")]
        answers = self.policy.reply(views)
        self.compared, self.equal = turn + 1, answers[0].text == said[turn]
        return answers


def compare(policy, rooms, moves):
    shadows = []
    for scene, task in pairs(rooms=rooms, per_room=3):
        earlier = play_watched(scene, task, policy, TOY_FRAME)
        for room in elsewhere(scene, task, moves):
            shadows.append(Shadow(policy, earlier))
            played = play_watched(room, task, shadows[-1], TOY_FRAME)
            shadows[-1].records = earlier.record, played.record
    return shadows


def test_moving_the_unseen_target_changes_nothing_until_a_frame_shows_it():
    shadows = compare(SearcherPolicy(), rooms=6, moves=3)
    assert all(shadow.equal for shadow in shadows)
    assert sum(shadow.compared for shadow in shadows) >= 100
    assert sum(shadow.differ for shadow in shadows) >= 20  # the moves were noticed in the end
    for shadow in shadows:
        both = [record | {"steps": record["steps"][: 1 + shadow.compared]} for record in shadow.records]
        assert thought_out(both[0]) == thought_out(both[1])


def test_detours_looks_steps_and_checks_know_no_more():
    everything = HabitShares((0.0, 0.5, 0.5), looks=0.5, steps=1.0, checks=1.0, mends=True)
    shadows = compare(SearcherPolicy(seed=1, shares=everything), rooms=6, moves=2)
    assert all(shadow.equal for shadow in shadows)
    assert sum(shadow.compared for shadow in shadows) >= 80
    assert sum(shadow.differ for shadow in shadows) >= 15


def test_an_all_knowing_agent_is_found_out_by_the_same_comparison():
    assert any(not shadow.equal for shadow in compare(Oracle(), rooms=3, moves=2))


def test_thoughts_and_actions_name_only_what_frames_have_shown_or_the_task_says(searched):
    turns = 0
    for played in searched:
        assert leaks(played.record["task"], thought_out(played.record), played.visible) == [], played.record["id"]
        turns += len(played.visible)
    assert turns >= 500


def test_planted_leaks_are_found(searched):
    planted = 0
    for played in searched[:20]:
        said = thought_out(played.record)
        seen = set().union(*played.visible) | named_types(played.record["task"]["instruction"])
        for hidden, words in (("Statue", "a statue"), ("LaundryHamper", "LaundryHamper"), ("Toaster", "two toasters")):
            if hidden in seen or not named_types(words):
                continue
            for turn in (0, len(said) - 1):
                leaky = [*said[:turn], said[turn] + f"<Thinking>I know of {words}.</Thinking>", *said[turn + 1 :]]
                assert (turn, hidden) in leaks(played.record["task"], leaky, played.visible)
                planted += 1
    assert planted >= 30


def test_the_target_seen_only_later_must_not_be_told_of_as_seen_before():
    task = {"target_type": "Mug", "destination_type": None, "instruction": "Find the mug."}
    seen = [{"Fridge"}, {"Fridge", "Apple"}]
    assert leaks(task, ["<Planning>the Apple is in the Fridge</Planning>", "Apple"], seen) == [(0, "Apple")]
    assert leaks(task, ["the Mug may be in the Fridge", "an apple"], seen) == []
