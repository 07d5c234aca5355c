"""Who calls: with a key, or with any other token that may call integrations."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from skillyard.api.surface import CallerOf
from skillyard.domain.accounts.model import Caller

_bearer = HTTPBearer(
    scheme_name="apiKey",
    description="A key (`sk_…`), or a personal or access token that may call integrations.",
    auto_error=False,
)


def _signed_in(caller: CallerOf) -> Caller:
    caller.must("identify")
    return caller


SignedIn = Annotated[Caller, Depends(_signed_in)]


def signed_router(tag: str) -> APIRouter:
    """What they may do is asked by the operations; this documents that a key is needed."""
    return APIRouter(tags=[tag], dependencies=[Depends(_bearer)])
