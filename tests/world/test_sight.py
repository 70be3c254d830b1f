"""What a frame shows, object by object."""

import numpy as np
from toy_rooms import kitchen, opened

from llamafactory_embodied.world.sight import sightings


def seen(event, least=1):
    return {sight.object_id: sight for sight in sightings(event, least)}


def test_sightings_count_the_pixels_of_ai2thors_masks():
    event = opened(kitchen()).last_event
    sights = seen(event)
    assert set(sights) == set(event.instance_masks)
    for name, sight in sights.items():
        mask = event.instance_masks[name]
        assert sight.pixels == mask.sum()
        assert abs(sight.across - np.nonzero(mask)[1].mean() / (mask.shape[1] - 1)) < 1e-6


def test_the_largest_comes_first_and_small_ones_do_not_count():
    event = opened(kitchen()).last_event
    pixels = [sight.pixels for sight in sightings(event, 1)]
    assert pixels == sorted(pixels, reverse=True)
    least = pixels[len(pixels) // 2]
    assert [sight.pixels for sight in sightings(event, least)] == [count for count in pixels if count >= least]


def test_a_sighting_tells_state_place_and_reach():
    controller = opened(kitchen())
    sights = seen(controller.last_event)
    apple, drawer, counter = sights["Apple|1"], sights["Drawer|1"], sights["CounterTop|1"]
    assert (apple.portable, apple.inside, apple.held, apple.is_open, apple.is_on) == (
        True,
        ("CounterTop|1",),
        False,
        None,
        None,
    )
    assert (drawer.is_open, drawer.receptacle, drawer.portable) == (False, True, False)
    assert abs(counter.distance_m - 0.9) < 1e-6
    held = seen(controller.step("PickupObject", objectId="Apple|1"))["Apple|1"]
    assert (held.held, held.inside) == (True, ())
    assert seen(controller.step("OpenObject", objectId="Drawer|1"))["Drawer|1"].is_open


def test_an_empty_room_shows_nothing():
    assert sightings(opened({**kitchen(), "objects": []}).last_event, 1) == ()
