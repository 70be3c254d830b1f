"""A policy behind an OpenAI-compatible server, against a real one on loopback."""

import base64
import io

import numpy as np
import pytest
from kitchens import BRIEF, TOY_FRAME, Noted, Watched, household, pairs
from PIL import Image
from toy_server import decided, serving, text_of

from llamafactory_embodied.episodes.rollout import RolloutSettings, play
from llamafactory_embodied.episodes.server_policy import ServerPolicy
from llamafactory_embodied.errors import PolicyError


def test_the_server_is_shown_every_frame_in_order_without_loss():
    with serving(*decided("observe", "move forward", "end")) as toy:
        watched = Watched(TOY_FRAME)
        noted = Noted(ServerPolicy(toy.url, "toy", max_new_tokens=9, seed=4), watched)
        (record,) = play(pairs(1, 1), noted, lambda: watched, RolloutSettings(BRIEF))
    assert [step["action"] for step in record["steps"]] == ["init", "observe", "move forward", "end"]
    assert [step.get("tokens") for step in record["steps"]] == [None, 7, 7, 7]
    assert record["policy"] == "server:toy"
    last = toy.asked[-1]
    assert (last["model"], last["max_tokens"], last["temperature"], last["seed"]) == ("toy", 9, 0.0, 4)
    pictures = [picture for message in last["messages"] for picture in pictures_of(message)]
    frames = noted.views[-1].images
    assert len(pictures) == len(frames) == 5
    assert all(np.array_equal(*both) for both in zip(pictures, frames, strict=True))
    texts = ["".join(text_of(message)) for message in last["messages"]]
    assert texts == [message["content"] for message in noted.views[-1].messages]


def pictures_of(message):
    parts = message["content"] if isinstance(message["content"], list) else []
    for part in parts:
        if part["type"] == "image_url":
            head, _, data = part["image_url"]["url"].partition(",")
            assert head == "data:image/png;base64"
            yield np.asarray(Image.open(io.BytesIO(base64.b64decode(data))))


def test_episodes_of_a_batch_are_asked_together_and_answered_in_order():
    with serving(*decided("end")) as toy:
        policy = ServerPolicy(toy.url, "toy")
        records = list(play(pairs(1, 3), policy, household, RolloutSettings(BRIEF), batch=3))
    assert [record["end"] for record in records] == ["ended"] * 3
    assert len(toy.asked) == 3


@pytest.mark.parametrize(
    ("response", "said"),
    [
        ({"status": 500, "body": "{}"}, "does not answer for 'toy'"),
        ({"status": 404, "body": '{"error": {"message": "no such model"}}'}, "no such model"),
        ({"body": '{"id": "1", "object": "chat.completion", "choices": []}'}, "without choices"),
        ({"body": "<html>a web page</html>", "kind": "text/html"}, "without choices"),
        ({"body": "{torn"}, "does not answer for 'toy'"),
    ],
)
def test_a_server_that_refuses_or_answers_garbage_is_one_clear_error(response, said):
    with serving(**response) as toy, pytest.raises(PolicyError, match=said):
        list(play(pairs(1, 1), ServerPolicy(toy.url, "toy", retries=0), household, RolloutSettings(BRIEF)))


def test_a_server_that_is_gone_is_one_clear_error():
    with serving("x") as toy:
        url = toy.url
    with pytest.raises(PolicyError, match="Start it, or correct base_url and model; the same command continues"):
        list(play(pairs(1, 1), ServerPolicy(url, "toy", retries=0), household, RolloutSettings(BRIEF)))


def test_an_answer_that_stays_empty_is_a_reply_without_an_action():
    with serving(None) as toy:
        (record,) = play(pairs(1, 1), ServerPolicy(toy.url, "toy", retries=1), household, RolloutSettings(BRIEF))
    assert record["end"] == "unparseable"
    assert len(toy.asked) == 2 * 3


def asked_of(toy, newest=None):
    """What a toy server is asked, and the views that it answers."""
    watched = Watched(TOY_FRAME)
    noted = Noted(ServerPolicy(toy.url, "toy"), watched)
    (record,) = play(pairs(1, 1), noted, lambda: watched, RolloutSettings(BRIEF, newest=newest))
    return record, noted.views, [[*map(list, map(pictures_of, asked["messages"]))] for asked in toy.asked]


def test_the_newest_frames_are_sent_with_words_for_the_others():
    script = decided("observe", "move forward", "observe", "end")
    with serving(*script) as toy:
        _, every, _ = asked_of(toy)
    with serving(*script) as toy:
        record, _, asked = asked_of(toy, newest=2)
    assert record["context"] == "frames: newest 2"
    assert [len(view.images) for view in every] == [1, 4, 5, 8]
    for view, messages, sent in zip(every, asked, toy.asked, strict=True):
        pictures = [picture for message in messages for picture in message]
        assert len(pictures) == min(2, len(view.images))
        assert all(np.array_equal(*both) for both in zip(pictures, view.images[-2:], strict=True))
        words = "".join(word for message in sent["messages"] for word in text_of(message))
        full = "".join(message["content"] for message in view.messages)
        left_out = max(0, len(view.images) - 2)
        assert words == full.replace("<image>", "[image left out]", left_out)
