"""What a project lets in: its budget of permissions, the least age of releases, and what to do about recalls.

All of it stands in skillyard.json, so that everybody who works on the project has the same:

    {"permissions": {"network": {"outbound": ["api.example.com"]}}, "policy": {"min_age": "3d", "recalled": "warn"}}
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skillyard.sdk.errors import SdkError, UsageError
from skillyard.sdk.project import MANIFEST, ProjectFile
from skillyard.skill.faults import Fault
from skillyard.skill.permissions import Permissions, read_permissions

if TYPE_CHECKING:
    from skillyard.sdk.run import Options

_UNITS_S = {"m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_AGE = re.compile(r"([0-9]{1,6})([mhdw])")
_KEYS = frozenset({"min_age", "recalled"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """`budget` is None when the project states none: then nothing is held to one."""

    budget: Permissions | None = None
    min_age_s: int = 0
    accept_flagged: bool = False
    allow_recalled: bool = False


def read_policy(manifest: ProjectFile, options: Options) -> Policy:
    """What skillyard.json says, and above it what the command line says. Raises SdkError with every fault."""
    faults: list[Fault] = []
    budget = manifest.other.get("permissions")
    permissions, found = read_permissions(budget, file=MANIFEST) if budget is not None else (None, [])
    stated = _read_stated(manifest.other.get("policy", {}), faults)
    if faults := [*found, *faults]:
        raise SdkError(f"{MANIFEST} cannot be used.", code="bad_project_file", hint=faults[0].hint, faults=faults)
    age = stated.get("min_age")
    return Policy(
        budget=permissions,
        min_age_s=options.min_age_s if options.min_age_s is not None else seconds_of(age) if age else 0,
        accept_flagged=options.accept_flagged,
        allow_recalled=options.allow_recalled or stated.get("recalled") == "warn",
    )


def seconds_of(age: str) -> int:
    """`90m`, `12h`, `3d` or `2w` in seconds; `0` is no time. Raises UsageError."""
    match = _AGE.fullmatch(age)
    if match is None and age != "0":
        raise UsageError(f"{age[:40]!a} is no age.", code="bad_age", hint="Write it as 90m, 12h, 3d or 2w.")
    return int(match[1]) * _UNITS_S[match[2]] if match else 0


def _read_stated(value: Any, faults: list[Fault]) -> dict[str, str]:
    if (
        not isinstance(value, dict)
        or not value.keys() <= _KEYS
        or not all(isinstance(one, str) for one in value.values())
    ):
        hint = 'write it as "policy": {"min_age": "3d", "recalled": "refuse"}'
        faults.append(Fault(code="bad_policy", message="policy is not what it can be", hint=hint, file=MANIFEST))
        return {}
    if value.get("recalled", "refuse") not in ("refuse", "warn"):
        message = f"policy.recalled is {value['recalled'][:40]!a}"
        faults.append(Fault(code="bad_policy", message=message, hint="write refuse or warn", file=MANIFEST))
    if "min_age" in value and value["min_age"] != "0" and not _AGE.fullmatch(value["min_age"]):
        message = f"policy.min_age is {value['min_age'][:40]!a}"
        faults.append(Fault(code="bad_policy", message=message, hint="write it as 90m, 12h, 3d or 2w", file=MANIFEST))
    return dict(value)
