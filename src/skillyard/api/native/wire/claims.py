"""What is on record about people, on the wire."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.accounts.claim import (
    Assurance,
    Claim,
    ClaimSettings,
    Inheritance,
    Layer,
    Level,
    level_of_claims,
)
from skillyard.infra.clock import iso

_CLAIM: dict[str, Any] = {
    "id": "clm_01jd0000000000000000000000",
    "provider": "administrator",
    "layer": "humanity",
    "claim_type": "verified_human",
    "claim_ref": "attested by ada",
    "assurance": "high",
    "verified_at": "2026-11-21T07:00:00.000Z",
    "expires_at": "2027-11-21T07:00:00.000Z",
}
_SETTINGS: dict[str, Any] = {"life_days": 365, "inheritance": "auto", "is_auto_revoked": False}


class ClaimOnWire(BaseModel):
    model_config = example(_CLAIM)

    id: str = Field(description="That of an identity, where the claim comes from signing in with it.")
    provider: str = Field(description="Who vouches for it: administrator, or the issuer of an identity.")
    layer: Layer
    claim_type: str
    claim_ref: str
    assurance: Assurance
    verified_at: Time
    expires_at: Time | None


class Claims(BaseModel):
    model_config = example({"items": [_CLAIM], "level": "L1", "next_cursor": None})

    items: list[ClaimOnWire]
    level: Level = Field(description="The trust that they make together.")
    next_cursor: None = None


class AttestClaimBody(BaseModel):
    model_config = example({"claim_type": "verified_human", "assurance": "high"}, closed=True)

    claim_type: Text = Field(description="verified_human, unique_human, verified_identity, verified_document, …")
    assurance: Assurance
    claim_ref: Text = Field(default="", description="For people to read, such as the number of a file.")
    expires_in_days: int | None = Field(default=None, description="1 to 365; absent: as its owner chose for claims.")


class RevokedClaim(BaseModel):
    model_config = example({"details": _CLAIM})

    details: ClaimOnWire


class ClaimSettingsOnWire(BaseModel):
    model_config = example(_SETTINGS)

    life_days: int = Field(description="How long a claim counts after it was verified.")
    inheritance: Inheritance = Field(description="opt_in: agents that sign in with their own key do without claims.")
    is_auto_revoked: bool = Field(description="When a claim is withdrawn, the keys of all agents are void, too.")


class UpdateClaimSettingsBody(BaseModel):
    model_config = example({"life_days": 90}, closed=True)

    life_days: Literal[30, 90, 180, 365] | None = None
    inheritance: Inheritance | None = None
    is_auto_revoked: bool | None = None


def show_claim(claim: Claim) -> ClaimOnWire:
    return ClaimOnWire(
        id=claim.id,
        provider=claim.provider,
        layer=claim.layer,
        claim_type=claim.claim_type,
        claim_ref=claim.claim_ref,
        assurance=claim.assurance,
        verified_at=iso(claim.verified_ms),
        expires_at=None if claim.expires_ms is None else iso(claim.expires_ms),
    )


def show_claims(claims: list[Claim]) -> Claims:
    return Claims(items=[show_claim(claim) for claim in claims], level=level_of_claims(claims))


def show_settings(settings: ClaimSettings) -> ClaimSettingsOnWire:
    return ClaimSettingsOnWire(
        life_days=settings.life_days, inheritance=settings.inheritance, is_auto_revoked=settings.is_auto_revoked
    )
