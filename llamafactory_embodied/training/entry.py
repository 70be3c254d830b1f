"""A dataset's entry in dataset_info.json, as far as it is ours: the host drops every key that it does not know."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..episodes.windows import CONTEXT_SHARE
from ..errors import SettingsError

HOST_KEYS = frozenset(
    {
        "hf_hub_url",
        "ms_hub_url",
        "om_hub_url",
        "script_url",
        "cloud_file_name",
        "file_name",
        "formatting",
        "ranking",
        "subset",
        "split",
        "folder",
        "num_samples",
        "columns",
        "tags",
    }
)
COLUMNS = ("messages", "images", "system", "tools", "chosen", "rejected", "kto_tag")
TAGS = ("role_tag", "content_tag", "user_tag", "assistant_tag", "observation_tag", "function_tag", "system_tag")
OVERFLOWS = ("window", "keep_last", "drop", "error")
ON_ERRORS = ("raise", "skip")
OURS = ("allow_absolute_paths", "overflow", "window_context", "on_error")


@dataclass(frozen=True)
class Entry:
    """What a dataset of this format may set for itself.

    Attributes:
        columns: Names of columns, where they are not the usual ones; keys as in `COLUMNS`.
        tags: Names inside messages, where they are not the usual ones; keys as in `TAGS`.
        allow_absolute_paths: Whether images may lie outside the data file's folder and `media_dir`.
        overflow: What becomes of a sample longer than `cutoff_len`: "window" makes several samples of it, "keep_last"
            the last of them, "drop" leaves it out, each with a warning that names it; "error" stops.
        window_context: The share of `cutoff_len` that a window may spend on turns that it does not train on.
        on_error: What becomes of a sample that cannot be trained on as it is: "raise" stops before training, "skip"
            leaves it out with a warning that names it.
        ranking: Whether each sample has a chosen and a rejected answer, as in the host's own formats.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    allow_absolute_paths: bool = False
    overflow: str = "window"
    window_context: float = CONTEXT_SHARE
    on_error: str = "raise"
    ranking: bool = False

    @classmethod
    def of_dataset_info(cls, dataset: str, entry: Mapping[str, Any]) -> Entry:
        """Reads an entry of dataset_info.json.

        Args:
            dataset: What to call the dataset in errors.
            entry: The entry as parsed.

        Raises:
            SettingsError: A key or a value is not known; names the nearest known key.
        """
        _refuse_unknown(dataset, entry, HOST_KEYS | set(OURS))
        columns, tags = entry.get("columns", {}), entry.get("tags", {})
        _refuse_unknown(f"{dataset}, columns", columns, COLUMNS)
        _refuse_unknown(f"{dataset}, tags", tags, TAGS)
        allow_absolute_paths, overflow = entry.get("allow_absolute_paths", False), entry.get("overflow", "window")
        window_context, on_error = entry.get("window_context", CONTEXT_SHARE), entry.get("on_error", "raise")
        ranking = entry.get("ranking", False)
        for key, value in (("allow_absolute_paths", allow_absolute_paths), ("ranking", ranking)):
            if not isinstance(value, bool):
                raise SettingsError(f"{dataset}: {key} is {value!r}, expected true or false")
        for key, value, known in (("overflow", overflow, OVERFLOWS), ("on_error", on_error, ON_ERRORS)):
            if value not in known:
                raise SettingsError(f"{dataset}: {key} is {value!r}, expected one of {', '.join(known)}")
        if (
            isinstance(window_context, bool)
            or not isinstance(window_context, int | float)
            or not 0 <= window_context < 1
        ):
            raise SettingsError(
                f"{dataset}: window_context is {window_context!r}, expected a number from 0 to below 1"
            )
        return cls(
            columns=_names(dataset, columns),
            tags=_names(dataset, tags),
            allow_absolute_paths=allow_absolute_paths,
            overflow=overflow,
            window_context=float(window_context),
            on_error=on_error,
            ranking=ranking,
        )


def _names(dataset: str, given: Mapping[str, Any]) -> dict[str, str]:
    for key, name in given.items():
        if name is not None and not isinstance(name, str):
            raise SettingsError(f"dataset_info.json, {dataset}: {key} is {name!r}, expected a name")
    return {key: name for key, name in given.items() if name is not None}


def _refuse_unknown(place: str, given: Mapping[str, Any], known: Any) -> None:
    for key in given:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {nearest[0]!r}?" if nearest else f"expected one of {', '.join(sorted(known))}"
            raise SettingsError(f"dataset_info.json, {place}: unknown key {key!r}; {hint}")
