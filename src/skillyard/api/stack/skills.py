"""Publish, find, change and take offline the skills that are invoked."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Query

from skillyard.api.foreign import SignedIn
from skillyard.api.stack.addresses import SKILL
from skillyard.api.stack.errors import BodyNotValid
from skillyard.api.stack.money import nvm_plan_of
from skillyard.api.stack.signed import signed_router
from skillyard.api.stack.wire import publishing
from skillyard.api.stack.wire import skills as wire
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.accounts import agents, claims
from skillyard.domain.accounts.claim import Level, check_trust_of
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market import offers, publish_offer, states
from skillyard.domain.market.model import Offer, OfferStatus
from skillyard.domain.registry.files import get_file
from skillyard.infra.errors import NotFound, PaymentRequired
from skillyard.skill.executable import ScriptStep
from skillyard.skill.names import SkillName

router = signed_router("skills")

Text = Annotated[str | None, Query(max_length=500)]


@router.post("/v1/skills", status_code=201, summary="Publish a skill")
def publish_skill(app: AppOf, caller: SignedIn, body: publishing.PublishBody) -> wire.SkillOnWire:
    """Below the caller's own namespace, as a release like any other: scanned, logged, with one digest everywhere."""
    spec = publishing.read_publish(body, namespace=caller.identity[1])
    if body.agent_id is not None:
        agents.get_agent(app, caller, agent_id=body.agent_id)
    return _shown(app, caller, publish_offer.publish_offer(app, caller, spec))


@router.get("/v1/skills", summary="Browse skills")
def browse_skills(
    app: AppOf,
    caller: SignedIn,
    search: Annotated[Text, Query(description="Words of name and description.")] = None,
    query: Annotated[Text, Query(description="The same, as the SDK calls it.")] = None,
    status: Literal["active", "suspended", "unlisted", "pending_review", "rejected", ""] = "",
    trust_level: Literal["L0", "L1", "L2", ""] = "",
    tags: Annotated[list[str] | None, Query(max_length=20, description="Repeated, or with commas between.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> list[wire.SkillOnWire]:
    """Those that can be invoked, the newest first. Others are found by those whose they are, by their status."""
    page = offers.browse_offers(
        app,
        caller,
        text=search or query or "",
        tags=[tag for listed in tags or () for tag in listed.split(",") if tag.strip()],
        trust_level=trust_level or None,
        status=OfferStatus(status or "active"),
        limit=limit,
        offset=offset,
    )
    return [wire.show_skill(offer) for offer in page.offers]


@router.get("/v1/skills/mine", summary="My published skills")
def list_own_skills(app: AppOf, caller: SignedIn) -> list[wire.SkillOnWire]:
    """In all namespaces that the caller maintains, whatever their status, the newest first."""
    return [wire.show_skill(offer) for offer in offers.list_my_offers(app, caller)]


@router.get("/v1/skills/pending-reviews", summary="Skills that wait for a review")
def list_pending_reviews(app: AppOf, caller: SignedIn) -> list[wire.SkillOnWire]:
    """For administrators."""
    return [wire.show_skill(offer) for offer in states.list_pending_reviews(app, caller)]


@router.get(SKILL, summary="One skill")
def get_skill(app: AppOf, caller: SignedIn, skill_id: str) -> wire.SkillOnWire:
    """With the scripts of its steps, for whoever may see them: of a sealed skill only those whose it is."""
    return _shown(app, caller, offers.get_offer(app, caller, offer_id=skill_id))


@router.patch(SKILL, summary="Change a skill")
def update_skill(app: AppOf, caller: SignedIn, skill_id: str, body: publishing.UpdateBody) -> wire.SkillOnWire:
    """What is left out stays as it is. A version or a schema makes a new release; the name is for good."""
    if body.name is not None and body.name != offers.get_offer(app, caller, offer_id=skill_id).slug:
        fault = {"code": "name_is_fixed", "message": "the name cannot be changed", "hint": "publish another skill"}
        raise BodyNotValid(faults=[fault], first=fault["message"])
    changes = publishing.read_update(body)
    return _shown(app, caller, publish_offer.update_offer(app, caller, offer_id=skill_id, changes=changes))


@router.post(f"{SKILL}/suspend", summary="Take a skill offline")
def suspend_skill(app: AppOf, caller: SignedIn, skill_id: str) -> wire.SkillOnWire:
    """For its maintainers. What was invoked before goes on."""
    return _shown(app, caller, states.suspend_offer(app, caller, offer_id=skill_id))


@router.post(f"{SKILL}/activate", summary="Bring a skill back")
def activate_skill(app: AppOf, caller: SignedIn, skill_id: str) -> wire.SkillOnWire:
    """For its maintainers. A review cannot be passed over."""
    return _shown(app, caller, states.activate_offer(app, caller, offer_id=skill_id))


@router.post(f"{SKILL}/approve", summary="Approve a skill")
def approve_skill(app: AppOf, caller: SignedIn, skill_id: str) -> wire.SkillOnWire:
    """For administrators. Also one that was rejected."""
    return _shown(app, caller, states.approve_offer(app, caller, offer_id=skill_id))


@router.post(f"{SKILL}/reject", summary="Reject a skill")
def reject_skill(app: AppOf, caller: SignedIn, skill_id: str, body: wire.RejectBody | None = None) -> wire.SkillOnWire:
    """For administrators. Its owner reads the reason, and publishes a release that answers it."""
    reason = (body.reason if body else None) or ""
    return _shown(app, caller, states.reject_offer(app, caller, offer_id=skill_id, reason=reason))


@router.post(f"{SKILL}/check-trust", summary="Would claims suffice?")
def check_trust(
    app: AppOf, caller: SignedIn, skill_id: str, body: wire.CheckTrustBody | None = None
) -> wire.TrustOnWire:
    """Of the claims in the body; without any, of those on record, which are what counts when it is invoked."""
    wanted = Level(offers.get_offer(app, caller, offer_id=skill_id).trust_level)
    said = body.assertions() if body else None
    if said is not None:
        return wire.show_trust(check_trust_of(said, wanted), is_stored=False)
    return wire.show_trust(claims.check_own_trust(app, caller, wanted=wanted), is_stored=True)


def _shown(app: App, caller: Caller, offer: Offer) -> wire.SkillOnWire:
    """With the scripts, where the caller may take the files of the release."""
    seen = offers.as_seen(caller, offer)
    scripts: dict[str, str] = {}
    for step in seen.executable.steps:
        if isinstance(step, ScriptStep):
            try:
                _, data = get_file(app, caller, name=SkillName.parse(offer.name), version=offer.version, path=step.file)
            except (NotFound, PaymentRequired):
                continue
            scripts[step.file] = data.decode("utf-8", "replace")
    return wire.show_skill(seen, scripts, nvm_plan_id=nvm_plan_of(app) if seen.price else None)
