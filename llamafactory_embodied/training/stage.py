"""What a data set is loaded for, which the host tells neither to entries nor to converters, and what may be loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal, get_args

from ..errors import SettingsError
from .place import Place

Stage = Literal["sft", "rm", "kto"]
"""What an example is for; "rm" is the host's word for rankings, which `stage: dpo` trains on as well."""

_loaded_for: ContextVar[str | None] = ContextVar("loaded_for", default=None)


@contextmanager
def loading_for(stage: str) -> Iterator[None]:
    """Says what the host loads data sets for within the block."""
    token = _loaded_for.set(stage)
    try:
        yield
    finally:
        _loaded_for.reset(token)


def loaded_for() -> str | None:
    """Returns the host's word for the stage that data sets are loaded for now; None outside of a training run."""
    return _loaded_for.get()


def require_entry(dataset: str, ranking: bool, stage: str | None) -> None:
    """Refuses a data set that the stage cannot be trained on.

    Args:
        dataset: What to call it in errors.
        ranking: Whether its entry says that its samples have a chosen and a rejected answer.
        stage: As `loaded_for`.

    Raises:
        SettingsError: It is of another stage, or the format has no samples for the stage.
    """
    if stage is None:
        return
    if stage not in get_args(Stage):
        raise SettingsError(
            f'{dataset}: "formatting": "embodied" is trained with stage: sft, dpo, rm or kto; '
            f"the configuration says {stage!r}"
        )
    if stage == "rm" and not ranking:
        raise SettingsError(
            f'{dataset}: stage: dpo and stage: rm need "ranking": true in the data set\'s entry, '
            "and a chosen and a rejected answer in each sample"
        )
    if stage != "rm" and ranking:
        raise SettingsError(
            f'{dataset}: its entry says "ranking": true, which is for stage: dpo and stage: rm; '
            f"the configuration says stage: {stage}"
        )


def require_sample(sample_stage: Stage, stage: str | None, tag: str, place: Place) -> None:
    """Refuses a sample of another stage, where the data set's entry fits.

    Args:
        sample_stage: What the sample is for.
        stage: As `loaded_for`.
        tag: Name of the column that judges an answer.
        place: The sample, for errors.

    Raises:
        DataError: It is of another stage. Names file, sample and column.
    """
    if stage == "kto" and sample_stage == "sft":
        place.fail("is missing; stage: kto needs true or false in each sample", tag)
    if stage == "sft" and sample_stage == "kto":
        place.fail("judges the sample's last answer, which is for stage: kto; the configuration says stage: sft", tag)
