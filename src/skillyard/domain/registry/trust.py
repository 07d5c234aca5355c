"""The nouns of trust: what a scan said of a release, who objected, who decided, what was recalled; and its events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Literal

from skillyard.infra.events import Event

AppealState = Literal["open", "accepted", "rejected"]


class Status(StrEnum):
    """Listed: for everybody. Flagged: installed only with consent. Quarantined: not handed out. Recalled: withdrawn
    for a danger, also where it is installed.
    """

    LISTED = "listed"
    FLAGGED = "flagged"
    QUARANTINED = "quarantined"
    RECALLED = "recalled"

    @property
    def is_offered(self) -> bool:
        """Whether somebody who has not locked it may come to it."""
        return self in (Status.LISTED, Status.FLAGGED)


class AdvisorySeverity(StrEnum):
    """How dangerous it is to go on with a recalled release."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What is decided of a release now: its status, and for people why it is not simply listed."""

    status: Status
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """A reviewer's word that a rule is mistaken about one tree of files. `note`: the same, signed by the registry."""

    id: str
    digest: str
    rule: str
    reason: str
    made_by: str
    made_ms: int
    expires_ms: int
    note: str
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """A publisher's objection to what a rule found in a release, and the answer to it."""

    id: str
    release_id: str
    name: str
    version: str
    digest: str
    rule: str
    reason: str
    made_by: str
    made_ms: int
    state: AppealState
    answer: str | None = None
    answered_by: str | None = None
    answered_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanResult:
    """`report` is what `skill.scan.report.Report.show` returned; `judgement` what follows with `overrides`.

    `declared`, `found` and `observed` are profiles of permissions: what its author says, what the content needs, and
    what runs in a sandbox showed; None as long as there were none.
    """

    name: str
    version: str
    report: Mapping[str, Any]
    declared: Mapping[str, Any]
    found: Mapping[str, Any]
    observed: Mapping[str, Any] | None
    scanned_ms: int
    judgement: Judgement
    overrides: tuple[Override, ...]
    appeals: tuple[Appeal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advisory:
    """A recall: trees of files that must not be used any more. `everywhere`: whatever skill they are published as.
    `note`: the same, signed by the registry.
    """

    id: str
    name: str
    everywhere: bool
    severity: AdvisorySeverity
    reason: str
    safe_version: str | None
    versions: tuple[str, ...]
    digests: tuple[str, ...]
    made_by: str
    made_ms: int
    note: str
    withdrawn_ms: int | None = None

    def concerns(self, name: str) -> bool:
        """Whether it is about these files also when they are the skill `name`."""
        return self.everywhere or self.name == name


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependant:
    """A release whose declared range admits a recalled version; `has_way_out`: it admits one that is offered, too."""

    name: str
    version: str
    range: str
    admits: tuple[str, ...]
    has_way_out: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusChanged(Event):
    """A release was listed, flagged, quarantined or recalled by something that came after its publication."""

    kind: ClassVar[str] = "release.status_changed"

    name: str
    version: str
    status: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealMade(Event):
    """A publisher objected to a finding."""

    kind: ClassVar[str] = "appeal.made"

    name: str
    version: str
    rule: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppealAnswered(Event):
    """A reviewer accepted or rejected an objection."""

    kind: ClassVar[str] = "appeal.answered"

    name: str
    version: str
    rule: str
    state: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryPublished(Event):
    """Releases were recalled."""

    kind: ClassVar[str] = "advisory.published"

    id: str
    name: str
    versions: tuple[str, ...]
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AdvisoryWithdrawn(Event):
    """A recall was taken back."""

    kind: ClassVar[str] = "advisory.withdrawn"

    id: str
    name: str
    by: str
