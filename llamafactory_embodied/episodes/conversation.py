"""The conversation between household and agent: every word of it, in one place.

Synthesis, training, exploration and evaluation all build their turns here, so a model acts on exactly the words that
it was trained on. The words themselves are data: a prompt set, named by the hash of its contents.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import yaml

from ..errors import PromptError
from ..world.outcome import FEEDBACK, Frame

Message = dict[str, Any]

_TEXTS = {
    "system": set(),
    "opening": {"task", "images"},
    "follow_up": {"task", "images", "action"},
    "failed": {"task", "images", "action", "reason"},
    "refused": {"task", "action", "reason"},
    "image": set(),
    "observed": set(),
}  # text -> the placeholders it may use
_FRAMES = {"opening": 1, "follow_up": 1, "failed": 1, "image": 1, "observed": 3}
"""Text -> how many `<image>`s it holds when `$images` stands for one; 0 for the others."""
_CONTROL = re.compile(r"<(?=\||(?:image|video|audio)>)", re.IGNORECASE)
IMAGE = "<image>"
LEFT_OUT_IMAGE = "[image left out]"


@dataclass(frozen=True)
class PromptSet:
    """The words of a conversation.

    Attributes:
        name: what it is called.
        texts: the texts by name, see `prompts/full.yaml`.
        reasons: feedback kind -> words.
    """

    name: str
    texts: Mapping[str, str]
    reasons: Mapping[str, str]

    @cached_property
    def label(self) -> str:
        """Name and hash, such as `full@1a2b3c4d`: two sets of one name but other words differ here."""
        text = json.dumps([dict(self.texts), dict(self.reasons)], sort_keys=True)
        return f"{self.name}@{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def fill(self, text: str, **values: str) -> str:
        """A text with its placeholders filled."""
        return Template(self.texts[text]).substitute(values).strip()


def load_prompts(name: str) -> PromptSet:
    """Loads a prompt set that ships with the package, or a file of the user's own.

    Args:
        name: `full`, `brief`, or a path to a YAML file.

    Raises:
        PromptError: there is no such set, or a text is missing or names an unknown placeholder.
    """
    shipped = resources.files(__package__) / "prompts" / f"{name}.yaml"
    try:
        text = shipped.read_text(encoding="utf-8") if shipped.is_file() else Path(name).read_text(encoding="utf-8")
        value = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise PromptError(f"Prompt set {name!r}: expected `full`, `brief` or a YAML file; {error}.") from error
    if not isinstance(value, dict) or not isinstance(value.get("reasons"), dict):
        raise PromptError(f"Prompt set {name!r} must be a mapping with the texts and `reasons`.")
    return _checked(PromptSet(str(value.get("name", name)), _texts(name, value), value["reasons"]))


def _texts(name: str, value: Mapping[str, Any]) -> dict[str, str]:
    missing = [key for key in _TEXTS if not isinstance(value.get(key), str)]
    missing += [f"reasons.{kind}" for kind in FEEDBACK if not isinstance(value["reasons"].get(kind), str)]
    if missing:
        raise PromptError(f"Prompt set {name!r} lacks the texts: {', '.join(missing)}.")
    unknown = [f"reasons.{kind}" for kind in value["reasons"] if kind not in FEEDBACK]
    unknown += [str(key) for key in value if key not in ("name", "reasons", *_TEXTS)]
    if unknown:
        raise PromptError(f"Prompt set {name!r} has unknown texts: {', '.join(unknown)}.")
    return {key: value[key] for key in _TEXTS}


def _checked(prompts: PromptSet) -> PromptSet:
    for key, allowed in _TEXTS.items():
        _check_placeholders(prompts.name, key, prompts.texts[key], allowed)
        shown = Template(prompts.texts[key]).safe_substitute(images=IMAGE).count(IMAGE)
        if shown != _FRAMES.get(key, 0):
            where = "$images exactly once" if "images" in allowed else f"{IMAGE} {_FRAMES.get(key, 0)} times"
            raise PromptError(f"Prompt set {prompts.name!r}: text `{key}` must hold {where}.")
    for kind, text in prompts.reasons.items():
        _check_placeholders(prompts.name, f"reasons.{kind}", text, {"reason"})
    return prompts


def _check_placeholders(name: str, key: str, text: str, allowed: set[str]) -> None:
    template = Template(text)
    if not template.is_valid():
        raise PromptError(f"Prompt set {name!r}: text `{key}` holds a `$` that starts no placeholder; write `$$`.")
    found = set(template.get_identifiers())
    if not found <= allowed:
        extra = ", ".join(f"${placeholder}" for placeholder in sorted(found - allowed))
        raise PromptError(f"Prompt set {name!r}: text `{key}` uses {extra}; it may use: {sorted(allowed)}.")


def as_plain(text: str) -> str:
    """Text in which nothing is a control token or an image placeholder: `<|` and `<image>` lose their bracket."""
    return _CONTROL.sub("‹", text)


def user_turn(prompts: PromptSet, task: str, step: Mapping[str, Any]) -> str:
    """What the household says after one step of an episode record.

    Args:
        prompts: the words.
        task: the instruction.
        step: `action`, `target`, `success`, `legal`, `feedback`, `error` and `frames`, as in `record.py`.
    """
    images = prompts.texts["observed" if len(step["frames"]) == 3 else "image"]
    said = as_plain(" ".join(filter(None, (step["action"], step["target"]))))
    values = {"task": as_plain(task), "images": images, "action": said}
    if step["action"] == "init":
        return prompts.fill("opening", task=values["task"], images=images)
    if step["feedback"] is None:  # it happened, or the rules do not say that it did not
        return prompts.fill("follow_up", **values)
    reason = Template(prompts.reasons[step["feedback"]]).substitute(reason=as_plain(step["error"] or "").rstrip("."))
    return prompts.fill("failed" if step["legal"] else "refused", **values, reason=reason)


def messages(prompts: PromptSet, task: str, steps: Sequence[Mapping[str, Any]]) -> list[Message]:
    """The conversation of an episode so far; its frames belong, in order, to the `<image>`s in the text.

    Args:
        prompts: the words.
        task: the instruction.
        steps: the steps of an episode record, from `init` on.

    Returns:
        `{"role", "content"}` of system, user, assistant, user, ...; ends with a user turn while the episode runs, and
        with the assistant's `end` when that was its last action.
    """
    said: list[Message] = [{"role": "system", "content": prompts.fill("system")}]
    for step in steps:
        if step["reply"] is not None:
            said.append({"role": "assistant", "content": as_plain(step["reply"])})
        if step["action"] != "end":
            said.append({"role": "user", "content": user_turn(prompts, task, step)})
    return said


def newest_frames(said: Sequence[Message], frames: Sequence[Frame], count: int) -> tuple[list[Message], list[Frame]]:
    """The conversation with its newest frames only; in place of each older one stands that it is left out.

    Args:
        said: `messages`.
        frames: those that its `<image>`s stand for.
        count: how many are kept.
    """
    older, shown = max(0, len(frames) - count), list[Message]()
    for message in said:
        text = message["content"]
        here = min(older, text.count(IMAGE))
        older -= here
        shown.append({**message, "content": text.replace(IMAGE, LEFT_OUT_IMAGE, here)})
    return shown, list(frames[max(0, len(frames) - count) :])
