import dataclasses
from typing import Any

import pytest
from toy_host import Host

from llamafactory_embodied.training.template import TEMPLATES, register_templates

pytestmark = pytest.mark.every_host


@pytest.fixture
def templates(host: Host) -> dict[str, Any]:
    from llamafactory.data import TEMPLATES as HOST_TEMPLATES

    return dict(HOST_TEMPLATES)


def test_each_template_is_the_hosts_without_a_system_message_of_its_own(templates: dict[str, Any]) -> None:
    assert len(TEMPLATES) == 4
    for name, stock_name in TEMPLATES.items():
        ours, stock = templates[name], templates[stock_name]
        assert type(ours) is type(stock)
        assert ours == dataclasses.replace(stock, default_system="")


def test_a_sample_without_system_message_gets_none(templates: dict[str, Any], host: Host) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(host.checkpoint)
    messages = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "end"}]
    prompt, _ = templates["embodied_qwen2_vl"].encode_oneturn(tokenizer, messages)
    stock_prompt, _ = templates["qwen2_vl"].encode_oneturn(tokenizer, messages)
    assert tokenizer.decode(prompt) == "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
    assert "system" in tokenizer.decode(stock_prompt)


@pytest.mark.parametrize(("name", "thinks"), [("embodied_qwen3_vl", False), ("embodied_qwen3_vl_thinking", True)])
def test_only_the_thinking_template_writes_an_empty_thought(
    templates: dict[str, Any], host: Host, name: str, thinks: bool
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(host.checkpoint)
    messages = [{"role": "user", "content": "hello"}, {"role": "assistant", "content": "end"}]
    [(_, answer)] = templates[name].encode_multiturn(tokenizer, messages)
    assert ("<think>" in tokenizer.decode(answer)) is thinks


def test_the_hosts_templates_stay_as_they_are_and_registering_again_changes_nothing(
    templates: dict[str, Any],
) -> None:
    from llamafactory.data import TEMPLATES as HOST_TEMPLATES

    register_templates()
    assert {name: id(template) for name, template in HOST_TEMPLATES.items()} == {
        name: id(template) for name, template in templates.items()
    }
    assert templates["qwen2_vl"].default_system == "You are a helpful assistant."
