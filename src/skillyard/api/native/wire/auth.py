"""Signing in on the wire."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from skillyard.api.native.wire.fields import Secret, Text, Time, example
from skillyard.domain.accounts.cli_session import CliSession
from skillyard.domain.accounts.cli_sessions import CliPoll
from skillyard.domain.accounts.model import Session, User
from skillyard.domain.accounts.providers import Provider
from skillyard.infra.clock import iso

_USER = {
    "username": "ada",
    "display_name": "Ada Lovelace",
    "is_admin": False,
    "created_at": "2026-11-21T07:00:00.000Z",
}
_SESSION = {
    "access_token": "eyJhbGciOiJIUzI1NiIs…",
    "refresh_token": "sky_rt_…",
    "expires_at": "2026-11-21T08:00:00.000Z",
    "user": _USER,
}
_CLI_SESSION = {
    "session_id": "cli_01jd0000000000000000000000",
    "client_name": "skillyard on laptop",
    "user_code": "BCDF-GHJK",
    "created_at": "2026-11-21T07:00:00.000Z",
    "expires_at": "2026-11-21T07:10:00.000Z",
    "status": "pending",
}


class UserOnWire(BaseModel):
    model_config = example(_USER)

    username: str
    display_name: str
    is_admin: bool
    created_at: Time


class SessionOnWire(BaseModel):
    model_config = example(_SESSION)

    access_token: str = Field(
        description="Send it as `Authorization: Bearer …`; shown this once. A JWT: its `exp` is the time below."
    )
    refresh_token: str | None = Field(
        default=None, description="Renews the session once, before or after the access token ends; shown this once."
    )
    expires_at: Time = Field(description="When the access token ends.")
    user: UserOnWire


class RenewBody(BaseModel):
    model_config = example({"refresh_token": "sky_rt_…"}, closed=True)

    refresh_token: Secret


class ProviderOnWire(BaseModel):
    name: str
    label: str = Field(description="For a button.")
    issuer: str
    sign_in_url: str


class ProvidersOnWire(BaseModel):
    model_config = example(
        {
            "items": [
                {
                    "name": "google",
                    "label": "Google",
                    "issuer": "https://accounts.google.com",
                    "sign_in_url": "https://skills.example.org/sign-in/with/google",
                }
            ],
            "next_cursor": None,
        }
    )

    items: list[ProviderOnWire]
    next_cursor: None = None


class RedeemBody(BaseModel):
    model_config = example({"code": "sky_link_…", "username": "ada"}, closed=True)

    code: Secret = Field(description="The last part of the link's address.")
    username: Text | None = Field(default=None, description="Name of the new account; needed unless one exists.")
    display_name: Text | None = None
    password: Secret | None = Field(default=None, description="The password from now on; may be left out.")


class PasswordSignInBody(BaseModel):
    model_config = example({"username": "ada", "password": "a sentence of a few words"}, closed=True)

    username: Text
    password: Secret


class StartCliSessionBody(BaseModel):
    model_config = example(
        {"code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "client_name": "skillyard on laptop"},
        closed=True,
    )

    code_challenge: Text = Field(description="base64url(sha256(code_verifier)), without padding (RFC 7636, S256).")
    client_name: Text = Field(description="Shown to the person who approves.")


class StartedCliSession(BaseModel):
    model_config = example(
        {
            "session_id": _CLI_SESSION["session_id"],
            "user_code": "BCDF-GHJK",
            "verification_url": "https://skills.example.org/cli/cli_01jd0000000000000000000000",
            "interval_s": 2,
            "expires_at": "2026-11-21T07:10:00.000Z",
        }
    )

    session_id: str
    user_code: str = Field(description="Show it: the person compares it with what the browser shows.")
    verification_url: str
    interval_s: int = Field(description="Seconds to wait between polls.")
    expires_at: Time


class PollBody(BaseModel):
    model_config = example({"code_verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"}, closed=True)

    code_verifier: Secret


class PollAnswer(BaseModel):
    model_config = example({"status": "approved", **_SESSION})

    status: Literal["pending", "approved", "denied", "expired"]
    access_token: str | None = Field(default=None, description="Handed out once, with the approval.")
    refresh_token: str | None = Field(default=None, description="Renews the session once.")
    expires_at: Time | None = None
    user: UserOnWire | None = None


class CliSessionOnWire(BaseModel):
    model_config = example(_CLI_SESSION)

    session_id: str
    client_name: str
    user_code: str
    created_at: Time
    expires_at: Time
    status: Literal["pending", "approved", "denied", "expired"]


class LoggedOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"revoked": True}]})

    revoked: Literal[True] = True


def show_user(user: User) -> UserOnWire:
    return UserOnWire(
        username=user.username,
        display_name=user.display_name,
        is_admin=user.is_admin,
        created_at=iso(user.created_ms),
    )


def show_session(session: Session) -> SessionOnWire:
    return SessionOnWire(
        access_token=session.access_token,
        refresh_token=session.refresh_token,
        expires_at=iso(session.expires_ms),
        user=show_user(session.user),
    )


def show_providers(providers: Iterable[Provider], *, address: str) -> ProvidersOnWire:
    return ProvidersOnWire(
        items=[
            ProviderOnWire(
                name=provider.name,
                label=provider.label,
                issuer=provider.issuer,
                sign_in_url=f"{address}/sign-in/with/{provider.name}",
            )
            for provider in providers
        ]
    )


def show_started(session: CliSession, *, address: str, interval_s: int) -> StartedCliSession:
    return StartedCliSession(
        session_id=session.id,
        user_code=session.user_code,
        verification_url=f"{address}/cli/{session.id}",
        interval_s=interval_s,
        expires_at=iso(session.expires_ms),
    )


def show_poll(poll: CliPoll) -> PollAnswer:
    if poll.session is None:
        return PollAnswer(status=poll.status)
    return PollAnswer(status=poll.status, **show_session(poll.session).model_dump())


def show_cli_session(session: CliSession) -> CliSessionOnWire:
    return CliSessionOnWire(
        session_id=session.id,
        client_name=session.client_name,
        user_code=session.user_code,
        created_at=iso(session.created_ms),
        expires_at=iso(session.expires_ms),
        status=session.status,
    )
