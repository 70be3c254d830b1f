"""Labels against a slow and obvious implementation: each message encoded by itself, one token after the other."""

from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_host import DataFolder, Host, configuration

pytestmark = pytest.mark.every_host

IGNORED = -100
WORDS = ("open", "Fridge", "<|feedback|>", "I see\nthing", "", " ", "é!")
# The last two write no end of an answer: the host labels what follows it with one.
TEMPLATES = ("qwen2_vl", "embodied_qwen2_vl", "default", "bailing", "falcon")


class Encoder(NamedTuple):
    """Ours, and what the reference needs of the host."""

    processor: Any
    template: Any
    tokenizer: Any
    converter: Any


def encoder(host: Host, data: DataFolder, name: str) -> Encoder:
    from types import SimpleNamespace

    from llamafactory_embodied.training.converter import EmbodiedConverter
    from llamafactory_embodied.training.processor import EmbodiedProcessor

    arguments = configuration(host.checkpoint, data.path, "toy", data.path / "out", template=name, cutoff_len=100_000)
    template, _, data_args, _, tokens = host.load(**arguments)
    attributes = SimpleNamespace(dataset_name="toy.jsonl", load_from="file")
    converter = EmbodiedConverter.of_dataset(attributes, data_args)
    return Encoder(
        EmbodiedProcessor(template, data_args=data_args, **tokens), template, tokens["tokenizer"], converter
    )


@pytest.fixture(scope="module")
def encoders(registered_host: Host, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Encoder]:
    data = DataFolder(tmp_path_factory.mktemp("labels"))
    data.frames("a", 3)
    data.add("toy", [])
    return {name: encoder(registered_host, data, name) for name in TEMPLATES}


def tokens_of(encoder: Encoder, position: int, message: dict[str, str], system: str) -> list[int]:
    """A message's tokens as its template writes them, the beginning of the conversation before the first one."""
    template, tokenizer = encoder.template, encoder.tokenizer
    elements: list[Any] = []
    if position == 0:
        elements += template.format_prefix.apply()
        if system or template.default_system:
            elements += template.format_system.apply(content=system or template.default_system)
    form = {"user": template.format_user, "assistant": template.format_assistant}[message["role"]]
    elements += form.apply(content=message["content"], idx=str(position // 2))
    tokens: list[int] = []
    for element in elements:
        if isinstance(element, set):
            token = tokenizer.bos_token_id if "bos_token" in element else tokenizer.eos_token_id
            tokens += [] if token is None else [token]
        elif isinstance(element, dict):
            tokens.append(tokenizer.convert_tokens_to_ids(element["token"]))
        else:
            tokens += tokenizer.encode(element, add_special_tokens=False)
    return tokens


def reference(encoder: Encoder, row: dict[str, Any]) -> tuple[list[int], list[int]]:
    """input_ids and labels of a text conversation."""
    messages, system = row["messages"], ""
    if messages[0]["role"] == "system":
        system, messages = messages[0]["content"], messages[1:]
    ids: list[int] = []
    labels: list[int] = []
    owes_end = False
    for position, message in enumerate(messages):
        trained = message["role"] == "assistant" and message.get("loss", True)
        for number, token in enumerate(tokens_of(encoder, position, message, system)):
            ids.append(token)
            if trained:
                labels.append(token)
            elif number == 0 and owes_end:
                labels.append(encoder.tokenizer.eos_token_id)
            else:
                labels.append(IGNORED)
        owes_end = trained and encoder.template.efficient_eos
    if encoder.template.efficient_eos:
        ids.append(encoder.tokenizer.eos_token_id)
        labels.append(encoder.tokenizer.eos_token_id if owes_end else IGNORED)
    return ids, labels


def encoded(encoder: Encoder, row: dict[str, Any]) -> tuple[list[int], list[int]]:
    converted = encoder.converter(row)
    columns = encoder.processor.preprocess_dataset({name: [value] for name, value in converted.items()})
    [ids], [labels] = columns["input_ids"], columns["labels"]
    return ids.tolist(), labels.tolist()


texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=4).map("".join)
turns = st.lists(st.tuples(texts, texts, st.sampled_from([None, True, False])), min_size=1, max_size=5)


@pytest.mark.parametrize("name", TEMPLATES)
@settings(max_examples=60)
@given(turns=turns, system=texts | st.none())
def test_labels_are_those_of_the_reference(
    encoders: dict[str, Encoder], name: str, turns: list[tuple[str, str, bool | None]], system: str | None
) -> None:
    messages: list[dict[str, Any]] = [] if system is None else [{"role": "system", "content": system}]
    for question, answer, loss in [*turns, ("done?", "end", True)]:
        messages += [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        messages[-1] |= {} if loss is None else {"loss": loss}
    row = {"id": "a", "messages": messages}
    assert encoded(encoders[name], row) == reference(encoders[name], row)


def test_the_templates_end_their_answers_in_both_ways(encoders: dict[str, Encoder]) -> None:
    ends = {name: bool(one.template.efficient_eos) for name, one in encoders.items()}
    assert [name for name, later in ends.items() if later] == ["bailing", "falcon"]


def reflecting(**last: Any) -> dict[str, Any]:
    """A conversation of the reference system's shape: an image a turn, but for feedback on an illegal action."""
    says = ["open Lamp", "open Fridge", "end"]
    asks = ["<image>Find it.", "<|feedback|>Action: open Lamp is illegal, choose another.", "<image>Done."]
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You are a robot."}]
    for asked, said in zip(asks, says, strict=True):
        messages += [{"role": "user", "content": asked}, {"role": "assistant", "content": said}]
    messages[-1] |= last
    return {"messages": messages, "images": ["frames/a-0.png", "frames/a-1.png"]}


@pytest.mark.parametrize("name", ["qwen2_vl", "embodied_qwen2_vl"])
def test_all_but_the_answer_that_feedback_follows_is_trained_on(encoders: dict[str, Encoder], name: str) -> None:
    tokenizer = encoders[name].tokenizer
    _, derived = encoded(encoders[name], reflecting())
    _, said = encoded(encoders[name], reflecting(loss=True))
    end = "<|im_end|>\n"
    assert tokenizer.decode([label for label in derived if label != IGNORED]) == f"open Fridge{end}end{end}"
    assert tokenizer.decode([label for label in said if label != IGNORED]) == f"open Lamp{end}open Fridge{end}end{end}"


def test_feedback_is_text_and_no_token(encoders: dict[str, Encoder]) -> None:
    tokenizer = encoders["qwen2_vl"].tokenizer
    assert "<|feedback|>" not in tokenizer.get_vocab()
    ids, _ = encoded(encoders["qwen2_vl"], reflecting())
    assert "<|im_start|>user\n<|feedback|>Action: open Lamp" in tokenizer.decode(ids)
    words = tokenizer.encode("<|feedback|>Action", add_special_tokens=False)
    assert len(words) > 2
    assert not set(words) & set(tokenizer.added_tokens_decoder)
