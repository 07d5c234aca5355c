"""The noun of invitations to a namespace, and what happens to them as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillyard.domain.accounts.rights import Role
from skillyard.infra.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """`username` may become a member with this role until it expires; until then it gives them no right at all."""

    namespace: str
    username: str
    role: Role
    invited_by: str
    created_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberInvited(Event):
    """Somebody may become a member of a namespace."""

    kind: ClassVar[str] = "member.invited"

    namespace: str
    username: str
    role: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationEnded(Event):
    """`how`: accepted, declined or revoked."""

    kind: ClassVar[str] = "member.invitation_ended"

    namespace: str
    username: str
    how: str
    by: str
