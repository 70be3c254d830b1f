import pytest
from made_up import episode, solved, step, unsolved, write_frame

from evaluation.timeline import episode_view, verdict


def view(folder, record):
    return episode_view("run", folder, record)


def test_a_turn_shows_what_was_seen_before_the_reply_and_what_became_of_the_action(tmp_path):
    names = [write_frame(tmp_path, f"{i}.png") for i in range(2)]
    record = solved()
    record["steps"][0]["frames"], record["steps"][1]["frames"] = [names[0]], [names[1]]
    record["steps"][1]["target_seen"] = True
    turns = view(tmp_path, record).turns
    assert [turn.action for turn in turns] == ["navigate to CounterTop", "pickup Apple", "end"]
    assert [turn.seen_after for turn in turns] == [
        "at the start",
        "after navigate to CounterTop",
        "after pickup Apple",
    ]
    assert [len(turn.frames) for turn in turns] == [1, 1, 0]
    assert [turn.hidden.target_seen for turn in turns] == [False, True, False]
    assert turns[0].parts[0].name == "task planning"


def test_what_the_last_action_led_to_is_shown_where_there_is_a_frame(tmp_path):
    name = write_frame(tmp_path, "last.png")
    turns = view(tmp_path, episode([step("pickup", "Apple", frames=[name])], end="step_limit", holds=False)).turns
    assert [turn.action for turn in turns] == ["pickup Apple", ""]
    assert turns[-1].frames[0].uri is not None


def test_the_three_frames_of_observe_are_labelled(tmp_path):
    record = episode([step("observe", frames=["a.png", "b.png", "c.png"]), step("end")], holds=False)
    assert [frame.label for frame in view(tmp_path, record).turns[1].frames] == ["left", "right", "back"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("ok", "")),
        ({"success": False, "error": "It is full."}, ("failed", "It is full.")),
        ({"success": False, "legal": False, "feedback": "not_in_view"}, ("illegal", "not in view")),
        (
            {"success": False, "legal": False, "feedback": "not_in_view", "error": "Look first."},
            ("illegal", "not in view: Look first."),
        ),
        ({"success": False, "legal": False, "feedback": "full", "error": "full"}, ("illegal", "full")),
        ({"action": "unparseable", "success": False, "legal": False, "feedback": "unparseable"}, ("unparseable", "")),
    ],
)
def test_an_actions_fate_is_told_once_and_in_its_own_words(tmp_path, changes, expected):
    taken = {**step("pickup", "Apple"), **changes}
    turn = view(tmp_path, episode([taken], end="step_limit", holds=False)).turns[0]
    assert (turn.verdict, turn.feedback) == expected


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (solved(), "success: all goals hold and it said end"),
        (unsolved(), "failed: it said end, but 1 of 1 goals does not hold"),
        (episode([step("end")], holds=[True, False, False]), "failed: it said end, but 2 of 3 goals do not hold"),
        (episode([], end="step_limit", holds=True), "failed: step limit reached, though the goals held"),
        (episode([], end="repetition", holds=False), "failed: it repeated the same action"),
        (episode([], end="unparseable", holds=False), "failed: its replies held no action"),
        (episode([], end="infrastructure", holds=[]), "failed: infrastructure failure, not the model's doing"),
        (episode([], end="something_new", holds=False), "failed: something_new"),
    ],
)
def test_the_verdict_is_the_honest_end(record, said):
    assert verdict(record) == said


def test_goals_that_were_never_judged_are_shown_as_such(tmp_path):
    record = episode([], end="infrastructure", holds=[])
    record["task"]["goals"] = [{"kind": "placed_in", "object_type": "Apple", "receptacle_type": "Fridge"}]
    goal = view(tmp_path, record).goals[0]
    assert (goal.text, goal.holds) == ("placed in: Apple, Fridge", None)
