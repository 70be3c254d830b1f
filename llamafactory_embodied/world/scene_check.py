"""Is it AI2-THOR metadata? What the simulator reads is checked once, so that it fails here and not in an episode."""

import math
from collections.abc import Mapping
from typing import Any

from ..errors import SceneError

_KEYS = ("sceneName", "objects", "agent", "sceneBounds")
_OBJECT_KEYS = ("objectId", "objectType", "position", "rotation", "axisAlignedBoundingBox")
_FLAGS = ("receptacle", "openable", "isOpen", "pickupable", "toggleable", "isToggled")
_LISTS = ("parentReceptacles", "receptacleObjectIds")


def check_metadata(metadata: Any, source: str) -> None:
    """Checks AI2-THOR's `event.metadata`.

    Args:
        metadata: the value.
        source: named in messages.

    Raises:
        SceneError: it is something else; says what is missing or wrong, and where.
    """
    if not isinstance(metadata, Mapping):
        raise SceneError(
            f"{source} is not a scene: expected AI2-THOR's event.metadata, an object, got {type(metadata).__name__}."
        )
    missing = [key for key in _KEYS if metadata.get(key) is None]
    if missing:
        raise SceneError(
            f"{source} is not a scene: AI2-THOR's event.metadata has the keys {', '.join(_KEYS)}; "
            f"missing: {', '.join(missing)}. Save `controller.last_event.metadata` as JSON."
        )
    for key in ("center", "size"):
        _check_vector(metadata["sceneBounds"], key, f"{source}: sceneBounds")
    _check_agent(metadata["agent"], f"{source}: agent")
    _check_objects(metadata["objects"], source)
    _check_recorded(metadata, source)


def _check_recorded(metadata: Mapping[str, Any], source: str) -> None:
    """What the verb `record` adds: where one can stand, and from where one can handle things."""
    positions, poses = metadata.get("reachablePositions"), metadata.get("interactablePoses")
    if positions is not None and not isinstance(positions, list):
        raise SceneError(f"{source}: reachablePositions must be a list, got {type(positions).__name__}.")
    for number, position in enumerate(positions or ()):
        _check_vector({"position": position}, "position", f"{source}: reachablePositions, {number}")
    if poses is None:
        return
    if not isinstance(poses, Mapping) or not all(isinstance(rows, list) for rows in poses.values()):
        raise SceneError(f"{source}: interactablePoses must be lists of rows by objectId.")
    for name, rows in poses.items():
        wrong = [row for row in rows if not _is_pose(row)]
        if wrong:
            raise SceneError(
                f"{source}: interactablePoses of {name} must be rows of x, y, z, rotation, horizon and standing, "
                f"got {wrong[0]!r}."
            )


def _is_pose(row: Any) -> bool:
    return isinstance(row, list) and len(row) == 6 and all(map(_finite, row[:5])) and isinstance(row[5], bool)


def _check_agent(agent: Any, where: str) -> None:
    for key in ("position", "rotation"):
        _check_vector(agent, key, where)
    if not _finite(agent.get("cameraHorizon")) or not isinstance(agent.get("isStanding"), bool):
        raise SceneError(f"{where} needs cameraHorizon, a number, and isStanding, true or false.")


def _check_objects(objects: Any, source: str) -> None:
    if not isinstance(objects, list):
        raise SceneError(f"{source}: `objects` must be a list, got {type(objects).__name__}.")
    seen: dict[str, int] = {}
    for index, item in enumerate(objects):
        _check_object(item, f"{source}: object {index}")
        first = seen.setdefault(item["objectId"], index)
        if first != index:
            raise SceneError(
                f"{source}: object {index} repeats the objectId {item['objectId']!r} of object {first}; "
                "ids must be unique."
            )


def _check_object(item: Any, where: str) -> None:
    if not isinstance(item, Mapping):
        raise SceneError(f"{where} must be a JSON object, got {type(item).__name__}.")
    missing = [key for key in (*_OBJECT_KEYS, *_FLAGS) if item.get(key) is None]
    if missing:
        raise SceneError(f"{where} ({item.get('objectId', 'no objectId')}) lacks {', '.join(missing)}.")
    where = f"{where} ({item['objectId']})"
    if not all(isinstance(item[key], str) for key in ("objectId", "objectType")):
        raise SceneError(f"{where}: objectId and objectType must be text.")
    for key in ("position", "rotation"):
        _check_vector(item, key, where)
    for key in ("center", "size"):
        _check_vector(item["axisAlignedBoundingBox"], key, f"{where}: axisAlignedBoundingBox")
    wrong = [key for key in _FLAGS if not isinstance(item[key], bool)]
    if wrong:
        raise SceneError(f"{where}: {wrong[0]} must be true or false, got {item[wrong[0]]!r}.")
    for key in _LISTS:
        if not _is_id_list(item.get(key)):
            raise SceneError(f"{where}: {key} must be null or a list of objectIds, got {item[key]!r}.")


def _check_vector(holder: Any, key: str, where: str) -> None:
    vector = holder.get(key) if isinstance(holder, Mapping) else None
    if not isinstance(vector, Mapping) or not all(_finite(vector.get(axis)) for axis in "xyz"):
        raise SceneError(f"{where}: {key} must have finite numbers x, y and z, got {vector!r}.")


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_id_list(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(name, str) for name in value))
