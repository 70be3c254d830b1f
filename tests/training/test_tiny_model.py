"""The tiny model: reproducible, loadable like a downloaded checkpoint, and able to spell any text."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.training.tiny_model import TinyModelSettings, build_tiny_model, read_corpus
from llamafactory_embodied.training.tiny_tokenizer import CONTROL_TOKENS, build_tokenizer

SMALL: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 48, "layers": 1, "heads": 2, "key_value_heads": 2}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_tiny_model(TinyModelSettings(output_dir=str(tmp_path_factory.mktemp("models") / "tiny")))


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)


@pytest.mark.every_host
def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_weights(tmp_path: Path) -> None:
    def build(name: str, seed: int) -> dict[str, bytes]:
        folder = build_tiny_model(
            TinyModelSettings(output_dir=str(tmp_path / name), seed=seed, **SMALL), texts=["a green teapot"]
        )
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    first, again, other = build("first", 1), build("again", 1), build("other", 2)
    assert first == again
    assert "tokenizer.json" in first
    assert {name for name in first if first[name] != other[name]} == {"model.safetensors"}


@pytest.mark.every_host
def test_it_loads_as_any_checkpoint_does_and_has_about_four_and_a_half_million_parameters(folder: Path) -> None:
    from transformers import AutoModelForImageTextToText, AutoProcessor

    model = AutoModelForImageTextToText.from_pretrained(folder)
    processor = AutoProcessor.from_pretrained(folder)
    assert type(model).__name__ == "Qwen2VLForConditionalGeneration"
    assert type(processor).__name__ == "Qwen2VLProcessor"
    assert 4_000_000 <= sum(weight.numel() for weight in model.parameters()) <= 5_000_000
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert model.config.image_token_id == processor.tokenizer.convert_tokens_to_ids("<|image_pad|>")


@pytest.mark.every_host
def test_residual_branches_start_at_zero_and_other_weights_by_their_fan_in(folder: Path) -> None:
    from transformers import AutoModelForImageTextToText

    weights = dict(AutoModelForImageTextToText.from_pretrained(folder).named_parameters())
    zero = [name for name, weight in weights.items() if weight.ndim > 1 and not weight.any()]
    assert len(zero) == 2 * 4 + 2 * 2, "two ends in each layer of the language model and of the vision tower"
    for name in ("language_model.layers.0.mlp.gate_proj", "language_model.embed_tokens"):
        assert float(weights[f"model.{name}.weight"].std().detach()) == pytest.approx(256**-0.5, rel=0.02)
    assert float(weights["model.visual.patch_embed.proj.weight"].std().detach()) == pytest.approx(1176**-0.5, rel=0.02)


@pytest.mark.every_host
@pytest.mark.parametrize(("size_px", "tokens"), [((140, 140), 25), ((800, 450), 464), ((28, 28), 4)])
def test_the_processor_counts_image_tokens_as_qwen2_vl_does(
    folder: Path, size_px: tuple[int, int], tokens: int
) -> None:
    from PIL import Image
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    batch = processor(text="<|vision_start|><|image_pad|><|vision_end|>", images=Image.new("RGB", size_px))
    assert int(batch["image_grid_thw"].prod()) // 4 == tokens
    assert sum(id_ == processor.image_token_id for id_ in batch["input_ids"][0]) == tokens


@settings(max_examples=300)
@given(text=st.text())
def test_any_text_survives_encoding_and_decoding(tokenizer: Any, text: str) -> None:
    ids = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
    assert tokenizer.decode(ids) == text


@settings(max_examples=200)
@given(parts=st.lists(st.sampled_from([*CONTROL_TOKENS, "<|", "|>", "im_end", " ", "CounterTop", "ü"]), max_size=12))
def test_plain_text_never_becomes_a_control_token(tokenizer: Any, parts: list[str]) -> None:
    text = "".join(parts)
    ids = tokenizer.encode(text, add_special_tokens=False, split_special_tokens=True)
    assert not set(ids) & set(tokenizer.convert_tokens_to_ids(list(CONTROL_TOKENS)))
    assert tokenizer.decode(ids) == text


@pytest.mark.every_host
def test_control_tokens_are_one_token_each_and_named_as_the_templates_expect(tokenizer: Any) -> None:
    for token in CONTROL_TOKENS:
        assert tokenizer.encode(token) == [tokenizer.convert_tokens_to_ids(token)]
    assert (tokenizer.eos_token, tokenizer.pad_token, tokenizer.bos_token) == ("<|im_end|>", "<|endoftext|>", None)


def test_household_words_are_single_tokens(tokenizer: Any) -> None:
    text = "<Observation>I see a CounterTop.</Observation><DecisionMaking>navigate to Fridge</DecisionMaking>"
    pieces = [tokenizer.decode([id_]) for id_ in tokenizer.encode(text)]
    assert pieces == [
        *("<Observation>", "I", " see", " a", " CounterTop", ".", "</Observation>"),
        *("<DecisionMaking>", "navigate", " to", " Fridge", "</DecisionMaking>"),
    ]


@pytest.mark.every_host
def test_the_chat_template_speaks_chatml_with_image_places(tokenizer: Any) -> None:
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Find it."}]}]
    assert tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True) == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n<|vision_start|><|image_pad|><|vision_end|>Find it.<|im_end|>\n<|im_start|>assistant\n"
    )


def test_words_of_the_corpus_become_single_tokens_and_the_commonest_come_first() -> None:
    plain = build_tokenizer([], vocab_size=1024, byte_pairs=64)
    taught = build_tokenizer(["a teapot on a trivet"], vocab_size=1024, byte_pairs=64)
    assert len(plain.encode(" teapot")) > 1
    assert len(taught.encode(" teapot")) == len(taught.encode(" trivet")) == 1
    crowded = build_tokenizer(["teapot " * 9], vocab_size=256 + 14 + 1, byte_pairs=0)
    assert len(crowded) == 271
    assert len(crowded.encode("teapot")) > 1, "the one free place goes to a commoner household word"


def test_control_tokens_in_the_corpus_do_not_enter_the_vocabulary_as_words() -> None:
    tokenizer = build_tokenizer(["<|im_end|>" * 50], vocab_size=1024, byte_pairs=64)
    ids = tokenizer.encode("<|im_end|>", split_special_tokens=True)
    assert len(ids) > 1


def test_a_vocabulary_without_room_for_the_bytes_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"vocab_size is 300, .* need 398"):
        build_tokenizer([], vocab_size=300, byte_pairs=128)


def test_a_corpus_is_lines_of_text_or_training_examples(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n", encoding="utf-8")
    example = {"messages": [{"role": "user", "content": "three"}, {"role": "assistant", "content": "four"}]}
    (tmp_path / "b.jsonl").write_text(json.dumps(example) + "\n", encoding="utf-8")
    assert read_corpus(str(tmp_path / "a.txt")) == ["one", "two"]
    assert read_corpus(str(tmp_path / "b.jsonl")) == ["three", "four"]
    assert read_corpus(None) == []


@pytest.mark.parametrize("line", ["{torn", "{}", "[1]", '{"messages": [{"role": "user"}]}'])
def test_a_broken_corpus_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "c.jsonl"
    path.write_text('{"messages": []}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(SettingsError, match=r"c\.jsonl, line 2"):
        read_corpus(str(path))


def test_a_missing_corpus_is_named() -> None:
    with pytest.raises(SettingsError, match=r"corpus: no file .*nowhere\.txt"):
        read_corpus("nowhere.txt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hidden_size": 250}, "hidden_size is 250, expected a multiple of 16"),
        ({"key_value_heads": 3}, "heads is 4, expected a multiple of key_value_heads 3"),
        ({"vision_width": 130}, "vision_width is 130, expected a multiple of 16"),
    ],
)
def test_sizes_that_do_not_fit_together_are_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        TinyModelSettings(output_dir="x", **change)


def test_an_existing_folder_is_replaced_only_when_asked(tmp_path: Path) -> None:
    target = tmp_path / "model"
    target.mkdir()
    (target / "old.txt").write_text("old", encoding="utf-8")
    with pytest.raises(SettingsError, match="already exists: set overwrite=true"):
        build_tiny_model(TinyModelSettings(output_dir=str(target), **SMALL))
    build_tiny_model(TinyModelSettings(output_dir=str(target), overwrite=True, **SMALL))
    assert not (target / "old.txt").exists()
    assert (target / "config.json").is_file()
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_every_setting_has_a_line_of_help() -> None:
    fields = TinyModelSettings.__dataclass_fields__.values()
    assert all(field.metadata["help"].endswith(".") for field in fields)
