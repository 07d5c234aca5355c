"""New access tokens for refresh tokens, as clients with a credentials file ask for them (RFC 6749, section 6)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Response
from pydantic import BaseModel

from skillyard.api.surface import AppOf
from skillyard.domain.accounts.errors import RefreshTokenNotValid, RefreshTokenUsedBefore
from skillyard.domain.accounts.sessions import renew_session

router = APIRouter(tags=["auth"])


class Tokens(BaseModel):
    access_token: str
    refresh_token: str | None
    token_type: str = "Bearer"  # noqa: S105 (a kind)
    expires_in: int


class Refusal(BaseModel):
    error: str
    error_description: str


@router.post("/oauth/token", summary="Renew an access token")
@router.post("/v1/oauth/token", include_in_schema=False, name="renew_token_below_v1")
def renew_token(
    app: AppOf,
    response: Response,
    grant_type: Annotated[str, Form(max_length=100)],
    refresh_token: Annotated[str, Form(max_length=500)],
) -> Tokens | Refusal:
    """A refresh token works once: one that comes twice ends its session. Refusals are spelled as in section 5.2."""
    response.headers["cache-control"] = "no-store"
    if grant_type != "refresh_token":
        response.status_code = 400
        return Refusal(error="unsupported_grant_type", error_description="Only refresh_token is known here.")
    try:
        renewed = renew_session(app, refresh_token=refresh_token)
    except (RefreshTokenNotValid, RefreshTokenUsedBefore) as error:
        response.status_code = 400
        return Refusal(error="invalid_grant", error_description=error.message)
    expires_in = max(0, (renewed.expires_ms - app.clock.now_ms()) // 1000)
    return Tokens(access_token=renewed.access_token, refresh_token=renewed.refresh_token, expires_in=expires_in)
