"""What the gateway knows of people's accounts elsewhere, and what happens to them. No secret is in any of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

from skillyard.domain.gateway.catalog.integration import WayKind
from skillyard.infra.events import Event

ConnectionStatus = Literal["connected", "reconnect_required"]
Revoked = Literal["revoked", "not_possible", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """Somebody's account at a service. `account_id` is how the service calls it for ever, `account_label` how people
    do; `label` is its owner's own name for it. `variables` fill in the address of the service. `expires_ms`: the end of
    the present token, None when it says none. `is_default`: it is meant where no other is named.
    """

    id: str
    owner_id: str
    integration: str
    way: WayKind
    label: str
    account_id: str
    account_label: str
    status: ConnectionStatus
    scopes: tuple[str, ...]
    variables: Mapping[str, str]
    is_default: bool
    created_ms: int
    connected_ms: int
    expires_ms: int | None = None
    last_used_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionUse:
    """We ourselves used it once, for `why`: identity, renewal or revocation. Calls are in the list of calls."""

    id: int
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """`revoked`: whether the service was told that its token is void; if not, `why`."""

    connection: Connection
    revoked: Revoked
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionMade(Event):
    """Somebody connected an account of theirs, or connected it again; `how`: oauth2, api_key, basic or
    client_credentials."""

    kind: ClassVar[str] = "connection.made"

    connection_id: str
    owner_id: str
    integration: str
    account: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLost(Event):
    """The registry can no longer act for an account; `why`: disconnected (by its owner), reconnect_required (the
    service takes its token no longer), or integration_moved (it leads to hosts to which its key was not given)."""

    kind: ClassVar[str] = "connection.lost"

    connection_id: str
    owner_id: str
    integration: str
    account: str
    why: str
