"""A small tokenizer for tiny models: whole words where it knows them, byte pairs everywhere else.

Contract: any text survives encoding and decoding unchanged, because the 256 bytes are in the vocabulary and nothing
is normalized. Qwen's control tokens stand at the end of the vocabulary, under the names that LLaMA-Factory's Qwen
templates ask for; plain text encoded with `split_special_tokens=True` never yields one.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import Any

from ..errors import SettingsError

CONTROL_TOKENS: tuple[str, ...] = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

# A tag; a word, with the space before it; a digit; line breaks; another sign, with the space before it; other space.
WORD_PATTERN = r"</?\p{L}+>| ?\p{L}+|\p{N}|\n+| ?(?!</?\p{L}+>)[^\s\p{L}\p{N}]|\s"

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if loop.first and message.role != 'system' -%}"
    "{{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' -}}"
    "{%- endif -%}"
    "{{- '<|im_start|>' + message.role + '\n' -}}"
    "{%- if message.content is string -%}"
    "{{- message.content -}}"
    "{%- else -%}"
    "{%- for part in message.content -%}"
    "{%- if part.type == 'text' -%}{{- part.text -}}"
    "{%- elif part.type == 'image' -%}{{- '<|vision_start|><|image_pad|><|vision_end|>' -}}"
    "{%- elif part.type == 'video' -%}{{- '<|vision_start|><|video_pad|><|vision_end|>' -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- endif -%}"
    "{{- '<|im_end|>\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)


def household_texts() -> list[str]:
    """Returns the texts whose words every tiny tokenizer knows: AI2-THOR's object types, the actions, plain words."""
    lines = resources.files(__package__).joinpath("household_words.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


def build_tokenizer(texts: Sequence[str], vocab_size: int, byte_pairs: int) -> Any:
    """Makes a tokenizer whose vocabulary is the bytes, some byte pairs, the commonest words, and Qwen's controls.

    Args:
        texts: What the model will read and write; the words of `household_texts` are always added to them.
        vocab_size: Greatest number of tokens; fewer when the texts have fewer words.
        byte_pairs: How many of them are merges learned from the words, for spelling words that it does not know.

    Returns:
        A `transformers.PreTrainedTokenizerFast`.

    Raises:
        SettingsError: `vocab_size` has no room for the bytes, the pairs and the control tokens.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models
    from transformers import PreTrainedTokenizerFast

    words = _count_words([*household_texts(), *texts])
    merged = _learn_byte_pairs(words, byte_pairs)
    vocab: dict[str, int] = merged["vocab"]
    room = vocab_size - len(vocab) - len(CONTROL_TOKENS)
    if room < 0:
        needed = vocab_size - room
        raise SettingsError(
            f"vocab_size is {vocab_size}, but bytes, {byte_pairs} byte pairs and control tokens need {needed}: "
            f"raise vocab_size or lower byte_pairs"
        )
    by_frequency = sorted(words, key=lambda word: (-words[word], word))
    for word in [word for word in by_frequency if word not in vocab][:room]:
        vocab[word] = len(vocab)
    # ignore_merges: a word that is in the vocabulary is one token, no merges need to lead to it.
    model = models.BPE(vocab=vocab, merges=[tuple(pair) for pair in merged["merges"]], ignore_merges=True)
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = _word_splitter()
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in CONTROL_TOKENS])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(CONTROL_TOKENS[1:]),
        chat_template=CHAT_TEMPLATE,
        clean_up_tokenization_spaces=False,
        padding_side="right",
    )


def _word_splitter() -> Any:
    from tokenizers import Regex, pre_tokenizers

    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(WORD_PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def _count_words(texts: Iterable[str]) -> Counter[str]:
    """Counts words, spelled in byte-level signs, after taking control tokens out of the texts."""
    splitter = _word_splitter()
    counts: Counter[str] = Counter()
    for text in texts:
        for token in CONTROL_TOKENS:
            text = text.replace(token, "\n")
        counts.update(word for word, _ in splitter.pre_tokenize_str(text))
    return counts


def _learn_byte_pairs(words: Counter[str], byte_pairs: int) -> dict[str, Any]:
    """Trains byte-pair encoding over each distinct word once, so that common spellings win, not common words."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=len(alphabet) + byte_pairs, initial_alphabet=alphabet, show_progress=False, special_tokens=[]
    )
    tokenizer.train_from_iterator(sorted(words), trainer)
    model = json.loads(tokenizer.to_str())["model"]
    return {"vocab": dict(sorted(model["vocab"].items(), key=lambda item: item[1])), "merges": model["merges"]}
