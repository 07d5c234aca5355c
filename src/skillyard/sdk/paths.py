"""Where things are in the native API, below /api/v1; and bodies without what is absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from skillyard.sdk.errors import UsageError, from_skill_error
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName


def skill_path(name: str) -> str:
    """Where a skill is in the API. Raises UsageError unless it is `namespace/slug`."""
    try:
        parsed = SkillName.parse(name)
    except SkillError as error:
        raise _usage(name, error) from error
    return f"/skills/{parsed.namespace}/{parsed.slug}"


def _usage(name: str, error: SkillError) -> UsageError:
    told = from_skill_error(error, code="bad_skill_name", message=f"{name!a} is no name of a skill.")
    return UsageError(told.message, code=told.code, hint=told.hint, faults=told.faults)


def release_path(name: str, version: str) -> str:
    return f"{skill_path(name)}/releases/{segment(version)}"


def deprecation_path(name: str, version: str | None) -> str:
    return f"{release_path(name, version) if version else skill_path(name)}/deprecation"


def channel_path(name: str, channel: str) -> str:
    return f"{skill_path(name)}/channels/{segment(channel)}"


def member_path(namespace: str, username: str) -> str:
    return f"/namespaces/{segment(namespace)}/members/{segment(username)}"


def segment(text: str) -> str:
    """One segment of an address: nothing in it can lead elsewhere."""
    if text in ("", ".", ".."):
        raise UsageError(f"{text!r} is no name.", code="bad_parameters", hint="give the name itself")
    return quote(text, safe="")


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """For bodies in which what is absent stays as it is."""
    return {name: value for name, value in values.items() if value is not None}
