"""A tokenizer that has tokenized the texts of a whole batch at once, before the host asks for them one by one.

One call for a thousand rows is several times faster than a call for each turn, and what rows share, such as the system
text, is tokenized once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

_MOST_TEXTS = 20_000  # a batch of a thousand rows has about as many different ones


class RecalledTokenizer:
    """The host's tokenizer, whose `encode` looks up what is known; all else is the tokenizer's own.

    Args:
        tokenizer: The host's.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._known: dict[str, list[int]] = {}

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self._tokenizer, name)

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """Token ids of a text."""
        if add_special_tokens:
            return list(self._tokenizer.encode(text))
        if text not in self._known:
            return list(self._tokenizer.encode(text, add_special_tokens=False))
        return list(self._known[text])

    def learn(self, texts: Iterable[str]) -> None:
        """Tokenizes texts together and remembers them, in place of those that were remembered before."""
        wanted = dict.fromkeys(texts)
        kept = {text: ids for text, ids in self._known.items() if text in wanted}
        new = [text for text in wanted if text not in kept][:_MOST_TEXTS]
        ids = self._tokenizer(new, add_special_tokens=False, return_attention_mask=False)["input_ids"] if new else []
        self._known = {**kept, **dict(zip(new, ids, strict=True))}


class _Listener(RecalledTokenizer):
    """Notes what it is asked to encode, and encodes nothing."""

    def __init__(self, tokenizer: Any) -> None:
        super().__init__(tokenizer)
        self.heard: list[str] = []

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        self.heard.append(text)
        return []


def texts_of(encode: Callable[[Any], Any], tokenizer: Any) -> list[str]:
    """The texts that a function tokenizes when it is given a tokenizer."""
    listener = _Listener(tokenizer)
    encode(listener)
    return listener.heard
