"""A local checkpoint as a policy, in this process: full weights or a LoRA adapter, read and prompted as in training.

Contract: template, image limits and windows come from the checkpoint's `embodied.json`, prompts are encoded by
LLaMA-Factory's own functions, and what is greedy does not depend on the batch. Meant for small models and short
checks; larger ones are better served by vLLM or SGLang.
"""

import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import PolicyError
from .prompt import Conversation, Prompt, Room
from .terms import Terms, settle_terms

if TYPE_CHECKING:
    from .generation import Generator

HOST_VERBOSITY = "LLAMAFACTORY_VERBOSITY"


class Reply(NamedTuple):
    """An answer.

    Attributes:
        text: What the model said, without control tokens.
        token_count: Tokens it took, the one that ended it not counted.
        seconds: Wall time of the batch, shared out evenly over its answers.
    """

    text: str
    token_count: int
    seconds: float


class CheckpointPolicy:
    """Answers conversations with a checkpoint on this machine.

    Args:
        path: Folder of a checkpoint, or of a LoRA adapter whose base model is on this machine.
        template: The host's template; None takes the one the checkpoint was trained with.
        max_new_tokens: Longest answer in tokens.
        device: Where to compute, "cpu" or "cuda:0"; None takes the first GPU if there is one.
        temperature: 0 always takes the likeliest token.
        seed: Of the draws, when the temperature is above 0.
        image_max_pixels: Greatest area of an image, for checkpoints without a terms.
        image_min_pixels: Smallest area of an image, likewise.
        batch_size: Greatest number of conversations answered at once.
        memory_gib: How much memory to give to what was computed for earlier turns; 0 turns that off.
        adapter: Folder of a LoRA adapter over `path`, for one whose base model is elsewhere than where it was trained.
        windows: Whether to cut long conversations as training did, where it made windows of them.

    Raises:
        PolicyError: There is no usable checkpoint, or nothing says which template it was trained with.
    """

    def __init__(
        self,
        path: str | Path,
        template: str | None = None,
        max_new_tokens: int = 160,
        device: str | None = None,
        temperature: float = 0.0,
        seed: int = 0,
        image_max_pixels: int | None = None,
        image_min_pixels: int | None = None,
        batch_size: int = 32,
        memory_gib: float = 2.0,
        adapter: str | Path | None = None,
        windows: bool = True,
    ) -> None:
        self.path, base = (Path(path), None) if adapter is None else (Path(adapter), Path(path))
        for folder in filter(None, (self.path, base)):
            _require_checkpoint(folder)
        said = {
            "template": template,
            "image_max_pixels": image_max_pixels,
            "image_min_pixels": image_min_pixels,
        }
        self.terms = settle_terms(self.path, said)
        self.batch_size = batch_size
        room = None
        if windows and self.terms.cutoff_len is not None and self.terms.window_context is not None:
            room = Room(self.terms.cutoff_len, max_new_tokens, self.terms.window_context)
        self.windows = room is not None
        self._generator = _load(self.path, base, self.terms, device, memory_gib, room)

        from .generation import Sampling

        encoder = self._generator.encoder
        self._sampling = Sampling(
            max_new_tokens=max_new_tokens,
            stop_ids=frozenset(encoder.template.get_stop_token_ids(encoder.tokenizer)),
            temperature=temperature,
            seed=seed,
        )

    def encode(self, conversation: Conversation) -> list[int]:
        """Returns the token ids that the model reads for a conversation.

        Raises:
            PolicyError: The conversation does not end with a user's turn, or images and `<image>` do not match.
        """
        return list(self._generator.encoder.encode(conversation).ids)

    def reply(self, conversations: Sequence[Conversation]) -> list[Reply]:
        """Answers each conversation.

        Raises:
            PolicyError: A conversation does not end with a user's turn, or images and `<image>` do not match.
        """
        prompts = [self._generator.encoder.encode(conversation) for conversation in conversations]
        # Prompts of a length share a batch: less padding.
        order = sorted(range(len(prompts)), key=lambda place: len(prompts[place].ids))
        replies: dict[int, Reply] = {}
        for start in range(0, len(order), self.batch_size):
            places = order[start : start + self.batch_size]
            replies.update(zip(places, self._answer([prompts[place] for place in places]), strict=True))
        return [replies[place] for place in range(len(prompts))]

    def _answer(self, prompts: Sequence[Prompt]) -> list[Reply]:
        started = time.perf_counter()
        answers = self._generator.answer(prompts, self._sampling)
        tokenizer = self._generator.encoder.tokenizer
        texts = [tokenizer.decode(tokens, skip_special_tokens=True) for tokens in answers]
        seconds = (time.perf_counter() - started) / len(prompts)
        return [Reply(text, len(tokens), seconds) for text, tokens in zip(texts, answers, strict=True)]


