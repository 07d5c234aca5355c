"""Scans, appeals and their answers, recalls."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from skillyard.api.native.answers import json_answer
from skillyard.api.native.wire import trust as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.registry import recall, review, scans
from skillyard.domain.registry.trust import AppealState
from skillyard.skill.names import SkillName

router = APIRouter(tags=["trust"])

_RELEASE = "/skills/{namespace}/{slug}/releases/{version}"


@router.get(f"{_RELEASE}/scan", summary="What the scan found in a release")
def get_scan(app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str) -> wire.ScanOnWire:
    """The report, the overrides in force, and the appeals."""
    return wire.show_scan(scans.get_scan(app, caller, name=SkillName(namespace, slug), version=version))


@router.post(f"{_RELEASE}/appeals", status_code=201, summary="Object to a finding")
def appeal_finding(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str, body: wire.AppealBody
) -> wire.AppealOnWire:
    """For maintainers, about a rule that keeps the release from being listed."""
    name = SkillName(namespace, slug)
    made = review.appeal(app, caller, name=name, version=version, rule=body.rule, reason=body.reason)
    return wire.show_appeal(made)


@router.get("/appeals", summary="The reviewers' queue")
def list_appeals(
    app: AppOf,
    caller: CallerOf,
    state: Annotated[AppealState, Query(description="`open` when left out.")] = "open",
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.AppealsPage:
    """For administrators. The oldest first."""
    return wire.show_appeals(review.list_appeals(app, caller, state=state, limit=limit, cursor=cursor))


@router.post("/appeals/{appeal_id}/accept", summary="Lift a finding")
def accept_appeal(app: AppOf, caller: CallerOf, appeal_id: str, body: wire.AcceptBody) -> wire.AcceptedOnWire:
    """For administrators. Makes a signed, logged override of the rule for these files, which expires."""
    answered, override = review.accept_appeal(app, caller, appeal_id=appeal_id, reason=body.reason, days=body.days)
    return wire.AcceptedOnWire(appeal=wire.show_appeal(answered), override=wire.show_override(override))


@router.post("/appeals/{appeal_id}/reject", summary="Uphold a finding")
def reject_appeal(app: AppOf, caller: CallerOf, appeal_id: str, body: wire.RejectBody) -> wire.AppealOnWire:
    """For administrators."""
    return wire.show_appeal(review.reject_appeal(app, caller, appeal_id=appeal_id, reason=body.reason))


@router.delete("/overrides/{override_id}", summary="End an override")
def end_override(app: AppOf, caller: CallerOf, override_id: str) -> wire.OverrideOnWire:
    """For administrators, before its time: the finding counts again."""
    return wire.show_override(review.end_override(app, caller, override_id=override_id))


@router.get("/advisories", summary="All recalls", response_model=wire.AdvisoriesPage)
def list_advisories(
    request: Request, app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None
) -> Response:
    """The oldest first, withdrawn ones too. Those of private skills only for members."""
    page = recall.list_advisories(app, caller, limit=limit, cursor=cursor)
    return json_answer(request, wire.show_advisories(page), is_open=caller.user_id is None)


@router.post("/skills/{namespace}/{slug}/advisories", status_code=201, summary="Recall releases")
def recall_releases(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, body: wire.RecallBody
) -> wire.AdvisoryOnWire:
    """For maintainers, and for administrators of the registry. Clients refuse them, also where they are installed."""
    advisory = recall.recall(
        app,
        caller,
        name=SkillName(namespace, slug),
        versions=body.versions,
        severity=body.severity,
        reason=body.reason,
        safe_version=body.safe_version,
    )
    return wire.show_advisory(advisory)


@router.delete("/advisories/{advisory_id}", summary="Withdraw a recall")
def withdraw_recall(app: AppOf, caller: CallerOf, advisory_id: str) -> wire.AdvisoryOnWire:
    """For maintainers of the skill, and for administrators."""
    return wire.show_advisory(recall.withdraw_recall(app, caller, advisory_id=advisory_id))


@router.get("/advisories/{advisory_id}/dependants", summary="Who is affected by a recall")
def list_dependants(app: AppOf, caller: CallerOf, advisory_id: str) -> wire.DependantsOnWire:
    """The releases on offer whose declared range admits a recalled version."""
    return wire.show_dependants(recall.list_dependants(app, caller, advisory_id=advisory_id))
