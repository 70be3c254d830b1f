"""Rows, ids and labels change only together with the revision that finds them in a cache."""

import hashlib
import json
from typing import Any

from toy_host import DataFolder, Host, episode

from llamafactory_embodied.training.columns import REVISION

PINNED = {2: "02b8de7ba7f0e72d"}


def test_what_is_made_of_a_sample_changes_only_with_the_revision(host: Host, data: DataFolder) -> None:
    data.add("ours", [episode(data.frames("a", 6), "a", {4: False}), episode(data.frames("b", 1), "b")])
    made = {
        (template, cutoff_len): texts(host, host.preprocess(data, "ours", template=template, cutoff_len=cutoff_len))
        for template in ("embodied_qwen2_vl", "embodied_qwen3_vl", "embodied_qwen3_vl_thinking", "qwen2_vl")
        for cutoff_len in (150, 1024)
    }
    digest = hashlib.sha256(json.dumps(sorted(made.items())).encode()).hexdigest()[:16]
    assert {REVISION: digest} == PINNED, "meant? Then raise columns.REVISION and pin the new digest."


def texts(host: Host, rows: Any) -> list[tuple[str, str, str]]:
    """What is read and what is trained on, whatever numbers the tokenizer gives its words."""
    from transformers import AutoTokenizer

    decode = AutoTokenizer.from_pretrained(host.checkpoint).decode
    return [
        (row["embodied_id"], decode(row["input_ids"]), decode([max(label, 0) for label in row["labels"]]))
        for row in rows
    ]
