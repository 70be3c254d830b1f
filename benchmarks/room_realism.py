"""How far generated rooms are from recorded ones: distributions side by side, and a classifier that tells them apart.

    EMBODIED_THOR_DATA=... python benchmarks/room_realism.py [rooms] [figure.png]

Needs scikit-learn and matplotlib (the extra `dev`). Recorded rooms are those of no benchmark task. The classifiers are
a logistic regression and a forest, cross-validated three times; the interval is a bootstrap over rooms.
"""

import itertools
import sys
import warnings
from collections import Counter, defaultdict

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter
from recordings import recorded_scenes
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from llamafactory_embodied.world.boxes import low_and_high
from llamafactory_embodied.world.profiles import PROFILES
from llamafactory_embodied.world.rooms import generate_room, room_seeds

GROUPS = ("pickupable", "openable", "receptacle", "moveable", "toggleable")
MODELS = {
    "linear": lambda seed: make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=2000)),
    "forest": lambda seed: RandomForestClassifier(100, min_samples_leaf=2, class_weight="balanced", random_state=seed),
}


def features(metadata, types):
    """Counts, areas and distances of one room, by name."""
    things = [item for item in metadata["objects"] if item["objectType"] != "Floor"]
    boxes = np.array([low_and_high(item) for item in things])
    low, high = boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)
    sides = np.sort((high - low)[[0, 2]])
    size = boxes[:, 1] - boxes[:, 0]
    middle = boxes.mean(axis=1)
    counts = Counter(item["objectType"] for item in things)
    found = {f"count {kind}": counts[kind] for kind in types}
    found |= {"objects": len(things), "short side": sides[0], "long side": sides[1], "area": sides[0] * sides[1]}
    area = size[:, 0] * size[:, 2]
    for flag in GROUPS:
        chosen = np.array([bool(item[flag]) for item in things])
        found[f"count {flag}"] = chosen.sum()
        found[f"area {flag}"] = area[chosen].sum()
        found[f"height {flag}"] = middle[chosen, 1].mean()
        found[f"near {flag}"] = nearest(middle[chosen]).mean()
        found[f"apart {flag}"] = apart(middle[chosen]) / np.hypot(*sides)
    held = [item for item in things if item["pickupable"]]
    known = {item["objectId"]: item for item in metadata["objects"]}
    parents = [[known[name] for name in item["parentReceptacles"] or [] if name in known] for item in held]
    found["share shut away"] = np.mean([any(p["openable"] and not p["isOpen"] for p in group) for group in parents])
    found["share on floor"] = np.mean([[p["objectType"] for p in group] == ["Floor"] for group in parents])
    standing = size[:, 1][(boxes[:, 0, 1] < 0.1)]
    found["standing"] = len(standing)
    walls = np.minimum(boxes[:, 0] - low, high - boxes[:, 1])[:, [0, 2]].min(axis=1)
    found["at walls"] = np.mean(walls[area > 0.1] < 0.15)
    for kind in types:
        mine = np.array([item["objectType"] == kind for item in things])
        if mine.any():
            found[f"size {kind}"] = np.round(np.log(area[mine].mean() + 1e-4) * 10) / 10  # to the nearest tenth
    for one, other in itertools.combinations(("Bed", "Desk", "Sofa", "Television", "Fridge", "Sink", "Toilet"), 2):
        pair = [middle[[item["objectType"] == kind for item in things]] for kind in (one, other)]
        if all(len(points) for points in pair):
            found[f"apart {one} {other}"] = np.linalg.norm(pair[0][:, None] - pair[1][None], axis=2).min()
    return found


def nearest(points):
    gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return gaps.min(axis=1) if len(points) > 1 else np.zeros(1)


def apart(points):
    return np.linalg.norm(points[:, None] - points[None], axis=2).mean()


def table(rooms):
    """[rooms, features], columns that every room has or the median where it has not."""
    names = sorted({name for room in rooms for name in room})
    values = np.array([[room.get(name, np.nan) for name in names] for room in rooms])
    medians = np.nanmedian(values, axis=0)
    return names, np.where(np.isnan(values), medians, values)


def separability(recorded, generated, seeds=3):
    """Model -> (AUC, interval), and the features that the forest goes by."""
    names, values = table([*recorded, *generated])
    labels = np.array([1] * len(recorded) + [0] * len(generated))
    found, weights = {}, np.zeros(len(names))
    for model, make in MODELS.items():
        scores = np.zeros(len(labels))
        for seed in range(seeds):
            folds = StratifiedKFold(min(5, len(recorded)), shuffle=True, random_state=seed)
            scores += cross_val_predict(make(seed), values, labels, cv=folds, method="predict_proba")[:, 1] / seeds
            if model == "forest":
                weights += make(seed).fit(values, labels).feature_importances_ / seeds
        found[model] = (roc_auc_score(labels, scores), interval(labels, scores))
    return found, [
        (names[k], weights[k], values[labels == 1, k], values[labels == 0, k]) for k in np.argsort(-weights)
    ]


def interval(labels, scores, draws=2000):
    rng = np.random.default_rng(0)
    real, made = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
    aucs = []
    for _ in range(draws):
        rows = np.concatenate([rng.choice(real, len(real)), rng.choice(made, len(made))])
        aucs.append(roc_auc_score(labels[rows], scores[rows]))
    return np.percentile(aucs, [2.5, 97.5])


