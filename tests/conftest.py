"""What several tests look at: recorded scenes, where they are at hand, and episodes that are played once."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from kitchens import DEMO_FRAME, Played, pairs, play_watched

from llamafactory_embodied.episodes.policy import SearcherPolicy

# How long an example takes says how busy the machine is, and no example changes a fixture that others share.
settings.register_profile(
    "ours", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("ours")


@pytest.fixture(scope="session")
def searched() -> list[Played]:
    """The searcher in twenty demo kitchens, one task of each type."""
    return [play_watched(scene, task, SearcherPolicy(), DEMO_FRAME) for scene, task in pairs(rooms=20, per_room=3)]


@pytest.fixture(scope="session")
def thor_data() -> Path:
    """Recorded AI2-THOR scenes: EMBODIED_THOR_DATA, or a folder `shared` beside the repository."""
    beside = Path(__file__).parents[2] / "shared" / "data" / "thor"
    root = Path(os.environ.get("EMBODIED_THOR_DATA", beside))
    if not (root / "scenes").is_dir():
        pytest.skip(f"no recorded scenes under {root}; set EMBODIED_THOR_DATA")
    return root
