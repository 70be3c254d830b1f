"""A searcher's belief is rebuilt from the record of an episode alone."""

import json
from dataclasses import asdict

from kitchens import BRIEF, household, pairs

from llamafactory_embodied.episodes.policy import Random, SearcherPolicy
from llamafactory_embodied.episodes.recall import recalled
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.tasks.generate import SIMPLE_TYPES
from llamafactory_embodied.tasks.searcher import Searcher
from llamafactory_embodied.tasks.task import Task

ROOMS = pairs(rooms=3, per_room=3, types=SIMPLE_TYPES)


class Kept(SearcherPolicy):
    """Keeps what its searcher believed at each turn."""

    def __init__(self, **how):
        super().__init__(**how)
        self.kept = {}

    def _decide(self, view):
        reply = super()._decide(view)
        searcher = self._searchers[view.episode]
        belief = searcher.goal, searcher.holding, list(searcher.tried), dict(searcher.places)
        self.kept.setdefault(view.episode, []).append(belief)
        return reply


def stored(policy):
    """Records as they come back from a file."""
    return [json.loads(json.dumps(one)) for one in play(ROOMS, policy, household, RolloutSettings(BRIEF))]


def test_a_record_gives_back_each_decision_and_belief_of_the_searcher_that_played_it():
    policy, turns, slips = Kept(slips=0.25), 0, 0
    for record in stored(policy):
        task = Task.from_json(record["task"])
        played = zip(recalled(task, record["steps"]), policy.kept[record["id"]], record["steps"][1:], strict=True)
        for (searcher, decision), belief, step in played:
            assert (searcher.goal, searcher.holding, list(searcher.tried), dict(searcher.places)) == belief
            slips += step.get("slip", False)
            turns += 1
            if not step.get("slip"):
                assert (decision.action.name, decision.action.target) == (step["action"], step["target"])
    assert turns >= 40
    assert slips >= 5


def test_a_searcher_takes_part_in_any_episode_and_from_any_prefix():
    beliefs = 0
    for record in stored(Random()):
        task, steps = Task.from_json(record["task"]), record["steps"]
        whole = [asdict(decision) for _, decision in recalled(task, steps)]
        for length in (1, len(steps) // 2):
            part = [asdict(decision) for _, decision in recalled(task, steps[:length])]
            assert part == whole[:length]
            beliefs += length
    assert beliefs >= 35


def test_an_episode_of_nothing_but_its_start_gives_the_first_decision():
    [record, *_] = stored(SearcherPolicy())
    [(searcher, decision)] = recalled(Task.from_json(record["task"]), record["steps"][:1])
    assert isinstance(searcher, Searcher)
    assert decision.action.name == record["steps"][1]["action"]
