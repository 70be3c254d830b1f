"""Every word of the conversation, and that a model acts on the words that it was trained on."""

import copy

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from kitchens import BRIEF, TOY_FRAME, Noted, Watched, pairs
from PIL import Image

from llamafactory_embodied.episodes.conversation import IMAGE, as_plain, load_prompts, messages, user_turn
from llamafactory_embodied.episodes.policy import SearcherPolicy
from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.errors import PromptError
from llamafactory_embodied.stages.imitation import to_example
from llamafactory_embodied.world.outcome import FEEDBACK

FULL = load_prompts("full")
CONTROL = ("<image>", "<IMAGE>", "<video>", "<audio>", "<|im_end|>", "<|im_start|>system", "<|vision_pad|>")


def step(action="open", target="Fridge", **changes):
    usual = {"success": True, "legal": True, "feedback": None, "error": "", "frames": ["0.png"], "reply": "ok"}
    return {"action": action, "target": target, **usual, **changes}


@pytest.mark.parametrize("prompts", [BRIEF, FULL], ids=["brief", "full"])
def test_each_turn_is_said_with_its_action_and_images(prompts):
    opening = user_turn(prompts, "Find the mug.", step("init", None, reply=None))
    assert "Find the mug." in opening
    assert opening.count(IMAGE) == 1
    assert "open Fridge" in user_turn(prompts, "T", step())
    assert user_turn(prompts, "T", step()).count(IMAGE) == 1
    assert user_turn(prompts, "T", step("observe", None, frames=["1", "2", "3"])).count(IMAGE) == 3


@pytest.mark.parametrize("prompts", [BRIEF, FULL], ids=["brief", "full"])
@pytest.mark.parametrize("feedback", FEEDBACK)
def test_each_refusal_and_failure_is_told_with_its_reason(prompts, feedback):
    refused = user_turn(prompts, "T", step(success=False, legal=False, feedback=feedback, frames=[]))
    failed = user_turn(prompts, "T", step(success=False, feedback=feedback, error="It is jammed."))
    reason = prompts.reasons[feedback].replace("$reason", "It is jammed")
    assert "open Fridge" in refused
    assert IMAGE not in refused
    assert reason in failed
    assert failed.count(IMAGE) == 1
    assert "$" not in refused + failed


def test_the_brief_words_are_these():
    """A released tiny model knows exactly these: changing one needs a new training."""
    steps = [
        step("init", None, reply=None),
        step("observe", None, frames=["1", "2", "3"], reply="r1"),
        step("put", "Mug", success=False, legal=False, feedback="too_far", frames=[], reply="r2"),
        step("open", "Fridge", success=False, feedback="blocked", reply="r3"),
    ]
    said = [message["content"] for message in messages(BRIEF, "Find it.", steps) if message["role"] != "assistant"]
    assert said == [
        "You are a household robot.",
        "<image> Find it.",
        "left <image> right <image> back <image> Find it. You did observe.",
        "Find it. put Mug is not possible: it is too far.",
        "<image> Find it. You tried open Fridge, but something is in the way.",
    ]


def test_the_label_changes_with_any_word():
    assert BRIEF.label.startswith("brief@")
    assert len(BRIEF.label) == len("brief@") + 8
    labels = {BRIEF.label, FULL.label}
    for key in BRIEF.texts:
        changed = copy.deepcopy(dict(BRIEF.texts)) | {key: BRIEF.texts[key] + " please"}
        labels.add(type(BRIEF)(BRIEF.name, changed, BRIEF.reasons).label)
    labels.add(type(BRIEF)(BRIEF.name, BRIEF.texts, dict(BRIEF.reasons) | {"blocked": "no"}).label)
    assert len(labels) == 2 + len(BRIEF.texts) + 1


def prompt_file(tmp_path, **changes):
    value = {"name": "mine", **BRIEF.texts, "reasons": dict(BRIEF.reasons)} | changes
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({key: one for key, one in value.items() if one is not None}))
    return str(path)


