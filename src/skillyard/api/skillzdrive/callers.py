"""Who calls: with an API key, or on a few routes without one, so many times a minute."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.security import HTTPBearer

from skillyard.api.skillzdrive.errors import TooManyWithoutKey
from skillyard.api.surface import AddressOf, AppOf, caller_of
from skillyard.domain.accounts.model import Caller

_WINDOW_S = 60
_bearer = HTTPBearer(
    scheme_name="apiKey",
    description="The key of a collection (`sk_live_…`), or a personal or access token.",
    auto_error=False,
)


def _caller(request: Request) -> Caller:
    """Whoever called a tool was asked for the key before, which counts once."""
    known: Caller | None = request.scope["state"].get("caller")
    return caller_of(request) if known is None else known


CallerOf = Annotated[Caller, Depends(_caller)]


def _signed_in(caller: CallerOf) -> Caller:
    caller.must("identify")
    return caller


def _anyone(
    app: AppOf,
    caller: CallerOf,
    address: AddressOf,
    x_skillzdrive_install_id: Annotated[str | None, Header(description="Of whoever has no key.")] = None,  # noqa: ARG001
) -> Caller:
    """The install id changes nothing: whoever wants more than is allowed could make up another one."""
    if caller.user_id is None:
        limit = app.settings.skillzdrive_anonymous_per_minute
        verdict = app.limiter.check(f"skillzdrive {address}", limit, _WINDOW_S)
        if not verdict.allowed:
            raise TooManyWithoutKey(limit=limit, retry_after_s=verdict.reset_s)
    return caller


SignedIn = Annotated[Caller, Depends(_signed_in)]
Anyone = Annotated[Caller, Depends(_anyone)]


def signed_router(tag: str) -> APIRouter:
    """What they may do is asked by the operations; this documents that a key is needed."""
    return APIRouter(tags=[tag], dependencies=[Depends(_bearer)])
