"""The caller and the caller's tokens on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.auth import UserOnWire, show_user
from skillyard.api.native.wire.fields import Secret, Text, Time, example
from skillyard.domain.accounts.identity import Identity
from skillyard.domain.accounts.model import Token
from skillyard.domain.accounts.people import Me
from skillyard.domain.accounts.rights import Role, Scope
from skillyard.domain.accounts.tokens import DEFAULT_DAYS, NewToken
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_USER = {
    "username": "ada",
    "display_name": "Ada Lovelace",
    "is_admin": False,
    "created_at": "2026-11-21T07:00:00.000Z",
}
_TOKEN = {
    "id": "tok_01jd0000000000000000000000",
    "name": "ci",
    "prefix": "sky_pt_3kR9x",
    "scopes": ["publish", "read"],
    "namespaces": ["acme"],
    "integrations": None,
    "created_at": "2026-11-21T07:00:00.000Z",
    "expires_at": "2027-02-19T07:00:00.000Z",
    "last_used_at": None,
    "revoked_at": None,
}


_IDENTITY = {
    "id": "idn_01jd0000000000000000000000",
    "provider": "Google",
    "issuer": "https://accounts.google.com",
    "subject": "110169484474386276334",
    "email": "ada@acme.example",
    "linked_at": "2026-11-21T07:00:00.000Z",
    "last_used_at": "2026-11-22T07:00:00.000Z",
}


class TokenInUse(BaseModel):
    id: str
    kind: Literal["access", "personal", "agent", "collection"]
    name: str
    scopes: list[Scope]
    expires_at: Time | None = Field(description="null: never, as keys of collections may be.")
    namespaces: list[str] | None = Field(description="What it is limited to; null: not limited.")
    integrations: list[str] | None = Field(description="Which it may call; null: all.")


class OwnNamespace(BaseModel):
    slug: str
    kind: Literal["personal", "organization"]
    role: Role


class MeOnWire(BaseModel):
    model_config = example(
        {
            "user": _USER,
            "token": {
                "id": "tok_01jd0000000000000000000000",
                "kind": "access",
                "name": "cli",
                "scopes": ["manage", "publish", "read"],
                "expires_at": "2026-11-21T08:00:00.000Z",
                "namespaces": None,
                "integrations": None,
            },
            "namespaces": [{"slug": "ada", "kind": "personal", "role": "owner"}],
        }
    )

    user: UserOnWire
    token: TokenInUse
    namespaces: list[OwnNamespace]


class SetPasswordBody(BaseModel):
    model_config = example({"password": "a sentence of a few words", "current_password": "the one before"}, closed=True)

    password: Secret
    current_password: Secret | None = Field(default=None, description="Needed when there is one.")


class PasswordSet(BaseModel):
    model_config = example({"user": _USER})

    user: UserOnWire


class TokenOnWire(BaseModel):
    model_config = example(_TOKEN)

    id: str
    name: str
    prefix: str = Field(description="The beginning of the secret, to recognise it by.")
    scopes: list[Scope]
    namespaces: list[str] | None = Field(description="What it is limited to; null: not limited.")
    integrations: list[str] | None = Field(description="Which it may call; null: all.")
    created_at: Time
    expires_at: Time
    last_used_at: Time | None
    revoked_at: Time | None


class TokensPage(BaseModel):
    model_config = example({"items": [_TOKEN], "next_cursor": None})

    items: list[TokenOnWire]
    next_cursor: str | None


class CreateTokenBody(BaseModel):
    model_config = example({"name": "ci", "scopes": ["read", "publish"], "namespaces": ["acme"]}, closed=True)

    name: Text
    scopes: list[Scope] = Field(max_length=20)
    expires_in_days: int = Field(default=DEFAULT_DAYS, description="1 to 365.")
    namespaces: list[Text] | None = Field(default=None, max_length=100, description="Limit it to these.")
    integrations: list[Text] | None = Field(
        default=None, max_length=100, description="Make a key for calls of these only, whose one scope is `call`."
    )


class NewTokenOnWire(BaseModel):
    model_config = example({"token": "sky_pt_…", "details": _TOKEN})

    token: str = Field(description="The secret, shown this once.")
    details: TokenOnWire


class RevokedToken(BaseModel):
    model_config = example({"details": {**_TOKEN, "revoked_at": "2026-11-22T07:00:00.000Z"}})

    details: TokenOnWire


class IdentityOnWire(BaseModel):
    model_config = example(_IDENTITY)

    id: str
    provider: str = Field(description="How people call the issuer.")
    issuer: str
    subject: str = Field(description="Who it is, in the issuer's own words.")
    email: str | None = Field(description="As the issuer said last; for people to read, and not checked.")
    linked_at: Time
    last_used_at: Time | None


class IdentitiesPage(BaseModel):
    model_config = example({"items": [_IDENTITY], "next_cursor": None})

    items: list[IdentityOnWire]
    next_cursor: str | None


class UnlinkedIdentity(BaseModel):
    model_config = example({"details": _IDENTITY})

    details: IdentityOnWire


def show_me(me: Me) -> MeOnWire:
    token = TokenInUse(
        id=me.token.id,
        kind=me.token.kind,
        name=me.token.name,
        scopes=sorted(me.token.scopes),
        expires_at=_time(me.token.expires_ms or None),
        namespaces=_names(me.token.namespaces),
        integrations=_names(me.token.integrations),
    )
    namespaces = [OwnNamespace(slug=own.slug, kind=own.kind, role=own.role) for own in me.namespaces if own.role]
    return MeOnWire(user=show_user(me.user), token=token, namespaces=namespaces)


def show_token(token: Token) -> TokenOnWire:
    return TokenOnWire(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        scopes=sorted(token.scopes),
        namespaces=_names(token.namespaces),
        integrations=_names(token.integrations),
        created_at=iso(token.created_ms),
        expires_at=iso(token.expires_ms),
        last_used_at=_time(token.last_used_ms),
        revoked_at=_time(token.revoked_ms),
    )


def show_tokens(page: Page[Token]) -> TokensPage:
    return TokensPage(items=[show_token(item) for item in page.items], next_cursor=page.next_cursor)


def show_new_token(new: NewToken) -> NewTokenOnWire:
    return NewTokenOnWire(token=new.secret, details=show_token(new.token))


def show_identity(identity: Identity, label: str) -> IdentityOnWire:
    return IdentityOnWire(
        id=identity.id,
        provider=label,
        issuer=identity.issuer,
        subject=identity.subject,
        email=identity.email,
        linked_at=iso(identity.linked_ms),
        last_used_at=_time(identity.last_used_ms),
    )


def show_identities(page: Page[Identity], label_of: Callable[[str], str]) -> IdentitiesPage:
    """`label_of`: issuer → how people call it."""
    items = [show_identity(identity, label_of(identity.issuer)) for identity in page.items]
    return IdentitiesPage(items=items, next_cursor=page.next_cursor)


def _names(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else iso(at_ms)
