"""Turns say what is known before each reply."""

import json

from kitchens import BRIEF, household, pairs

from llamafactory_embodied.episodes.policy import SearcherPolicy
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.stages.turn import turns_of


def records(**how):
    settings = RolloutSettings(BRIEF)
    return [json.loads(json.dumps(one)) for one in play(pairs(3, 3), SearcherPolicy(**how), household, settings)]


def test_an_episode_has_a_turn_for_each_reply_and_knows_only_what_was_seen_by_then():
    surveyed = 0
    for record in records(slips=0.2):
        turns, steps = list(turns_of(record)), record["steps"]
        assert [(one.action.name, one.action.target) for one in turns] == [
            (step["action"], step["target"]) for step in steps[1:]
        ]
        assert [one.occasion == "slip" for one in turns] == [step.get("slip", False) for step in steps[1:]]
        shown = set()
        for turn, step in zip(turns, steps, strict=False):
            shown |= {sight[1] for look in step["sights"] for sight in look}
            assert turn.seen == shown
            assert turn.visible <= turn.seen
            assert turn.frames == tuple(step["frames"])
            assert (turn.failure is not None) == (step["feedback"] is not None)
            surveyed += step["action"] == "observe"
            assert (len(turn.looks) == 3) == (step["action"] == "observe")
    assert surveyed >= 3
