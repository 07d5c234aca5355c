"""Keys on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.accounts.model import Token
from skillyard.domain.accounts.tokens import DEFAULT_DAYS, NewToken
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_EVERYTHING = "*"
_KEY = {
    "id": "tok_01jd0000000000000000000000",
    "name": "my-agent",
    "prefix": "sk_3f9a0",
    "scopes": ["github", "slack"],
    "created_at": "2026-11-21T07:00:00.000Z",
    "expires_at": "2027-02-19T07:00:00.000Z",
    "last_used_at": None,
    "revoked_at": None,
}


class KeyOnWire(BaseModel):
    model_config = example(_KEY)

    id: str
    name: str
    prefix: str = Field(description="The first 8 characters, to recognise it by.")
    scopes: list[str] = Field(description='The integrations that it calls; `["*"]`: all of its owner\'s.')
    created_at: Time
    expires_at: Time
    last_used_at: Time | None
    revoked_at: Time | None


class NewKey(KeyOnWire):
    model_config = example({**_KEY, "key": "sk_3f9a0…"})

    key: str = Field(description="The secret, shown this once.")


class KeysPage(BaseModel):
    model_config = example({"api_keys": [_KEY], "next_cursor": None})

    api_keys: list[KeyOnWire]
    next_cursor: str | None


class CreateKeyBody(BaseModel):
    model_config = example({"name": "my-agent", "scopes": ["github", "slack"]})

    name: Text = "API key"
    scopes: Literal["*"] | list[Text] = Field(
        default="*", max_length=100, description="The integrations that it may call; `*` for all."
    )
    expires_in_days: int = Field(default=DEFAULT_DAYS, description="1 to 365.")

    @property
    def integrations(self) -> list[str] | None:
        return None if _EVERYTHING in self.scopes else list(self.scopes)


def show_key(token: Token) -> KeyOnWire:
    return KeyOnWire(
        id=token.id,
        name=token.name,
        prefix=token.prefix,
        scopes=[_EVERYTHING] if token.integrations is None else sorted(token.integrations),
        created_at=iso(token.created_ms),
        expires_at=iso(token.expires_ms),
        last_used_at=None if token.last_used_ms is None else iso(token.last_used_ms),
        revoked_at=None if token.revoked_ms is None else iso(token.revoked_ms),
    )


def show_new_key(new: NewToken) -> NewKey:
    return NewKey(key=new.secret, **show_key(new.token).model_dump())


def show_keys(page: Page[Token]) -> KeysPage:
    return KeysPage(api_keys=[show_key(token) for token in page.items], next_cursor=page.next_cursor)
