"""Pure decisions of collections: what they may be called, and hold."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict

from skillyard.domain.drive.collection_errors import CollectionNotAcceptable
from skillyard.skill.faults import Fault

MOST_SKILLS = 1000
MOST_DAYS = 3650
MOST_COUNTED = 10**9

_SHOWN_CHARS = 130
_HOW_TO_ADD = "add it with `skillyard drive import`, or let the collection include what teams have and others share"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def refuse(faults: Sequence[Fault]) -> None:
    """Raise CollectionNotAcceptable with all of them, if there are any."""
    if faults:
        more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
        raise CollectionNotAcceptable(faults=[asdict(one) for one in faults], first=faults[0].message, more=more)


def is_name(name: str) -> bool:
    """Whether there can be a collection of this name; what cannot be need not be looked up."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str | None) -> list[Fault]:
    """It stands in addresses: 1 to 64 letters, digits, dots, hyphens and underscores of ASCII."""
    if name is None or is_name(name):
        return []
    message = "the name is not 1 to 64 letters, digits, dots, hyphens and underscores"
    return [_fault("bad_collection_name", message, "begin with a letter or a digit, such as acme-user-42")]


def check_numbers(
    *, expires_in_days: int | None, monthly_quota: int | None, rate_per_minute: int | None
) -> list[Fault]:
    """0 is for no end, and no limit; None was not given."""
    bounds = (
        ("expires_in_days", expires_in_days, MOST_DAYS),
        ("monthly_quota", monthly_quota, MOST_COUNTED),
        ("rate_per_minute", rate_per_minute, MOST_COUNTED),
    )
    return [
        _fault("bad_number", f"{what} is {value}", f"choose 1 to {most}, or 0 for none")
        for what, value, most in bounds
        if value is not None and not 0 <= value <= most
    ]


def check_skills(wanted: Iterable[str], reached: Iterable[str]) -> list[Fault]:
    """Faults of a slice: each skill must come to its owner, in the ways that the collection includes."""
    named, known = sorted(set(wanted)), set(reached)
    if len(named) > MOST_SKILLS:
        return [_fault("too_many_skills", f"{len(named)} skills are named", f"name at most {MOST_SKILLS}")]
    return [
        _fault("skill_not_reached", f"{name[:_SHOWN_CHARS]} is not in your drive", _HOW_TO_ADD)
        for name in named
        if name not in known
    ]


def _fault(code: str, message: str, hint: str) -> Fault:
    return Fault(code=code, message=message, hint=hint)
