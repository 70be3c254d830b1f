"""Which files a data set has, what their columns are called and where their images are. Needs no LLaMA-Factory."""

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ..errors import SettingsError
from ..training.converter import EmbodiedConverter
from ..training.entry import Entry
from ..training.rows import SUFFIXES

INFO_FILE = "dataset_info.json"
_FORMATTING = "embodied"


@dataclass(frozen=True)
class Source:
    """One data set.

    Attributes:
        name: Its name in dataset_info.json, or its file's.
        files: Its data files.
        converter: Reads its rows as training does.
    """

    name: str
    files: tuple[Path, ...]
    converter: EmbodiedConverter


@dataclass(frozen=True)
class Sources:
    """Data sets to look at.

    Attributes:
        found: Those of the format.
        left_out: Names of the others with the reason.
    """

    found: tuple[Source, ...]
    left_out: tuple[str, ...] = ()


def find_sources(
    data: Path, datasets: Sequence[str] = (), media_dir: str | None = None, train_on_prompt: bool = False
) -> Sources:
    """Finds the data sets under a path.

    Args:
        data: A data file, or a folder with dataset_info.json.
        datasets: Names in dataset_info.json; all without them.
        media_dir: The second folder that image paths are looked up in; the data's own folder without it.
        train_on_prompt: Whether turns that ask are trained on, as the training configuration says.

    Raises:
        SettingsError: There is no such path or name, or an entry of dataset_info.json is wrong.
    """
    host = SimpleNamespace(dataset_dir=str(data), media_dir=media_dir or str(data), train_on_prompt=train_on_prompt)
    if data.is_file():
        folder = str(data.parent)
        host.dataset_dir, host.media_dir = folder, media_dir or folder
        return Sources((_source(data.name, data.name, _entry_of_file(data), host),))
    if not data.is_dir():
        raise SettingsError(f"{data} is neither a data file nor a folder with {INFO_FILE}")
    info = _read_info(data / INFO_FILE)
    names = datasets or tuple(info)
    left_out = tuple(f"{name}: {reason}" for name in names if (reason := _foreign(name, info)))
    ours = [name for name in names if not _foreign(name, info)]
    if not ours:
        raise SettingsError(f'{data / INFO_FILE}: no local data set of "formatting": "{_FORMATTING}" in it')
    found = [_source(name, _file_of(info[name]), Entry.of_dataset_info(name, info[name]), host) for name in ours]
    return Sources(tuple(found), left_out)


def _read_info(path: Path) -> Mapping[str, Any]:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; give a data file, or its folder") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not JSON: {error}") from error
    if not isinstance(info, dict) or not all(isinstance(entry, dict) for entry in info.values()):
        raise SettingsError(f"{path} must map names of data sets to their entries")
    return info


def _foreign(name: str, info: Mapping[str, Any]) -> str:
    """Why a data set is not looked at; empty if it is."""
    if name not in info:
        near = difflib.get_close_matches(name, info, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"expected one of {', '.join(info)}"
        raise SettingsError(f"{INFO_FILE} has no data set {name!r}; {hint}")
    formatting = info[name].get("formatting", "alpaca")
    if formatting != _FORMATTING:
        return f'"formatting": "{formatting}"'
    return "" if _file_of(info[name]) else "no local file"


def _file_of(entry: Mapping[str, Any]) -> str:
    """The file or folder that an entry names, which the host calls a script where it leaves reading to `datasets`."""
    return next((entry[key] for key in ("script_url", "file_name") if isinstance(entry.get(key), str)), "")


def _entry_of_file(path: Path) -> Entry:
    """The entry that names a file in the dataset_info.json beside it, else the usual one."""
    beside = path.parent / INFO_FILE
    info = _read_info(beside) if beside.is_file() else {}
    for name, entry in info.items():
        if _file_of(entry) == path.name and not _foreign(name, info):
            return Entry.of_dataset_info(name, entry)
    return Entry()


def _source(name: str, file_name: str, entry: Entry, host: Any) -> Source:
    path = Path(host.dataset_dir) / file_name
    files = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise SettingsError(f"data set {name}: {path} is not a data file ({', '.join(SUFFIXES)})")
    attributes = SimpleNamespace(load_from="file", dataset_name=file_name, embodied_entry=entry)
    return Source(name, tuple(files), EmbodiedConverter.of_dataset(attributes, host))
