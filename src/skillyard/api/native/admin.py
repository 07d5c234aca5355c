"""For administrators of the registry."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from skillyard.api.native.wire import admin as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.accounts import links, people
from skillyard.infra.telemetry import metrics

router = APIRouter(tags=["admin"])


@router.post("/admin/sign-in-links", status_code=201, summary="Make a one-time sign-in link")
def create_sign_in_link(app: AppOf, caller: CallerOf, body: wire.CreateSignInLinkBody) -> wire.SignInLinkOnWire:
    """For an existing account, or an invitation for a new one. Good once, for 24 hours."""
    return wire.show_link(links.create_sign_in_link(app, caller, username=body.username))


@router.put("/admin/users/{username}/suspension", summary="Lock somebody out")
def suspend_user(app: AppOf, caller: CallerOf, username: str) -> wire.AccountState:
    """Refuses all of their tokens, links and passwords at once."""
    return wire.show_account_state(people.suspend_user(app, caller, username=username))


@router.delete("/admin/users/{username}/suspension", summary="Let somebody in again")
def restore_user(app: AppOf, caller: CallerOf, username: str) -> wire.AccountState:
    """Tokens that have not expired work again."""
    return wire.show_account_state(people.restore_user(app, caller, username=username))


@router.get("/admin/metrics", summary="Show this node's counters", response_class=PlainTextResponse)
def get_metrics(caller: CallerOf) -> str:
    """In Prometheus' text format; its scraper sends an administrator's token with the scope admin."""
    caller.must("administer")
    return metrics()
