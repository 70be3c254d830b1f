"""Settings from a YAML file and `key=value` words."""

import contextlib
from dataclasses import dataclass

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from evaluation.run import EvaluateSettings
from llamafactory_embodied.errors import EmbodiedError, RecordError, SettingsError
from llamafactory_embodied.settings import claim_folder, describe, load_settings, option, to_plain
from llamafactory_embodied.stages.grounding import GroundingSettings


@dataclass(frozen=True)
class Inner:
    split: str = option("train", "which rooms")
    rooms: int = option(10, "how many", least=0)


@dataclass(frozen=True)
class Outer:
    name: str = option("x", "a name")
    scale: float = option(1.0, "a factor")
    kinds: tuple[str, ...] = option(("a", "b"), "some names")
    flag: bool = option(False, "a switch")
    inner: Inner = option(Inner(split="test"), "a group")
    maybe: int | None = option(None, "a number or nothing")


@dataclass(frozen=True)
class Needy:
    model: str
    rooms: int = option(1, "how many")


def write(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    return str(path)


def test_without_words_the_defaults_hold():
    assert load_settings(Outer, []) == Outer()


def test_words_override_the_file_and_the_file_the_defaults(tmp_path):
    path = write(tmp_path, "name: file\nscale: 2\ninner: {rooms: 3}\n")
    loaded = load_settings(Outer, [path, "name=word", "inner.split=dev", "kinds=[c]", "flag=true", "maybe=4"])
    assert loaded == Outer("word", 2.0, ("c",), True, Inner("dev", 3), 4)


def test_a_group_keeps_what_its_field_says_where_nothing_is_given():
    """A benchmark that falls back to the group's own defaults would play in the rooms that were trained on."""
    assert load_settings(Outer, ["inner.rooms=3"]).inner == Inner("test", 3)
    assert load_settings(EvaluateSettings, ["selection.rooms=3"]).selection.split == "test"
    assert load_settings(GroundingSettings, ["selection.rooms=3"]).selection.split == "base"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nmae=x"], r"command line: unknown key 'nmae'\. Did you mean 'name'\?"),
        (["inner.splt=x"], r"command line: inner: unknown key 'splt'\. Did you mean 'split'\?"),
        (["zzzzz=1"], r"Known keys: name, scale, kinds, flag, inner, maybe"),
        (["scale=fast"], "scale must be float, got 'fast'"),
        (["inner.rooms=2.5"], r"rooms must be int, got 2\.5"),
        (["inner.rooms=true"], "rooms must be int, got True"),
        (["inner.rooms=-1"], "rooms must be at least 0, got -1"),
        (["flag=1"], "flag must be bool, got 1"),
        (["inner=3"], "inner must be a group of settings, got 3"),
        (["kinds=null"], "kinds must be a list of str, got None"),
        (["kinds={a: 1}"], "kinds must be a list of str, got"),
        (["name=[a]"], r"name must be str, got \['a'\]"),
        (["name=[a"], "command line: "),
        (["a.yaml", "b.yaml"], "Expected one configuration file"),
        (["nowhere.yaml"], "Cannot read the configuration nowhere.yaml: No such file"),
    ],
)
def test_wrong_words_are_one_clear_error(words, said):
    with pytest.raises(SettingsError, match=said):
        load_settings(Outer, words)


@pytest.mark.parametrize(
    ("text", "said"),
    [("- a\n", "must be a mapping"), ("a: [", "is not YAML"), ("", "must be a mapping"), ("1: 2", "key 1")],
)
def test_a_file_that_is_no_configuration_is_one_clear_error(tmp_path, text, said):
    with pytest.raises(SettingsError, match=said):
        load_settings(Outer, [write(tmp_path, text)])


def test_what_is_required_and_missing_is_named():
    with pytest.raises(SettingsError, match=r"missing model; give model=\.\.\."):
        load_settings(Needy, [])
    assert load_settings(Needy, ["model=m"]) == Needy("m")


@given(st.text(alphabet="abinersplt.=[]{},:$0 \n'\"", max_size=25))
@example("[=")
@example("a.=1")
@example("a=${b}")
def test_no_word_on_the_command_line_is_a_crash(word):
    with contextlib.suppress(EmbodiedError):
        assert isinstance(load_settings(Outer, ["=" + word if "=" not in word else word]), Outer)


def test_the_list_of_settings_shows_the_defaults_that_hold():
    rows = {key: default for key, default, _ in describe(Outer)}
    assert rows == {"name": "x", "scale": 1.0, "kinds": ("a", "b"), "flag": False, "maybe": None} | {
        "inner.split": "test",
        "inner.rooms": 10,
    }
    assert {key: default for key, default, _ in describe(Needy)}["model"] == "required"


def test_every_setting_has_a_line_of_help():
    for kind in (EvaluateSettings, GroundingSettings):
        assert all(text for _, _, text in describe(kind))


def test_a_folder_belongs_to_the_settings_that_made_it(tmp_path):
    claim_folder(Outer(), tmp_path, free=("name",))
    claim_folder(Outer(name="other"), tmp_path, free=("name",))
    with pytest.raises(RecordError, match=r"other settings \(scale, inner\.split differ\)"):
        claim_folder(Outer(scale=2.0, inner=Inner("dev")), tmp_path, free=("name",))


def test_a_group_may_be_free_as_a_whole(tmp_path):
    claim_folder(Outer(), tmp_path)
    claim_folder(Outer(inner=Inner("dev")), tmp_path, free=("inner",))
    assert load_settings(Outer, [str(tmp_path / "settings.yaml")]).inner.split == "dev"


def test_saved_settings_are_a_configuration(tmp_path):
    settings = Outer("n", 0.5, (), True, Inner("dev", 2), 3)
    claim_folder(settings, tmp_path)
    assert load_settings(Outer, [str(tmp_path / "settings.yaml")]) == settings
    assert to_plain(settings)["inner"] == {"split": "dev", "rooms": 2}
