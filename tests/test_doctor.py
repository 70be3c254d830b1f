import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llamafactory_embodied import __version__
from llamafactory_embodied import doctor as doctor_module
from llamafactory_embodied.doctor import Finding, Report, doctor, render
from llamafactory_embodied.training.seams import SEAMS, Seam
from llamafactory_embodied.world import controller

pytestmark = pytest.mark.every_host


@pytest.fixture
def without_unity(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "probe_unity", lambda timeout_s: f"no Unity within {timeout_s} s")


def by_name(report: Report, section: str) -> dict[str, Finding]:
    return {finding.name: finding for finding in report.findings if finding.section == section}


@pytest.mark.usefixtures("without_unity")
def test_versions_seams_and_simulators_are_reported() -> None:
    report = doctor(unity_timeout_s=3)

    assert by_name(report, "versions")["llamafactory-embodied"].detail == __version__
    assert {seam.path for seam in SEAMS} < set(by_name(report, "seams"))
    assert by_name(report, "simulators") == {
        "embedded": Finding("simulators", "embedded", "ok", "runs in this process"),
        "unity": Finding("simulators", "unity", "absent", "no Unity within 3 s"),
    }
    assert report.healthy, render(report)


@pytest.mark.usefixtures("without_unity")
def test_a_seam_that_does_not_fit_is_shown_and_makes_the_report_unhealthy(monkeypatch: pytest.MonkeyPatch) -> None:
    from llamafactory_embodied.training import seams

    monkeypatch.setattr(seams, "SEAMS", (Seam("llamafactory.data.loader", "gone", "assignment", (), "x"),))
    report = doctor()
    assert not report.healthy
    assert by_name(report, "seams")["llamafactory.data.loader.gone"].state == "wrong"
    assert re.search(r"wrong +llamafactory\.data\.loader\.gone +not there: AttributeError", render(report))


@pytest.mark.usefixtures("without_unity")
def test_without_the_host_the_core_is_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_module, "find_spec", lambda _: None)
    monkeypatch.setattr(doctor_module, "PACKAGES", ("surely-not-installed",))
    report = doctor()
    assert by_name(report, "seams")["llamafactory"].state == "absent"
    assert by_name(report, "versions")["surely-not-installed"].detail == "not installed"
    assert report.healthy


@pytest.mark.usefixtures("without_unity")
@pytest.mark.parametrize("switch", ["LLAMAFACTORY_EMBODIED_AUTOLOAD", "TORCH_DEVICE_BACKEND_AUTOLOAD"])
def test_an_off_switch_that_is_set_is_shown(monkeypatch: pytest.MonkeyPatch, switch: str) -> None:
    monkeypatch.setattr(doctor_module, "find_spec", lambda _: None)
    monkeypatch.setenv(switch, "0")
    assert by_name(doctor(), "autoload")[switch].state == "wrong"


def test_importing_it_imports_neither_torch_nor_the_host(tmp_path: Path) -> None:
    code = "import sys, llamafactory_embodied.doctor; print({'torch', 'llamafactory', 'ai2thor'} & set(sys.modules))"
    command: list[Any] = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60)
    assert done.stdout == "set()\n"


def test_every_line_is_aligned_within_its_section() -> None:
    findings = (
        Finding("versions", "a", "ok", "1"),
        Finding("versions", "longer", "absent", "not installed"),
        Finding("seams", "b", "wrong", "x"),
    )
    assert render(Report(findings)) == (
        "versions\n  ok      a       1\n  absent  longer  not installed\n\nseams\n  wrong   b  x\n"
    )
