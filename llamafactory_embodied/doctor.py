"""What `llamafactory-embodied doctor` tells: versions, each place where we touch LLaMA-Factory, simulators that run.

Works with the core alone: everything that is looked at is imported here and nowhere before.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from typing import Literal

from . import __version__

PACKAGES = (
    "torch",
    "transformers",
    "datasets",
    "peft",
    "accelerate",
    "trl",
    "deepspeed",
    "qwen-vl-utils",
    "ai2thor",
    "openai",
    "numpy",
    "pillow",
)
UNITY_TIMEOUT_S = 20.0
_ENTRY_POINT = "_llamafactory_embodied_autoload:autoload"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        section: "versions", "autoload", "seams" or "simulators".
        name: What was looked at.
        state: "ok"; "absent": an option that is not there; "wrong": something that must be mended.
        detail: The version, or what is the matter and what to do.
    """

    section: str
    name: str
    state: Literal["ok", "absent", "wrong"]
    detail: str


@dataclass(frozen=True)
class Report:
    """All findings, in the order in which they are shown."""

    findings: tuple[Finding, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing has to be mended; absent options are no illness."""
        return all(finding.state != "wrong" for finding in self.findings)


def doctor(unity_timeout_s: float = UNITY_TIMEOUT_S) -> Report:
    """Looks at this environment. Imports LLaMA-Factory if it is installed, which takes some seconds.

    Args:
        unity_timeout_s: How long AI2-THOR's Unity build may take to start, in seconds.
    """
    return Report((*_versions(), *_autoload(), *_seams(), *_simulators(unity_timeout_s)))


def render(report: Report) -> str:
    """Returns the report as text, one finding a line."""
    blocks = []
    for section in dict.fromkeys(finding.section for finding in report.findings):
        findings = [finding for finding in report.findings if finding.section == section]
        width = max(len(finding.name) for finding in findings)
        lines = [f"  {finding.state:<6}  {finding.name:<{width}}  {finding.detail}" for finding in findings]
        blocks.append("\n".join([section, *lines]))
    return "\n\n".join(blocks) + "\n"


def _versions() -> Iterator[Finding]:
    yield Finding("versions", "python", "ok", platform.python_version())
    yield Finding("versions", "llamafactory-embodied", "ok", __version__)
    for package in PACKAGES:
        try:
            yield Finding("versions", package, "ok", metadata.version(package))
        except metadata.PackageNotFoundError:
            yield Finding("versions", package, "absent", "not installed")


def _autoload() -> Iterator[Finding]:
    targets = {entry_point.value for entry_point in metadata.entry_points(group="torch.backends")}
    if _ENTRY_POINT in targets:
        yield Finding("autoload", "entry point", "ok", f"torch.backends -> {_ENTRY_POINT}")
    else:
        yield Finding(
            "autoload", "entry point", "wrong", "not installed as a package: pip install -e . (or register())"
        )
    for switch in ("LLAMAFACTORY_EMBODIED_AUTOLOAD", "TORCH_DEVICE_BACKEND_AUTOLOAD"):
        if os.environ.get(switch) == "0":
            yield Finding("autoload", switch, "wrong", "is 0 here: LLaMA-Factory does not know our format")


def _seams() -> Iterator[Finding]:
    if find_spec("llamafactory") is None:
        advice = "not installed: pip install 'llamafactory-embodied[train]' to train"
        yield Finding("seams", "llamafactory", "absent", advice)
        return

    from .training import seams

    version, tested, outdated = seams.host_version(), ", ".join(seams.TESTED_HOST_VERSIONS), seams.outdated_host()
    known = "" if version in seams.TESTED_HOST_VERSIONS else ", not tested"
    yield _seam("llamafactory", outdated, f"{version}{known} (tested with {tested})")
    for seam in seams.SEAMS:
        yield _seam(seam.path, seam.mismatch(), f"{seam.kind}: {seam.purpose}")
    for shim in seams.shims_of(version):
        yield Finding("seams", shim.seam, "ok", f"shim: lacks {', '.join(shim.lacks)}; {shim.instead}")
    yield from _failures()


def _seam(name: str, mismatch: str | None, detail: str) -> Finding:
    return Finding("seams", name, "ok" if mismatch is None else "wrong", mismatch or detail)


def _failures() -> Iterator[Finding]:
    """What the import hook could not do while the seams were being looked at."""
    import _llamafactory_embodied_autoload as autoload

    for module, error in autoload.failures.items():
        yield Finding("seams", f"registration at {module}", "wrong", f"{type(error).__name__}: {error}")


def _simulators(unity_timeout_s: float) -> Iterator[Finding]:
    try:
        from .world.controller import probe_unity
    except ImportError as error:
        yield Finding("simulators", "embedded", "wrong", f"cannot be imported: {error}")
        return

    yield Finding("simulators", "embedded", "ok", "runs in this process")
    reason = probe_unity(unity_timeout_s)
    yield Finding("simulators", "unity", "ok" if reason is None else "absent", reason or "AI2-THOR starts")
