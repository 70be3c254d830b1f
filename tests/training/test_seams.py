import inspect
import pickle
import sys
from importlib import import_module

import pytest
from toy_host import DataFolder, Host, episode

from llamafactory_embodied import __version__, register
from llamafactory_embodied.errors import HostMismatchError
from llamafactory_embodied.training import register as registration
from llamafactory_embodied.training import seams
from llamafactory_embodied.training.seams import SEAMS, Seam

pytestmark = pytest.mark.every_host

PARSER = "llamafactory.data.parser"


def test_every_seam_fits_the_installed_host(host: Host) -> None:
    assert {seam.path: seam.mismatch() for seam in SEAMS if seam.mismatch()} == {}


def test_every_tested_host_lacks_exactly_what_its_shims_make_up_for(host: Host) -> None:
    """Fails on a host that no longer needs one of its shims, and on one that needs a shim of another."""
    by_path = {seam.path: seam for seam in SEAMS}

    def is_needed(shim: seams.Shim) -> bool:
        mismatch = by_path[shim.seam].mismatch_with(by_path[shim.seam].expects) or ""
        return mismatch.startswith(("not there", f"lacks the parameters {', '.join(shim.lacks)};"))

    assert [shim for shim in seams.SHIMS if is_needed(shim)] == list(seams.shims_of(seams.host_version()))


def test_every_shim_is_for_hosts_that_are_still_tested_but_not_for_all_of_them() -> None:
    for shim in seams.SHIMS:
        assert shim.hosts
        assert set(shim.hosts) < set(seams.TESTED_HOST_VERSIONS)


