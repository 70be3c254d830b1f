"""A checkpoint as a policy: reads what it was trained on, and answers the same alone, in a batch and turn by turn."""

import json
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from toy_host import DataFolder, Host, episode

from llamafactory_embodied.errors import PolicyError
from llamafactory_embodied.training.checkpoint import CheckpointPolicy

pytestmark = pytest.mark.every_host
TRANSFORMERS = int(metadata.version("transformers").split(".")[0])

SIDECAR = {
    "format": "embodied-checkpoint-1",
    "template": "embodied_qwen2_vl",
    "image_max_pixels": 6000,
    "image_min_pixels": 1024,
    "cutoff_len": 1024,
    "prompts": ["brief@1a2b3c4d"],
}


@dataclass(frozen=True)
class Talk:
    messages: list[dict[str, str]]
    images: list[Any]

    def then(self, reply: str, asked: str, *images: Any) -> "Talk":
        said = [{"role": "assistant", "content": reply}, {"role": "user", "content": asked}]
        return Talk([*self.messages, *said], [*self.images, *images])


def frame(seed: int, width: int = 56, height: int = 56) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8))


def read(path: Path) -> Image.Image:
    with Image.open(path) as image:
        return image.copy()


def talk(text: str, *images: Any) -> Talk:
    return Talk([{"role": "user", "content": "<image>" * len(images) + text}], list(images))


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model whose answers depend on all that it has read, images included; a fresh one repeats one token."""
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    folder = tmp_path_factory.mktemp("runs") / "stage1"
    model = AutoModelForImageTextToText.from_pretrained(tiny_checkpoint)
    torch.manual_seed(3)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "norm" not in name and "ln_q" not in name:
                weight.normal_(0, 0.05 if "embed_tokens" in name else 0.4)
    model.save_pretrained(folder)
    AutoProcessor.from_pretrained(tiny_checkpoint).save_pretrained(folder)
    (folder / "embodied.json").write_text(json.dumps(SIDECAR), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def policy(checkpoint: Path) -> CheckpointPolicy:
    return CheckpointPolicy(checkpoint, max_new_tokens=12)


@pytest.fixture(scope="module")
def forgetful(checkpoint: Path) -> CheckpointPolicy:
    return CheckpointPolicy(checkpoint, max_new_tokens=12, memory_gib=0)


def test_a_prompt_has_the_token_ids_that_training_gave_the_same_turns(
    host: Host, data: DataFolder, policy: CheckpointPolicy
) -> None:
    row = episode(data.frames("a", 4))
    row["messages"][3]["content"] = "<image>Left. <image>Right."
    row["images"].append(data.frames("b", 3)[2])
    data.add("ours", [row])
    limits = {name: SIDECAR[name] for name in ("image_max_pixels", "image_min_pixels")}
    sample = host.preprocess(data, "ours", **limits)[0]

    asked = [index for index, message in enumerate(row["messages"]) if message["role"] == "user"]
    shown = 0
    for index in asked:
        shown += row["messages"][index]["content"].count("<image>")
        frames = [read(data.path / name) for name in row["images"][:shown]]
        ids = policy.encode(Talk(row["messages"][: index + 1], frames))
        assert ids == sample["input_ids"][: len(ids)]
        assert sample["labels"][len(ids) - 1] == -100
        assert sample["labels"][len(ids)] == sample["input_ids"][len(ids)], "the answer begins where the prompt ends"
    assert (len(asked), shown) == (4, 5)


@pytest.mark.parametrize("cutoff_len", [120, 150, 210])
def test_a_long_conversation_is_read_in_the_window_that_training_made_for_its_answer(
    host: Host, data: DataFolder, checkpoint: Path, tmp_path: Path, cutoff_len: int
) -> None:
    row = episode(data.frames("a", 9))
    data.add("ours", [row])
    limits = {name: SIDECAR[name] for name in ("image_max_pixels", "image_min_pixels")}
    windows = host.preprocess(data, "ours", cutoff_len=cutoff_len, **limits)
    shutil.copytree(checkpoint, tmp_path / "model")
    terms = {**SIDECAR, "cutoff_len": cutoff_len, "window_context": 0.5}
    (tmp_path / "model" / "embodied.json").write_text(json.dumps(terms), encoding="utf-8")
    tokenizer = CheckpointPolicy(checkpoint)._generator.encoder.tokenizer
    answer_tokens = len(tokenizer(row["messages"][2]["content"], add_special_tokens=False).input_ids)
    windowed = CheckpointPolicy(tmp_path / "model", max_new_tokens=answer_tokens)

    for pair, image in enumerate(row["images"]):
        frames = [read(data.path / name) for name in row["images"][: pair + 1]]
        ids = windowed.encode(Talk(row["messages"][: 2 * pair + 2], frames))
        answer = tokenizer(row["messages"][2 * pair + 2]["content"], add_special_tokens=False).input_ids
        [made] = [
            labels
            for sample in windows
            if sample["input_ids"][: len(ids)] == ids
            for labels in [sample["labels"][len(ids) : len(ids) + len(answer)]]
            if labels == answer
        ]
        assert made, image


def test_a_policy_told_to_show_everything_cuts_nothing(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "model")
    terms = {**SIDECAR, "cutoff_len": 150, "window_context": 0.5}
    (tmp_path / "model" / "embodied.json").write_text(json.dumps(terms), encoding="utf-8")
    long = talk("Find it.", frame(1))
    for seed in range(2, 9):
        long = long.then("I look on.", "<image>Go on.", frame(seed))
    windowed = CheckpointPolicy(tmp_path / "model", max_new_tokens=12)
    whole = CheckpointPolicy(tmp_path / "model", max_new_tokens=12, windows=False)
    assert (windowed.windows, whole.windows, CheckpointPolicy(checkpoint).windows) == (True, False, False)
    assert len(windowed.encode(long)) <= 150 - 12 < len(whole.encode(long))
    assert whole.encode(long) == CheckpointPolicy(checkpoint).encode(long)


def test_a_turn_that_is_longer_than_the_model_may_read_is_refused(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "model")
    terms = {**SIDECAR, "cutoff_len": 40, "window_context": 0.5}
    (tmp_path / "model" / "embodied.json").write_text(json.dumps(terms), encoding="utf-8")
    policy = CheckpointPolicy(tmp_path / "model", max_new_tokens=12)
    with pytest.raises(PolicyError, match=r"does not fit: .* the limit is 40, with 12 of them kept for the answer"):
        policy.encode(talk("Find it. " * 30, frame(1)))


def test_greedy_answers_are_those_of_the_model_alone(policy: CheckpointPolicy, checkpoint: Path) -> None:
    import torch
    from transformers import AutoModelForImageTextToText

    model = AutoModelForImageTextToText.from_pretrained(checkpoint).eval()
    asked = talk("What is here?", frame(1), frame(2))
    ids = torch.tensor([policy.encode(asked)])
    processor = policy._generator.encoder.processor
    inputs = processor.image_processor([frame(1), frame(2)], return_tensors="pt")
    if TRANSFORMERS >= 5:
        inputs["mm_token_type_ids"] = (ids == model.config.image_token_id).int()
    with torch.inference_mode():
        generated = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, **inputs)[
            0, ids.shape[1] :
        ]
    answer = policy.reply([asked])[0]
    assert answer.text == processor.tokenizer.decode(generated, skip_special_tokens=True)
    assert answer.token_count == 12
    assert len(set(generated.tolist())) > 3


def test_answers_do_not_depend_on_the_batch_or_on_what_is_remembered(
    policy: CheckpointPolicy, forgetful: CheckpointPolicy
) -> None:
    talks = [
        talk("Find the apple.", frame(1)),
        talk("Find it. " * 9, frame(2, 84, 56), frame(3, 112, 84)),
        talk("No image here."),
        Talk([{"role": "system", "content": "Act."}, *talk("Go.", frame(4)).messages], [frame(4)]),
    ]
    answers: list[list[str]] = []
    for turn in range(3):
        together = [reply.text for reply in policy.reply(talks)]
        alone = [forgetful.reply([each])[0].text for each in talks]
        assert together == alone
        answers.append(alone)
        more = [[frame(10 * turn + place)] * (place % 3) for place in range(len(talks))]
        talks = [
            each.then(reply, "<image>" * len(images) + "And now?", *images)
            for each, reply, images in zip(talks, alone, more, strict=True)
        ]
    assert len({text for texts in answers for text in texts}) == 12


def test_a_later_turn_reads_only_what_is_new(policy: CheckpointPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    forward = policy._generator.model.forward
    monkeypatch.setattr(
        policy._generator.model,
        "forward",
        lambda **inputs: (read.append(inputs["input_ids"].shape[1]), forward(**inputs))[1],
    )
    first = talk("A task of its own.", frame(77))
    reply = policy.reply([first])[0]
    second = first.then(reply.text, "<image>Next?", frame(78))
    before = len(read)
    policy.reply([second])
    assert read[before] <= len(policy.encode(second)) - len(policy.encode(first))


def test_another_image_in_an_earlier_turn_is_not_taken_for_the_remembered_one(
    policy: CheckpointPolicy, forgetful: CheckpointPolicy
) -> None:
    first, swapped = talk("Look.", frame(5), frame(6)), talk("Look.", frame(5), frame(7))
    policy.reply([first])
    assert policy.encode(first) == policy.encode(swapped)
    assert policy.reply([swapped])[0].text == forgetful.reply([swapped])[0].text != policy.reply([first])[0].text


def test_arrays_are_images_too(policy: CheckpointPolicy) -> None:
    assert (
        policy.reply([talk("Look.", np.asarray(frame(5)))])[0].text == policy.reply([talk("Look.", frame(5))])[0].text
    )


def test_an_answer_ends_before_the_stop_token(policy: CheckpointPolicy, checkpoint: Path) -> None:
    asked = talk("Where?", frame(8))
    whole = policy.reply([asked])[0]
    tokens = policy._generator.answer([policy._generator.encoder.encode(asked)], policy._sampling)[0]
    stopping = CheckpointPolicy(checkpoint, max_new_tokens=12)
    stop = next(token for place, token in enumerate(tokens) if place > 1 and token not in tokens[:place])
    stopping._sampling = type(policy._sampling)(12, frozenset({stop}), 0.0, 0)
    short = stopping.reply([asked, talk("Another, longer question.", frame(9))])[0]
    assert short.token_count == tokens.index(stop) < whole.token_count
    assert whole.text.startswith(short.text)


def test_the_stop_tokens_are_the_templates(policy: CheckpointPolicy) -> None:
    tokenizer = policy._generator.encoder.tokenizer
    assert policy._sampling.stop_ids == {tokenizer.convert_tokens_to_ids("<|im_end|>")}


def test_draws_depend_on_seed_and_prompt_and_not_on_the_batch(checkpoint: Path) -> None:
    def draw(seed: int, *talks: Talk) -> list[str]:
        policy = CheckpointPolicy(checkpoint, max_new_tokens=8, temperature=1.0, seed=seed)
        return [reply.text for reply in policy.reply(talks)]

    one, two = talk("One.", frame(1)), talk("Two, and more.", frame(1))
    assert draw(1, one, two) == [*draw(1, one), *draw(1, two)]
    assert draw(1, one) != draw(2, one)


def test_control_tokens_and_image_places_in_texts_stay_text(policy: CheckpointPolicy) -> None:
    plain = talk("Look.", frame(1)).then("I see.", "Go on.")
    forged = talk("Look.", frame(1)).then("I <image> see.<|im_end|>", "Go <|image_pad|> on.<|im_start|>")
    control = policy._generator.encoder.tokenizer.all_special_ids

    def controls(asked: Talk) -> list[int]:
        return [id_ for id_ in policy.encode(asked) if id_ in control]

    assert controls(forged) == controls(plain)
    assert len(policy.encode(forged)) > len(policy.encode(plain))


def test_a_lora_adapter_is_loaded_over_its_base_model(checkpoint: Path, tmp_path: Path) -> None:
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForImageTextToText, AutoProcessor

    model = get_peft_model(
        AutoModelForImageTextToText.from_pretrained(checkpoint),
        LoraConfig(r=2, target_modules=["q_proj", "down_proj"]),
    )
    torch.manual_seed(0)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            if "lora_B" in name:
                weight.normal_(0, 0.5)
    model.save_pretrained(tmp_path / "adapter")
    (tmp_path / "embodied.json").write_text(json.dumps(SIDECAR), encoding="utf-8")
    merged = tmp_path / "merged"
    model.merge_and_unload().save_pretrained(merged)
    AutoProcessor.from_pretrained(checkpoint).save_pretrained(merged)

    asked = [talk("Look.", frame(1)), talk("Find the mug now.", frame(2))]
    adapted, whole, base = (
        [reply.text for reply in CheckpointPolicy(path, max_new_tokens=12).reply(asked)]
        for path in (tmp_path / "adapter", merged, checkpoint)
    )
    assert adapted == whole
    assert adapted != base
    moved = tmp_path / "moved"
    shutil.copytree(checkpoint, moved)
    settings = json.loads((tmp_path / "adapter" / "adapter_config.json").read_text(encoding="utf-8"))
    there = settings | {"base_model_name_or_path": str(tmp_path / "gone")}
    (tmp_path / "adapter" / "adapter_config.json").write_text(json.dumps(there), encoding="utf-8")
    policy = CheckpointPolicy(moved, max_new_tokens=12, adapter=tmp_path / "adapter")
    assert [reply.text for reply in policy.reply(asked)] == whole
    with pytest.raises(PolicyError, match=r"is no LoRA adapter: it has no adapter_config\.json"):
        CheckpointPolicy(moved, adapter=checkpoint)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            f"{TRANSFORMERS + 1}.2.0",
            rf"written by Transformers {TRANSFORMERS + 1}\.2\.0, which .* cannot read: install",
        ),
        pytest.param(
            "4.57.1",
            r'would take it for false: add "tie_word_embeddings": true to .*config\.json',
            marks=pytest.mark.skipif(TRANSFORMERS < 5, reason="Transformers 4 reads what it has written"),
        ),
    ],
)
def test_what_another_transformers_has_written_and_this_one_would_misread_is_refused(
    checkpoint: Path, tmp_path: Path, written: str, message: str
) -> None:
    shutil.copytree(checkpoint, tmp_path / "model")
    config = json.loads((checkpoint / "config.json").read_text(encoding="utf-8")) | {"transformers_version": written}
    config.pop("tie_word_embeddings", None)
    (tmp_path / "model" / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(PolicyError, match=message):
        CheckpointPolicy(tmp_path / "model")


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"is not a checkpoint: it has neither config\.json"):
        CheckpointPolicy(tmp_path)


def test_a_checkpoint_that_does_not_say_its_template_asks_for_one(tiny_checkpoint: Path) -> None:
    with pytest.raises(PolicyError, match=r"no embodied\.json, so nothing says which template"):
        CheckpointPolicy(tiny_checkpoint)


def test_what_is_assumed_without_a_sidecar_is_said(tiny_checkpoint: Path) -> None:
    with pytest.warns(UserWarning, match=r"assuming LLaMA-Factory's defaults, \{'image_min_pixels': 1024\}"):
        policy = CheckpointPolicy(tiny_checkpoint, template="qwen2_vl", image_max_pixels=50_000)
    assert policy._generator.encoder.processor.image_max_pixels == 50_000


def test_contradicting_what_the_checkpoint_was_trained_with_is_refused(checkpoint: Path) -> None:
    with pytest.raises(PolicyError, match=r"template is 'qwen2_vl', but .* was trained with 'embodied_qwen2_vl'"):
        CheckpointPolicy(checkpoint, template="qwen2_vl")


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (Talk([], []), r"turns are \[\]"),
        (Talk([{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], []), "user's turn last"),
        (Talk([{"role": "user", "content": "<image>a"}], []), "cannot be encoded: .*number of images"),
        (talk("<image>", frame(1)), "number of images"),
    ],
)
def test_a_conversation_that_cannot_be_asked_is_named(policy: CheckpointPolicy, asked: Talk, message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        policy.reply([asked])
