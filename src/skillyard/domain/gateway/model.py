"""What the gateway knows of a credential. The secret itself is in none of these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillyard.infra.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """Somebody's secret for a service. `for_scripts`: scripts of skills that they invoke may be handed it, too."""

    id: str
    owner_id: str
    provider: str
    label: str
    for_scripts: bool
    created_ms: int
    last_used_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialUse:
    """It was opened once; `why`: the invocation that needed it."""

    id: int
    why: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialAdded(Event):
    """Somebody stored a credential, in place of an older one for the same service, if any."""

    kind: ClassVar[str] = "credential.added"

    credential_id: str
    username: str
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialRemoved(Event):
    """Somebody removed a credential; its key is destroyed."""

    kind: ClassVar[str] = "credential.removed"

    credential_id: str
    username: str
    provider: str
