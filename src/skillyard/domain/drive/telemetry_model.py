"""What copies of the command line report, what of it is believed, and the event that others count by."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal, get_args

from skillyard.infra.errors import Conflict, Invalid, TooMany
from skillyard.infra.events import Event
from skillyard.skill.names import SkillName

TelemetryKind = Literal["install", "sync", "update", "audit", "scan", "init_defaults", "login"]
MOST_SKILLS = 200
_MOST_WORDS = 20
_MOST_COUNT = 2**53
_WORD = re.compile(r"[\w./+-]{1,50}", re.ASCII)


class TelemetryNotValid(Invalid):
    code = "telemetry_not_valid"
    text = "The report is not valid: {why}."
    hint = "Compare it with the reference; nothing depends on reports, and `skillyard telemetry off` ends them."


class TelemetryTooOften(TooMany):
    code = "telemetry_too_often"
    text = "Too many reports: {limit} per minute are taken from one address."
    hint = "Nothing is lost by that; wait {retry_after_s} seconds."


class InstallAdopted(Conflict):
    code = "install_adopted"
    text = "This install was adopted by another account."
    hint = "Forget it on this machine: `skillyard telemetry off`, then `skillyard telemetry on` makes another one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Something that a command did. `skills` are only names; `counts`: how many of what."""

    install_id: str
    kind: TelemetryKind
    cli_version: str = ""
    os: str = ""
    skills: tuple[SkillName, ...] = ()
    sources: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Install:
    install_id: str
    user_id: str | None
    is_counted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """`events`: how many reports of the install are now those of the account."""

    install_id: str
    events: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillsInstalled(Event):
    """Public skills were put on a machine; `who`: the account, or a hash of the install without one."""

    kind: ClassVar[str] = "skills.installed"

    names: tuple[str, ...]
    who: str


def check_report(report: Report) -> Report:
    """The report with its install id in the one spelling. Raises TelemetryNotValid."""
    words = [word for word in (report.cli_version, report.os, *report.sources, *report.counts) if word]
    if report.kind not in get_args(TelemetryKind):
        raise TelemetryNotValid(why="there is no such event")
    if not all(_WORD.fullmatch(word) for word in words):
        raise TelemetryNotValid(why="versions, systems, sources and counts are short words")
    if max(len(report.sources), len(report.counts)) > _MOST_WORDS or len(report.skills) > MOST_SKILLS:
        raise TelemetryNotValid(why=f"it names more than {MOST_SKILLS} skills, or {_MOST_WORDS} sources or counts")
    if not all(abs(count) <= _MOST_COUNT for count in report.counts.values()):
        raise TelemetryNotValid(why="a count is too large")
    return replace(report, install_id=check_install_id(report.install_id))


def check_install_id(text: str) -> str:
    """A random UUID (version 4) in its usual spelling. Raises TelemetryNotValid."""
    try:
        parsed = uuid.UUID(text) if len(text) == 36 and text.isascii() else None
    except ValueError:
        parsed = None
    if parsed is None or parsed.version != 4:
        raise TelemetryNotValid(why="the install id is not a random UUID (version 4)")
    return str(parsed)