def _require_checkpoint(path: Path) -> None:
    if not any((path / name).is_file() for name in ("config.json", "adapter_config.json")):
        raise PolicyError(
            f"{path} is not a checkpoint: it has neither config.json (full weights) nor adapter_config.json (LoRA)"
        )


def _require_readable(folder: Path) -> None:
    """Refuses what this version of Transformers would read wrongly, or end with an error of its own.

    5 writes a tokenizer's special tokens in a way that 4 cannot read. 4 leaves `tie_word_embeddings` out where it is
    true, and 5 takes that for false: the output layer, which is not in the weights, would be drawn at random.
    """
    import transformers

    file = folder / "config.json"
    if not file.is_file():  # a name on a hub
        return
    config = json.loads(file.read_text(encoding="utf-8"))
    written, here = config.get("transformers_version", ""), transformers.__version__
    if _major(written) > _major(here):
        raise PolicyError(
            f"{folder} was written by Transformers {written}, which Transformers {here} cannot read: "
            f"install transformers>={_major(written)} with a LLaMA-Factory that takes it"
        )
    if written and _major(written) < 5 <= _major(here) and "tie_word_embeddings" not in config:
        raise PolicyError(
            f"{folder} was written by Transformers {written}, which leaves tie_word_embeddings out where it is true; "
            f'Transformers {here} would take it for false: add "tie_word_embeddings": true to {file}'
        )


def _major(version: str) -> int:
    return int(version.split(".")[0] or 0)


@contextmanager
def quiet_host() -> Iterator[None]:
    """Keeps LLaMA-Factory from printing every file and setting that it loads."""
    before = os.environ.get(HOST_VERBOSITY)
    os.environ[HOST_VERBOSITY] = before or "WARNING"
    try:
        yield
    finally:
        if before is None:
            del os.environ[HOST_VERBOSITY]


@quiet_host()
def _load(
    path: Path, base: Path | None, terms: Terms, device: str | None, memory_gib: float, room: Room | None
) -> "Generator":
    """Loads model, tokenizer and processor the way LLaMA-Factory does before it chats."""
    import torch
    from llamafactory.data import get_template_and_fix_tokenizer
    from llamafactory.hparams import get_infer_args
    from llamafactory.model import load_model, load_tokenizer

    from .attention_memory import AttentionMemory
    from .generation import Generator
    from .prompt import PromptEncoder
    from .register import register

    register()
    device = device or ("cuda:0" if torch.cuda.is_available() else "cpu")
    arguments = _host_arguments(path, base, terms, device)
    _require_readable(Path(arguments["model_name_or_path"]))
    try:
        model_args, data_args, finetuning_args, _ = get_infer_args(arguments)
        model_args.device_map = {"": torch.device(device)}
        loaded: dict[str, Any] = load_tokenizer(model_args)
        tokenizer, processor = loaded["tokenizer"], loaded["processor"]
        template = get_template_and_fix_tokenizer(tokenizer, data_args)
        model = load_model(tokenizer, model_args, finetuning_args, is_trainable=False)
    except (OSError, ValueError) as error:
        raise PolicyError(f"{path} cannot be loaded with template {terms.template!r}: {error}") from error
    if processor is None:
        raise PolicyError(f"{path} has no processor files (preprocessor_config.json): its images cannot be read")
    encoder = PromptEncoder(template, tokenizer, processor, room)
    return Generator(model, encoder, tokenizer.pad_token_id, AttentionMemory(int(memory_gib * 2**30)))


def _host_arguments(path: Path, base: Path | None, terms: Terms, device: str) -> dict[str, Any]:
    arguments: dict[str, Any] = {
        "model_name_or_path": str(path),
        "template": terms.template,
        "image_max_pixels": terms.image_max_pixels,
        "image_min_pixels": terms.image_min_pixels,
        # Half precision on a CPU is slower and less exact.
        "infer_dtype": "float32" if device == "cpu" else "auto",
    }
    adapter = path / "adapter_config.json"
    if base is not None and not adapter.is_file():
        raise PolicyError(f"{path} is no LoRA adapter: it has no {adapter.name}")
    if adapter.is_file():
        trained = json.loads(adapter.read_text(encoding="utf-8"))["base_model_name_or_path"]
        arguments["model_name_or_path"] = str(base or trained)
        arguments |= {"adapter_name_or_path": str(path), "finetuning_type": "lora"}
    return arguments
