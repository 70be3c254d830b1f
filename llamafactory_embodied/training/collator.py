"""The host's collators for our samples: their image tokens must match their images, whose patches are made faster.

A mismatch would otherwise end the run deep inside the model, without a word on which sample it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import torch
from llamafactory.data.collator import (
    KTODataCollatorWithPadding,
    PairwiseDataCollatorWithPadding,
    SFTDataCollatorWith4DAttentionMask,
)
from llamafactory.extras.constants import IGNORE_INDEX, IMAGE_PLACEHOLDER
from PIL import Image

from ..errors import DataError
from .image_tokens import ImageSizing, size_of
from .marked_rows import SAMPLE_ID
from .packing import Packer, unpack
from .patches import with_fast_patches
from .reading import read_images

Sample = tuple[str, Sequence[Sequence[int]], Sequence[str]]


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
        model: Any

    def __call__(self, features: list[dict[str, Any]]) -> Any:
        """Makes a batch as the host does, having checked each sample of ours; see `EmbodiedCollator`.

        Raises:
            DataError: A sample of ours cannot be read, or its image tokens do not match its images. Names it.
        """
        samples = [sample for feature in features if SAMPLE_ID in feature for sample in self._samples(feature)]
        for feature in features:
            feature.pop(SAMPLE_ID, None)
        ours = [sample for sample in samples if sample[0]]
        if not ours:
            return super().__call__(features)  # type: ignore[misc]

        for sample in ours:
            self._check(*sample)
        stock, self.processor = self.processor, self._quick_processor
        try:
            return super().__call__(self._with_images(features))  # type: ignore[misc]
        except OSError as error:
            names = ", ".join(id_ for id_, *_ in ours)
            raise DataError(f"an image of the samples {names} cannot be read: {error}") from error
        finally:
            self.processor = stock

    def _with_images(self, features: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The rows with their images read, where the images are of a plugin that we know."""
        if self._sizing is None:
            return features
        asked = [image for feature in features for image in feature.get("images") or []]
        images = iter(read_images(self.template.mm_plugin, self.processor, asked))
        return [
            feature | {"images": [next(images) for _ in feature["images"]]} if feature.get("images") else feature
            for feature in features
        ]

    def _samples(self, feature: Mapping[str, Any]) -> list[Sample]:
        """Name, token ids and images of each sample of a row; the name is "" where it is not ours."""
        return [(feature[SAMPLE_ID], [feature[name] for name in self.sequences], feature.get("images") or [])]

    @cached_property
    def _sizing(self) -> ImageSizing | None:
        return ImageSizing.of_processor(self.template.mm_plugin, self.processor)

    @cached_property
    def _quick_processor(self) -> Any:
        """The processor, making the same patches in less time where it is one that we know."""
        return (
            self.processor
            if self._sizing is None
            else with_fast_patches(self.processor, self._sizing, self._pixel_dtype)
        )

    @property
    def _pixel_dtype(self) -> torch.dtype:
        """What the model makes of pixel values before it does anything else: the dtype of its vision tower."""
        tower = getattr(getattr(self.model, "model", None), "visual", None)
        return torch.float32 if tower is None else tower.dtype

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
            in_text = int(np.count_nonzero(np.asarray(sequence) == image_token_id))
            if in_text != sum(in_images):
                raise DataError(
                    f"sample {id_!r}: has {in_text} image tokens, but its {len(images)} images take {sum(in_images)} "
                    f"({', '.join(map(str, in_images))}); if the images have changed since the data was tokenized, "
                    "set overwrite_cache: true or tokenize it again"
                )


