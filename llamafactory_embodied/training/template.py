"""Templates `embodied_*`: the host's own, under our names and without a system message of their own.

A default system message would be put before samples that have none; here the data alone decides what the model reads.
"""

from __future__ import annotations

import dataclasses
from importlib import import_module
from typing import Any

# Our name -> the host's. Qwen2.5-VL has Qwen2-VL's chat format. Instruction-tuned Qwen3-VL checkpoints do not think:
# the host's `qwen3_vl` would train an empty <think> block before every answer.
TEMPLATES = {
    "embodied_qwen2_vl": "qwen2_vl",
    "embodied_qwen2_5_vl": "qwen2_vl",
    "embodied_qwen3_vl": "qwen3_vl_nothink",
    "embodied_qwen3_vl_thinking": "qwen3_vl",
}


def register_templates() -> None:
    """Registers the templates that the host does not have yet."""
    host = import_module("llamafactory.data.template")
    for name, stock_name in TEMPLATES.items():
        if name not in host.TEMPLATES:
            stock = host.TEMPLATES[stock_name]
            host.register_template(name, template_class=type(stock), **_fields_of(stock))


def _fields_of(template: Any) -> dict[str, Any]:
    fields = {field.name: getattr(template, field.name) for field in dataclasses.fields(template)}
    # Copies: the host changes stop words and formatters of the template in use, not of the one it came from.
    return {**fields, "default_system": "", "stop_words": list(template.stop_words)}
