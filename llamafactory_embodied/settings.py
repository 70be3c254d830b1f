"""Settings of the command line: a YAML file and `key=value` overrides become one frozen dataclass.

LLaMA-Factory's habit: `VERB config.yaml key=value`. Nested groups are dotted: `frame.fov_deg=60`.
"""

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from .errors import RecordError, SettingsError

T = TypeVar("T")


def option(default: Any, help: str) -> Any:  # the word that every command line uses
    """A field of a settings dataclass with its line of help."""
    if isinstance(default, list | dict):
        raise TypeError("Settings are frozen: give a tuple.")
    return dataclasses.field(default=default, metadata={"help": help})


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
    value = _read(Path(files[0])) if files else {}
    try:
        merged = OmegaConf.merge(OmegaConf.create(value), OmegaConf.from_dotlist(overrides))
        resolved = OmegaConf.to_container(merged, resolve=True)
    except OmegaConfBaseException as error:
        raise SettingsError(f"{files[0] if files else 'command line'}: {error}.") from error
    return build(kind, cast(Mapping[str, Any], resolved), files[0] if files else "command line")


def _read(path: Path) -> Mapping[str, Any]:
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"Cannot read the configuration {path}: {error.strerror}.") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"{path} is not YAML: {error}.") from error
    if not isinstance(value, dict):
        raise SettingsError(f"{path} must be a mapping of keys and values, got {type(value).__name__}.")
    return value


def build(kind: type[T], value: Mapping[str, Any], where: str) -> T:
    """Builds one settings dataclass from a mapping, checking every key and type.

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
        filled[key] = _convert(hints[key], given, f"{where}: {key}")
    needed = [name for name, field in fields.items() if field.default is dataclasses.MISSING and name not in filled]
    if needed:
        raise SettingsError(f"{where}: missing {', '.join(needed)}; give {needed[0]}=... or a configuration file.")
    return kind(**filled)


def _convert(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        return _convert(next(one for one in arguments if one is not type(None)), value, where)
    if origin is tuple:
        listed = [value] if isinstance(value, str | int | float) else list(value)
        return tuple(_convert(arguments[0], one, where) for one in listed)
    if dataclasses.is_dataclass(hint) and isinstance(value, Mapping):
        return build(cast(type[Any], hint), value, where)
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is str and isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise SettingsError(f"{where} must be {getattr(hint, '__name__', hint)}, got {value!r}.")
    return value


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
        before = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        changed = [key for key in now if key not in free and before.get(key) != now[key]]
        if changed:
            raise RecordError(
                f"{folder} was made with other settings ({', '.join(changed)} differ): "
                "remove the folder, or choose another one."
            )
    replace_file(path, yaml.safe_dump(now, sort_keys=False, allow_unicode=True))


def replace_file(path: Path, text: str) -> None:
    """Writes a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def to_plain(value: Any) -> Any:
    """Settings as mappings, lists and scalars."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    return [to_plain(one) for one in value] if isinstance(value, tuple) else value


def describe(kind: type[Any], prefix: str = "") -> list[tuple[str, Any, str]]:
    """Key, default and help of every setting, nested ones dotted."""
    rows: list[tuple[str, Any, str]] = []
    for field in dataclasses.fields(kind):
        default = field.default if field.default is not dataclasses.MISSING else None
        if dataclasses.is_dataclass(default):
            rows += describe(type(default), f"{prefix}{field.name}.")
        else:
            rows.append((prefix + field.name, default, field.metadata.get("help", "")))
    return rows
