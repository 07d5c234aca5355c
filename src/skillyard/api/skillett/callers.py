"""Who calls: with a key, or with any other token that may call integrations."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.security import HTTPBearer

from skillyard.api import foreign

_bearer = HTTPBearer(
    scheme_name="apiKey",
    description="A key (`sk_…`), or a personal or access token that may call integrations.",
    auto_error=False,
)


def signed_router(tag: str) -> APIRouter:
    return foreign.signed_router(tag, _bearer)
