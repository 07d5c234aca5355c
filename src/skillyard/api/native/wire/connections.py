"""Connections on the wire: secrets go in, and never come out."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, SecretStr

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.gateway.catalog.integration import WayKind
from skillyard.domain.gateway.connect.attempt import Attempt, AttemptStatus
from skillyard.domain.gateway.connect.clients import ClientShown
from skillyard.domain.gateway.connect.connection import (
    Connection,
    ConnectionStatus,
    ConnectionUse,
    Disconnected,
    Revoked,
)
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_NOW = "2026-11-21T07:00:00.000Z"
_CONNECTION = {
    "id": "conn_01k0000000000000000000000a",
    "integration": "github",
    "way": "oauth2",
    "label": "work",
    "account_id": "583231",
    "account": "octocat",
    "status": "connected",
    "scopes": ["repo"],
    "variables": {},
    "is_default": True,
    "created_at": _NOW,
    "connected_at": _NOW,
    "expires_at": None,
    "last_used_at": None,
}
_USE = {"why": "renewal", "at": _NOW}
_ATTEMPT = {
    "id": "attempt_01k0000000000000000000000a",
    "url": "https://skills.example/connect/attempt_01k0000000000000000000000a",
    "integration": "github",
    "status": "awaiting_user",
    "reason": "",
    "message": "",
    "account": "",
    "scopes": ["repo"],
    "connection_id": None,
    "created_at": _NOW,
    "expires_at": _NOW,
}
_CLIENT = {
    "integration": "github",
    "client_id": "Iv1.0123456789abcdef",
    "redirect_uri": "https://skills.example/connections/callback",
    "source": "stored",
    "set_by": "ada",
    "set_at": _NOW,
}

SecretText = Annotated[SecretStr, Field(json_schema_extra={"format": "password"})]
Variables = Annotated[dict[str, Text], Field(max_length=20, description="What fills in the address of the service.")]


class AddConnectionBody(BaseModel):
    model_config = example({"integration": "github", "secrets": {"secret": "ghp_…"}, "label": "work"}, closed=True)

    integration: Text
    secrets: Annotated[
        dict[Text, SecretText],
        Field(
            max_length=4,
            description="`secret` of a key; `username` and `password`; or `client_id` and `client_secret`, as the"
            " integration's ways say.",
        ),
    ]
    variables: Variables = {}
    label: Text = Field(default="", description="A name for yourself.")


class ConnectionOnWire(BaseModel):
    model_config = example(_CONNECTION)

    id: str
    integration: str
    way: WayKind
    label: str
    account_id: str = Field(description="How the service calls the account for ever.")
    account: str = Field(description="How people call it.")
    status: ConnectionStatus
    scopes: list[str]
    variables: dict[str, str]
    is_default: bool = Field(description="It is meant where no other is named.")
    created_at: Time
    connected_at: Time
    expires_at: Time | None = Field(description="When the present token ends; it is renewed before, where it can be.")
    last_used_at: Time | None


class Connections(BaseModel):
    model_config = example({"items": [_CONNECTION]})

    items: list[ConnectionOnWire]


class RemovedConnection(BaseModel):
    model_config = example({"removed": True, "revoked": "revoked", "why": "", "details": _CONNECTION})

    removed: bool = True
    revoked: Revoked = Field(description="Whether the service was told that its token is void.")
    why: str
    details: ConnectionOnWire


class ConnectionUseOnWire(BaseModel):
    model_config = example(_USE)

    why: str = Field(description="`identity`, `renewal` or `revocation`.")
    at: Time


class ConnectionUsesPage(BaseModel):
    model_config = example({"items": [_USE], "next_cursor": None})

    items: list[ConnectionUseOnWire]
    next_cursor: str | None


class StartAttemptBody(BaseModel):
    model_config = example({"integration": "github"}, closed=True)

    integration: Text
    variables: Variables = {}
    scopes: Annotated[list[Text], Field(max_length=50, description="What to ask for in place of the usual.")] = []
    label: Text = Field(default="", description="A name for yourself.")
    reconnect: Text | None = Field(default=None, description="A connection of yours that is to be connected again.")


class AttemptOnWire(BaseModel):
    model_config = example(_ATTEMPT)

    id: str
    url: str = Field(description="Where the person goes on, in their browser.")
    integration: str
    status: AttemptStatus
    reason: str = Field(description="A code, where nothing was connected.")
    message: str
    account: str = Field(description="Whose account it is, as soon as that is known.")
    scopes: list[str]
    connection_id: str | None
    created_at: Time
    expires_at: Time


class SetClientBody(BaseModel):
    model_config = example({"client_id": "Iv1.0123456789abcdef", "client_secret": "…"}, closed=True)

    client_id: Annotated[str, Field(max_length=2000)]
    client_secret: SecretText


class ClientOnWire(BaseModel):
    model_config = example(_CLIENT)

    integration: str
    client_id: str
    redirect_uri: str = Field(description="The redirect address to register there.")
    source: Literal["settings", "stored", "missing"]
    set_by: str
    set_at: Time | None


def show_connection(one: Connection) -> ConnectionOnWire:
    return ConnectionOnWire(
        id=one.id,
        integration=one.integration,
        way=one.way,
        label=one.label,
        account_id=one.account_id,
        account=one.account_label,
        status=one.status,
        scopes=list(one.scopes),
        variables=dict(one.variables),
        is_default=one.is_default,
        created_at=iso(one.created_ms),
        connected_at=iso(one.connected_ms),
        expires_at=_iso(one.expires_ms),
        last_used_at=_iso(one.last_used_ms),
    )


def show_removed(gone: Disconnected) -> RemovedConnection:
    return RemovedConnection(revoked=gone.revoked, why=gone.why, details=show_connection(gone.connection))


def show_uses(page: Page[ConnectionUse]) -> ConnectionUsesPage:
    items = [ConnectionUseOnWire(why=use.why, at=iso(use.at_ms)) for use in page.items]
    return ConnectionUsesPage(items=items, next_cursor=page.next_cursor)


def show_attempt(one: Attempt) -> AttemptOnWire:
    return AttemptOnWire(
        id=one.id,
        url=one.url,
        integration=one.integration,
        status=one.status,
        reason=one.reason,
        message=one.message,
        account=one.account_label,
        scopes=list(one.scopes),
        connection_id=one.connection_id,
        created_at=iso(one.created_ms),
        expires_at=iso(one.expires_ms),
    )


def show_client(one: ClientShown) -> ClientOnWire:
    return ClientOnWire(
        integration=one.integration,
        client_id=one.client_id,
        redirect_uri=one.redirect_uri,
        source=one.source,
        set_by=one.set_by,
        set_at=_iso(one.set_ms),
    )


def _iso(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)
