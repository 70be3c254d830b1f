"""Stage 1, imitation: the searcher's successful episodes as training examples."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..episodes.conversation import PromptSet, messages
from ..errors import RecordError
from .dataset import Example


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


def imitation_examples(records: Iterable[Mapping[str, Any]], prompts: PromptSet) -> Iterator[Example]:
    """Examples of the episodes that reached their goal; what failed is counted by whoever wrote the records."""
    return (to_example(record, prompts, stage=1) for record in records if record["success"])
