import copy
from typing import Any

import pytest
from PIL import Image
from toy_host import DataFolder, Host, configuration, episode, judged, ranking

from llamafactory_embodied.errors import DataError

pytestmark = pytest.mark.every_host


@pytest.fixture
def collators(host: Host, tmp_path: Any) -> tuple[Any, Any]:
    """Ours and the host's, without a model: they make everything but position ids."""
    from llamafactory.data import SFTDataCollatorWith4DAttentionMask

    from llamafactory_embodied.training.collator import EmbodiedCollator

    template, *_, tokens = host.load(**configuration(host.checkpoint, tmp_path, "none", tmp_path / "out"))
    return tuple(
        kind(template=template, label_pad_token_id=-100, **tokens)
        for kind in (EmbodiedCollator, SFTDataCollatorWith4DAttentionMask)
    )


@pytest.fixture
def mixed(host: Host, data: DataFolder) -> list[dict[str, Any]]:
    data.add("ours", [episode(data.frames("a", 2), "mine-a"), episode(data.frames("b", 1), "mine-b")])
    data.add_sharegpt("theirs", [episode(data.frames("c", 2))])
    return list(host.preprocess(data, "ours,theirs"))


def test_batches_are_the_hosts_bit_for_bit(collators: tuple[Any, Any], mixed: list[dict[str, Any]]) -> None:
    import torch

    ours, stock = collators
    plain = [{name: value for name, value in row.items() if name != "embodied_id"} for row in copy.deepcopy(mixed)]
    batch, expected = ours(mixed), stock(plain)
    assert set(batch) == set(expected) >= {"input_ids", "labels", "pixel_values", "image_grid_thw"}
    assert all(torch.equal(batch[name], expected[name]) for name in expected)


def test_image_tokens_that_do_not_match_the_images_name_the_sample(
    collators: tuple[Any, Any], mixed: list[dict[str, Any]]
) -> None:
    Image.new("RGB", (280, 280)).save(mixed[0]["images"][1])
    with pytest.raises(DataError, match=r"sample 'mine-a': has 10 image tokens, but its 2 images take 104 \(4, 100\)"):
        collators[0](mixed)


def test_an_image_that_has_gone_names_the_sample(collators: tuple[Any, Any], mixed: list[dict[str, Any]]) -> None:
    mixed[1]["images"] = [f"{mixed[1]['images'][0]}.gone"]
    with pytest.raises(DataError, match=r"sample 'mine-b'.*No such file or directory"):
        collators[0](mixed)


def test_an_image_that_has_lost_its_end_names_the_sample(
    collators: tuple[Any, Any], mixed: list[dict[str, Any]]
) -> None:
    path = mixed[0]["images"][0]
    with open(path, "r+b") as file:  # noqa: PTH123
        file.truncate(80)
    with pytest.raises(DataError, match=r"sample 'mine-a'.*is cut off"):
        collators[0](mixed)


def test_a_batch_of_others_goes_straight_through(
    collators: tuple[Any, Any], mixed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, _ = collators
    monkeypatch.setattr(ours, "_check", lambda *_: pytest.fail("looked at a sample of others"))
    assert ours([row for row in mixed if not row["embodied_id"]])["input_ids"].shape[0] == 1


@pytest.fixture(params=["rm", "kto"])
def compared(request: pytest.FixtureRequest, host: Host, data: DataFolder) -> tuple[Any, Any, list[dict[str, Any]]]:
    """Our collator, the host's, and rows of ours and of others for one of the stages that compare answers."""
    from llamafactory.data import KTODataCollatorWithPadding, PairwiseDataCollatorWithPadding

    from llamafactory_embodied.training.collator import OURS

    pairs = request.param == "rm"
    stock = PairwiseDataCollatorWithPadding if pairs else KTODataCollatorWithPadding
    make, columns = (ranking, ("chosen", "rejected")) if pairs else (judged, ("kto_tag",))
    data.add("ours", [make(data.frames("a", 2), "mine-a"), make(data.frames("b", 1), "mine-b")], ranking=pairs)
    data.add_sharegpt("theirs", [make(data.frames("c", 2))], *columns, ranking=pairs)
    rows = list(host.preprocess(data, "ours,theirs", request.param))
    template, *_, tokens = host.load(**configuration(host.checkpoint, data.path, "none", data.path / "out"))
    given = {"template": template, "label_pad_token_id": -100, **tokens}
    return OURS[stock.__name__](**given), stock(**given), rows


def test_batches_of_compared_answers_are_the_hosts_bit_for_bit(compared: tuple[Any, Any, Any]) -> None:
    import torch

    ours, stock, rows = compared
    batch, expected = ours(copy.deepcopy(rows)), stock(rows)
    assert set(batch) == set(expected) >= {"input_ids", "labels", "pixel_values", "image_grid_thw"}
    assert all(torch.equal(batch[name], expected[name]) for name in expected)


def test_image_tokens_of_either_answer_that_do_not_match_name_the_sample(compared: tuple[Any, Any, Any]) -> None:
    ours, _, rows = compared
    pad = ours.tokenizer.convert_tokens_to_ids("<|image_pad|>")
    for name in [name for name in rows[0] if name.endswith("input_ids")]:
        damaged = copy.deepcopy(rows)
        damaged[1][name].remove(pad)
        with pytest.raises(DataError, match=r"sample 'mine-b': has 3 image tokens, but its 1 images take 4 \(4\)"):
            ours(damaged)
