"""Streams of training rows as the host's trainer needs them: each process reads shards of its own, for all its steps.

The trainer takes the end of a stream for the end of an epoch, in each process by itself. Processes whose shards hold
different numbers of rows would end their epochs at different steps: where gradients are accumulated, one of them then
leaves out an optimizer step that the others make, and waits at the end of the run for processes that are gone. And a
run that is continued from beyond its first epoch would begin the stream anew. So a stream here goes on with its next
pass, in another order, until it has given more rows than training can ask for.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import count
from typing import Any

from datasets import IterableDataset
from llamafactory.extras import logging

from ..errors import SettingsError
from .embedded import image_bytes

logger = logging.get_logger(__name__)


def require_own_batches(training_args: Any) -> None:
    """Refuses a run in which one process would make the batches of all and cut them into equal parts.

    Raises:
        SettingsError: The configuration does not say `dispatch_batches: false`.
    """
    if training_args.accelerator_config.dispatch_batches is not False:
        raise SettingsError(
            "streaming: true needs accelerator_config: {dispatch_batches: false} in the training configuration. "
            "Without it Accelerate makes each batch in the first process and hands every process a part of each of "
            "its tensors, cut by the number of samples; the patches of pixel_values are not one to a sample, so the "
            "run would end within the model, in one process as in several"
        )


class EndlessStream(IterableDataset):  # type: ignore[misc]
    """A stream that begins again, shuffled anew, until it has given as many rows as training may ask for.

    Shards go to processes in turns: what one has read in a pass, the next one reads in the next pass. So all samples
    come equally often, also where the shards cannot be divided equally.
    """

    _needed = 0
    _processes, _process = 1, 0

    @classmethod
    def of(cls, stream: IterableDataset, needed: int, processes: int = 1, process: int = 0) -> EndlessStream:
        """Makes one of a stream that ends; the last pass that is begun is a whole one.

        Args:
            stream: The rows of all processes.
            needed: How many rows training may ask for.
            processes: Among how many the shards are divided.
            process: Whose part this is.
        """
        made: EndlessStream = copy.copy(stream)
        made.__class__ = cls
        made._needed, made._processes, made._process = needed, processes, process
        return made

    def __iter__(self) -> Iterator[Any]:
        given = 0
        for number in count():
            before = given
            part = super().shard(self._processes, (self._process + number) % self._processes, contiguous=False)
            part.set_epoch(number)
            for row in part:
                given += 1
                yield row
            if given == before or given >= self._needed:
                return

    def shard(self, num_shards: int, index: int, contiguous: bool = True) -> EndlessStream:
        """The part of one process; what Accelerate calls where there are more shards than processes."""
        return self.of(self, self._needed, num_shards, index)


def least_shards(training_args: Any) -> int:
    """Returns how many shards a stream needs so that each worker of each process has one, and no process reads all.

    Accelerate gives processes shards of their own where there are more shards than processes, not where as many.
    """
    processes, workers = training_args.world_size, max(training_args.dataloader_num_workers, 1)
    return int(2 * processes if workers == 1 and processes > 1 else processes * workers)


def for_training(stream: IterableDataset, training_args: Any) -> EndlessStream:
    """Returns a stream of training rows for all steps of a run, and says so where it has too few shards."""
    if told := _told_of_shards(stream.num_shards, training_args):
        logger.warning_rank0(told)
    batches = training_args.max_steps * training_args.gradient_accumulation_steps
    return EndlessStream.of(stream, batches * training_args.per_device_train_batch_size * training_args.world_size)


def _told_of_shards(shards: int, training_args: Any) -> str:
    """What is wrong with a number of shards, and how to have others; empty if nothing is."""
    processes, workers = training_args.world_size, max(training_args.dataloader_num_workers, 1)
    least = least_shards(training_args)
    if processes > 1 and shards <= processes:
        what = "each process reads and tokenizes all of it, and uses its part"
    elif shards < processes * workers:
        what = "some workers have nothing to read"
    elif shards % (processes * workers):
        what = "they are not divided equally, so after one pass some samples have come twice and others not yet"
    else:
        return ""
    return (
        f"The stream has {shards} shards for {processes} processes with {workers} dataloader workers each: {what}. "
        f"Better are {least} or a multiple: `llamafactory-embodied pack ... shards={least}`. "
        "Of several data sets that are mixed, the one with the fewest counts."
    )


def with_image_bytes(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row as the host's collators read it: images that lie in the data itself as bytes, others as paths."""
    return {"images": row["images"] and [image_bytes(image) for image in row["images"]]}
