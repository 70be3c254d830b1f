"""Windows: each trained pair once, never over the limit, and the same whatever comes later."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llamafactory_embodied.episodes.windows import (
    IMAGE,
    LEFT_OUT,
    Window,
    images_before,
    last_window,
    open_window,
    plan_windows,
)
from llamafactory_embodied.errors import DataError

TASK_TOKENS = 7
PAIRS = st.lists(st.tuples(st.integers(1, 40), st.booleans()), min_size=1, max_size=30)


def plan(pairs, limit, context=0.5):
    lengths, trained = [length for length, _ in pairs], [wanted for _, wanted in pairs]
    return plan_windows(lengths, opening_of(lengths), trained, limit, context)


def opening_of(lengths):
    return lambda pair: lengths[0] if pair == 0 else lengths[pair] + TASK_TOKENS


def tokens_of(pairs, window):
    lengths = [length for length, _ in pairs]
    return opening_of(lengths)(window.start) + sum(lengths[window.start + 1 : window.end])


@given(PAIRS, st.integers(47, 200), st.floats(0, 0.95))
def test_each_trained_pair_is_fresh_once_and_no_window_is_over_the_limit(pairs, limit, context):
    windows = plan(pairs, limit, context)
    fresh = [pair for window in windows for pair in range(window.fresh, window.end) if pairs[pair][1]]
    assert fresh == [pair for pair, (_, wanted) in enumerate(pairs) if wanted]
    for window in windows:
        assert 0 <= window.start <= window.fresh < window.end <= len(pairs)
        assert tokens_of(pairs, window) <= limit
        assert pairs[window.fresh][1]
        assert pairs[window.end - 1][1]


@given(PAIRS, st.integers(47, 200), st.floats(0, 0.95))
def test_what_is_not_fresh_keeps_to_its_share_and_fills_it(pairs, limit, context):
    for start, fresh, _ in plan(pairs, limit, context):

        def fits(begin, fresh=fresh):
            before = tokens_of(pairs, Window(begin, fresh, fresh))
            return before <= context * limit and before + pairs[fresh][0] <= limit

        assert start == fresh or fits(start)
        assert start == 0 or not fits(start - 1)


@given(PAIRS, st.integers(47, 200))
def test_a_prefix_has_the_same_windows_but_for_the_end_of_the_last(pairs, limit):
    pairs = [(length, True) for length, _ in pairs]
    whole = plan(pairs, limit)
    for count in range(1, len(pairs) + 1):
        part = plan(pairs[:count], limit)
        assert [window[:2] for window in part] == [window[:2] for window in whole[: len(part)]]
        lengths = [length for length, _ in pairs[:count]]
        assert last_window(lengths, opening_of(lengths), limit) == part[-1]


@given(PAIRS)
def test_the_error_names_the_least_limit_that_does(pairs):
    assume(any(wanted for _, wanted in pairs))
    with pytest.raises(DataError, match="one turn take up to") as caught:
        plan(pairs, 0)
    least = int(re.search(r"up to (\d+) tokens", str(caught.value))[1])
    assert plan(pairs, least)
    with pytest.raises(DataError):
        plan(pairs, least - 1)


def test_nothing_trained_gives_no_window():
    assert plan([(5, False), (6, False)], 100) == []


def test_what_fits_is_one_window_from_the_start():
    assert plan([(30, True)] * 4, 120) == [Window(0, 0, 4)]


def test_a_window_opens_with_the_task_and_says_that_something_is_left_out():
    said = [
        ("user", f"{IMAGE} Find the mug."),
        ("assistant", "I go on."),
        ("user", f"left {IMAGE}"),
        ("assistant", "End."),
    ]
    messages = [{"role": role, "content": content} for role, content in said]
    assert open_window(messages, 0) == messages
    first, second = open_window(messages, 1)
    assert first == {"role": "user", "content": f"Find the mug.\n{LEFT_OUT}\nleft {IMAGE}"}
    assert second == messages[3]
    assert [images_before(messages, pair) for pair in range(3)] == [0, 1, 2]
