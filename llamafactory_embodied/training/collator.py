"""The host's collators for our samples: their image tokens must match their images, whose patches are made faster.

A mismatch would otherwise end the run deep inside the model, without a word on which sample it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

from llamafactory.data.collator import (
    KTODataCollatorWithPadding,
    PairwiseDataCollatorWithPadding,
    SFTDataCollatorWith4DAttentionMask,
)

from ..errors import DataError
from .image_tokens import ImageSizing, size_of
from .marked_rows import SAMPLE_ID
from .patches import with_fast_patches


class ImageCheck:
    """Mixed into the host's collators; batches without a sample of ours go straight through.

    Attributes:
        sequences: The columns of token ids, in each of which the sample's images stand.
    """

    sequences: ClassVar[tuple[str, ...]] = ("input_ids",)
    if TYPE_CHECKING:
        template: Any
        tokenizer: Any
        processor: Any

    def __call__(self, features: list[dict[str, Any]]) -> Any:
        """Makes a batch as the host does.

        Args:
            features: Preprocessed rows; `input_ids`, `attention_mask`, `labels`, `images`, ..., and in data sets with
                rows of ours `embodied_id`.

        Returns:
            The host's batch: token tensors of shape [batch, tokens], `pixel_values` [patches, values],
            `image_grid_thw` [images, 3].

        Raises:
            DataError: A sample of ours cannot be read, or its image tokens do not match its images. Names it.
        """
        ids = [feature.pop(SAMPLE_ID, "") for feature in features]
        if not any(ids):
            return super().__call__(features)  # type: ignore[misc]

        for id_, feature in zip(ids, features, strict=True):
            if id_:
                self._check(id_, [feature[name] for name in self.sequences], feature.get("images") or [])
        stock, self.processor = self.processor, self._quick_processor
        try:
            return super().__call__(features)  # type: ignore[misc]
        except OSError as error:
            raise DataError(
                f"an image of the samples {', '.join(filter(None, ids))} cannot be read: {error}"
            ) from error
        finally:
            self.processor = stock

    @cached_property
    def _sizing(self) -> ImageSizing | None:
        return ImageSizing.of_processor(self.template.mm_plugin, self.processor)

    @cached_property
    def _quick_processor(self) -> Any:
        """The processor, making the same patches in less time where it is one that we know."""
        return self.processor if self._sizing is None else with_fast_patches(self.processor, self._sizing)

    def _check(self, id_: str, sequences: Sequence[Sequence[int]], images: Sequence[str]) -> None:
        sizing = self._sizing
        if sizing is None:
            return
        image_token_id = self.tokenizer.convert_tokens_to_ids(self.template.mm_plugin.image_token)
        try:
            in_images = [sizing.token_count(*size_of(image)) for image in images]
        except DataError as error:
            raise DataError(f"sample {id_!r}: {error}") from error
        for sequence in sequences:
            in_text = list(sequence).count(image_token_id)
            if in_text != sum(in_images):
                raise DataError(
                    f"sample {id_!r}: has {in_text} image tokens, but its {len(images)} images take {sum(in_images)} "
                    f"({', '.join(map(str, in_images))}); if the images have changed since the data was tokenized, "
                    "set overwrite_cache: true or tokenize it again"
                )


class EmbodiedCollator(ImageCheck, SFTDataCollatorWith4DAttentionMask):  # type: ignore[misc]
    """For supervised fine-tuning."""


class EmbodiedPairwiseCollator(ImageCheck, PairwiseDataCollatorWithPadding):  # type: ignore[misc]
    """For rankings: the batch has the chosen answers and then the rejected ones, each after its prompt."""

    sequences = ("chosen_input_ids", "rejected_input_ids")


class EmbodiedFeedbackCollator(ImageCheck, KTODataCollatorWithPadding):  # type: ignore[misc]
    """For judged answers: each prompt with its own answer, and with another one.

    Transformers 5 has to be told where the images stand, with position ids or with the kinds of tokens. The host makes
    the former, but its trainer does not hand them on (see `hand_on`), so batches of data sets with rows of ours bring
    the latter: `mm_token_type_ids` and `kl_mm_token_type_ids` [batch, tokens], 1 for a part of an image.
    """

    sequences = ("input_ids", "kl_input_ids")

    def __call__(self, features: list[dict[str, Any]]) -> Any:
        """As `ImageCheck`, with the kinds of tokens."""
        ours = SAMPLE_ID in features[0]
        batch = super().__call__(features)
        if ours and self.get_rope_func and "mm_token_type_ids" in signature(self.get_rope_func).parameters:
            image_token_id = self.model.config.image_token_id
            for prefix in ("", "kl_"):
                batch[f"{prefix}mm_token_type_ids"] = (batch[f"{prefix}input_ids"] == image_token_id).int()
        return batch


def hand_on(stock: Callable[..., Any]) -> Callable[..., Any]:
    """Wraps the `forward` of the host's KTO trainer so that the model gets the kinds of tokens that a batch brings."""

    def forward(self: Any, model: Any, batch: Mapping[str, Any], prefix: str = "") -> Any:
        kinds = batch.get(f"{prefix}mm_token_type_ids")
        return stock(self, model if kinds is None else partial(model, mm_token_type_ids=kinds), batch, prefix)

    return forward


# By the name of the host's that each stands for.
OURS: dict[str, type] = {
    "SFTDataCollatorWith4DAttentionMask": EmbodiedCollator,
    "PairwiseDataCollatorWithPadding": EmbodiedPairwiseCollator,
    "KTODataCollatorWithPadding": EmbodiedFeedbackCollator,
}
