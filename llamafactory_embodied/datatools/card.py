"""The card of packed data sets: what a hub and its viewer read, and how to train on them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))

_TEXT = """# {title}

Trajectories of an embodied agent, as `llamafactory-embodied pack` wrote them: conversations with their images inside.

| data set | samples | images | shards | megabytes |
| --- | ---: | ---: | ---: | ---: |
{rows}

`messages` holds `role`, `content` and `loss` of each turn (`false`: read and not trained on; null: as the training
configuration says); each `<image>` in a text stands for the next of `images`.

To train with [LLaMA-Factory](https://github.com/hiyouga/LLaMA-Factory) and the plugin `llamafactory-embodied`, name
this folder in the configuration (`streaming: true` with `accelerator_config: {{dispatch_batches: false}}` reads it
shard by shard):

```yaml
dataset_dir: path/to/this/folder
dataset: {names}
template: embodied_qwen2_vl
```

The entries in `dataset_info.json`:

```json
{entries}
```
"""


def card(sizes: Mapping[str, Sequence[int]], entries: Mapping[str, Any]) -> str:
    """Returns README.md with Hugging Face's front matter, one configuration for each data set.

    Args:
        sizes: Name -> samples, images, shards, bytes.
        entries: What dataset_info.json says.
    """
    samples = sum(size[0] for size in sizes.values())
    front = {
        "pretty_name": ", ".join(sizes),
        "task_categories": ["image-text-to-text", "robotics"],
        "tags": ["llamafactory", "embodied"],
        "size_categories": [next((name for most, name in _SIZES if samples < most), "n>1M")],
        "configs": [
            {"config_name": name, "data_files": [{"split": "train", "path": f"{name}/*.parquet"}]} for name in sizes
        ],
    }
    rows = [
        f"| {name} | {count} | {images} | {shards} | {bytes_ / 1e6:.1f} |"
        for name, (count, images, shards, bytes_) in sizes.items()
    ]
    text = _TEXT.format(
        title=", ".join(sizes), rows="\n".join(rows), names=",".join(sizes), entries=json.dumps(entries, indent=2)
    )
    return f"---\n{yaml.safe_dump(front, sort_keys=False, allow_unicode=True)}---\n\n{text}"
