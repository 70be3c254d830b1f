"""What `import torch` calls through the entry point `torch.backends`: standard library only, never raises."""


def autoload() -> None:
    """Does nothing yet."""
