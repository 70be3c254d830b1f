"""Settings of the command line: a YAML file and `key=value` overrides become one frozen dataclass.

LLaMA-Factory's habit: `VERB config.yaml key=value`. Nested groups are dotted: `frame.fov_deg=60`.
"""

import dataclasses
import difflib
import re
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .errors import RecordError, SettingsError
from .files import replace_file

T = TypeVar("T")

_OVERRIDE = re.compile(r"\w+(\.\w+)*=")


def option(default: Any, help: str, least: float | None = None) -> Any:  # help: the word of every command line
    """A field of a settings dataclass.

    Args:
        default: a scalar, a tuple, or another settings dataclass.
        help: one line.
        least: the smallest number allowed.
    """
    if isinstance(default, list | dict):
        raise TypeError("Settings are frozen: give a tuple.")
    return dataclasses.field(default=default, metadata={"help": help, "least": least})


def load_settings(kind: type[T], arguments: Sequence[str]) -> T:
    """Builds settings from the words after a verb.

    Args:
        kind: a frozen dataclass whose fields have defaults and help.
        arguments: optionally a YAML file, then `key=value` overrides.

    Raises:
        SettingsError: a file is missing or no mapping, a key is unknown (the nearest known one is named), or a value
            has the wrong type.
    """
    files = [word for word in arguments if "=" not in word]
    overrides = [word for word in arguments if "=" in word]
    if len(files) > 1:
        raise SettingsError(f"Expected one configuration file and key=value overrides, got the words {files}.")
    odd = [word for word in overrides if not _OVERRIDE.match(word)]
    if odd:
        raise SettingsError(f"Expected key=value with a dotted key such as frame.fov_deg=60, got {odd[0]!r}.")
    value = read_mapping(Path(files[0])) if files else {}
    try:
        merged = OmegaConf.merge(OmegaConf.create(value), OmegaConf.from_dotlist(overrides))
        resolved = OmegaConf.to_container(merged, resolve=True)
    except (OmegaConfBaseException, yaml.YAMLError) as error:
        raise SettingsError(f"{files[0] if files else 'command line'}: {error}.") from error
    return build(kind, cast(Mapping[str, Any], resolved), files[0] if files else "command line")


def read_mapping(path: Path) -> Mapping[str, Any]:
    """Reads a YAML file of keys and values.

    Raises:
        SettingsError: It cannot be read, is not YAML, or is no mapping.
    """
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read the configuration {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} is not YAML: {error}.") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{path} must be a mapping of keys and values, got {type(value).__name__}.")
    return value


def build(kind: type[T], value: Mapping[str, Any], where: str, base: T | None = None) -> T:
    """Builds one settings dataclass from a mapping, checking every key and type.

    Args:
        kind: the dataclass.
        value: what is given.
        where: the file or `command line`, for messages.
        base: what holds for the keys that are not given; the dataclass's defaults without it.

    Raises:
        SettingsError: see `load_settings`.
    """
    fields = {field.name: field for field in dataclasses.fields(cast(Any, kind))}
    hints = typing.get_type_hints(kind)
    filled: dict[str, Any] = {}
    for key, given in value.items():
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else f" Known keys: {', '.join(fields)}."
            raise SettingsError(f"{where}: unknown key {key!r}.{hint}")
        before = fields[key].default if base is None else getattr(base, key)
        filled[key] = _convert(hints[key], given, f"{where}: {key}", before)
        _check_least(filled[key], fields[key].metadata.get("least"), f"{where}: {key}")
    if base is not None:
        return cast(T, dataclasses.replace(cast(Any, base), **filled))
    needed = [name for name, field in fields.items() if field.default is dataclasses.MISSING and name not in filled]
    if needed:
        raise SettingsError(f"{where}: missing {', '.join(needed)}; give {needed[0]}=... or a configuration file.")
    return kind(**filled)


def _convert(hint: Any, value: Any, where: str, before: Any = None) -> Any:
    """A value as the type that a field wants; a group of settings keeps what the field held where nothing is given."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        return _convert(next(one for one in arguments if one is not type(None)), value, where, before)
    if origin is tuple and isinstance(value, str | int | float | list):
        return tuple(_convert(arguments[0], one, where) for one in (value if isinstance(value, list) else [value]))
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return build(cast(type[Any], hint), value, where, before if isinstance(before, cast(type, hint)) else None)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, origin or hint) or (hint is int and isinstance(value, bool)):
        raise SettingsError(f"{where} must be {_type_name(hint)}, got {value!r}.")
    return value


def _type_name(hint: Any) -> str:
    if typing.get_origin(hint) is tuple:
        return f"a list of {_type_name(typing.get_args(hint)[0])}"
    return "a group of settings" if dataclasses.is_dataclass(hint) else str(hint.__name__)


def _check_least(value: Any, least: float | None, where: str) -> None:
    if least is not None and value < least:
        raise SettingsError(f"{where} must be at least {least}, got {value}.")


def claim_folder(settings: Any, folder: Path, free: Sequence[str] = ()) -> None:
    """Writes the resolved settings beside the output they make, and refuses a folder that others have made.

    Args:
        settings: a frozen dataclass.
        folder: where the output goes.
        free: fields that may differ between a call and the one it continues.

    Raises:
        RecordError: the folder's settings differ.
    """
    path, now = folder / "settings.yaml", to_plain(settings)
    if path.exists():
        before = _flat(read_mapping(path))
        binding = {key: value for key, value in _flat(now).items() if key.partition(".")[0] not in free}
        changed = [key for key, value in binding.items() if key not in before or before[key] != value]
        if changed:
            raise RecordError(
                f"{folder} was made with other settings ({', '.join(changed)} differ): "
                "remove the folder, or choose another one."
            )
    replace_file(path, yaml.safe_dump(now, sort_keys=False, allow_unicode=True))


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as dotted keys."""
    flat: dict[str, Any] = {}
    for key, one in value.items():
        flat |= _flat(one, f"{prefix}{key}.") if isinstance(one, Mapping) else {f"{prefix}{key}": one}
    return flat


def to_plain(value: Any) -> Any:
    """Settings as mappings, lists and scalars."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [to_plain(one) for one in value] if isinstance(value, tuple) else value


def describe(kind: type[Any], base: Any = None, prefix: str = "") -> list[tuple[str, Any, str]]:
    """Key, default and help of every setting, nested ones dotted.

    Args:
        kind: the dataclass.
        base: where the defaults come from; the dataclass itself without it.
        prefix: of the keys.
    """
    rows: list[tuple[str, Any, str]] = []
    for field in dataclasses.fields(kind):
        default = field.default if base is None else getattr(base, field.name)
        if dataclasses.is_dataclass(default) and not isinstance(default, type):
            rows += describe(type(default), default, f"{prefix}{field.name}.")
        else:
            shown = "required" if default is dataclasses.MISSING else default
            rows.append((prefix + field.name, shown, field.metadata.get("help", "")))
    return rows
