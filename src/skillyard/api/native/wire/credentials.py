"""Credentials on the wire: a secret goes in, and never comes out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, Field, SecretStr

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.gateway.model import Credential, CredentialUse
from skillyard.domain.gateway.vault import variable_of
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page

_NOW = "2026-11-21T07:00:00.000Z"
_CREDENTIAL = {
    "id": "cred_01k0000000000000000000000a",
    "provider": "openai",
    "label": "team key",
    "for_scripts": False,
    "variable": "OPENAI_API_KEY",
    "created_at": _NOW,
    "last_used_at": None,
}
_USE = {"why": "sinv_01k0000000000000000000000a", "at": _NOW}


class AddCredentialBody(BaseModel):
    model_config = example({"provider": "openai", "secret": "sk-…", "label": "team key"}, closed=True)

    provider: Text = Field(description="The service that it is for, as skills name it: `openai`, `anthropic`.")
    secret: Annotated[SecretStr, Field(json_schema_extra={"format": "password"})]
    label: Text = Field(default="", description="A name for yourself.")
    for_scripts: bool = Field(
        default=False,
        description="Let scripts of skills that you invoke have it, too. Without, only calls of this server use it.",
    )


class CredentialOnWire(BaseModel):
    model_config = example(_CREDENTIAL)

    id: str
    provider: str
    label: str
    for_scripts: bool
    variable: str = Field(description="The environment variable in which a script finds it.")
    created_at: Time
    last_used_at: Time | None


class Credentials(BaseModel):
    model_config = example({"items": [_CREDENTIAL]})

    items: list[CredentialOnWire]


class RemovedCredential(BaseModel):
    model_config = example({"removed": True, "details": _CREDENTIAL})

    removed: bool = True
    details: CredentialOnWire


class CredentialUseOnWire(BaseModel):
    model_config = example(_USE)

    why: str = Field(description="The invocation that needed it.")
    at: Time


class CredentialUsesPage(BaseModel):
    model_config = example({"items": [_USE], "next_cursor": None})

    items: list[CredentialUseOnWire]
    next_cursor: str | None


def show_credential(one: Credential) -> CredentialOnWire:
    return CredentialOnWire(
        id=one.id,
        provider=one.provider,
        label=one.label,
        for_scripts=one.for_scripts,
        variable=variable_of(one.provider),
        created_at=iso(one.created_ms),
        last_used_at=iso(one.last_used_ms) if one.last_used_ms is not None else None,
    )


def show_credentials(found: Sequence[Credential]) -> Credentials:
    return Credentials(items=[show_credential(one) for one in found])


def show_uses(page: Page[CredentialUse]) -> CredentialUsesPage:
    items = [CredentialUseOnWire(why=use.why, at=iso(use.at_ms)) for use in page.items]
    return CredentialUsesPage(items=items, next_cursor=page.next_cursor)
