"""The host's collator, with a check for our samples: their image tokens must match their images.

A mismatch would otherwise end the run deep inside the model, without a word on which sample it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llamafactory.data.collator import SFTDataCollatorWith4DAttentionMask

from ..errors import DataError
from .image_tokens import ImageSizing, size_of
from .marked_rows import SAMPLE_ID


class EmbodiedCollator(SFTDataCollatorWith4DAttentionMask):  # type: ignore[misc]
    """Makes batches as the host does; batches without a sample of ours go straight through."""

    def __call__(self, features: list[dict[str, Any]]) -> Any:
        """Makes a batch.

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
            return super().__call__(features)

        for id_, feature in zip(ids, features, strict=True):
            if id_:
                self._check(id_, feature["input_ids"], feature.get("images") or [])
        try:
            return super().__call__(features)
        except OSError as error:
            raise DataError(
                f"an image of the samples {', '.join(filter(None, ids))} cannot be read: {error}"
            ) from error

    def _check(self, id_: str, input_ids: Sequence[int], images: Sequence[str]) -> None:
        sizing = ImageSizing.of_processor(self.template.mm_plugin, self.processor)
        if sizing is None:
            return
        image_token_id = self.tokenizer.convert_tokens_to_ids(self.template.mm_plugin.image_token)
        in_text = list(input_ids).count(image_token_id)
        try:
            in_images = [sizing.token_count(*size_of(image)) for image in images]
        except DataError as error:
            raise DataError(f"sample {id_!r}: {error}") from error
        if in_text != sum(in_images):
            raise DataError(
                f"sample {id_!r}: has {in_text} image tokens, but its {len(images)} images take {sum(in_images)} "
                f"({', '.join(map(str, in_images))}); if the images have changed since the data was tokenized, "
                "set overwrite_cache: true or tokenize it again"
            )
