"""What lies where nobody who goes to its furniture sees it is named, and what cannot be gone to is an error."""

import copy

import pytest

from llamafactory_embodied.errors import SceneError
from llamafactory_embodied.world.boxes import moved
from llamafactory_embodied.world.profiles import PROFILES
from llamafactory_embodied.world.rehearsal import out_of_sight
from llamafactory_embodied.world.rooms import generate_room


def bathroom():
    return copy.deepcopy(generate_room(3_000_003, PROFILES["bathroom"]))


def lower(metadata, item, by_m):
    item.update(copy.deepcopy(moved(item, 0.0, -by_m, 0.0)))
    return metadata


def test_all_that_lies_on_furniture_of_a_generated_room_is_seen_from_where_one_goes():
    assert out_of_sight(bathroom()) == set()


def test_a_thing_below_the_floor_is_named():
    metadata = bathroom()
    item = next(one for one in metadata["objects"] if one["objectType"] == "Towel")
    assert out_of_sight(lower(metadata, item, 3.0)) == {item["objectId"]}


def test_furniture_that_nobody_sees_is_an_error_that_names_it():
    metadata = bathroom()
    toilet = next(item for item in metadata["objects"] if item["objectType"] == "Toilet")
    with pytest.raises(SceneError, match="nobody can navigate to the Toilet"):
        out_of_sight(lower(metadata, toilet, 3.0))
