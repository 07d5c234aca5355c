"""Who calls: every route of STACK's API is for somebody who is signed in, in whichever way."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from skillyard.api.surface import CallerOf
from skillyard.domain.accounts.model import Caller

_bearer = HTTPBearer(
    scheme_name="bearer",
    description="A personal token, an access token, or what an agent has signed for this one request.",
    auto_error=False,
)


def _signed_in(caller: CallerOf) -> Caller:
    caller.must("identify")
    return caller


SignedIn = Annotated[Caller, Depends(_signed_in)]


def signed_router(tag: str) -> APIRouter:
    """What they may do is asked by the operations; this documents that a token is needed."""
    return APIRouter(tags=[tag], dependencies=[Depends(_bearer)])
