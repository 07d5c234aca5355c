"""What a new version may newly do, by how far it raises the number: so that nobody gets more by an update than they
agreed to when they chose the range.
"""

from __future__ import annotations

import re
from typing import Literal

from skillyard.skill.faults import Fault
from skillyard.skill.permissions import Grant, Permissions, added
from skillyard.skill.versions import Version

Bump = Literal["patch", "minor", "major"]
_SECRET_VARIABLE = re.compile(r"(?i)key|token|secret|passw|credential|auth|private|cookie|session|dsn|_url$|_pat$")


def bump_between(old: Version, new: Version) -> Bump:
    """The first of the three numbers in which `new`, the higher one, differs; a prerelease and its release: patch."""
    (old_major, old_minor, *_), (new_major, new_minor, *_) = old.key, new.key
    if old_major != new_major:
        return "major"
    return "minor" if old_minor != new_minor else "patch"


def is_harmless(grant: Grant) -> bool:
    """Reading a path of the project, or a variable that is no secret by its name: what a minor version may add."""
    if grant.kind == "filesystem_read":
        return not grant.value.startswith("~")
    return grant.kind == "environment" and not _SECRET_VARIABLE.search(grant.value)


def check_escalation(old_version: str, old: Permissions, new_version: str, new: Permissions) -> list[Fault]:
    """Faults of a release that may do more than its number allows, compared with the highest lower version.

    A patch may add nothing, a minor version what is harmless, a major one everything.
    """
    bump = bump_between(Version.parse(old_version), Version.parse(new_version))
    if bump == "major":
        return []
    return [
        Fault(
            code="permission_escalation",
            message=f"{new_version} would newly {grant.text}: {old_version} may not, and it is a {bump} version",
            hint=f"Publish it as {_allowed(old_version, grant)}, or leave the permission out.",
        )
        for grant in added(old, new)
        if bump == "patch" or not is_harmless(grant)
    ]


def _allowed(old_version: str, grant: Grant) -> str:
    major, minor, *_ = Version.parse(old_version).key
    return f"{major}.{minor + 1}.0" if is_harmless(grant) else f"{major + 1}.0.0"
