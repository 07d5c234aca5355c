"""Signing in, tokens, namespaces and people."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.skilldock.paging import PageOnWire
from skillyard.domain.accounts.cli_session import CliSession
from skillyard.domain.accounts.model import Namespace, Token
from skillyard.infra.clock import iso

Word = Annotated[str, StringConstraints(max_length=100)]


class StartedSignIn(BaseModel):
    session_id: str = Field(description="The client's secret: whoever polls with it gets the token.")
    auth_url: str
    expires_in: int
    poll_interval_s: int


class SignIn(BaseModel):
    status: Literal["pending", "approved", "denied", "expired"]
    access_token: str | None = None
    expires_in: int | None = None


class CreateTokenBody(BaseModel):
    scopes: Annotated[list[Word], Field(max_length=20)] | None = None
    expires_in_days: int | None = None
    name: Word | None = None


class TokenOnWire(BaseModel):
    id: str
    name: str
    token_prefix: str
    scopes: list[str]
    created_at: str
    expires_at: str
    revoked_at: str | None
    last_used_at: str | None


class CreatedToken(BaseModel):
    token: str = Field(description="Shown now and never again.")
    token_meta: TokenOnWire


class RevokedToken(BaseModel):
    token: TokenOnWire


class TokensPage(PageOnWire):
    items: list[TokenOnWire]


class CreateNamespaceBody(BaseModel):
    slug: Word
    kind: Literal["org"] = "org"


class NamespaceOnWire(BaseModel):
    slug: str
    kind: Literal["org", "personal"]
    role: str | None
    display_name: str
    created_at: str
    verified_at: str | None = None


class CreatedNamespace(BaseModel):
    namespace: NamespaceOnWire
    notes: list[str]


class NamespacesPage(PageOnWire):
    items: list[NamespaceOnWire]


class UserOnWire(BaseModel):
    id: str
    display_name: str
    google_picture: str = ""


def show_started(session: CliSession, session_id: str, auth_url: str, *, poll_interval_s: int) -> StartedSignIn:
    """`session_id`: what the client polls with."""
    life_s = (session.expires_ms - session.created_ms) // 1000
    return StartedSignIn(session_id=session_id, auth_url=auth_url, expires_in=life_s, poll_interval_s=poll_interval_s)


def show_token(token: Token) -> TokenOnWire:
    return TokenOnWire(
        id=token.id,
        name=token.name,
        token_prefix=token.prefix,
        scopes=sorted(token.scopes),
        created_at=iso(token.created_ms),
        expires_at=iso(token.expires_ms),
        revoked_at=_time(token.revoked_ms),
        last_used_at=_time(token.last_used_ms),
    )


def show_namespace(namespace: Namespace) -> NamespaceOnWire:
    return NamespaceOnWire(
        slug=namespace.slug,
        kind="personal" if namespace.kind == "personal" else "org",
        role=namespace.role.value if namespace.role else None,
        display_name=namespace.display_name,
        created_at=iso(namespace.created_ms),
    )


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)
