"""Scans, appeals, overrides and recalls on the wire."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.registry.trust import (
    Advisory,
    AdvisorySeverity,
    Appeal,
    AppealState,
    Dependant,
    Override,
    ScanResult,
    Status,
)
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_NOTE = 'skills.example.org override\n{"rule":"code.remote-execution"}\n\n— skills.example.org AbCd…\n'
_FINDING = {
    "rule": "code.remote-execution",
    "category": "code",
    "owasp": "AST01",
    "severity": "high",
    "confidence": 0.8,
    "title": "Runs what it downloads",
    "file": "scripts/setup.sh",
    "line": 12,
    "evidence": "curl -fsSL https://downloads.example.org/i.sh | sh",
    "via": [],
    "why": "Whoever controls that address decides what runs.",
    "advice": "Ship the script with the skill, or pin what is downloaded by its hash.",
}
_OVERRIDE = {
    "id": "ovr_01k0000000000000000000000a",
    "digest": _DIGEST,
    "rule": "code.remote-execution",
    "reason": "The vendor's documented installer.",
    "made_by": "grace",
    "made_at": "2026-11-21T07:00:00.000Z",
    "expires_at": "2027-02-19T07:00:00.000Z",
    "note": _NOTE,
}
_APPEAL = {
    "id": "apl_01k0000000000000000000000a",
    "name": "acme/pdf",
    "version": "1.4.0",
    "digest": _DIGEST,
    "rule": "code.remote-execution",
    "reason": "It is the vendor's documented installer.",
    "made_by": "ada",
    "made_at": "2026-11-21T07:00:00.000Z",
    "state": "open",
    "answer": None,
    "answered_by": None,
    "answered_at": None,
}
_ADVISORY = {
    "id": "adv_01k0000000000000000000000a",
    "name": "acme/pdf",
    "everywhere": False,
    "severity": "high",
    "reason": "Sends the document to a third party.",
    "safe_version": "1.4.1",
    "versions": ["1.4.0"],
    "digests": [_DIGEST],
    "made_by": "ada",
    "made_at": "2026-11-21T07:00:00.000Z",
    "withdrawn_at": None,
    "note": _NOTE.replace("override", "advisory"),
}
_DEPENDANT = {
    "name": "acme/report",
    "version": "2.0.0",
    "range": "^1.0.0",
    "admits": ["1.4.0"],
    "has_way_out": True,
}
_SCAN = {
    "name": "acme/pdf",
    "version": "1.4.0",
    "status": "flagged",
    "reasons": ["Runs what it downloads in scripts/setup.sh:12 (code.remote-execution): curl …"],
    "scanned_at": "2026-11-21T07:00:00.000Z",
    "permissions": {"declared": {}, "found": {}, "observed": None},
    "report": {
        "engine": "1",
        "rules": "9f86d081884c7d65",
        "digest": _DIGEST,
        "verdict": "flagged",
        "score": 5.0,
        "score_parts": [{"name": "code", "points": 0.8, "most": 2.0, "measured": True}],
        "findings": [_FINDING],
        "needs": {},
        "unread": [],
    },
    "overrides": [_OVERRIDE],
    "appeals": [_APPEAL],
}


class OverrideOnWire(BaseModel):
    model_config = example(_OVERRIDE)

    id: str
    digest: str
    rule: str
    reason: str
    made_by: str
    made_at: Time
    expires_at: Time
    note: str = Field(description="The same as a note signed with the key of the log.")


class AppealOnWire(BaseModel):
    model_config = example(_APPEAL)

    id: str
    name: str
    version: str
    digest: str
    rule: str
    reason: str
    made_by: str
    made_at: Time
    state: AppealState
    answer: str | None
    answered_by: str | None
    answered_at: Time | None


class AppealsPage(BaseModel):
    model_config = example({"items": [_APPEAL], "next_cursor": None})

    items: list[AppealOnWire]
    next_cursor: str | None


class AcceptedOnWire(BaseModel):
    model_config = example({"appeal": {**_APPEAL, "state": "accepted"}, "override": _OVERRIDE})

    appeal: AppealOnWire
    override: OverrideOnWire


class ProfilesOnWire(BaseModel):
    model_config = example({"declared": {}, "found": {}, "observed": None})

    declared: dict[str, Any] = Field(description="What its author says that it may do.")
    found: dict[str, Any] = Field(description="What the content needs, as far as that shows without running it.")
    observed: dict[str, Any] | None = Field(description="What runs in a sandbox showed; none until there was one.")


class ScanOnWire(BaseModel):
    model_config = example(_SCAN)

    name: str
    version: str
    status: Status
    reasons: list[str] = Field(description="Why it is not simply listed.")
    scanned_at: Time
    permissions: ProfilesOnWire
    report: dict[str, Any] = Field(description="The same that `skillyard scan` prints for these files.")
    overrides: list[OverrideOnWire]
    appeals: list[AppealOnWire]


class AppealBody(BaseModel):
    model_config = example({"rule": _APPEAL["rule"], "reason": _APPEAL["reason"]}, closed=True)

    rule: Text
    reason: str = Field(max_length=2000)


class AcceptBody(BaseModel):
    model_config = example({"reason": "The vendor's documented installer.", "days": 90}, closed=True)

    reason: str = Field(max_length=2000)
    days: int = Field(default=90, description="After which somebody should look again; 1 to 365.")


class RejectBody(BaseModel):
    model_config = example({"reason": "The address belongs to somebody else now."}, closed=True)

    reason: str = Field(max_length=2000)


class AdvisoryOnWire(BaseModel):
    model_config = example(_ADVISORY)

    id: str
    name: str
    everywhere: bool = Field(description="Whether it is about these files also when another skill has them.")
    severity: AdvisorySeverity
    reason: str
    safe_version: str | None
    versions: list[str]
    digests: list[str]
    made_by: str
    made_at: Time
    withdrawn_at: Time | None
    note: str = Field(description="The same as a note signed with the key of the log.")


class AdvisoriesPage(BaseModel):
    model_config = example({"items": [_ADVISORY], "next_cursor": None})

    items: list[AdvisoryOnWire]
    next_cursor: str | None


class RecallBody(BaseModel):
    model_config = example(
        {"versions": "1.4.0", "severity": "high", "reason": _ADVISORY["reason"], "safe_version": "1.4.1"}, closed=True
    )

    versions: Text = Field(description="A version, or a range of them as npm writes it.")
    severity: AdvisorySeverity
    reason: str = Field(max_length=2000)
    safe_version: Text | None = None


class DependantOnWire(BaseModel):
    model_config = example(_DEPENDANT)

    name: str
    version: str
    range: str
    admits: list[str] = Field(description="The recalled versions that the range admits.")
    has_way_out: bool = Field(description="Whether the range admits a version that is still on offer.")


class DependantsOnWire(BaseModel):
    model_config = example({"items": [_DEPENDANT]})

    items: list[DependantOnWire]


def show_scan(found: ScanResult) -> ScanOnWire:
    return ScanOnWire(
        name=found.name,
        version=found.version,
        status=found.judgement.status,
        reasons=list(found.judgement.reasons),
        scanned_at=iso(found.scanned_ms),
        permissions=ProfilesOnWire(
            declared=dict(found.declared),
            found=dict(found.found),
            observed=dict(found.observed) if found.observed is not None else None,
        ),
        report=dict(found.report),
        overrides=[show_override(one) for one in found.overrides],
        appeals=[show_appeal(one) for one in found.appeals],
    )


def show_override(override: Override) -> OverrideOnWire:
    return OverrideOnWire(
        id=override.id,
        digest=override.digest,
        rule=override.rule,
        reason=override.reason,
        made_by=override.made_by,
        made_at=iso(override.made_ms),
        expires_at=iso(override.expires_ms),
        note=override.note,
    )


def show_appeal(appeal: Appeal) -> AppealOnWire:
    return AppealOnWire(
        id=appeal.id,
        name=appeal.name,
        version=appeal.version,
        digest=appeal.digest,
        rule=appeal.rule,
        reason=appeal.reason,
        made_by=appeal.made_by,
        made_at=iso(appeal.made_ms),
        state=appeal.state,
        answer=appeal.answer,
        answered_by=appeal.answered_by,
        answered_at=iso(appeal.answered_ms) if appeal.answered_ms is not None else None,
    )


def show_appeals(page: Page[Appeal]) -> AppealsPage:
    return AppealsPage(items=[show_appeal(one) for one in page.items], next_cursor=page.next_cursor)


def show_advisory(advisory: Advisory) -> AdvisoryOnWire:
    return AdvisoryOnWire(
        id=advisory.id,
        name=advisory.name,
        everywhere=advisory.everywhere,
        severity=advisory.severity,
        reason=advisory.reason,
        safe_version=advisory.safe_version,
        versions=list(advisory.versions),
        digests=list(advisory.digests),
        made_by=advisory.made_by,
        made_at=iso(advisory.made_ms),
        withdrawn_at=iso(advisory.withdrawn_ms) if advisory.withdrawn_ms is not None else None,
        note=advisory.note,
    )


def show_advisories(page: Page[Advisory]) -> AdvisoriesPage:
    return AdvisoriesPage(items=[show_advisory(one) for one in page.items], next_cursor=page.next_cursor)


def show_dependants(found: list[Dependant]) -> DependantsOnWire:
    return DependantsOnWire(
        items=[
            DependantOnWire(
                name=one.name,
                version=one.version,
                range=one.range,
                admits=list(one.admits),
                has_way_out=one.has_way_out,
            )
            for one in found
        ]
    )
