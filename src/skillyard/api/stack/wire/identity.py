"""Claims about people and their settings, as STACK's clients see them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field, StrictBool

from skillyard.api.stack.wire.fields import Body, Name, time_of
from skillyard.domain.accounts.claim import Claim, ClaimSettings, Inheritance, Layer
from skillyard.infra.clock import iso

Life = Literal["30d", "90d", "180d", "1y"]
_DAYS: dict[Life, int] = {"30d": 30, "90d": 90, "180d": 180, "1y": 365}


class ClaimOnWire(BaseModel):
    id: str
    operator_id: str
    provider_key: str
    layer: Layer
    claim_type: str
    claim_ref: str
    assurance_level: str
    verified_at: str
    expires_at: str | None


class WithdrawnClaim(BaseModel):
    id: str
    revoked: Literal[True] = True


class ProviderOnWire(BaseModel):
    key: str
    name: str
    layers: list[Layer]
    assurance: str
    description: str


class InitiateBody(Body):
    provider_key: Name
    requested_claims: list[Name] = Field(default_factory=list, max_length=20)
    return_url: str | None = Field(default=None, max_length=2000)


class VerificationOnWire(BaseModel):
    session_ref: str
    authorization_url: str | None
    status: Literal["pending", "completed"]


class CompleteBody(Body):
    provider_key: Name
    session_ref: Name


class CompletedOnWire(BaseModel):
    status: Literal["pending", "completed"]
    claims: list[ClaimOnWire]


class DelegateBody(Body):
    delegated_scopes: list[Name] = Field(min_length=1, max_length=20)


class SettingsOnWire(BaseModel):
    identity_claim_ttl: Life
    identity_claim_inheritance: Inheritance
    identity_auto_revoke: bool


class SettingsBody(Body):
    identity_claim_ttl: Life | None = None
    identity_claim_inheritance: Inheritance | None = None
    identity_auto_revoke: StrictBool | None = None

    @property
    def life_days(self) -> int | None:
        return None if self.identity_claim_ttl is None else _DAYS[self.identity_claim_ttl]


def show_claim(claim: Claim, *, provider_key: str) -> ClaimOnWire:
    return ClaimOnWire(
        id=claim.id,
        operator_id=claim.user_id,
        provider_key=provider_key,
        layer=claim.layer,
        claim_type=claim.claim_type,
        claim_ref=claim.claim_ref,
        assurance_level=claim.assurance,
        verified_at=iso(claim.verified_ms),
        expires_at=time_of(claim.expires_ms),
    )


def show_settings(settings: ClaimSettings) -> SettingsOnWire:
    life = next(name for name, days in _DAYS.items() if days == settings.life_days)
    return SettingsOnWire(
        identity_claim_ttl=life,
        identity_claim_inheritance=settings.inheritance,
        identity_auto_revoke=settings.is_auto_revoked,
    )
