"""Episodes that several tests look at, played once."""

import pytest
from kitchens import DEMO_FRAME, Played, pairs, play_watched

from llamafactory_embodied.episodes.policy import SearcherPolicy
from llamafactory_embodied.stages.thoughts import Writer


@pytest.fixture(scope="session")
def searched() -> list[Played]:
    """The searcher in twenty demo kitchens, one task of each type."""
    policy = SearcherPolicy(Writer())
    return [play_watched(scene, task, policy, DEMO_FRAME) for scene, task in pairs(rooms=20, per_room=3)]
