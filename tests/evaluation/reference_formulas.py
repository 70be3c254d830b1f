"""The reference evaluator's formulas a second time, written from their description alone, in exact fractions."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

SKIPPED = ("init", "observe", "move forward", "navigate to", "error")


def longest_common(first: Sequence[str], second: Sequence[str]) -> int:
    @cache
    def of(i: int, j: int) -> int:
        if i == len(first) or j == len(second):
            return 0
        if first[i] == second[j]:
            return 1 + of(i + 1, j + 1)
        return max(of(i + 1, j), of(i, j + 1))

    return of(0, 0)


def reference_figures(
    task_type: str, task_name: str, trajectory: Sequence[dict[str, Any]], key_actions: Sequence[str]
) -> dict[str, Any]:
    """`trajectory`: action, object, legal_objects and success 0 or 1 of each entry, from `init` to `end`."""
    scored = [
        key for key in key_actions if not any(word in key for word in ("observe", "move forward", "navigate to"))
    ]
    still_open, reward, in_order, last_successful = list(key_actions), 0, [], ""
    for entry in trajectory:
        name, thing = entry["action"], entry["object"]
        if name.startswith("put"):
            name = "put"
        said = name if thing is None else name + " " + thing
        if entry["success"] == 1 and name not in SKIPPED:
            if name == "end" and task_type == "single_search":
                named = [kind for kind in entry["legal_objects"] if task_name.lower().find(kind.lower()) >= 0]
                reward += 1 if named or last_successful in key_actions else 0
            elif name == "end":
                reward += 1
                in_order.append("end")
            elif said in still_open:
                still_open.remove(said)
                reward += 1
                in_order.append(said)
        if entry["success"] == 1:
            last_successful = said
    targets = [entry["object"] for entry in trajectory if entry["action"] == "navigate to"]
    success = int(Fraction(reward, len(scored)))
    completeness = Fraction(reward, len(scored))
    ordered = Fraction(longest_common(tuple(in_order), tuple(scored)), len(scored))
    return {
        "success": success,
        "efficiency": float(Fraction(len(key_actions) + 1, len(trajectory))) if success else 0.0,
        "completeness": float(completeness),
        "ordered_completeness": float(completeness if task_type == "single_search" else ordered),
        "repetition_rate": float(1 - Fraction(len(set(targets)), len(targets))) if targets else 0.0,
        "step": 2 if task_type == "single_search_from_closerep" else len(key_actions) - 1,
    }
