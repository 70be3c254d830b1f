"""The household as a `gymnasium.Env`: `gymnasium.make("Embodied/Household-v1")` once this module is imported.

One episode is one task. The observation is what a model is shown: the newest turn's text and the frames that its
`<image>`s stand for. The action is text: a bare action such as `navigate to Fridge`, or a whole reply with thoughts.
The reward is 1 for an `end` at which all goals hold, else 0.
"""

from typing import Any, SupportsFloat

import gymnasium
import numpy as np
from gymnasium import spaces

from ..errors import SettingsError, SimulatorError
from ..tasks.task import Task
from ..world.action import Action
from ..world.controller import FrameSettings, open_controller
from ..world.household import Household
from ..world.outcome import Frame
from ..world.scene import Scene
from .conversation import load_prompts
from .policy import Reply
from .reply import holds_decision, write_reply
from .rollout import Episode, RolloutSettings
from .selection import Selection

ENVIRONMENT_ID = "Embodied/Household-v1"
"""A change that alters what happens in an episode raises the number."""

_LONGEST = 100_000  # characters of a turn or a reply

Observation = dict[str, Any]


class Words(spaces.Text):
    """Any text; samples are letters and digits."""

    def contains(self, x: Any) -> bool:
        """Whether a value is a text that is not too long."""
        return isinstance(x, str) and len(x) <= self.max_length


class HouseholdEnv(gymnasium.Env[Observation, str]):
    """Plays the tasks of a selection, drawn by `reset`'s seed."""

    metadata = {"render_modes": ["rgb_array"], "render_fps": 2}  # noqa: RUF012  # gymnasium's own attribute

    def __init__(
        self,
        selection: Selection | None = None,
        frame: FrameSettings | None = None,
        rules: str = "unaided",
        backend: str = "embedded",
        prompts: str = "full",
        render_mode: str | None = None,
    ):
        """Opens a simulator.

        Args:
            selection: rooms and tasks; two generated training rooms without it.
            frame: camera.
            rules: `unaided` or `reference`.
            backend: `embedded` or `unity`.
            prompts: prompt set.
            render_mode: gymnasium's; `rgb_array` or None.

        Raises:
            SettingsError: a name is unknown, or the selection has no tasks.
            SimulatorError: the backend cannot run here.
        """
        frame = frame or FrameSettings()
        self.render_mode = render_mode
        self._settings = RolloutSettings(load_prompts(prompts))
        self._household = Household(open_controller(backend, frame), frame, backend, rules)
        self._tasks = {task.id: (scene, task) for scene, task in (selection or Selection(rooms=2)).tasks()}
        if not self._tasks:
            raise SettingsError("The selection has no tasks: give it rooms, and task types that fit them.")
        picture = spaces.Box(0, 255, (frame.height_px, frame.width_px, 3), np.uint8)
        self.observation_space = spaces.Dict(
            {"frames": spaces.Sequence(picture), "text": Words(_LONGEST, min_length=0)}
        )
        self.action_space = Words(_LONGEST)
        self._episode: Episode | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Begins an episode.

        Args:
            seed: decides which task.
            options: `task`, the id of the task to play.

        Returns:
            Observation; the task's id, the record's first step, and the system prompt.

        Raises:
            SettingsError: there is no such task.
            SimulatorError: the simulator failed.
        """
        super().reset(seed=seed)
        scene, task = self._draw((options or {}).get("task"))
        self._episode = Episode(self._household, scene, task, "gymnasium", self._settings)
        return self._observe(), self._info() | {"system": self._settings.prompts.fill("system")}

    def _draw(self, asked: str | None) -> tuple[Scene, Task]:
        if asked is None:
            return list(self._tasks.values())[int(self.np_random.integers(len(self._tasks)))]
        if asked not in self._tasks:
            raise SettingsError(
                f"task={asked!r} is not in the selection; it has {', '.join(list(self._tasks)[:3])}, ..."
            )
        return self._tasks[asked]

    def step(self, action: str) -> tuple[Observation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Does what a text says.

        Returns:
            Observation; reward; whether the agent ended the episode; whether a limit did (steps, repetitions, replies
            without an action); the record's newest step, and the task's goals once it is over.

        Raises:
            SimulatorError: the simulator failed.
        """
        episode = self._running
        episode.apply(Reply(action if holds_decision(action) else write_reply([], Action(action))))
        reward = float(episode.end is not None and episode.record()["success"])
        ended = episode.end == "ended"
        return self._observe(), reward, ended, episode.end is not None and not ended, self._info()

    @property
    def _running(self) -> Episode:
        if self._episode is None:
            raise gymnasium.error.ResetNeeded("Call reset() before step() and render().")
        return self._episode

    def _observe(self) -> Observation:
        episode = self._running
        if episode.end == "infrastructure":
            raise SimulatorError(episode.message)
        newest = episode.view.messages[-1]
        count = len(episode.steps[-1]["frames"])
        frames = tuple(episode.frames[len(episode.frames) - count :])
        return {"frames": frames, "text": newest["content"] if newest["role"] == "user" else ""}

    def _info(self) -> dict[str, Any]:
        episode = self._running
        over = {} if episode.end is None else {"end": episode.end, "record": episode.record()}
        return {"task": episode.task.id, "step": episode.steps[-1], **over}

    def render(self) -> Frame | None:
        """The newest frame [height, width, 3], RGB."""
        return self._running.frames[-1] if self.render_mode == "rgb_array" else None

    def close(self) -> None:
        """Stops the simulator."""
        self._household.controller.stop()


gymnasium.register(ENVIRONMENT_ID, entry_point=f"{__name__}:{HouseholdEnv.__name__}")
