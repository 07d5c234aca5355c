"""The nouns of accounts, the caller with its rights, and what happens to accounts as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

from skillyard.domain.accounts.errors import (
    AdministratorsOnly,
    IntegrationNotInScope,
    KeyForSlice,
    NamespaceNotFound,
    OutsideSlice,
    RoleTooLow,
    ScopeMissing,
    TokenForOneSkill,
    TokenForPublishing,
    TokenTooNarrow,
)
from skillyard.domain.accounts.rights import (
    FULL,
    KEY_SCOPES,
    RIGHTS,
    SLICE_SCOPES,
    Right,
    RightName,
    Role,
    Scope,
    includes,
)
from skillyard.infra.errors import SkillyardError, Unauthenticated
from skillyard.infra.events import Event

TokenKind = Literal["access", "personal", "agent", "collection"]
NamespaceKind = Literal["personal", "organization"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Which run of a CI system published a release, as its issuer has sworn; None for what it did not say."""

    issuer: str
    repository: str | None = None
    workflow: str | None = None
    commit: str | None = None
    run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever asks, with what is left of their rights after the token narrowed them. All None: nobody is signed in.

    `roles` holds the namespaces in which the caller has a role *and* the token counts. A trusted publisher has its own
    id and identity for `user_id` and `username`, a `provenance`, and perhaps one skill that it is limited to. An agent
    that signed in with its own key is its owner with less rights, and an `agent_id`. `token_skills`: the names of the
    skills that the token is good for; None: it is not limited to any. For all others it is no better than no token.
    `token_integrations`: those that the token may call; None: all that its owner may.
    `made_with`: of the key of a collection, the personal token or key that it was made with, and is void with.
    """

    user_id: str | None = None
    username: str | None = None
    is_admin: bool = False
    scopes: frozenset[Scope] = frozenset()
    roles: Mapping[str, Role] = field(default_factory=dict)
    token_id: str | None = None
    token_kind: TokenKind | Literal["publisher"] | None = None
    token_namespaces: frozenset[str] | None = None
    token_skills: frozenset[str] | None = None
    token_integrations: frozenset[str] | None = None
    token_expires_ms: int | None = None
    provenance: Provenance | None = None
    agent_id: str | None = None
    made_with: str | None = None

    def must(self, right: RightName, *, on: str | None = None) -> None:
        """Refuse unless the caller has the right, where it is one over a namespace in `on`: `acme`, or the skill in it
        that is meant, `acme/pdf`. A token for some skills is good where one of these is named, and for little else.

        Raises Unauthenticated (nobody is signed in), NamespaceNotFound (not a member) or a Forbidden that names the
        role or scope needed.
        """
        refusal = self._refusal(RIGHTS[right], on)
        if refusal is not None:
            raise refusal

    def may(self, right: RightName, *, on: str | None = None) -> bool:
        return self._refusal(RIGHTS[right], on) is None

    def reaches(self, name: str) -> bool:
        """Whether the token is good for the skill at all, whatever the caller may do with it."""
        return self.token_skills is None or name in self.token_skills

    def reaches_integration(self, slug: str) -> bool:
        return self.token_integrations is None or slug in self.token_integrations

    def must_reach_integration(self, slug: str) -> None:
        """Refuse unless the token is good for calls of this integration. Raises IntegrationNotInScope."""
        if not self.reaches_integration(slug):
            raise IntegrationNotInScope(integration=slug, integrations=", ".join(sorted(self.token_integrations or ())))

    @property
    def slice_key_id(self) -> str | None:
        """The id of the key when it is one that sees some skills only: what it starts is its own, and nothing else."""
        return self.token_id if self.token_skills is not None and self.provenance is None else None

    def narrowed_to(self, skills: frozenset[str]) -> Caller:
        """The same caller with a key for these skills only: who reads and runs them, and manages nothing."""
        return replace(
            self,
            scopes=self.scopes & SLICE_SCOPES,
            roles=dict.fromkeys(self.roles, Role.READER),
            token_skills=skills,
        )

    @property
    def listed_roles(self) -> Mapping[str, Role]:
        """The namespaces that whoever holds the token is told of; none by a key that sees some skills
        only, or that is for integrations.
        """
        return {} if self.slice_key_id or self.scopes == KEY_SCOPES else self.roles

    def namespaces_with(self, right: RightName) -> frozenset[str]:
        """The namespaces in which the caller has the right."""
        return frozenset(namespace for namespace in self.roles if self.may(right, on=namespace))

    @property
    def identity(self) -> tuple[str, str]:
        """User id and username. Raises Unauthenticated when nobody is signed in."""
        if self.user_id is None or self.username is None:
            raise Unauthenticated
        return self.user_id, self.username

    @property
    def has_full_access(self) -> bool:
        """Whether the token is no narrower than its owner."""
        owned = FULL | {Scope.ADMIN} if self.is_admin else FULL
        return self.token_namespaces is None and self.scopes >= owned

    def _refusal(self, right: Right, on: str | None) -> SkillyardError | None:
        if self.user_id is None:
            return Unauthenticated()
        namespace = on.partition("/")[0] if on else None
        if right.roles and namespace not in self.roles:
            return NamespaceNotFound(namespace=namespace)
        if self.provenance is not None and not right.trusted_publishers:
            return TokenForPublishing()
        if self.token_skills is not None and not self._is_in_slice(right, on):
            return self._outside_slice(right, on)
        if right.roles and namespace is not None and self.roles[namespace] not in right.roles:
            needed = " or ".join(role for role in Role if role in right.roles)
            return RoleTooLow(namespace=namespace, role=self.roles[namespace].value, needed=needed)
        if right.administrators_only and not self.is_admin:
            return AdministratorsOnly()
        if right.scope is not None and not includes(self.scopes, right.scope):
            return ScopeMissing(scope=right.scope.value)
        is_limited = right.scope is not None and not right.roles and self.token_namespaces is not None
        is_narrow = (right.full_access and not self.has_full_access) or (right.own_money and not self.scopes >= FULL)
        is_key = right.no_keys and self.token_kind == "collection"  # noqa: S105 (a kind)
        if is_limited or is_narrow or is_key:
            return TokenTooNarrow()
        return None

    def _is_in_slice(self, right: Right, on: str | None) -> bool:
        if on is None:
            return right.in_slice == "always"
        return right.in_slice != "never" and self.reaches(on)

    def _outside_slice(self, right: Right, on: str | None) -> SkillyardError:
        if self.provenance is not None:
            return TokenForOneSkill(skill=", ".join(sorted(self.token_skills or ())))
        return OutsideSlice(skill=on) if on and right.in_slice != "never" else KeyForSlice()


ANONYMOUS = Caller()


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    id: str
    username: str
    display_name: str
    is_admin: bool
    is_suspended: bool
    has_password: bool
    created_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """`role`: what the caller is in it."""

    slug: str
    kind: NamespaceKind
    display_name: str
    created_ms: int
    role: Role | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    username: str
    display_name: str
    role: Role
    since_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token without its secret; `prefix` is as much of the secret as may be shown."""

    id: str
    user_id: str
    kind: TokenKind
    name: str
    prefix: str
    scopes: frozenset[Scope]
    namespaces: frozenset[str] | None
    created_ms: int
    expires_ms: int
    last_used_ms: int | None
    revoked_ms: int | None
    session_id: str | None = None
    integrations: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody has signed in: the secrets of the access token and of what renews it once, handed out this once.

    `refresh_token` is None where the token lives long by itself.
    """

    access_token: str
    expires_ms: int
    user: User
    refresh_token: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLink:
    url: str
    code: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCreated(Event):
    """Somebody got an account, and the personal namespace of the same name."""

    kind: ClassVar[str] = "user.created"

    user_id: str
    username: str
    is_admin: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSignedIn(Event):
    """An access token was handed out; `how`: link, password, cli or oidc."""

    kind: ClassVar[str] = "user.signed_in"

    username: str
    token_id: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEnded(Event):
    """A session was ended for the safety of its owner; `why`: refresh_token_reused."""

    kind: ClassVar[str] = "user.session_ended"

    username: str
    session_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordChanged(Event):
    """Somebody set a password, or another one."""

    kind: ClassVar[str] = "user.password_changed"

    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSuspended(Event):
    """An administrator locked somebody out."""

    kind: ClassVar[str] = "user.suspended"

    username: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRestored(Event):
    """An administrator let somebody in again."""

    kind: ClassVar[str] = "user.restored"

    username: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceCreated(Event):
    """Somebody created a namespace and became its owner."""

    kind: ClassVar[str] = "namespace.created"

    namespace: str
    namespace_kind: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanged(Event):
    """Somebody became a member of a namespace, or got another role."""

    kind: ClassVar[str] = "member.changed"

    namespace: str
    username: str
    role: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRemoved(Event):
    """Somebody left a namespace, or was removed."""

    kind: ClassVar[str] = "member.removed"

    namespace: str
    username: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenCreated(Event):
    """Somebody made a personal token."""

    kind: ClassVar[str] = "token.created"

    token_id: str
    username: str
    scopes: tuple[str, ...]
    namespaces: tuple[str, ...] | None
    expires_ms: int
    integrations: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRevoked(Event):
    """A token, access or personal, became void before its time."""

    kind: ClassVar[str] = "token.revoked"

    token_id: str
    username: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInLinkCreated(Event):
    """A one-time link was made; `link_kind`: first_admin, invitation or sign_in."""

    kind: ClassVar[str] = "sign_in_link.created"

    link_kind: str
    username: str | None
    by: str | None
