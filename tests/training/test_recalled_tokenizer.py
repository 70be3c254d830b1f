"""Texts of a batch are tokenized together, once each, and into what the tokenizer makes of them alone."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.training.recalled_tokenizer import RecalledTokenizer, texts_of

pytestmark = pytest.mark.every_host

SPOKEN = st.text(st.characters(exclude_categories=["Cs"]), max_size=60) | st.sampled_from(
    ["<|im_start|>user\n", "Mug<|im_end|>\n", "<|vision_start|><|image_pad|><|vision_end|>", "", " ", "\n\n"]
)


@pytest.fixture(scope="module")
def tokenizer(registered_host: Host) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(registered_host.checkpoint)


@settings(max_examples=60)
@given(texts=st.lists(SPOKEN, max_size=12), asked=st.lists(SPOKEN, max_size=6))
def test_ids_are_the_tokenizers_whether_a_text_was_learnt_or_not(
    tokenizer: Any, texts: list[str], asked: list[str]
) -> None:
    recalled = RecalledTokenizer(tokenizer)
    recalled.learn(texts[::2])
    recalled.learn(texts)
    for text in [*texts, *asked]:
        alone = tokenizer.encode(text, add_special_tokens=False)
        assert recalled.encode(text, add_special_tokens=False) == alone
        recalled.encode(text, add_special_tokens=False).append(0)  # what a caller does with them changes nothing
        assert recalled.encode(text, add_special_tokens=False) == alone
        assert recalled.encode(text) == tokenizer.encode(text)


def test_what_a_function_tokenizes_is_told_without_tokenizing(tokenizer: Any) -> None:
    def encode(with_: Any) -> list[int]:
        return [*with_.encode("a Mug", add_special_tokens=False), with_.eos_token_id, *with_.encode("here")]

    assert texts_of(encode, tokenizer) == ["a Mug", "here"]


def test_a_batch_of_rows_is_tokenized_in_one_call(
    host: Host, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    data.add("ours", [episode(data.frames(name, 3), name) for name in "abcd"])
    whole = host.preprocess(data, "ours")
    calls = []
    known: dict[str, list[int]] = {}

    def learn(self: RecalledTokenizer, texts: list[str]) -> None:
        calls.append(texts)
        known.update((text, self._tokenizer.encode(text, add_special_tokens=False)) for text in texts)

    def encode(self: RecalledTokenizer, text: str, add_special_tokens: bool = True) -> list[int]:
        return known[text]  # of each text that is asked for, one was learnt

    monkeypatch.setattr(RecalledTokenizer, "learn", learn)
    monkeypatch.setattr(RecalledTokenizer, "encode", encode)
    again = host.preprocess(data, "ours")
    assert len(calls) == 1
    assert [row["input_ids"] for row in again] == [row["input_ids"] for row in whole]
