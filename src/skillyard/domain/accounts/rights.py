"""The one table of rights: what each needs of a role in the namespace, of the token's scope, of the person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal


class Role(StrEnum):
    """What a member is in a namespace."""

    READER = "reader"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class Scope(StrEnum):
    """What a token may be used for."""

    READ = "read"
    PUBLISH = "publish"
    MANAGE = "manage"
    RUN = "run"
    CALL = "call"
    ADMIN = "admin"


FULL = frozenset({Scope.READ, Scope.PUBLISH, Scope.MANAGE})
"""All that people may who administer nothing; managing includes running and calling."""

SLICE_SCOPES = frozenset({Scope.READ, Scope.RUN})
"""All that a key may be used for which sees some skills only."""


KEY_SCOPES = frozenset({Scope.CALL})
"""All that a key for integrations may be used for: one that is stolen calls and connects, and does nothing else."""


def includes(scopes: Collection[Scope], wanted: Scope) -> bool:
    return wanted in scopes or (wanted in (Scope.RUN, Scope.CALL) and Scope.MANAGE in scopes)


RightName = Literal[
    "identify",
    "read",
    "publish",
    "manage",
    "manage_members",
    "manage_publishers",
    "leave",
    "answer_invitations",
    "create_namespace",
    "manage_tokens",
    "approve_sign_in",
    "change_password",
    "manage_identities",
    "manage_claims",
    "manage_agents",
    "administer",
    "review",
    "sell",
    "buy",
    "read_own",
    "run",
    "invoke",
    "offer",
    "provide",
    "pay_out",
    "manage_credentials",
    "read_drive",
    "manage_drive",
    "ask_for_items",
    "manage_collections",
    "read_credits",
    "manage_hooks",
    "manage_hooks_in",
    "call_integrations",
    "connect",
    "manage_connections",
    "manage_grants",
]
Slice = Literal["never", "named", "always"]

_ANY_MEMBER = frozenset(Role)
_MAINTAINERS = frozenset({Role.MAINTAINER, Role.OWNER})
_OWNERS = frozenset({Role.OWNER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """`roles`: who has it in a namespace; empty for a right over one's own account, which no token has that is
    limited to namespaces. `full_access`: only with a token that is not narrower than its owner, because the right
    leads to such a token. `own_money`: only with a token that may do all that people may who administer nothing.
    `trusted_publishers`: a CI system that the namespace trusts has it too, and no other right. `in_slice`: whether a
    token has it that is good for some skills only: over one of these that is `named`, `always`, or never. `no_keys`:
    no key of a collection has it, because it leads to secrets that outlive the key, or to its owner's money.
    """

    roles: frozenset[Role] = frozenset()
    scope: Scope | None = None
    full_access: bool = False
    own_money: bool = False
    administrators_only: bool = False
    trusted_publishers: bool = False
    in_slice: Slice = "never"
    no_keys: bool = False


RIGHTS: Mapping[RightName, Right] = MappingProxyType(
    {
        "identify": Right(in_slice="always"),
        "read": Right(roles=_ANY_MEMBER, scope=Scope.READ, in_slice="named"),
        "publish": Right(roles=_MAINTAINERS, scope=Scope.PUBLISH, trusted_publishers=True, in_slice="named"),
        "manage": Right(roles=_MAINTAINERS, scope=Scope.PUBLISH),
        "manage_members": Right(roles=_OWNERS, scope=Scope.MANAGE),
        "manage_publishers": Right(roles=_OWNERS, scope=Scope.MANAGE, full_access=True, no_keys=True),
        "leave": Right(roles=_ANY_MEMBER, scope=Scope.MANAGE),
        "answer_invitations": Right(scope=Scope.MANAGE),
        "create_namespace": Right(scope=Scope.MANAGE),
        "manage_tokens": Right(scope=Scope.MANAGE, no_keys=True),
        "approve_sign_in": Right(scope=Scope.MANAGE, full_access=True, no_keys=True),
        "change_password": Right(scope=Scope.MANAGE, full_access=True, no_keys=True),
        "manage_identities": Right(scope=Scope.MANAGE, full_access=True, no_keys=True),
        "manage_claims": Right(scope=Scope.MANAGE),
        "manage_agents": Right(scope=Scope.MANAGE, no_keys=True),
        "sell": Right(roles=_OWNERS, scope=Scope.MANAGE),
        "buy": Right(scope=Scope.MANAGE),
        "read_own": Right(scope=Scope.READ, in_slice="named"),
        "run": Right(scope=Scope.RUN, in_slice="always"),
        "invoke": Right(scope=Scope.RUN, in_slice="named"),
        "offer": Right(roles=_MAINTAINERS, scope=Scope.PUBLISH),
        "provide": Right(roles=_MAINTAINERS, scope=Scope.RUN),
        "pay_out": Right(scope=Scope.MANAGE, own_money=True, no_keys=True),
        "manage_credentials": Right(scope=Scope.MANAGE),
        "read_drive": Right(scope=Scope.READ, in_slice="always"),
        "manage_drive": Right(roles=_MAINTAINERS, scope=Scope.MANAGE),
        "ask_for_items": Right(roles=_ANY_MEMBER, scope=Scope.MANAGE),
        "manage_collections": Right(scope=Scope.MANAGE),
        "read_credits": Right(scope=Scope.READ, in_slice="always"),
        "manage_hooks": Right(scope=Scope.MANAGE),
        "manage_hooks_in": Right(roles=_MAINTAINERS, scope=Scope.MANAGE),
        "call_integrations": Right(scope=Scope.CALL, no_keys=True),
        "connect": Right(scope=Scope.CALL, no_keys=True),
        "manage_connections": Right(scope=Scope.MANAGE, no_keys=True),
        "manage_grants": Right(scope=Scope.MANAGE, no_keys=True),
        "review": Right(scope=Scope.ADMIN, administrators_only=True),
        "administer": Right(scope=Scope.ADMIN, administrators_only=True),
    }
)