class EmbodiedCollator(ImageCheck, SFTDataCollatorWith4DAttentionMask):  # type: ignore[misc]
    """For supervised fine-tuning: rows with several images each, padded to one length, or packs of such rows.

    Legend: B rows, T tokens of the longest row (a multiple of `pad_to_multiple_of`), N images of the batch in order,
    P patches of all images, V values of a patch (channels * 2 * patch size squared).

    Args:
        features: Rows as `EmbodiedProcessor` or `EmbodiedPackedProcessor` makes them:

            - input_ids, attention_mask, labels: lists of a row's length; labels are -100 where nothing is trained.
            - images: paths, one for each run of image tokens, or None; videos, audios: None.
            - embodied_id: name of the sample, "" for a row of another data set; for a pack a list of names.
            - position_ids and, with `neat_packing`, packing_params: of packs; see the host's `PackingParams`.

    What it does:

    1. Packs of `neat_packing` lose their padding. With FlashAttention all packs of a batch become one sequence, in
       which positions that begin at 0 part the samples; else each pack stays a row, and the mask parts them.
    2. A batch of such packs without an image gets a blank one as one more sample, on which nothing is trained, so that
       the vision tower runs in each process; the host adds it where there are no packs.
    3. The image tokens of each sample of ours are counted against its images.
    4. Images are read and resized, several at a time, and cut into patches, bit for bit as by the host, and rounded to
       `compute_dtype`, as the vision tower would do first.
    5. The host pads, and asks the model's class for the positions of each sample.

    Returns:
        - input_ids, labels: int64 [B, T]; B is 1 where packs became one sequence.
        - attention_mask: int64 [B, T], 1 for a token, 0 for padding; of packs [B, 1, T, T] in `compute_dtype`, 0 where
          a token sees another one and the least number elsewhere, or None with FlashAttention.
        - position_ids: int64 [4, B, T], text, time, height and width, from 0 in each sample.
        - pixel_values: `compute_dtype` [P, V]; image_grid_thw: int64 [N, 3], in patches.

    Raises:
        DataError: A sample of ours cannot be read, or its image tokens do not match its images. Names it.

    Example:
        >>> collate = EmbodiedCollator(template=template, model=model, pad_to_multiple_of=8, **tokenizer_module)
        >>> batch = collate([dict(dataset[0]), dict(dataset[1])])
        >>> {name: list(batch[name].shape) for name in ("input_ids", "position_ids", "pixel_values", "image_grid_thw")}
        {'input_ids': [2, 104], 'position_ids': [4, 2, 104], 'pixel_values': [56, 1176], 'image_grid_thw': [3, 3]}
    """

    def __call__(self, features: list[dict[str, Any]]) -> Any:
        """Makes a batch; see the class."""
        if SAMPLE_ID in features[0] and "packing_params" in features[0]:
            features = self._laid_out([unpack(feature) for feature in features])
        return super().__call__(features)

    def _laid_out(self, packs: list[dict[str, list[Any]]]) -> list[dict[str, Any]]:
        """Rows of one length from the samples of packs, which the host's own code would not lay out."""
        if self.template.mm_plugin.image_token and not any(
            any(pack["images"]) or any(pack["videos"]) for pack in packs
        ):
            packs[0] = {name: [*values, self._blank[name]] for name, values in packs[0].items()}
        if self.attn_implementation == "flash_attention_2":
            packs = [{name: [one for pack in packs for one in pack[name]] for name in packs[0]}]
        longest = max(sum(map(len, pack["input_ids"])) for pack in packs)
        step = self.pad_to_multiple_of or 1
        capacity = step * (longest // step + 1) - 1  # at least one token of padding, which the host counts on
        packer = Packer(capacity, self.tokenizer.pad_token_id, numbered=True, with_params=True)
        return [packer.lists(pack) for pack in packs]

    @property
    def _blank(self) -> dict[str, Any]:
        """A sample of one white image, as the host gives it to batches without any."""
        image, question = Image.new("RGB", (64, 64), (255, 255, 255)), {"role": "user", "content": IMAGE_PLACEHOLDER}
        [message] = self.template.mm_plugin.process_messages([question], [image], [], [], self.processor)
        ids = self.tokenizer.encode(message["content"], add_special_tokens=False)
        nothing: dict[str, Any] = {"videos": [], "audios": [], SAMPLE_ID: ""}
        return {"input_ids": ids, "labels": [IGNORE_INDEX] * len(ids), "images": [image], **nothing}

    def _samples(self, feature: Mapping[str, Any]) -> list[Sample]:
        names = feature[SAMPLE_ID]
        if isinstance(names, str):
            return super()._samples(feature)
        if "packing_params" not in feature:  # nothing says whose the images are
            return [(", ".join(filter(None, names)), [feature["input_ids"]], feature["images"] or [])]
        samples = unpack(feature)
        return [
            (name, [ids], images)
            for name, ids, images in zip(names, samples["input_ids"], samples["images"], strict=True)
        ]

    @property
    def _pixel_dtype(self) -> torch.dtype:
        return self.compute_dtype


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
