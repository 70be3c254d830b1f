"""Columns of a data set between conversion and tokenization, each of one Arrow type from the first row on.

`_prompt`, `_response`, `_system`, `_tools`, `_images`, `_videos` and `_audios` have exactly the types that the host's
own converters give them, so that our rows can be concatenated and interleaved with any others. What is ours travels in
columns of its own, which are null in rows of others.
"""

from __future__ import annotations

from typing import Any

REVISION = 2
"""Raised by each change that alters a row, an id or a label. It is part of what `datasets` hashes to find a data set
in its cache: that looks at the values of an object, not at its code, and would go on using what an older one made."""

ID = "_embodied_id"
"""string: the sample's id; not null marks a row as ours."""
LOSS = "_embodied_loss"
"""list of bool: whether each message of _prompt and _response is trained on."""
OVERFLOW = "_embodied_overflow"
"""string: what becomes of it when it is too long, one of `entry.OVERFLOWS`."""
CONTEXT = "_embodied_context"
"""float: the share of a window that may repeat earlier turns."""
ON_ERROR = "_embodied_on_error"
"""string: what becomes of it when it cannot be trained on, one of `entry.ON_ERRORS`."""
ERROR = "_embodied_error"
"""string: why it cannot be trained on; null if nothing is known against it."""
PROMPTS = "_embodied_prompts"
"""string: the prompt set that worded it, "" if unknown."""
ROW = "_embodied_row"
"""string: the only column of a file that Arrow cannot hold as it is, each row as a text of JSON; see `loading`."""


def features() -> Any:
    """Returns the types of the columns, as the host's converters give them to a data set of images."""
    from datasets import Features, Value

    text, nothing = Value("string"), Value("null")
    messages = [{"role": text, "content": text}]
    return Features(
        {
            "_prompt": messages,
            "_response": messages,
            "_system": text,
            "_tools": text,
            "_images": [text],
            "_videos": nothing,
            "_audios": nothing,
            ID: text,
            LOSS: [Value("bool")],
            OVERFLOW: text,
            CONTEXT: Value("float64"),
            ON_ERROR: text,
            ERROR: text,
            PROMPTS: text,
        }
    )
