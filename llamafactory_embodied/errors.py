"""All errors the package raises on purpose, in one hierarchy.

Every class takes one message and nothing else, so that each survives pickling: an error that cannot be rebuilt
in the parent process hangs a `datasets.map` worker forever.
"""


class EmbodiedError(Exception):
    """Base of everything that the package raises on purpose; the command line prints these without a traceback."""


class SettingsError(EmbodiedError):
    """A configuration has an unknown key, a value of the wrong type, or a file that is not there."""


class SceneError(EmbodiedError):
    """A scene is not AI2-THOR metadata, or is damaged."""


class SimulatorError(EmbodiedError):
    """A simulator cannot be started, died, hangs or answers garbage. Never the model's fault."""


class TaskError(EmbodiedError):
    """A task names what its scene does not have, or cannot be solved there."""


class RecordError(EmbodiedError):
    """An episode record or a run folder is damaged or belongs to other settings."""


class PromptError(EmbodiedError):
    """A prompt set misses a text, or a text names an unknown placeholder."""


class ThoughtError(EmbodiedError):
    """No thoughts that pass the checks could be written for a turn. Names the episode, the turn and what is wrong."""


class DataError(EmbodiedError):
    """A training example is wrong: its images, roles or turns. Names the sample."""


class HostMismatchError(EmbodiedError):
    """LLaMA-Factory is missing, or its internals are not the ones this version of the plugin knows."""


class PolicyError(EmbodiedError):
    """A policy cannot answer: the server is gone, the checkpoint is unusable."""
