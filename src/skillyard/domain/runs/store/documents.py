"""Tasks and results as the JSON text in which a row keeps them."""

from __future__ import annotations

from dataclasses import asdict

import orjson

from skillyard.domain.runs.model import RunTask
from skillyard.sandbox.model import Level, Limits, Observed, Result
from skillyard.skill.permissions import read_permissions


def show_task(task: RunTask) -> str:
    return orjson.dumps({**asdict(task), "permissions": task.permissions.show()}).decode()


def read_task(text: str) -> RunTask:
    found = orjson.loads(text)
    permissions, _ = read_permissions(found.pop("permissions"))
    limits = Limits(**found.pop("limits"))
    command, environment = tuple(found.pop("command")), tuple(found.pop("environment"))
    return RunTask(**found, command=command, environment=environment, permissions=permissions, limits=limits)


def show_result(result: Result) -> str:
    """Without stdout and stderr: these are rows of their own."""
    facts = asdict(result)
    del facts["stdout"], facts["stderr"]
    return orjson.dumps(facts).decode()


def read_result(text: str) -> Result:
    found = orjson.loads(text)
    observed = Observed(**{name: tuple(values) for name, values in found.pop("observed").items()})
    level = found.pop("level")
    parts, missing = tuple(level.pop("parts")), tuple(level.pop("missing"))
    limits_hit = tuple(found.pop("limits_hit"))
    return Result(
        **found,
        stdout=b"",
        stderr=b"",
        limits_hit=limits_hit,
        observed=observed,
        level=Level(**level, parts=parts, missing=missing),
    )
