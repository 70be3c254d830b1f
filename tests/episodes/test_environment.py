"""The household as a gymnasium environment."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from llamafactory_embodied.episodes.environment import ENVIRONMENT_ID, HouseholdEnv, Words
from llamafactory_embodied.episodes.selection import Selection
from llamafactory_embodied.errors import SettingsError, SimulatorError
from llamafactory_embodied.tasks.planner import Planner
from llamafactory_embodied.world.controller import FrameSettings

FRAME = FrameSettings(56, 56, 75.0, 16)
FEW = Selection(profile="demo", split="dev", rooms=1, tasks_per_room=3)


@pytest.fixture(scope="module", params=["unaided", "reference"])
def env(request):
    made = gymnasium.make(ENVIRONMENT_ID, selection=FEW, frame=FRAME, rules=request.param, render_mode="rgb_array")
    yield made
    made.close()


def solve(env):
    """The planner's actions to the end; the last step's results."""
    episode = env.unwrapped._episode
    while True:
        action = Planner(episode.household, episode.task).plan(episode.view.outcome.sights[-1])[0]
        *results, info = env.step(str(action))
        if results[2] or results[3]:
            return (*results, info)


def test_it_passes_gymnasiums_own_check(env):
    check_env(env.unwrapped)


def test_an_episode_shows_text_and_frames_and_ends_with_a_reward(env):
    observation, info = env.reset(seed=1)
    assert observation["text"].count("<image>") == len(observation["frames"]) == 1
    assert info["task"] in {task.id for _, task in FEW.tasks()}
    assert info["system"]
    observation, reward, terminated, truncated, info = solve(env)
    assert (reward, terminated, truncated) == (1.0, True, False)
    assert observation in env.observation_space
    assert info["record"]["success"]
    assert info["end"] == "ended"


def test_looking_around_gives_three_frames_and_an_impossible_action_none(env):
    env.reset(seed=1)
    observation, *_ = env.step("observe")
    assert observation["text"].count("<image>") == len(observation["frames"]) == 3
    observation, _, _, _, info = env.step("<Thinking>where</Thinking><DecisionMaking>pickup Unicorn</DecisionMaking>")
    assert observation["text"].count("<image>") == len(observation["frames"]) == 0
    assert info["step"]["feedback"] == "unknown_object"
    assert info["step"]["reply"].startswith("<Thinking>where")


def test_ending_too_early_terminates_without_reward_and_limits_truncate(env):
    env.reset(seed=2, options={"task": FEW.tasks()[-1][1].id})
    _, reward, terminated, truncated, _ = env.step("end")
    assert (reward, terminated, truncated) == (0.0, True, False)
    env.reset(seed=2)
    for _ in range(3):
        _, reward, terminated, truncated, info = env.step("dance")
    assert (reward, terminated, truncated, info["end"]) == (0.0, False, True, "unparseable")


def test_the_seed_decides_the_task_and_an_option_names_it(env):
    ids = [env.reset(seed=seed)[1]["task"] for seed in range(12)]
    assert ids == [env.reset(seed=seed)[1]["task"] for seed in range(12)]
    assert len(set(ids)) == 3
    assert env.reset(options={"task": ids[0]})[1]["task"] == ids[0]
    with pytest.raises(SettingsError, match="task='none' is not in the selection"):
        env.reset(options={"task": "none"})


def test_the_newest_frame_is_rendered(env):
    observation, _ = env.reset(seed=1)
    np.testing.assert_array_equal(env.render(), observation["frames"][0])


def test_a_simulator_that_dies_is_an_error_and_no_reward():
    env = HouseholdEnv(selection=FEW, frame=FRAME)
    env.reset(seed=1)
    env._household.controller.step = None
    with pytest.raises(SimulatorError, match="move forward"):
        env.step("move forward")


def test_a_selection_without_tasks_is_a_settings_error_and_stepping_needs_a_reset():
    with pytest.raises(SettingsError, match="no tasks"):
        HouseholdEnv(selection=Selection(rooms=0), frame=FRAME)
    with pytest.raises(gymnasium.error.ResetNeeded):
        HouseholdEnv(selection=FEW, frame=FRAME).step("observe")


def test_words_are_any_text_that_is_not_too_long():
    words = Words(5)
    assert "søk!" in words
    assert "too long" not in words
    assert 7 not in words
