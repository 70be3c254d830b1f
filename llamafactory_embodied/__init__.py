"""Trains vision-language models as embodied agents with stock LLaMA-Factory.

Importing this package imports nothing heavy. Once it is installed, LLaMA-Factory knows the data format and the
templates by itself, through an entry point that `import torch` calls; `register()` does the same by hand.
"""

__version__ = "0.1.0"

__all__ = ["__version__", "register"]


def register() -> None:
    """Registers the data format, the templates, the processor and the collator into LLaMA-Factory.

    May be called as often as you like.

    Raises:
        HostMismatchError: LLaMA-Factory is missing, or is a version whose seams are not as we know them.
    """
    from .training.register import register as register_into_host

    register_into_host()
