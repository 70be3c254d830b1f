"""Faults of simulator and model server: they lose no episode, change no result, and are never the model's failure."""

import random
import threading
import time
from itertools import cycle

import pytest
from kitchens import BRIEF, TOY_FRAME, household, pairs
from toy_server import by_words, serving

from llamafactory_embodied.episodes.policy import SearcherPolicy
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.episodes.server_policy import ServerPolicy
from llamafactory_embodied.errors import PolicyError, SimulatorError
from llamafactory_embodied.world.controller import EmbeddedController
from llamafactory_embodied.world.household import Household
from llamafactory_embodied.world.server import EmbeddedServer
from llamafactory_embodied.world.unity import UnityController

RUN = RolloutSettings(BRIEF)


def timeless(records):
    for record in records:
        for step in record["steps"]:
            del step["seconds"]
    return sorted(records, key=lambda record: record["id"])


class Watched(UnityController, EmbeddedController):
    """The embedded simulator under the watch that Unity is under."""


CAMERA = {
    "width": 56,
    "height": 56,
    "fieldOfView": 75.0,
    "gridSize": 0.1,
    "visibilityDistance": 20.0,
    "snapToGrid": False,
    "renderInstanceSegmentation": True,
}  # as open_controller has it


class Shaky(Household):
    """Fails at a share of its steps, in one way after the other."""

    faults, share, shaken, opened = cycle(["crash", "hang", "no objects", "half an object", "no picture"]), 0.1, [], 0
    rng = random.Random(4)

    def __init__(self):
        Shaky.opened += 1
        if Shaky.opened % 4 == 2:
            raise SimulatorError("It does not start today.")
        super().__init__(Watched(1.0, 60.0, **CAMERA), TOY_FRAME)
        self._due = False
        self.controller.server.receive = self._receive

    def step(self, action):
        self._due = self.rng.random() < self.share
        return super().step(action)

    def _receive(self, timeout=None):
        event = EmbeddedServer.receive(self.controller.server, timeout)
        if self._due:
            self._due = False
            self.shaken.append(next(self.faults))
            self._break(self.shaken[-1], event)
        return event

    def _break(self, fault, event):
        if fault == "crash":
            raise BrokenPipeError("the other side is gone")
        if fault == "hang":
            time.sleep(3)
        if fault == "no objects":
            event.metadata["objects"] = None
        if fault == "half an object":
            del event.metadata["objects"][3]["axisAlignedBoundingBox"]
        if fault == "no picture":
            event._made["frame"] = None


def test_a_simulator_that_fails_at_a_tenth_of_its_steps_loses_no_episode_and_changes_no_result():
    tasks = pairs(2, 4)
    well = list(play(tasks, SearcherPolicy(), household, RUN, batch=2))
    shaken = list(play(tasks, SearcherPolicy(), Shaky, RUN, batch=2))
    assert timeless(shaken) == timeless(well)
    assert len(well) == 8
    assert len(Shaky.shaken) >= 5
    assert set(Shaky.shaken) == {"crash", "hang", "no objects", "half an object", "no picture"}


def test_a_simulator_that_fails_at_the_same_step_each_time_is_given_up_and_named():
    class Cursed(Household):
        opened = 0

        def __init__(self):
            Cursed.opened += 1
            super().__init__(EmbeddedController(**CAMERA), TOY_FRAME)

        def step(self, action):
            if self.scene == cursed.scene and len(self.visited) > 0:
                raise SimulatorError("It always breaks here.")
            return super().step(action)

        def reset(self, scene, *more):
            self.scene = scene.name
            return super().reset(scene, *more)

    tasks = pairs(2, 1)
    cursed = tasks[0][1]
    broken, fine = sorted(play(tasks, SearcherPolicy(), Cursed, RUN), key=lambda record: record["end"] == "ended")
    assert (broken["id"], broken["end"], broken["success"]) == (cursed.id, "infrastructure", False)
    assert broken["message"].endswith("It always breaks here.")
    assert fine["end"] == "ended"
    assert Cursed.opened == 1 + RUN.retries + 1