def side_by_side(name, recorded, generated):
    """Mean counts of types, containment and sizes, recorded and generated."""
    lines = [f"\n## {name}: {len(recorded)} recorded, {len(generated)} generated rooms", ""]
    shares = [containment(rooms) for rooms in (recorded, generated)]
    lines += [
        "| type | count | generated | area m2 | generated | places | generated |",
        "|---|--:|--:|--:|--:|---|---|",
    ]
    for kind in sorted({item["objectType"] for room in recorded for item in room["objects"]}):
        cells = []
        for rooms in (recorded, generated):
            items = [item for room in rooms for item in room["objects"] if item["objectType"] == kind]
            sizes = [item["axisAlignedBoundingBox"]["size"] for item in items]
            area = np.median([size["x"] * size["z"] for size in sizes]) if sizes else float("nan")
            cells.append((f"{len(items) / len(rooms):.2f}", f"{area:.3f}"))
        places = [", ".join(f"{p} {n:.0%}" for p, n in share[kind].most_common(3)) for share in shares]
        lines.append(
            f"| {kind} | {cells[0][0]} | {cells[1][0]} | {cells[0][1]} | {cells[1][1]} | {' | '.join(places)} |"
        )
    openable = [np.mean([i["openable"] for room in rooms for i in room["objects"]]) for rooms in (recorded, generated)]
    lines.append(f"\nopenable: {openable[0]:.1%} of recorded objects, {openable[1]:.1%} of generated ones")
    return "\n".join(lines)


def containment(rooms):
    """Type -> share of its objects on or in each type of receptacle."""
    found = {}
    for room in rooms:
        for item in room["objects"]:
            parent = (item["parentReceptacles"] or ["nothing"])[0]
            kind = parent.split("|")[-1] if parent.endswith("Basin") else parent.split("|")[0]
            found.setdefault(item["objectType"], Counter())[kind] += 1
    for counts in found.values():
        total = sum(counts.values())
        for kind in counts:
            counts[kind] /= total
    return defaultdict(Counter, found)


def draw_figure(path, rows):
    """Counts of objects and their areas, by room type: recorded against generated."""
    figure, axes = plt.subplots(2, len(rows), figsize=(4 * len(rows), 7.6))
    for column, (name, recorded, generated) in enumerate(rows):
        kinds = sorted({item["objectType"] for room in recorded for item in room["objects"]} - {"Floor"})
        for axis, measure in zip(axes[:, column], (mean_count, mean_area), strict=True):
            points = np.array([[measure(rooms, kind) for rooms in (recorded, generated)] for kind in kinds])
            axis.scatter(*points.T, s=14)
            ends = [max(1e-3, np.nanmin(points)), np.nanmax(points)]
            axis.plot(ends, ends, color="grey", linewidth=0.8)
            gap = np.abs(np.log((points[:, 0] + 0.02) / (points[:, 1] + 0.02)))
            for k in np.argsort(-np.nan_to_num(gap))[:6]:
                axis.annotate(kinds[k], points[k], fontsize=7)
            axis.set(xscale="log", yscale="log")
            for side in (axis.xaxis, axis.yaxis):
                side.set_major_locator(LogLocator(subs=(1, 3)))
                side.set_major_formatter("{x:g}")
                side.set_minor_formatter(NullFormatter())
            what = "objects a room" if measure is mean_count else "footprint, m2"
            axis.set(title=f"{name}: {what}", xlabel="recorded", ylabel="generated")
    figure.tight_layout()
    figure.savefig(path, dpi=75)


def mean_count(rooms, kind):
    return np.mean([sum(item["objectType"] == kind for item in room["objects"]) for room in rooms]) or np.nan


def mean_area(rooms, kind):
    sizes = [i["axisAlignedBoundingBox"]["size"] for room in rooms for i in room["objects"] if i["objectType"] == kind]
    return np.median([size["x"] * size["z"] for size in sizes]) if sizes else np.nan


def main():
    warnings.simplefilter("ignore")
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    rows = []
    for name, scenes in recorded_scenes().items():
        recorded = [scene.metadata for scene in scenes]
        generated = [generate_room(seed, PROFILES[name]) for seed in room_seeds("dev", count)]
        rows.append((name, recorded, generated))
        print(side_by_side(name, recorded, generated))
    for name, recorded, generated in rows:
        types = sorted({item["objectType"] for room in recorded for item in room["objects"]} - {"Floor"})
        both = [[features(room, types) for room in rooms] for rooms in (recorded, generated)]
        found, top = separability(*both)
        text = ", ".join(f"{model} {auc:.2f} [{low:.2f}, {high:.2f}]" for model, (auc, (low, high)) in found.items())
        print(f"\n{name}: AUC {text}")
        for feature, weight, real, made in top[:10]:
            means = ", ".join(f"{np.mean(values):.2f} +- {np.std(values):.2f}" for values in (real, made))
            print(f"  {weight:.3f} {feature}: {means}")
    if len(sys.argv) > 2:
        draw_figure(sys.argv[2], rows)


if __name__ == "__main__":
    main()
