"""Every recipe says what it is for and has only keys that its reader knows."""

from pathlib import Path

import pytest
import yaml

from evaluation.run import EvaluateSettings
from llamafactory_embodied.demo import DemoSettings
from llamafactory_embodied.explore import ExploreSettings
from llamafactory_embodied.settings import load_settings
from llamafactory_embodied.stages.grounding import GroundingSettings
from llamafactory_embodied.stages.synthesize import SynthesizeSettings

ROOT = Path(__file__).parent.parent
RECIPES = ROOT / "recipes"
OURS = {
    "synthesize.yaml": SynthesizeSettings,
    "explore.yaml": ExploreSettings,
    "evaluate.yaml": EvaluateSettings,
    "demo/demo.yaml": DemoSettings,
    "demo/grounding.yaml": GroundingSettings,
    "demo/lists.yaml": GroundingSettings,
    "demo/tours.yaml": SynthesizeSettings,
}
EXPORTS = {"demo/export.yaml"}
ALL = {str(path.relative_to(RECIPES)) for path in RECIPES.rglob("*.yaml")}
HOSTS = sorted(ALL - set(OURS) - EXPORTS)


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_recipes_have_known_keys(name: str) -> None:
    assert load_settings(OURS[name], [str(RECIPES / name)])


@pytest.mark.parametrize("name", HOSTS)
def test_recipes_of_the_host_have_keys_it_knows(name: str, tmp_path: Path) -> None:
    from llamafactory.hparams import get_train_args

    recipe = yaml.safe_load((RECIPES / name).read_text())
    recipe |= {"output_dir": str(tmp_path), "use_cpu": True, "bf16": False, "fp16": False}
    _, data_args, training_args, finetuning_args, _ = get_train_args(recipe)
    assert data_args.template.startswith("embodied_")
    assert finetuning_args.stage == "sft"
    assert training_args.do_train


@pytest.mark.parametrize("path", sorted(RECIPES.rglob("*.yaml")), ids=lambda path: path.name)
def test_recipes_open_with_what_they_are_for_and_how_to_launch_them(path: Path) -> None:
    head = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert len(head) >= 3
    assert any("Launch" in line for line in head)
    assert any("Override" in line for line in head)
