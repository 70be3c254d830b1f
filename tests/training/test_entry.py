import pytest

from llamafactory_embodied.errors import SettingsError
from llamafactory_embodied.training.entry import Entry


def test_an_entry_needs_nothing_but_its_file_and_format() -> None:
    entry = Entry.of_dataset_info("toy", {"file_name": "toy.jsonl", "formatting": "embodied"})
    assert entry == Entry(columns={}, tags={}, allow_absolute_paths=False, overflow="window")


def test_an_entry_carries_our_keys_and_names() -> None:
    given = {"columns": {"messages": "turns", "images": None}, "tags": {"role_tag": "who"}, "overflow": "drop"}
    entry = Entry.of_dataset_info("toy", {"file_name": "x", **given, "allow_absolute_paths": True})
    assert entry == Entry({"messages": "turns"}, {"role_tag": "who"}, allow_absolute_paths=True, overflow="drop")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"overflw": "drop"}, "toy: unknown key 'overflw'; did you mean 'overflow'"),
        ({"zzz": 1}, "toy: unknown key 'zzz'; expected one of allow_absolute_paths, "),
        ({"columns": {"image": "x"}}, "toy, columns: unknown key 'image'; did you mean 'images'"),
        ({"tags": {"role": "x"}}, "toy, tags: unknown key 'role'; did you mean 'role_tag'"),
        ({"columns": {"images": 3}}, "toy: images is 3, expected a name"),
        ({"overflow": "cut"}, "overflow is 'cut', expected one of window, keep_last, drop, error"),
        ({"allow_absolute_paths": "yes"}, "allow_absolute_paths is 'yes', expected true or false"),
        ({"ranking": "yes"}, "ranking is 'yes', expected true or false"),
    ],
)
def test_a_wrong_key_or_value_names_the_data_set_and_the_nearest_key(keys: dict[str, object], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Entry.of_dataset_info("toy", {"file_name": "x", "formatting": "embodied", **keys})
