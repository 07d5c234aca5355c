"""A step that is a script of the release: run in the sandbox under the permissions that the release declares.

How it is given its input and gives its output is said in `inside/`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from skillyard.domain.gateway.budgets import spending
from skillyard.domain.gateway.vault import variable_of
from skillyard.domain.market.rules import MAX_OUTPUT_BYTES
from skillyard.domain.market.steps.keys import Key
from skillyard.domain.market.steps.model import Done, Given, StepFailed
from skillyard.domain.runs.errors import StepLost, StepRefused
from skillyard.domain.runs.model import Finished, Work
from skillyard.domain.runs.once import run_once
from skillyard.sandbox.model import Limits
from skillyard.settings import Settings
from skillyard.skill.executable import Mode, Runtime, ScriptStep

_AROUND: Mapping[Runtime, tuple[str, str]] = {
    "python": ("python", "python_step.py"),
    "javascript": ("node", "javascript_step.cjs"),
}
_MOST_MESSAGE_CHARS = 300


def run_script_step(given: Given, step: ScriptStep) -> Done:
    """What the script gave. Raises StepFailed, and what `run_once`, `Keys.open` and `spending` raise."""
    program, file = _AROUND[step.runtime]
    keys = dict(_keys(given))
    work = Work(
        owner_id=given.invocation.owner_id,
        ref=f"{given.invocation.id}/{given.position}",
        name=given.invocation.name,
        version=given.invocation.version,
        command=(program, f"/work/{file}", f"/skill/{step.file}"),
        script=step.file,
        files={file: _source(file)},
        stdin=orjson.dumps({**given.data, "context": _context(given, step)}),
        environment={name: key.secret.reveal() for name, key in keys.items()},
        limits=_limits(given.app.settings, wall_s=given.left_s()),
    )
    with ExitStack() as counted:
        for key in keys.values():
            counted.enter_context(spending(given.app, key.allowance, cost=0))
        try:
            finished = run_once(given.app, work)
        except StepLost:
            raise StepFailed("step_lost", f"{step.label}: the worker that ran it died.") from None
        except StepRefused:
            raise StepFailed("step_refused", f"{step.label}: it could not be run here.") from None
    return _read(given, step, finished)


def _keys(given: Given) -> Iterator[tuple[str, Key]]:
    """Those that the skill needs, as far as its manifest declares the variables that they come in."""
    for required in given.executable.credentials.required:
        name = variable_of(required.provider)
        if name in given.permissions.environment:
            yield name, given.keys.open(required.provider, for_script=True)


def _context(given: Given, step: ScriptStep) -> dict[str, Any]:
    found = given.invocation
    return {"invocation_id": found.id, "skill": found.name, "version": found.version, "step": step.label}


def _limits(settings: Settings, *, wall_s: float) -> Limits:
    return Limits(
        wall_s=min(wall_s, float(settings.run_seconds)),
        cpu_s=settings.run_cpu_seconds,
        memory_bytes=settings.run_memory_mb * 1024 * 1024,
        processes=settings.run_processes,
        disk_bytes=settings.run_disk_mb * 1024 * 1024,
        files=settings.run_files,
        output_bytes=max(settings.run_output_kb * 1024, 2 * MAX_OUTPUT_BYTES),
    )


def _read(given: Given, step: ScriptStep, finished: Finished) -> Done:
    """The last line of what it said. Raises StepFailed."""
    hide, result = given.keys.redactor, finished.result
    if not result.is_good:
        raise StepFailed("step_failed", f"{step.label}: {_why(given, finished)}.", receipt=finished.run_id)
    try:
        told = orjson.loads(result.stdout.rpartition(b"\n")[2])
        given_up, output = told.get("failed"), told.get("output")
        orjson.dumps(output)  # refuses what nests too deep for us
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, AttributeError):
        raise StepFailed("step_failed", f"{step.label}: it gave no output.", receipt=finished.run_id) from None
    if given_up is not None:
        message = hide.text(str(given_up))[:_MOST_MESSAGE_CHARS]
        raise StepFailed("step_failed", f"{step.label}: {_on_one_line(message)}", receipt=finished.run_id)
    return Done(output=hide.value(output), receipt=finished.run_id)


def _why(given: Given, finished: Finished) -> str:
    """Of a sealed skill not a word that its code could be known by."""
    result = finished.result
    if result.limits_hit:
        return f"it reached its limit of {' and '.join(result.limits_hit)}"
    last_line = result.stderr.rstrip().rpartition(b"\n")[2].decode(errors="replace")
    if given.executable.mode is Mode.SEALED or not last_line:
        return "it broke off"
    return _on_one_line(given.keys.redactor.text(last_line))[:_MOST_MESSAGE_CHARS]


def _on_one_line(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text).strip() or "it broke off"


@cache
def _source(file: str) -> bytes:
    return (files("skillyard.domain.market.steps") / "inside" / file).read_bytes()
