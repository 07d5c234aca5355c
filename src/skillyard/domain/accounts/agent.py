"""The nouns of agents: programs that act for a person, with keys of their own; and what happens to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from skillyard.infra.events import Event

AgentStatus = Literal["active", "suspended"]
Option = str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """`status`: its owner's choice; `blocked_ms`, `blocked_reason`: an administrator's. `options`: what its owner noted
    about it for other software, kept as it is and not acted upon."""

    id: str
    user_id: str
    name: str
    description: str
    status: AgentStatus
    options: Mapping[str, Option] = field(default_factory=dict)
    blocked_ms: int | None = None
    blocked_reason: str | None = None
    created_ms: int
    updated_ms: int

    @property
    def may_act(self) -> bool:
        return self.status == "active" and self.blocked_ms is None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKey:
    """`public_key`: Ed25519 in base64url. `expires_ms`: the end of the token with which it was enrolled, if that was a
    personal one."""

    id: str
    agent_id: str
    public_key: str
    enrolled_ms: int
    expires_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A text to sign with the key that is to be enrolled."""

    id: str
    agent_id: str
    challenge: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRegistered(Event):
    """Somebody has a program act for them."""

    kind: ClassVar[str] = "agent.registered"

    agent_id: str
    username: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged(Event):
    """An agent was suspended, activated, blocked or unblocked; `change` says which."""

    kind: ClassVar[str] = "agent.changed"

    agent_id: str
    change: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRemoved(Event):
    """An agent is gone, with its keys."""

    kind: ClassVar[str] = "agent.removed"

    agent_id: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKeyEnrolled(Event):
    """An agent can sign in with a key of its own."""

    kind: ClassVar[str] = "agent.key_enrolled"

    agent_id: str
    key_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentKeyRemoved(Event):
    """An agent's key is void."""

    kind: ClassVar[str] = "agent.key_removed"

    agent_id: str
    key_id: str
    by: str