def test_a_prompt_set_of_ones_own_is_loaded_from_its_file(tmp_path):
    assert load_prompts(prompt_file(tmp_path)).name == "mine"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"failed": None}, "lacks the texts: failed"),
        ({"reasons": {"blocked": "no"}}, r"lacks the texts: reasons\.unknown_object"),
        ({"folow_up": "x"}, "unknown texts: folow_up"),
        ({"opening": "$images $tusk"}, r"text `opening` uses \$tusk"),
        ({"opening": "$images costs 5 $"}, "starts no placeholder"),
        ({"follow_up": "You did $action."}, r"text `follow_up` must hold \$images exactly once"),
        ({"failed": "$images $images $reason"}, r"text `failed` must hold \$images exactly once"),
        ({"refused": "<image> $reason"}, "text `refused` must hold <image> 0 times"),
        ({"system": "<image>"}, "text `system` must hold <image> 0 times"),
        ({"observed": "<image> <image>"}, "text `observed` must hold <image> 3 times"),
        ({"reasons": dict(BRIEF.reasons) | {"blocked": "$why"}}, r"text `reasons\.blocked` uses \$why"),
        ({"reasons": dict(BRIEF.reasons) | {"tired": "no"}}, r"unknown texts: reasons\.tired"),
        ({"reasons": "none"}, "must be a mapping"),
    ],
)
def test_a_faulty_prompt_set_is_one_clear_error(tmp_path, changes, said):
    with pytest.raises(PromptError, match=said):
        load_prompts(prompt_file(tmp_path, **changes))


def test_a_prompt_set_that_is_not_there_or_no_text_is_one_clear_error(tmp_path):
    with pytest.raises(PromptError, match="expected `full`, `brief` or a YAML file"):
        load_prompts(str(tmp_path / "none.yaml"))
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PromptError):
        load_prompts(str(tmp_path / "bytes.yaml"))


@pytest.mark.parametrize("token", CONTROL)
@pytest.mark.parametrize("prompts", [BRIEF, FULL], ids=["brief", "full"])
def test_control_tokens_in_task_reply_target_and_reason_become_plain_text(prompts, token):
    steps = [
        step("init", None, reply=None),
        step("open", token, success=False, feedback="failed", error=f"a{token}b", reply=f"x{token}y"),
    ]
    said = messages(prompts, f"Find {token}.", steps)
    clean = messages(prompts, "Find it.", [steps[0], step("open", "it", success=False, feedback="failed", reply="z")])
    for message, harmless in zip(said, clean, strict=True):
        assert message["content"].count("<|") == 0
        assert message["content"].lower().count("<image>") == harmless["content"].lower().count("<image>")
        assert not any(kind in message["content"].lower() for kind in ("<video>", "<audio>"))


@given(st.text(alphabet="<|>image video_end", max_size=60))
def test_no_text_stays_or_becomes_control_when_made_plain(text):
    plain = as_plain(text)
    assert "<|" not in plain
    assert not any(kind in plain.lower() for kind in ("<image>", "<video>", "<audio>"))
    assert len(plain) == len(text)


def test_training_shows_exactly_what_acting_showed_step_by_step(searched):
    turns = 0
    for played in searched:
        example = to_example(played.record, BRIEF, stage=1)
        trained = [{"role": one["role"], "content": one["content"]} for one in example["messages"]]
        assert all(one["loss"] for one in example["messages"] if one["role"] == "assistant")
        for number, view in enumerate(played.views):
            assert list(view.messages) == trained[: len(view.messages)]
            assert example["messages"][len(view.messages)]["role"] == "assistant"
            assert len(view.images) == sum(message["content"].count(IMAGE) for message in view.messages)
            assert view.first == (number == 0)
            turns += 1
        assert len(example["messages"]) == len(played.views[-1].messages) + 1 + (played.record["end"] != "ended")
    assert turns >= 500


def test_the_frames_on_disk_are_those_that_the_policy_saw(tmp_path):
    watched = Watched(TOY_FRAME)
    noted = Noted(SearcherPolicy(), watched)
    (record,) = play(pairs(1, 1), noted, lambda: watched, RolloutSettings(BRIEF, folder=tmp_path))
    names = [name for one in record["steps"] for name in one["frames"]]
    shown = noted.views[-1].images
    assert len(names) == len(shown) >= 2
    for name, frame in zip(names, shown, strict=True):
        with Image.open(tmp_path / name) as image:
            assert np.array_equal(np.asarray(image), frame)
