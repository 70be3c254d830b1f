"""Other versions of LLaMA-Factory: `make hosts` installs them, PYTHONPATH lays them over the environment."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamafactory_embodied.training.seams import TESTED_HOST_VERSIONS, host_version

pytestmark = pytest.mark.timeout(900)

TESTS = Path(__file__).parents[1]
MARKED = ("--timeout=700", "-m", "every_host and not slow", "tests/training", "tests/test_doctor.py")
PINS = {path.stem for path in (TESTS / "hosts").glob("*.txt")}
HOSTS = Path(sys.prefix) / "hosts"
OTHERS = sorted(PINS & set(TESTED_HOST_VERSIONS))
REFUSED = sorted(PINS - set(TESTED_HOST_VERSIONS))
REGISTER = "import llamafactory_embodied as ours; ours.register()"


def on(version: str, *command: str) -> tuple[list[str], dict[str, str]]:
    """A Python command and its environment on another version; the test is skipped where it is not installed."""
    if not (HOSTS / version / ".installed").is_file():
        pytest.skip(f"LLaMA-Factory {version} is not installed under {HOSTS}: `make hosts`, which needs a network")
    variables = {"PYTHONPATH": str(HOSTS / version), "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    return [sys.executable, *command], {**os.environ, **variables}


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """The tests that are marked `every_host`, started on all versions at once: each spends its time importing."""
    started = {}
    for version in OTHERS:
        if (HOSTS / version / ".installed").is_file():
            folder = tmp_path_factory.mktemp(version)
            command, environment = on(
                version, "-m", "pytest", "-m", "every_host and not slow", "-p", "no:cacheprovider"
            )
            with (folder / "log").open("wb") as log:
                started[version] = subprocess.Popen(
                    [*command, f"--basetemp={folder / 'tmp'}"],
                    cwd=TESTS.parent,
                    env=environment,
                    stdout=log,
                    stderr=log,
                )
            started[version].log = folder / "log"  # type: ignore[attr-defined]
    yield started
    for process in started.values():
        process.kill()
        process.wait()


def test_every_tested_version_is_the_installed_one_or_laid_over_it() -> None:
    assert set(TESTED_HOST_VERSIONS) - PINS == {host_version()}


@pytest.mark.parametrize("version", OTHERS)
def test_the_tests_marked_every_host_pass_on_other_versions(
    marked: dict[str, subprocess.Popen[bytes]], version: str
) -> None:
    on(version)
    code = marked[version].wait(timeout=800)
    output = marked[version].log.read_text(errors="replace")  # type: ignore[attr-defined]
    assert code == 0, output[-6000:]
    passed = re.search(r"(\d+) passed", output)
    assert passed is not None
    assert int(passed[1]) > 120, output[-2000:]


@pytest.mark.parametrize("version", OTHERS)
@pytest.mark.slow
def test_all_tests_of_training_pass_on_other_versions(version: str) -> None:
    ignored = f"--ignore={Path(__file__)}"
    command, environment = on(version, "-m", "pytest", str(Path(__file__).parent), ignored, "-p", "no:cacheprovider")
    done = subprocess.run(command, cwd=TESTS.parent, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.mark.parametrize("version", [*OTHERS, *REFUSED])
def test_the_version_that_is_laid_over_is_the_one_that_is_imported(version: str) -> None:
    command, environment = on(version, "-c", "import llamafactory.extras.env as env; print(env.VERSION)")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.split()[-1] == version


@pytest.mark.parametrize("version", REFUSED)
@pytest.mark.slow
def test_older_versions_are_refused_with_both_versions_and_what_to_do(version: str) -> None:
    command, environment = on(version, "-c", REGISTER)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode != 0
    assert re.search(
        rf"HostMismatchError: llamafactory-embodied \S+ does not work with LLaMA-Factory {re.escape(version)}, which "
        r"is too old: it needs 0\.9\.4 or newer .* pip install --upgrade",
        done.stderr,
    )
