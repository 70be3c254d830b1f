"""The demo's rooms and frames: the model that ships with the demo was trained on these bytes."""

import hashlib
import json

from llamafactory_embodied.world.raycast import Camera, cast, shade
from llamafactory_embodied.world.rooms import PROFILES, generate_room, room_seeds
from llamafactory_embodied.world.shapes import object_primitives, room_primitives

ROOMS = "2539753723a0b344671fb6a991e671f709a11accd0b68ff0b61e757e8cf5aff2"
FRAMES = "5dc7a32f018b8a0596d9e06e7a5e3c5e346e5fa592767ff02454fb0ab45d9142"


def demo_rooms():
    seeds = [seed for split in ("base", "train", "dev", "test") for seed in room_seeds(split, 5)]
    return [generate_room(seed, PROFILES["demo"]) for seed in seeds]


def frame(metadata):
    agent = metadata["agent"]
    eye = (agent["position"]["x"], 1.576, agent["position"]["z"])
    solids = room_primitives(metadata)
    for number, item in enumerate(metadata["objects"]):
        solids += object_primitives(item, number)
    camera = Camera(eye, agent["rotation"]["y"], 20.0, 75.0, 84, 84)
    return shade(cast(solids, camera), solids, camera)


def test_the_demos_rooms_are_the_ones_its_model_was_trained_on():
    assert hashlib.sha256(json.dumps(demo_rooms()).encode()).hexdigest() == ROOMS


def test_the_demos_frames_are_the_ones_its_model_was_trained_on():
    pixels = b"".join(frame(metadata).tobytes() for metadata in demo_rooms()[::4])
    assert hashlib.sha256(pixels).hexdigest() == FRAMES
