"""Stage 1, imitation: the searcher's successful episodes as training examples."""

from collections.abc import Mapping
from typing import Any

from ..episodes.conversation import PromptSet, messages
from ..errors import RecordError
from .dataset import Example

OBSERVED = "</Observation>"


def to_example(record: Mapping[str, Any], prompts: PromptSet, stage: int) -> Example:
    """One episode as one training example of `data_info/README.md`.

    Every word comes from the conversation that an acting model is shown. All assistant turns carry loss, but for
    deliberate slips, which are read and not trained on.

    Raises:
        RecordError: the episode was played with another prompt set.
    """
    if record["prompts"] != prompts.label:
        raise RecordError(
            f"Episode {record['id']} was played with the prompt set {record['prompts']}, not {prompts.label}: "
            "synthesize again, or name that prompt set."
        )
    said = messages(prompts, record["task"]["instruction"], record["steps"])
    slips = iter([bool(step.get("slip")) for step in record["steps"] if step["reply"] is not None])
    for message in said:
        if message["role"] == "assistant":
            message["loss"] = not next(slips)
    return {
        "id": record["id"],
        "messages": said,
        "images": [frame for step in record["steps"] for frame in step["frames"]],
        "task": record["task"]["type"],
        "stage": stage,
        "prompts": prompts.label,
    }


def imitation_example(record: Mapping[str, Any], prompts: PromptSet, unfinished: bool = False) -> Example | None:
    """The example of an episode that reached its goal.

    Args:
        record: the episode.
        prompts: the words it was played with.
        unfinished: whether it is cut once its target is seen, so that it shows how one looks, not how one ends.

    Returns:
        None for an unfinished one that has no such place.
    """
    example = to_example(record, prompts, stage=1)
    return _up_to_the_find(record, example) if unfinished else example


def _up_to_the_find(record: Mapping[str, Any], example: Example) -> Example | None:
    """An example up to the observation of the first frame that shows the target; None if there is no such thing."""
    seen = next((number for number, step in enumerate(record["steps"]) if step["target_seen"]), 0)
    said = example["messages"][: 3 + 2 * seen]  # the system's words, then a turn of each side for each step
    observation, closed, _ = said[-1]["content"].partition(OBSERVED)
    if seen == 0 or not closed or said[-1]["loss"] is False:
        return None
    frames = sum(len(step["frames"]) for step in record["steps"][: seen + 1])
    cut = [*said[:-1], said[-1] | {"content": observation + closed}]
    return example | {"messages": cut, "images": example["images"][:frames], "stage": 0}
