"""Consent to what skills call: what a release needs, what was granted of it, and what changed since."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Query

from skillyard.api.call_threads import in_call_thread
from skillyard.api.native.wire import grants as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.gateway.consent import grants, local_runs, needs
from skillyard.skill.names import SkillName

router = APIRouter(tags=["grants"])


@router.get("/grants", summary="What I granted")
def list_grants(
    app: AppOf,
    caller: CallerOf,
    skill: Annotated[str | None, Query(max_length=200, description="Only to this one, `namespace/slug`.")] = None,
    limit: Limit = 30,
    cursor: Cursor = None,
) -> wire.GrantsPage:
    """The newest first, also those whose time is over; none that was revoked."""
    name = SkillName.parse(skill) if skill is not None else None
    page = grants.list_grants(app, caller, name=name, limit=limit, cursor=cursor)
    return wire.show_page(page, now_ms=app.clock.now_ms())


@router.post("/grants", status_code=201, summary="Grant a skill something")
def give_grant(app: AppOf, caller: CallerOf, body: wire.GiveGrantBody) -> wire.GrantOnWire:
    """To exactly the content that this version has. Takes the place of what you granted the same content before."""
    given = grants.give(
        app,
        caller,
        name=SkillName.parse(body.skill),
        version=body.version,
        action=body.action,
        limits=body.limits,
        connection=body.connection,
        lasts_s=body.expires_in_s,
        expected_digest=body.digest,
    )
    return wire.show_grant(given, now_ms=app.clock.now_ms())


@router.post("/grants/approvals", status_code=201, summary="Approve a new version")
def approve_grants(app: AppOf, caller: CallerOf, body: wire.ApproveBody) -> wire.Grants:
    """All that you granted to other contents of the skill, with the same limits, accounts and ends; nothing more."""
    renewed = grants.approve(
        app, caller, name=SkillName.parse(body.skill), version=body.version, expected_digest=body.digest
    )
    return wire.show_grants(renewed, now_ms=app.clock.now_ms())


@router.delete("/grants/{grant_id}", summary="Take a grant back")
def revoke_grant(app: AppOf, caller: CallerOf, grant_id: str) -> wire.RevokedGrant:
    """Counts at once, also for runs that are under way."""
    gone = grants.revoke(app, caller, grant_id=grant_id)
    return wire.RevokedGrant(details=wire.show_grant(gone, now_ms=app.clock.now_ms()))


@router.post("/skills/{namespace}/{slug}/releases/{version}/gateway", summary="Call as a skill that I run myself")
async def ask_gateway(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, version: str, body: wire.AskGatewayBody
) -> wire.GatewayAnswer:
    """What a program of the release gets, in the sandbox of `skillyard run --local`, for what it asks of the gateway:
    with the same consent as in a run here.
    """
    ask = partial(
        local_runs.answer_for, app, caller, name=SkillName(namespace, slug), version=version, digest=body.digest,
        method=body.method, path=body.path, body=body.body,
    )  # fmt: skip
    said = await in_call_thread(app, ask)
    return wire.GatewayAnswer(status=said.status, body=said.body)


@router.get("/skills/{namespace}/{slug}/needs", summary="What a release calls")
def find_needs(
    app: AppOf,
    caller: CallerOf,
    namespace: str,
    slug: str,
    version: Annotated[str | None, Query(max_length=200, description="Or a channel; the newest one.")] = None,
) -> wire.NeedsOnWire:
    """All that it declares, what of it you granted, and how its content differs from what you granted it to."""
    found = needs.find_needs(app, caller, name=SkillName(namespace, slug), version=version)
    return wire.show_needs(found, address=app.settings.address, now_ms=app.clock.now_ms())
