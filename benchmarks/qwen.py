"""Qwen's model families without a download: the real vocabulary, real processor settings, tiny random weights.

The vocabulary is the one that the package `dashscope` carries. Special tokens, chat settings and image processor
settings are those of the published checkpoints; the weights are random and small, but of the families' own classes, so
that positions and losses are computed by the code that real training runs.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from itertools import pairwise
from pathlib import Path
from typing import Any

from .settings import OUT

_FIRST_SPECIAL = 151643
_QWEN2_VL = (
    *("<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>", "<|box_start|>"),
    *("<|box_end|>", "<|quad_start|>", "<|quad_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>"),
    *("<|image_pad|>", "<|video_pad|>"),
)
# In these vocabularies, but not special: they are text.
_QWEN2_5_VL = (
    *("<tool_call>", "</tool_call>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"),
    *("<|repo_name|>", "<|file_sep|>"),
)
_QWEN3_VL = (*_QWEN2_5_VL, "<tool_response>", "</tool_response>", "<think>", "</think>")

# Qwen2's own, published with its tokenizer.json.
_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


@dataclass(frozen=True)
class Family:
    """One family of models.

    Attributes:
        name: how benchmarks call it.
        stock: LLaMA-Factory's template.
        ours: this package's template.
        plain_tokens: tokens added to the vocabulary that are not special.
    """

    name: str
    stock: str
    ours: str
    plain_tokens: tuple[str, ...]


FAMILIES = (
    Family("qwen2_vl", "qwen2_vl", "embodied_qwen2_vl", ()),
    Family("qwen2_5_vl", "qwen2_vl", "embodied_qwen2_5_vl", _QWEN2_5_VL),
    Family("qwen3_vl", "qwen3_vl_nothink", "embodied_qwen3_vl", _QWEN3_VL),
    Family("qwen3_vl_thinking", "qwen3_vl", "embodied_qwen3_vl_thinking", _QWEN3_VL),
)


def checkpoint(family: Family) -> Path:
    """Makes a model folder that the host loads like a downloaded checkpoint, unless it is there."""
    folder = OUT / "models" / family.name
    if not (folder / "config.json").is_file():
        write_checkpoint(family, qwen_tokenizer(family), folder)
    return folder


def write_checkpoint(family: Family, tokenizer: Any, folder: Path) -> None:
    """Writes model, processor and a tokenizer that has Qwen's control tokens."""
    _processor(family, tokenizer).save_pretrained(folder)
    _model(family, tokenizer).save_pretrained(folder)


@cache
def _ranks() -> dict[bytes, int]:
    """Token -> its number; in byte-pair encoding also the turn in which it was merged."""
    distribution = metadata.distribution("dashscope")
    text = Path(str(distribution.locate_file("dashscope/resources/qwen.tiktoken"))).read_bytes()
    pairs = (line.split() for line in text.splitlines() if line)
    return {base64.b64decode(token): int(rank) for token, rank in pairs}


def _merges(ranks: dict[bytes, int]) -> Iterator[tuple[bytes, bytes]]:
    """The pair that each token was merged from: what is left of it with the merges before its own."""
    for token, rank in ranks.items():
        parts = [bytes([byte]) for byte in token]
        while len(parts) > 2:
            joined = [ranks.get(first + second, rank) for first, second in pairwise(parts)]
            at = min(range(len(joined)), key=joined.__getitem__)
            if joined[at] >= rank:
                raise ValueError(f"token {token!r} is not merged from two tokens")
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        if len(parts) == 2:
            yield parts[0], parts[1]


def qwen_tokenizer(family: Family) -> Any:
    """Qwen's tokenizer with a family's special tokens, a `transformers.PreTrainedTokenizerFast`."""
    from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast
    from transformers.convert_slow_tokenizer import bytes_to_unicode

    signs = bytes_to_unicode()

    def spelled(token: bytes) -> str:
        return "".join(signs[byte] for byte in token)

    ranks = _ranks()
    vocabulary = {spelled(token): rank for token, rank in ranks.items()}
    merges = [(spelled(first), spelled(second)) for first, second in _merges(ranks)]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in _QWEN2_VL])
    tokenizer.add_tokens([AddedToken(name, special=False, normalized=False) for name in family.plain_tokens])
    if tokenizer.token_to_id("<|endoftext|>") != _FIRST_SPECIAL:
        raise ValueError("the vocabulary is not Qwen's: its special tokens would have other numbers")
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(_QWEN2_VL[1:]),
        clean_up_tokenization_spaces=False,
        padding_side="right",
    )


def _processor(family: Family, tokenizer: Any) -> Any:
    import transformers as tf
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import Qwen2VLVideoProcessor

    if not family.name.startswith("qwen3"):
        sizes: dict[str, Any] = {"patch_size": 14, "merge_size": 2, "temporal_patch_size": 2}
        limits = {"shortest_edge": 56 * 56, "longest_edge": 12845056}
        kind = tf.Qwen2VLProcessor if family.name == "qwen2_vl" else tf.Qwen2_5_VLProcessor
        images, videos = tf.Qwen2VLImageProcessor(**sizes, size=limits), Qwen2VLVideoProcessor(**sizes)
        return kind(image_processor=images, tokenizer=tokenizer, video_processor=videos)
    sizes = {"patch_size": 16, "merge_size": 2, "temporal_patch_size": 2}
    sizes |= {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
    limits = {"shortest_edge": 65536, "longest_edge": 16777216}
    images, videos = tf.Qwen2VLImageProcessor(**sizes, size=limits), tf.Qwen3VLVideoProcessor(**sizes)
    return tf.Qwen3VLProcessor(image_processor=images, tokenizer=tokenizer, video_processor=videos)


def _model(family: Family, tokenizer: Any) -> Any:
    import torch
    import transformers as tf

    text = {"vocab_size": len(tokenizer), "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1}
    text |= {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16, "max_position_embeddings": 65536}
    text |= {"rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [2, 3, 3]}}
    number = tokenizer.convert_tokens_to_ids
    text |= {"bos_token_id": number("<|endoftext|>"), "eos_token_id": number("<|im_end|>")}
    text |= {"pad_token_id": number("<|endoftext|>")}
    tokens = {
        "image_token_id": number("<|image_pad|>"),
        "video_token_id": number("<|video_pad|>"),
        "vision_start_token_id": number("<|vision_start|>"),
        "vision_end_token_id": number("<|vision_end|>"),
        "tie_word_embeddings": True,
    }
    vision: dict[str, Any] = {"depth": 1, "num_heads": 2, "spatial_merge_size": 2}
    if family.name == "qwen2_vl":
        vision |= {"embed_dim": 32, "hidden_size": 32, "mlp_ratio": 2, "patch_size": 14}
        kinds = (tf.Qwen2VLConfig, tf.Qwen2VLForConditionalGeneration)
    elif family.name == "qwen2_5_vl":
        vision |= {"hidden_size": 32, "out_hidden_size": 32, "intermediate_size": 64, "patch_size": 14}
        kinds = (tf.Qwen2_5_VLConfig, tf.Qwen2_5_VLForConditionalGeneration)
    else:
        vision |= {"hidden_size": 32, "out_hidden_size": 32, "intermediate_size": 64, "patch_size": 16}
        vision |= {"deepstack_visual_indexes": [0], "num_position_embeddings": 2304}
        kinds = (tf.Qwen3VLConfig, tf.Qwen3VLForConditionalGeneration)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return kinds[1](kinds[0](text_config=text, vision_config=vision, **tokens, dtype="float32"))
