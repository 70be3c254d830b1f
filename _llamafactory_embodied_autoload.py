"""What `import torch` calls through the entry point `torch.backends`: standard library only, never raises.

It installs one import hook and returns. Once LLaMA-Factory's own modules have been imported, the hook lets
`llamafactory_embodied` register itself there. A package of ours that cannot be imported breaks neither torch nor
LLaMA-Factory: the error is kept in `failures` and reported when LLaMA-Factory is imported.
`LLAMAFACTORY_EMBODIED_AUTOLOAD=0` turns all of this off.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType

SWITCH = "LLAMAFACTORY_EMBODIED_AUTOLOAD"

# Host module -> function of llamafactory_embodied.training.register that is called once the module has been imported.
# Not the package `llamafactory.data`: its import may have begun before it comes to `import torch`, and thus to us.
TRIGGERS = {
    "llamafactory.data.loader": "register_data",
    "llamafactory.train.sft.workflow": "register_collator",
    "llamafactory.train.hyper_parallel.workflow": "register_hyper_parallel",
    "llamafactory.v1.launcher": "refuse_v1",
}

# What went wrong so far, by host module; `llamafactory-embodied doctor` shows it.
failures: dict[str, Exception] = {}


class _ImportHook:
    """A finder that finds nothing by itself: it adds a call to what the other finders return for `TRIGGERS`."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in TRIGGERS:
            return None

        spec = self._find_elsewhere(name, path, target)
        if spec is not None and spec.loader is not None:
            try:
                _call_after_exec(spec.loader, name)
            except Exception as error:
                _report(name, error)

        return spec

    def _find_elsewhere(self, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
        for finder in sys.meta_path:
            find_spec = getattr(finder, "find_spec", None)
            if finder is not self and find_spec is not None:
                spec: ModuleSpec | None = find_spec(name, path, target)
                if spec is not None:
                    return spec

        return None


def _call_after_exec(loader: Any, name: str) -> None:
    """Sets `exec_module` on the loader object, so that it stays the loader that importlib and inspect know."""
    stock_exec_module = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        stock_exec_module(module)
        if module.__name__ == name:
            _register(name)

    loader.exec_module = exec_module


def _register(name: str) -> None:
    try:
        from llamafactory_embodied.training import register

        getattr(register, TRIGGERS[name])()
    except Exception as error:
        _report(name, error)


def _report(name: str, error: Exception) -> None:
    """Keeps the error and logs it once; logging, because a warning may be turned into an exception by its filters."""
    known = any(repr(error) == repr(earlier) for earlier in failures.values())
    failures[name] = error
    if known:
        return

    import logging

    logging.getLogger("llamafactory_embodied").error(
        "llamafactory-embodied could not register itself into LLaMA-Factory: %s: %s\n"
        'Datasets with "formatting": "embodied" cannot be trained in this process; all others train as usual. '
        "`llamafactory-embodied doctor` shows more, %s=0 turns the plugin off.",
        type(error).__name__,
        error,
        SWITCH,
    )


_hook = _ImportHook()


def autoload() -> None:
    """Installs the import hook, unless it is installed already or the off switch is set."""
    if os.environ.get(SWITCH) != "0" and _hook not in sys.meta_path:
        sys.meta_path.insert(0, _hook)
