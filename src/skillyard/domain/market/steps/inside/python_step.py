"""Runs a step in Python: `python python_step.py /skill/steps/x.py`, with what it is given as JSON on stdin.

The script finds `input`, `steps`, `context` and `fail`. What it gives is, in this order: the variable `output`; what
its function `run` or `main` returns; the last line that it printed, where that is JSON. The last line of stdout tells
it as JSON; everything that the script prints goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
import types
from collections import deque

TYPE_CHECKING = False
if TYPE_CHECKING:  # loading it would take longer than most steps do
    from typing import Any, TextIO


class Failed(Exception):
    """The script says itself that it cannot do it, and why."""


class Printed:
    """Passes on what is printed, and keeps the last lines."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines = deque([""], maxlen=20)

    def write(self, text: str) -> int:
        first, *others = text.split("\n")
        self._lines[-1] += first
        self._lines.extend(others)
        return self._stream.write(text)

    def last_json(self) -> Any:
        for line in reversed(self._lines):
            if line.strip():
                return json.loads(line)
        raise ValueError

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def fail(message: object) -> None:
    """Give up; the message is for who asked for it."""
    raise Failed(str(message))


def load(path: str, given: dict[str, Any]) -> types.ModuleType:
    module = types.ModuleType("__main__")
    module.__dict__.update(given, fail=fail, __file__=path)
    sys.modules["__main__"] = module
    sys.path.insert(0, os.path.dirname(path))  # noqa: PTH120 (pathlib takes long to load)
    with open(path, "rb") as file:  # noqa: PTH123
        source = file.read()
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)  # noqa: S102 (what it is here for)
    return module


def result_of(module: types.ModuleType, given: dict[str, Any], printed: Printed) -> Any:
    if "output" in module.__dict__:
        return module.output
    function = module.__dict__.get("run") or module.__dict__.get("main")
    if not isinstance(function, types.FunctionType):
        try:
            return printed.last_json()
        except ValueError:
            raise Failed("the step gave no output") from None
    takes = function.__code__.co_argcount
    value = function(*[given["input"], given["steps"], given["context"]][:takes])
    if isinstance(value, types.CoroutineType):
        import asyncio

        return asyncio.run(value)
    return value


def main(path: str) -> None:
    given = json.load(sys.stdin)
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    printed = Printed(sys.stderr)
    sys.stdout = printed
    try:
        told = {"output": result_of(load(path, given), given, printed)}
    except Failed as failed:
        told = {"failed": str(failed)}
    text = json.dumps(told, allow_nan=False)
    sys.stderr.flush()
    answer.write("\n" + text)
    answer.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
