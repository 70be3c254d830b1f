"""What takes what: the documentation's table, mended, and what the benchmark asks for."""

import json
from collections import defaultdict

from llamafactory_embodied.world.compatibility import BENCHMARK, COMPATIBLE, MENDED, belongs, takes

NOT_IN_ITHOR = {"Cart"}


def documented(thor_data):
    """The shared transcription without its stray spaces and stars."""
    table = defaultdict(set)
    for row in json.loads((thor_data / "receptacle_compatibility.json").read_text()):
        for kind, places in row.items():
            table[kind.strip(" *")] |= {place.strip() for place in places} - NOT_IN_ITHOR
    return {kind: places for kind, places in table.items() if places}


def test_the_table_is_the_documented_one_and_what_mends_it(thor_data):
    table = documented(thor_data)
    ours = {kind: set(places) for kind, places in COMPATIBLE.items()}
    for kind, place in MENDED:
        assert place not in table.get(kind, ()), f"{kind} in {place} needs no mending"
        table.setdefault(kind, set()).add(place)
    assert ours == table


def test_every_put_of_the_benchmark_is_taken(thor_data):
    checked = 0
    for entry in json.loads((thor_data / "test_tasks_313.json").read_text()):
        held = None
        for step in entry["task_metadata"]["actions"]:
            if step["action"] == "pickup":
                held = step["objectId"].split("|")[0]
            if step["action"] == "put":
                assert takes(step["objectType"], held), (entry["identity"], held, step["objectType"])
                checked += 1
    assert checked > 180


def test_each_pair_that_is_not_documented_has_a_reason_and_no_type_is_listed_twice():
    assert all(MENDED.values())
    assert all(BENCHMARK.values())
    assert all(belongs(place, kind) for kind, place in MENDED)
    assert not any(belongs(place, kind) for kind, place in BENCHMARK)
    assert all(takes(place, kind) for kind, place in BENCHMARK)
    assert all(len(places) == len(set(places)) for places in COMPATIBLE.values())


def test_burners_holders_and_slots_take_their_own_types_alone():
    assert takes("StoveBurner", "Pan")
    assert not takes("StoveBurner", "Apple")
    assert takes("TowelHolder", "Towel")
    assert not takes("TowelHolder", "HandTowel")
    assert takes("Toaster", "BreadSliced")
    assert not takes("Toaster", "Dumbbell")
    assert takes("Sofa", "Dumbbell")
