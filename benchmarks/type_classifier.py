"""Can object types be told apart by how they look? A forest learns them from frames and is asked about other frames.

    EMBODIED_THOR_DATA=... python benchmarks/type_classifier.py [rooms=20] [poses=40]

For each type of room: frames of the recipes' size at random poses in generated rooms, half of which teach, at half of
the poses; the other half ask, at the other poses. Where there are recorded rooms, half of them ask, too; the other
half and the generated ones teach: nine rooms alone are too few. A sample is what a frame shows of an object, without
what is around it; it counts if the object owns `least_px` pixels and the frame's edge does not cut it off.
Needs scikit-learn (the extra `dev`).
"""

import os
import sys
from collections import Counter, defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
from PIL import Image
from recordings import recorded_scenes
from sklearn.ensemble import ExtraTreesClassifier

from evaluation.statistics import wilson
from llamafactory_embodied.world.controller import FrameSettings, open_controller
from llamafactory_embodied.world.profiles import PROFILES, ROOM_TYPES
from llamafactory_embodied.world.rooms import generate_room, room_seeds

CROP_PX = 20
BACKGROUND = 0
EDGES_PX = (100, 400, 1600)
"""Sizes by which the answers are counted apart."""


@dataclass(frozen=True)
class Asked:
    """What is looked at."""

    rooms: int = 20
    poses: int = 40
    least_px: int = 100


def samples(scene, poses, seed, least_px):
    """(features, object type, pixels, number of the pose) of what random poses show."""
    settings = FrameSettings()
    controller = open_controller("embedded", settings)
    controller.reset(scene)
    spots = controller.step("GetReachablePositions").metadata["actionReturn"]
    rng = np.random.default_rng(seed)
    found = []
    for pose in range(poses):
        spot = spots[int(rng.integers(len(spots)))]
        yaw, horizon = float(rng.uniform(0, 360)), float(rng.choice([0.0, 20.0, 40.0]))
        event = controller.step("Teleport", position=spot, rotation={"x": 0, "y": yaw, "z": 0}, horizon=horizon)
        kinds = {item["objectId"]: item["objectType"] for item in event.metadata["objects"]}
        for object_id, mask in event.instance_masks.items():
            pixels = int(mask.sum())
            box = outline(mask)
            if object_id in kinds and pixels >= least_px and box is not None:
                found.append((features(event.frame, mask, box), kinds[object_id], pixels, pose))
    controller.stop()
    return found


def outline(mask):
    """Left, top, right and bottom of an object, or None where the frame's edge cuts it off."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    height, width = mask.shape
    return None if min(left, top, width - right, height - bottom) == 0 else (left, top, right, bottom)


def features(frame, mask, box):
    """The object as a small picture, its colours, and its size and shape."""
    left, top, right, bottom = box
    cut, mine = frame[top:bottom, left:right], mask[top:bottom, left:right]
    crop = Image.fromarray(np.where(mine[..., None], cut, BACKGROUND)).resize((CROP_PX, CROP_PX), Image.Resampling.BOX)
    colors = cut[mine].astype(np.float32)
    spread = np.percentile(colors, (10, 50, 90), axis=0)
    width, height = right - left, bottom - top
    shape = [np.log(width), np.log(height), np.log(width / height), np.log(mine.sum()), mine.mean(), bottom]
    return np.concatenate([np.asarray(crop, np.float32).ravel(), spread.ravel(), shape]).astype(np.float32)


def seen(rooms, asked):
    """The samples of each room."""
    with ProcessPoolExecutor(2) as pool:
        count = len(rooms)
        return list(pool.map(samples, rooms, [asked.poses] * count, range(count), [asked.least_px] * count))


def told_apart(found, others):
    """(whether right, type, pixels) of each sample that was asked about, how many taught, what was taken for what."""
    taught = [one for room in [*found[::2], *others] for one in room if one[3] % 2 == 0]
    tried = [one for room in found[1::2] for one in room if one[3] % 2 == 1]
    known = {kind for _, kind, _, _ in taught}
    tried = [one for one in tried if one[1] in known]
    forest = ExtraTreesClassifier(300, min_samples_leaf=1, class_weight="balanced", random_state=0, n_jobs=2)
    forest.fit(np.array([one[0] for one in taught]), [one[1] for one in taught])
    said = forest.predict(np.array([one[0] for one in tried]))
    pairs = Counter((one[1], guess) for one, guess in zip(tried, said, strict=True) if one[1] != guess)
    return [(one[1] == guess, one[1], one[2]) for one, guess in zip(tried, said, strict=True)], len(taught), pairs


def main():
    asked = Asked(**{key: int(value) for key, value in (argument.split("=") for argument in sys.argv[1:])})
    recorded = recorded_scenes() if "EMBODIED_THOR_DATA" in os.environ else {}
    for room in ROOM_TYPES:
        made = seen([generate_room(seed, PROFILES[room]) for seed in room_seeds("dev", asked.rooms)], asked)
        real = seen([scene.metadata for scene in recorded.get(room, ())], asked)
        for name, found, others in (("generated", made, []), ("recorded", real, made))[: 2 if real else 1]:
            answers, taught, pairs = told_apart(found, others)
            kinds = {kind for _, kind, _ in answers}
            right, low, high = share(answers)
            print(
                f"{room}, {name}: {len(kinds)} types, {taught} taught, {len(answers)} asked: {right} [{low}, {high}]"
            )
            by_size = defaultdict(list)
            for answer in answers:
                by_size[sum(answer[2] >= edge for edge in EDGES_PX)].append(answer)
            print("  from px", {EDGES_PX[size - 1]: share(found)[0] for size, found in sorted(by_size.items())})
            print("  taken for another", pairs.most_common(12), flush=True)


def share(answers):
    right = sum(answer[0] for answer in answers)
    ends = wilson(right, len(answers))
    return tuple(round(100 * value, 1) for value in (right / len(answers), ends.low, ends.high))


if __name__ == "__main__":
    main()
