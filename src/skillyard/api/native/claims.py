"""What is known for sure about people, and how much trust that makes."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import claims as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.accounts import claims

router = APIRouter(tags=["claims"])


@router.get("/me/claims", summary="What is known about me")
def list_claims(app: AppOf, caller: CallerOf) -> wire.Claims:
    """Claims in force, the oldest first: what administrators vouch for, and e-mail addresses that were verified by a
    provider that you sign in with."""
    return wire.show_claims(claims.list_claims(app, caller))


@router.delete("/me/claims/{claim_id}", summary="Withdraw a claim about me")
def revoke_claim(app: AppOf, caller: CallerOf, claim_id: str) -> wire.RevokedClaim:
    """It counts no longer. Administrators withdraw anybody's. One of an identity goes when that is unlinked."""
    return wire.RevokedClaim(details=wire.show_claim(claims.revoke_claim(app, caller, claim_id=claim_id)))


@router.get("/me/claim-settings", summary="What I chose for my claims")
def get_claim_settings(app: AppOf, caller: CallerOf) -> wire.ClaimSettingsOnWire:
    """How long they count, and what they mean for your agents."""
    return wire.show_settings(claims.get_settings(app, caller))


@router.patch("/me/claim-settings", summary="Choose for my claims")
def update_claim_settings(app: AppOf, caller: CallerOf, body: wire.UpdateClaimSettingsBody) -> wire.ClaimSettingsOnWire:
    """What is left out stays as it is."""
    changed = claims.change_settings(
        app,
        caller,
        life_days=body.life_days,
        inheritance=body.inheritance,
        is_auto_revoked=body.is_auto_revoked,
    )
    return wire.show_settings(changed)


@router.get("/admin/users/{username}/claims", summary="What is known about somebody")
def list_claims_of_user(app: AppOf, caller: CallerOf, username: str) -> wire.Claims:
    """For administrators. Claims in force, the oldest first."""
    return wire.show_claims(claims.list_claims_of(app, caller, username=username))


@router.post("/admin/users/{username}/claims", status_code=201, summary="Vouch for something about somebody")
def attest_claim(app: AppOf, caller: CallerOf, username: str, body: wire.AttestClaimBody) -> wire.ClaimOnWire:
    """For administrators. In place of what administrators said about it before."""
    claim = claims.attest(
        app,
        caller,
        username=username,
        claim_type=body.claim_type,
        assurance=body.assurance,
        claim_ref=body.claim_ref,
        expires_in_days=body.expires_in_days,
    )
    return wire.show_claim(claim)
