"""An episode as the page shows it: turn by turn, what the model saw, thought and did."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluation.frames import ENLARGED_WIDTH_PX, FrameView, embed_frame
from evaluation.metrics import Record, actions_taken, goals_hold, measure
from evaluation.paper import measure_as_paper
from evaluation.replies import ReplyPart, reply_parts
from evaluation.selection import outcome

OBSERVE_LABELS = ("left", "right", "back")

_END_REASONS = {
    "step_limit": "step limit reached",
    "repetition": "it repeated the same action",
    "unparseable": "its replies held no action",
    "infrastructure": "infrastructure failure, not the model's doing",
}


@dataclass(frozen=True)
class HiddenState:
    """What the record knows and the model does not: the planner's cost to go and whether the target was seen."""

    cost_to_go: int | None
    target_seen: bool


@dataclass(frozen=True)
class TurnView:
    """One decision: the frames it followed, the state behind them, the reply and what became of the action.

    `action` is empty for the last view, which shows only what the final action led to. `verdict` is `ok`, `failed`,
    `illegal` or `unparseable`.
    """

    number: int
    frames: tuple[FrameView, ...]
    seen_after: str
    hidden: HiddenState
    parts: tuple[ReplyPart, ...]
    action: str
    verdict: str
    feedback: str
    seconds: float | None


@dataclass(frozen=True)
class GoalView:
    """A goal predicate in words, and whether it holds on the final state (None: never judged)."""

    text: str
    holds: bool | None


@dataclass(frozen=True)
class EpisodeView:
    """Everything the page shows of one episode."""

    run: str
    id: str
    seed: int
    instruction: str
    task_type: str
    scene: str
    scene_kind: str
    conditions: str
    outcome: str
    verdict: str
    message: str
    goals: tuple[GoalView, ...]
    key_actions: str
    turns: tuple[TurnView, ...]
    actions: int
    max_steps: int | None
    efficiency: float
    goal_conditions: float
    completeness: float
    paper_success: bool

    @property
    def frame_px(self) -> int:
        """Width that the page keeps for a frame, the same in all turns."""
        return max((frame.shown_px for turn in self.turns for frame in turn.frames), default=ENLARGED_WIDTH_PX)


def episode_view(run: str, folder: Path, record: Record) -> EpisodeView:
    """Prepare one episode; frames are read and embedded here.

    Raises:
        RecordError: the record is damaged.
    """
    task, scene, metrics = record["task"], record["scene"], measure(record)
    return EpisodeView(
        run=run,
        id=str(record["id"]),
        seed=int(record.get("seed", 0)),
        instruction=str(task["instruction"]),
        task_type=str(task["type"]),
        scene=str(scene["name"]),
        scene_kind=str(scene.get("kind", "unknown")),
        conditions=_conditions(record),
        outcome=outcome(record),
        verdict=verdict(record),
        message=str(record.get("message") or ""),
        goals=_goals(record),
        key_actions=", ".join(action_text(key["action"], key["object_type"]) for key in task["key_actions"]),
        turns=_turns(folder, record),
        actions=len(actions_taken(record)),
        max_steps=task.get("max_steps"),
        efficiency=metrics.search_efficiency,
        goal_conditions=metrics.goal_conditions,
        completeness=metrics.ordered_completeness,
        paper_success=measure_as_paper(record).success,
    )


def verdict(record: Record) -> str:
    """Success, or the honest reason of the failure, in a few words."""
    kind = outcome(record)
    if kind == "success":
        return "success: all goals hold and it said end"
    if kind == "ended":
        missing = sum(not goal["holds"] for goal in record["goals"])
        return f"failed: it said end, but {missing} of {len(record['goals'])} goals {_do(missing)} not hold"
    reason = _END_REASONS.get(kind, kind)
    return f"failed: {reason}, though the goals held" if goals_hold(record) else f"failed: {reason}"


def _do(count: int) -> str:
    return "does" if count == 1 else "do"


def _conditions(record: Record) -> str:
    names = ("backend", "rules", "prompts", "policy", "control")
    return ", ".join(f"{name} {record[name]}" for name in names if record.get(name))


def _goals(record: Record) -> tuple[GoalView, ...]:
    """Judged goals; where the episode was never judged (infrastructure), those of the task."""
    goals = record["goals"] or record["task"].get("goals", ())
    return tuple(GoalView(_goal_text(goal), goal.get("holds")) for goal in goals)


def _goal_text(goal: Mapping[str, Any]) -> str:
    """`placed: Apple, Fridge`; other fields that a goal may have are told too."""
    kind = str(goal.get("kind", "goal")).replace("_", " ")
    return f"{kind}: " + ", ".join(
        str(value) for name, value in goal.items() if name not in ("kind", "holds") and value
    )


def action_text(action: str, target: str | None) -> str:
    """`navigate to Fridge`, `end`."""
    return f"{action} {target}" if target else action


def _turns(folder: Path, record: Record) -> tuple[TurnView, ...]:
    """Pairs each reply with the frames it followed: those of the step before."""
    steps = record["steps"]
    turns = []
    for number, before in enumerate(steps):
        step = steps[number + 1] if number + 1 < len(steps) else None
        if step is None and not before.get("frames"):
            break
        turns.append(_turn(folder, number + 1, before, step))
    return tuple(turns)


def _turn(folder: Path, number: int, before: Mapping[str, Any], step: Mapping[str, Any] | None) -> TurnView:
    return TurnView(
        number=number,
        frames=_frames(folder, before),
        seen_after="at the start" if before["action"] == "init" else _after(before),
        hidden=HiddenState(before.get("cost_to_go"), bool(before.get("target_seen"))),
        parts=tuple(reply_parts(str(step.get("reply") or ""))) if step else (),
        action=action_text(step["action"], step.get("target")) if step else "",
        verdict=_step_verdict(step) if step else "",
        feedback=_feedback(step) if step else "",
        seconds=step.get("seconds") if step else None,
    )


def _after(step: Mapping[str, Any]) -> str:
    if step["action"] == "unparseable":
        return "after a reply without an action"
    return f"after {action_text(step['action'], step.get('target'))}"


def _frames(folder: Path, step: Mapping[str, Any]) -> tuple[FrameView, ...]:
    paths = [str(path) for path in step.get("frames") or ()]
    labels = (
        OBSERVE_LABELS if len(paths) == len(OBSERVE_LABELS) and step["action"] == "observe" else ("",) * len(paths)
    )
    return tuple(embed_frame(folder, path, label) for path, label in zip(paths, labels, strict=True))


def _step_verdict(step: Mapping[str, Any]) -> str:
    if step["action"] == "unparseable":
        return "unparseable"
    if not step.get("legal", True):
        return "illegal"
    return "ok" if step["success"] else "failed"


def _feedback(step: Mapping[str, Any]) -> str:
    """The kind of feedback the model got and the simulator's own words, without saying the same twice."""
    told = [str(step[name]).replace("_", " ") for name in ("feedback", "error") if step.get(name)]
    return ": ".join(words for words in dict.fromkeys(told) if words != step["action"])
