"""Opens a sandbox of the kind that is asked for, or of the first that works here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

from skillyard.sandbox import kinds
from skillyard.sandbox.model import Sandbox, SandboxUnavailable

AUTO = "auto"
NO_OPTIONS: Mapping[str, str] = {}
Connect = Callable[..., Any]


def open_sandbox(
    kind: str = AUTO, *, options: Mapping[str, str] = NO_OPTIONS, connect: Connect | None = None
) -> Sandbox:
    """It is probed before it is returned. `options` are the kind's own, as text.

    `connect`: how kinds on other machines are reached. `auto` takes the first of those kinds that need nothing but
    this machine. Raises SandboxUnavailable, with the reason of each that was tried.
    """
    known = _kinds()
    if kind != AUTO:
        if kind not in known:
            raise SandboxUnavailable(f"there is no sandbox {kind}", f"known are {', '.join(sorted(known))}")
        return _open(known[kind], options, connect)
    failed = []
    for module in sorted((module for module in known.values() if module.PLACE), key=lambda module: module.PLACE):
        try:
            return _open(module, options, connect)
        except SandboxUnavailable as error:
            failed.append((module.KIND, error))
    why = "; ".join(f"{name}: {error.why}" for name, error in failed)
    raise SandboxUnavailable(f"programs cannot be isolated here: {why}", failed[0][1].hint)


def _open(module: ModuleType, options: Mapping[str, str], connect: Connect | None) -> Sandbox:
    make: Callable[[Mapping[str, str], Connect | None], Sandbox] = module.open_kind
    sandbox = make(options, connect)
    try:
        sandbox.probe()
    except BaseException:
        sandbox.close()
        raise
    return sandbox


def _kinds() -> dict[str, ModuleType]:
    """By name; each has `KIND`, `PLACE` (its turn in `auto`, 0 for never) and `open_kind(options, connect)`."""
    found = (
        importlib.import_module(f"{kinds.__name__}.{entry.name}") for entry in pkgutil.iter_modules(kinds.__path__)
    )
    return {module.KIND: module for module in found}
