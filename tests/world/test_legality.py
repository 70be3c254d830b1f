"""The reference evaluator's rule: what is large enough for how far away it is, by type."""

import pytest
from toy_rooms import thing

from llamafactory_embodied.world.compatibility import takes
from llamafactory_embodied.world.legality import handleable, is_navigable

HERE = {"x": 0.0, "y": 0.9, "z": 0.0}


def at(metres, size, kind="Thing", visible=True):
    return thing(f"{kind}|{metres}", (0.0, 1.0, metres), size, visible=visible)


@pytest.mark.parametrize(
    ("size", "last_m", "first_m"),
    [
        ((0.05, 0.05, 0.05), 0.99, 1.01),  # nothing but nearness
        ((0.11, 0.11, 0.11), 1.49, 1.51),  # 0.0013 m3
        ((0.18, 0.18, 0.18), 1.99, 2.01),  # 0.0058 m3
        ((0.30, 0.30, 0.05), 2.49, 2.51),  # a face of 0.09 m2
        ((0.40, 0.40, 0.04), 3.99, 4.01),  # a face of 0.16 m2
        ((0.80, 0.70, 0.01), 9.99, 10.01),  # a face of 0.56 m2
    ],
)
def test_a_thing_may_be_gone_to_up_to_a_distance_by_its_size(size, last_m, first_m):
    assert is_navigable(at(last_m, size), HERE)
    assert not is_navigable(at(first_m, size), HERE)


def test_large_things_count_by_volume_over_distance():
    assert is_navigable(at(15.0, (0.7, 0.7, 0.7)), HERE)
    assert not is_navigable(at(18.0, (0.7, 0.7, 0.7)), HERE)


def test_the_floor_and_what_is_hidden_are_not_gone_to():
    assert not is_navigable(at(0.5, (5.0, 0.1, 5.0), kind="Floor"), HERE)
    assert not is_navigable(at(0.5, (1.0, 1.0, 1.0), visible=False), HERE)


def test_the_contents_of_the_present_receptacle_may_be_handled_though_small():
    egg = at(1.2, (0.05, 0.05, 0.05), kind="Egg")
    hidden = at(1.3, (0.05, 0.05, 0.05), kind="Egg", visible=False)
    metadata = {"objects": [egg, hidden], "agent": {"position": HERE}}
    assert handleable(metadata, []) == []
    assert handleable(metadata, [egg["objectId"]]) == [egg]


def test_the_table_says_what_takes_what_and_the_rest_goes_anywhere_but_on_the_floor():
    assert takes("Fridge", "Egg")
    assert not takes("Drawer", "Plate")
    assert takes("Bed", "TeddyBear")
    assert not takes("Floor", "TeddyBear")