def test_a_shim_that_is_not_needed_is_found_and_one_that_is_missing_too(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    version, seam = seams.host_version(), seams.CONVERTER_REGISTRY
    assert seam.mismatch() is None
    monkeypatch.setattr(seams, "SHIMS", (seams.Shim(seam.path, ("dataset_converter",), (version,), ""),))
    assert seam.lacks("dataset_converter")
    assert seam.mismatch() == "also requires the parameters dataset_converter"
    lacking = Seam(PARSER, "DatasetAttr.join", "assignment", ("attr", "not_yet"), "")
    assert lacking.mismatch() == "lacks the parameters not_yet; it takes (attr)"
    monkeypatch.setattr(seams, "SHIMS", (seams.Shim(lacking.path, ("not_yet",), (version,), ""),))
    assert lacking.mismatch() is None


@pytest.mark.parametrize(
    ("version", "refused"), [("0.9.3", True), ("0.9.4", False), ("0.9.7", False), ("mine", False)]
)
def test_hosts_older_than_the_oldest_tested_one_are_refused_by_name(
    host: Host, monkeypatch: pytest.MonkeyPatch, version: str, refused: bool
) -> None:
    monkeypatch.setattr("llamafactory.extras.env.VERSION", version)
    monkeypatch.setattr(registration, "_mismatch", None)
    if not refused:
        assert seams.outdated_host() is None
        return
    with pytest.raises(HostMismatchError, match=r"LLaMA-Factory 0\.9\.3, which is too old: it needs 0\.9\.4 or newer"):
        register()


def test_every_assignment_in_the_host_is_in_the_table(host: Host) -> None:
    """Found by the mark that `assign` leaves; the collator is a class of ours."""
    from llamafactory.data import loader, parser

    marked = {
        f"llamafactory.data.loader.{name}"
        for name, value in vars(loader).items()
        if hasattr(value, registration._MARK)
    }
    marked |= {
        f"{parser.__name__}.DatasetAttr.{n}"
        for n, v in vars(parser.DatasetAttr).items()
        if hasattr(v, registration._MARK)
    }
    for stage in ("dpo", "kto", "ppo", "pt", "rm", "sft"):
        workflow = import_module(f"llamafactory.train.{stage}.workflow")
        marked |= {
            f"{workflow.__name__}.{name}.__call__"
            for name, value in vars(workflow).items()
            if getattr(value, "__module__", "").startswith("llamafactory_embodied")
        }
    trainer = import_module("llamafactory.train.kto.trainer")
    if hasattr(trainer.CustomKTOTrainer.forward, registration._MARK):
        marked.add(f"{trainer.__name__}.CustomKTOTrainer.forward")
    if hasattr(import_module("transformers").Trainer._load_from_checkpoint, registration._MARK):
        marked.add("transformers.Trainer._load_from_checkpoint")
    assert marked == {seam.path for seam in SEAMS if seam.kind == "assignment"}


def test_the_hosts_kto_trainer_still_needs_to_be_told_where_images_stand(host: Host) -> None:
    """Once it hands on position ids or kinds of tokens by itself, `collator.hand_on` can go."""
    stock = inspect.getsource(import_module("llamafactory.train.kto.trainer").CustomKTOTrainer.forward)
    assert "image_grid_thw" in stock
    assert "position_ids" not in stock
    assert "mm_token_type_ids" not in stock


@pytest.mark.parametrize(
    ("seam", "mismatch"),
    [
        (Seam("llamafactory.data.loader", "gone", "assignment", (), ""), "not there: AttributeError"),
        (Seam("llamafactory.gone", "x", "assignment", (), ""), "not there: ModuleNotFoundError"),
        (
            Seam(PARSER, "DatasetAttr.join", "assignment", ("entry",), ""),
            r"lacks the parameters entry; it takes \(attr\)",
        ),
        (Seam(PARSER, "get_dataset_list", "registry", ("dataset_names",), ""), "also requires .* dataset_dir"),
        (
            Seam(PARSER, "get_dataset_list", "registry", ("dataset_dir", "dataset_names"), ""),
            r"takes \(dataset_names, dataset_dir\) in this order, expected \(dataset_dir",
        ),
        (Seam("llamafactory.data.template", "TEMPLATES", "table", ("qwen2_vl", "qwen9_vl"), ""), "lacks qwen9_vl"),
    ],
)
def test_a_seam_that_does_not_fit_says_what_is_there_instead(host: Host, seam: Seam, mismatch: str) -> None:
    found = seam.mismatch()
    assert found is not None
    with pytest.raises(
        HostMismatchError, match=f"(?s)llamafactory-embodied {__version__} .*0\\.9.*{seam.path} {mismatch}"
    ):
        seams.check([seam])


def test_registering_twice_changes_nothing(host: Host) -> None:
    from llamafactory.data import loader
    from llamafactory.train.sft import workflow

    before = (dict(vars(loader)), workflow.SFTDataCollatorWith4DAttentionMask)
    register()
    assert (dict(vars(loader)), workflow.SFTDataCollatorWith4DAttentionMask) == before


def test_a_mismatch_stops_our_data_and_nobody_elses(
    host: Host, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Seam("llamafactory.data.loader", "gone", "assignment", (), "")
    monkeypatch.setattr(seams, "TRAIN_SEAMS", (gone,))
    monkeypatch.setattr(registration, "_mismatch", None)
    rows = [episode(data.frames("a", 1))]
    data.add("ours", rows)
    data.add_sharegpt("theirs", rows)

    with pytest.raises(HostMismatchError, match=r"llamafactory\.data\.loader\.gone not there"):
        register()
    with pytest.raises(HostMismatchError, match=r"llamafactory\.data\.loader\.gone not there"):
        host.preprocess(data, "ours")
    assert len(host.preprocess(data, "theirs")) == 1


def test_errors_survive_the_way_between_processes() -> None:
    error = HostMismatchError("two versions")
    assert str(pickle.loads(pickle.dumps(error))) == "two versions"  # noqa: S301


def test_without_the_host_registering_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llamafactory.data", None)
    with pytest.raises(HostMismatchError, match=r"LLaMA-Factory cannot be imported .*pip install"):
        register()
