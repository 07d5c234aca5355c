"""What happens to integrations that administrators add, as events, and what is told of adding one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillyard.domain.gateway.catalog.integration import Integration
from skillyard.infra.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """The integration as it is now, or would be, and what of its description could not be said."""

    integration: Integration
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationAdded(Event):
    """An administrator added an integration, or described it anew."""

    kind: ClassVar[str] = "integration.added"

    integration: str
    version: int
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IntegrationRemoved(Event):
    """Nobody can call it any more."""

    kind: ClassVar[str] = "integration.removed"

    integration: str
    by: str
