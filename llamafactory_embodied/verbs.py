"""What the command line prints around the verbs' functions."""

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .doctor import UNITY_TIMEOUT_S, doctor, render
from .settings import option
from .stages.grounding import GroundingSettings, ground
from .stages.synthesize import SynthesizeSettings, synthesize

if TYPE_CHECKING:
    from .training.tiny_model import TinyModelSettings


@dataclass(frozen=True)
class DoctorSettings:
    """Settings of the verb `doctor`."""

    unity_timeout_s: float = option(UNITY_TIMEOUT_S, "seconds to wait for AI2-THOR's Unity build to start")


def run_doctor(settings: DoctorSettings) -> int:
    """Prints the report; 1 when something that should work does not."""
    report = doctor(settings.unity_timeout_s)
    sys.stdout.write(render(report) + "\n")
    return 0 if report.healthy else 1


def run_synthesize(settings: SynthesizeSettings) -> None:
    """Prints what was made."""
    report = synthesize(settings)
    ends = ", ".join(f"{count} {kind}" for kind, count in report.ends.items())
    sys.stdout.write(f"{report.examples} examples from {report.episodes} episodes ({ends}): {report.data_file}\n")


def run_ground(settings: GroundingSettings) -> None:
    """Prints where the albums are."""
    sys.stdout.write(f"{ground(settings)}\n")


def run_tiny_model(settings: "TinyModelSettings") -> None:
    """Builds the model and prints where it is."""
    from .training.tiny_model import build_tiny_model  # needs the extra `train`, the other verbs do not

    sys.stdout.write(f"{build_tiny_model(settings)}\n")
