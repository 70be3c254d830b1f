"""Every place where the plugin touches LLaMA-Factory, with the signature it expects there.

The table is checked before anything is registered: what does not match is a `HostMismatchError` that names both
versions, never a wrong training run. `llamafactory-embodied doctor` prints it. What a supported version lacks is a
`Shim`; the tests run on each of these versions and fail where one is no longer needed.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from .. import __version__
from ..errors import HostMismatchError

# Oldest first; older ones are refused.
TESTED_HOST_VERSIONS = ("0.9.4", "0.9.5", "0.9.6.dev0")


@dataclass(frozen=True)
class Seam:
    """One name of the host that the plugin uses.

    Attributes:
        module: The host's module.
        name: The name in it, dotted for a member of a class.
        kind: "registry": called to add ours; "assignment": replaced by a wrapper that calls the original;
            "base": subclassed; "table": a mapping that must have `expects` among its keys.
        expects: Parameters in order, without self; further ones must be optional. Keys, where `kind` is "table".
        purpose: What it is for, in a few words.
    """

    module: str
    name: str
    kind: Literal["registry", "assignment", "base", "table"]
    expects: tuple[str, ...]
    purpose: str

    @property
    def path(self) -> str:
        """The full dotted name."""
        return f"{self.module}.{self.name}"

    def mismatch(self) -> str | None:
        """Returns None if this host has the seam as expected of it, else what it has instead. Imports the host."""
        lacks = {name for shim in shims_of(host_version()) if shim.seam == self.path for name in shim.lacks}
        expected = tuple(name for name in self.expects if name not in lacks)
        return None if lacks and not expected else self.mismatch_with(expected)

    def lacks(self, name: str) -> bool:
        """Tells whether this host is one that does not have this name of `expects` yet."""
        return any(name in shim.lacks for shim in shims_of(host_version()) if shim.seam == self.path)

    def mismatch_with(self, expects: tuple[str, ...]) -> str | None:
        """As `mismatch`, with these names in place of what the table expects."""
        try:
            found: Any = import_module(self.module)
            for part in self.name.split("."):
                found = getattr(found, part)
        except Exception as error:  # whatever keeps the host from being imported
            return f"not there: {type(error).__name__}: {error}"

        if self.kind == "table":
            missing = [key for key in expects if key not in found]
            return f"lacks {', '.join(missing)}" if missing else None

        return _signature_mismatch(found, expects)


@dataclass(frozen=True)
class Shim:
    """Names that a seam does not have yet in some versions of the host, and what the plugin does there.

    Attributes:
        seam: The seam's dotted name.
        lacks: Those of its `expects` that are not there; all of them, where the whole seam is not there.
        hosts: The versions that this is true of.
        instead: What the plugin does, in a few words.
    """

    seam: str
    lacks: tuple[str, ...]
    hosts: tuple[str, ...]
    instead: str


def _signature_mismatch(function: Any, expects: tuple[str, ...]) -> str | None:
    parameters = [p for p in inspect.signature(function).parameters.values() if p.name != "self"]
    names = tuple(p.name for p in parameters)
    if missing := [name for name in expects if name not in names]:
        return f"lacks the parameters {', '.join(missing)}; it takes ({', '.join(names)})"

    optional = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if further := [
        p.name for p in parameters if p.name not in expects and p.default is p.empty and p.kind not in optional
    ]:
        return f"also requires the parameters {', '.join(further)}"
    if names[: len(expects)] != expects:
        return f"takes ({', '.join(names)}) in this order, expected ({', '.join(expects)})"
    return None


_PREPROCESS = ("dataset", "data_args", "training_args", "stage", "template", "tokenizer", "processor", "is_eval")
_ENCODE = ("prompt", "response", "system", "tools", "images", "videos", "audios")
_TEMPLATE_FIELDS = (
    "format_user",
    "format_assistant",
    "format_system",
    "format_function",
    "format_observation",
    "format_tools",
    "format_prefix",
    "default_system",
    "stop_words",
    "thought_words",
    "tool_call_words",
    "efficient_eos",
    "replace_eos",
    "replace_jinja_template",
    "enable_thinking",
    "preserve_thinking",
    "mm_plugin",
)

ENCODE_MULTITURN = Seam(
    "llamafactory.data.template",
    "Template.encode_multiturn",
    "base",
    ("tokenizer", "messages", "system", "tools", "discarding_history_cot"),
    "where a turn begins and ends",
)
PACKING_PARAMS = Seam(
    "llamafactory.data.processor.supervised",
    "PackingParams",
    "base",
    ("sequence_boundaries", "image_subseq_ids", "video_subseq_ids", "audio_subseq_ids", "right_padding_length"),
    "types of what neat packing adds to a row",
)
REGISTER_TEMPLATE = Seam(
    "llamafactory.data.template",
    "register_template",
    "registry",
    ("name", *_TEMPLATE_FIELDS, "template_class"),
    "templates embodied_*",
)

# Stage -> the name by which the host's workflow looks its collator up.
COLLATORS = {
    "sft": "SFTDataCollatorWith4DAttentionMask",
    "dpo": "PairwiseDataCollatorWithPadding",
    "rm": "PairwiseDataCollatorWithPadding",
    "kto": "KTODataCollatorWithPadding",
}

CONVERTER_REGISTRY = Seam(
    "llamafactory.data.converter",
    "register_dataset_converter",
    "registry",
    ("name", "dataset_converter"),
    '"formatting": "embodied"',
)

# Checked and used when `llamafactory.data.loader` has been imported.
DATA_SEAMS = (
    CONVERTER_REGISTRY,
    REGISTER_TEMPLATE,
    Seam(
        "llamafactory.data.template",
        "TEMPLATES",
        "table",
        ("qwen2_vl", "qwen3_vl", "qwen3_vl_nothink"),
        "what our templates are derived from",
    ),
    Seam("llamafactory.data.parser", "DatasetAttr.join", "assignment", ("attr",), "our keys in dataset_info.json"),
    Seam(
        "llamafactory.data.loader",
        "_get_merged_dataset",
        "assignment",
        ("dataset_names", "model_args", "data_args", "training_args", "stage", "return_dict"),
        "tells the stage that data sets are loaded for",
    ),
    Seam(
        "llamafactory.data.loader",
        "_load_single_dataset",
        "assignment",
        ("dataset_attr", "model_args", "data_args", "training_args"),
        "names the line of a damaged data file, reads files of any keys",
    ),
    Seam(
        "llamafactory.data.loader",
        "align_dataset",
        "assignment",
        ("dataset", "dataset_attr", "data_args", "training_args"),
        "columns of fixed types",
    ),
    Seam(
        "llamafactory.data.loader",
        "_get_preprocessed_dataset",
        "assignment",
        _PREPROCESS,
        "tells our data from others', writes embodied.json",
    ),
    Seam(
        "llamafactory.data.loader",
        "_get_dataset_processor",
        "assignment",
        ("data_args", "stage", "template", "tokenizer", "processor", "do_generate"),
        "loss per message",
    ),
    Seam(
        "llamafactory.data.loader",
        "get_dataset",
        "assignment",
        ("template", "model_args", "data_args", "training_args", "stage", "tokenizer", "processor"),
        "embodied.json for data from tokenized_path",
    ),
    Seam(
        "llamafactory.data.processor",
        "SupervisedDatasetProcessor._encode_data_example",
        "base",
        _ENCODE,
        "loss per message",
    ),
    Seam(
        "llamafactory.data.processor",
        "UnsupervisedDatasetProcessor._encode_data_example",
        "base",
        _ENCODE,
        "prompts for predict_with_generate",
    ),
    Seam(
        "llamafactory.data.processor",
        "PairwiseDatasetProcessor._encode_data_example",
        "base",
        _ENCODE,
        "rankings cut between turns",
    ),
    Seam(
        "llamafactory.data.processor",
        "FeedbackDatasetProcessor._encode_data_example",
        "base",
        ("prompt", "response", "kl_response", *_ENCODE[2:]),
        "judged answers cut between turns",
    ),
    Seam(
        "llamafactory.data.mm_plugin",
        "Qwen2VLPlugin",
        "base",
        ("image_token", "video_token", "audio_token", "expand_mm_tokens"),
        "one token for an image, repeated after tokenization",
    ),
    Seam(
        "llamafactory.data.mm_plugin",
        "Qwen2VLPlugin.process_messages",
        "base",
        ("messages", "images", "videos", "audios", "processor"),
        "images in the text",
    ),
    ENCODE_MULTITURN,
    PACKING_PARAMS,
    Seam(
        "llamafactory.data.template",
        "Template.encode_oneturn",
        "base",
        ("tokenizer", "messages", "system", "tools"),
        "a prompt and one answer to it",
    ),
)

# Checked and used when `llamafactory.train.sft.workflow` has been imported; it brings the other workflows along.
TRAIN_SEAMS = (
    *(
        Seam("llamafactory.data.collator", f"{name}.__call__", "base", ("features",), "image tokens against features")
        for name in dict.fromkeys(COLLATORS.values())
    ),
    *(
        Seam(f"llamafactory.train.{stage}.workflow", f"{name}.__call__", "assignment", ("features",), "our collator")
        for stage, name in COLLATORS.items()
    ),
    Seam(
        "llamafactory.train.kto.trainer",
        "CustomKTOTrainer.forward",
        "assignment",
        ("model", "batch", "prefix"),
        "hands on where the images stand",
    ),
    Seam(
        "transformers",
        "Trainer._load_from_checkpoint",
        "assignment",
        ("resume_from_checkpoint", "model"),
        "finds renamed weights when a run is resumed",
    ),
)

SEAMS = (*DATA_SEAMS, *TRAIN_SEAMS)

# Checked and used where `use_hyper_parallel` is set, which hosts before 0.9.5 do not have.
HYPER_PARALLEL_SEAMS = (
    Seam(
        "llamafactory.train.hyper_parallel.workflow",
        f"{COLLATORS['sft']}.__call__",
        "assignment",
        ("features",),
        "our collator",
    ),
)

SHIMS = (
    Shim(
        REGISTER_TEMPLATE.path, ("preserve_thinking",), ("0.9.4",), "our templates have the fields of the host's own"
    ),
    Shim(
        ENCODE_MULTITURN.path, ("discarding_history_cot",), ("0.9.4",), "mask_history keeps the thoughts of all turns"
    ),
    Shim(PACKING_PARAMS.path, PACKING_PARAMS.expects, ("0.9.4",), "packed rows have no packing_params"),
)


def shims_of(version: str) -> tuple[Shim, ...]:
    """Returns what a version of the host needs."""
    return tuple(shim for shim in SHIMS if version in shim.hosts)


def check(seams: Iterable[Seam]) -> None:
    """Compares the host with the table.

    Raises:
        HostMismatchError: The host is too old, or a seam is not as expected. Names each one, and both versions.
    """
    if outdated := outdated_host():
        raise HostMismatchError(outdated)
    mismatches = [f"  {seam.path} {mismatch}" for seam in seams if (mismatch := seam.mismatch()) is not None]
    if mismatches:
        raise HostMismatchError(
            f"llamafactory-embodied {__version__} does not fit LLaMA-Factory {host_version()} "
            f"(tested with {', '.join(TESTED_HOST_VERSIONS)}):\n" + "\n".join(mismatches) + "\n"
            "Install a LLaMA-Factory version that it was tested with, or a newer llamafactory-embodied."
        )


def outdated_host() -> str | None:
    """Returns what to do about a host that is older than the oldest that is supported, else None."""
    from packaging.version import InvalidVersion, Version

    version, oldest = host_version(), TESTED_HOST_VERSIONS[0]
    try:
        if Version(version) >= Version(oldest):
            return None
    except InvalidVersion:
        return None  # a clone that does not say; its seams are compared all the same
    return (
        f"llamafactory-embodied {__version__} does not work with LLaMA-Factory {version}, which is too old: it needs "
        f"{oldest} or newer (tested with {', '.join(TESTED_HOST_VERSIONS)}). "
        f"Upgrade: pip install --upgrade 'llamafactory>={oldest}'"
    )


def host_version() -> str:
    """Returns the version that the imported LLaMA-Factory gives itself, or "(unknown version)"."""
    try:
        return str(import_module("llamafactory.extras.env").VERSION)
    except (ImportError, AttributeError):
        return "(unknown version)"
