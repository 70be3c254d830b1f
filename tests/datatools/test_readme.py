"""The README of the data format tells what the tools do."""

import re
from pathlib import Path

from llamafactory_embodied.cli import main
from llamafactory_embodied.datatools.findings import KINDS

FOLDER = Path(__file__).parents[2] / "data_info"
SECTION = (FOLDER / "README.md").read_text(encoding="utf-8").partition("## Look at your data")[2]


def test_every_kind_of_finding_is_in_the_readme_with_its_severity() -> None:
    rows = [line.split("|") for line in SECTION.splitlines() if line.startswith("| `")]
    told = {kind: row[2].strip() for row in rows for kind in re.findall(r"`([\w-]+)`", row[1])}
    assert set(told) == set(KINDS)
    assert told.pop("overlong") == "by `overflow`"
    assert all(severity == KINDS[kind].severity for kind, severity in told.items())


def test_its_sample_data_set_is_sound(tmp_path: Path) -> None:
    assert main(["check", str(FOLDER)]) == 0
    assert main(["stats", str(FOLDER), f"output={tmp_path / 'stats.html'}"]) == 0