class Faults:
    """One kind after the other at a share of the requests."""

    def __init__(self, *kinds, share=0.1):
        self.kinds, self.share, self.rng, self.lock = cycle(kinds), share, random.Random(0), threading.Lock()
        self.done = []

    def __call__(self, asked):
        with self.lock:
            kind = next(self.kinds) if self.rng.random() < self.share else None
            self.done += [kind] if kind else []
            return kind


def played(url, tasks, batch=1, **settings):
    return timeless(list(play(tasks, ServerPolicy(url, "toy", **settings), household, RUN, batch)))


def test_a_server_that_fails_at_a_tenth_of_the_requests_loses_no_episode_and_changes_no_result():
    tasks, kinds = pairs(2, 4), ("hang", "limit", "error", "cut", "truncate", "empty", "garbage")
    with serving(answer=by_words) as well:
        expected = played(well.url, tasks)
    with serving(answer=by_words, fault=Faults(*kinds)) as toy:
        assert played(toy.url, tasks, batch=3, timeout_s=2.0) == expected
        assert set(toy.fault.done) == set(kinds)
        assert len(toy.asked) >= len(well.asked) + len(toy.fault.done)
    assert len({step["action"] for record in expected for step in record["steps"]}) > 4


def test_a_server_is_left_alone_for_as_long_as_it_says():
    times = []

    def busy(asked):
        times.append(time.monotonic())
        return "limit" if len(times) == 1 else None

    with serving("<DecisionMaking>end</DecisionMaking>", fault=busy) as toy:
        played(toy.url, pairs(1, 1))
    assert times[1] - times[0] >= 1.0


@pytest.mark.parametrize(("kind", "batch"), [("error", 1), ("refuse", 3), ("garbage", 1), ("hang", 3), ("hang", 1)])
def test_an_episode_that_the_server_never_answers_is_recorded_as_infrastructure_and_the_others_are_played(kind, batch):
    tasks = pairs(1, 3)
    lost = tasks[1][1]

    def fault(asked):
        turns = sum(message["role"] == "assistant" for message in asked["messages"])
        return kind if lost.instruction in str(asked["messages"]) and turns >= 1 else None

    with serving(answer=by_words) as toy:
        expected = {record["id"]: record for record in played(toy.url, tasks)}
    with serving(answer=by_words, fault=fault) as toy:
        found = {record["id"]: record for record in played(toy.url, tasks, batch, timeout_s=1.0, retries=0)}
    record = found.pop(lost.id)
    assert (record["end"], record["success"], len(record["steps"])) == ("infrastructure", False, 2)
    assert record["message"].startswith("In place of reply 2: ")
    del expected[lost.id]
    assert found == expected


@pytest.mark.parametrize("batch", [1, 3])
def test_a_server_that_is_gone_stops_the_run_and_no_episode_is_blamed(batch):
    records = []
    with serving(answer=by_words) as toy:
        policy = ServerPolicy(toy.url, "toy", retries=0)
        playing = play(pairs(2, 3), policy, household, RUN, batch)
        records.append(next(playing))
    with pytest.raises(PolicyError, match=r"does not answer for 'toy'.*the same command continues"):
        records += list(playing)
    assert records[0]["end"] != "infrastructure"
    assert len(records) == 1


@pytest.mark.parametrize(("kind", "said"), [("limit", "slower"), ("error", "out of memory")])
def test_a_server_that_answers_nobody_any_more_stops_the_run(kind, said):
    def fault(asked):
        return kind if len(toy.asked) > 1 else None

    with serving(answer=by_words, fault=fault) as toy, pytest.raises(PolicyError, match=said):
        played(toy.url, pairs(2, 4), retries=0)
    assert len(toy.asked) == {"limit": 2, "error": 4}[kind]
