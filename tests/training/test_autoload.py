"""The hook is tried with a toy `llamafactory` package, which takes no time; test_training.py uses the real one."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

IMPORT_BOTH = """
import _llamafactory_embodied_autoload as autoload
autoload.autoload()
autoload.autoload()
import llamafactory.data.loader, llamafactory.train.sft.workflow
print(llamafactory.data.loader.registered, llamafactory.train.sft.workflow.registered)
print({module: type(error).__name__ for module, error in autoload.failures.items()})
"""


def run(code: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a fresh interpreter whose packages in `cwd` come before the installed ones."""
    variables = {**os.environ, "PYTHONPATH": str(cwd), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=cwd, env=variables, capture_output=True, text=True, timeout=120, check=True
    )


def package(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


@pytest.fixture
def toy_host(tmp_path: Path) -> Path:
    host = {
        "llamafactory/__init__.py": "",
        "llamafactory/data/__init__.py": "",
        "llamafactory/data/loader.py": "registered = 0\n",
        "llamafactory/train/__init__.py": "",
        "llamafactory/train/sft/__init__.py": "",
        "llamafactory/train/sft/workflow.py": "registered = 0\n",
    }
    package(tmp_path, host)
    return tmp_path


REGISTER = """
import sys
def register_data():
    sys.modules["llamafactory.data.loader"].registered += 1
def register_collator():
    sys.modules["llamafactory.train.sft.workflow"].registered += 1
"""
OURS = {"llamafactory_embodied/__init__.py": "", "llamafactory_embodied/training/__init__.py": ""}


def test_torch_finds_the_entry_point() -> None:
    targets = [entry_point.value for entry_point in metadata.entry_points(group="torch.backends")]
    assert targets.count("_llamafactory_embodied_autoload:autoload") == 1


def test_each_part_is_registered_once_when_the_host_has_imported_it(toy_host: Path) -> None:
    package(toy_host, {**OURS, "llamafactory_embodied/training/register.py": REGISTER})
    done = run(IMPORT_BOTH, toy_host)
    assert done.stdout == "1 1\n{}\n"
    assert done.stderr == ""


def test_the_off_switch_installs_nothing(toy_host: Path) -> None:
    package(toy_host, {**OURS, "llamafactory_embodied/training/register.py": REGISTER})
    assert run(IMPORT_BOTH, toy_host, LLAMAFACTORY_EMBODIED_AUTOLOAD="0").stdout == "0 0\n{}\n"


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        ({"llamafactory_embodied/__init__.py": "def ("}, "SyntaxError"),
        ({**OURS, "llamafactory_embodied/training/register.py": "import not_installed"}, "ModuleNotFoundError"),
        ({**OURS, "llamafactory_embodied/training/register.py": ""}, "AttributeError"),
    ],
    ids=["a syntax error", "a missing dependency", "a missing function"],
)
def test_a_broken_package_is_reported_and_leaves_the_host_alone(
    toy_host: Path, broken: dict[str, str], error: str
) -> None:
    package(toy_host, broken)
    done = run(IMPORT_BOTH, toy_host)
    kept = {"llamafactory.data.loader": error, "llamafactory.train.sft.workflow": error}
    assert done.stdout == f"0 0\n{kept}\n"
    assert f"could not register itself into LLaMA-Factory: {error}: " in done.stderr
    assert '"formatting": "embodied" cannot be trained' in done.stderr


def test_a_host_that_cannot_be_imported_gives_its_own_error(toy_host: Path) -> None:
    package(toy_host, {"llamafactory/data/loader.py": "raise OSError('their own')"})
    with pytest.raises(subprocess.CalledProcessError) as failed:
        run(IMPORT_BOTH, toy_host)
    assert failed.value.stderr.endswith("OSError: their own\n")


def test_import_torch_imports_nothing_more_and_survives_a_broken_package(tmp_path: Path) -> None:
    package(tmp_path, {"llamafactory_embodied/__init__.py": "def ("})
    names = "sorted(name for name in sys.modules if 'llamafactory' in name)"
    hooks = "[type(finder).__name__ for finder in sys.meta_path][0]"
    done = run(f"import sys, torch; print({names}); print({hooks})", tmp_path)
    assert done.stdout == "['_llamafactory_embodied_autoload']\n_ImportHook\n"
    assert done.stderr == ""
