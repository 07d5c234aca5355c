"""What is on record about the caller, from whom it comes, and how more of it is had."""

from __future__ import annotations

from skillyard.api.foreign import SignedIn
from skillyard.api.stack.errors import NoVerification
from skillyard.api.stack.signed import signed_router
from skillyard.api.stack.wire import identity as wire
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.accounts import claims, providers
from skillyard.domain.accounts.claim import ADMINISTRATOR, Claim

router = signed_router("identity")

_REF = "link:"
_SETTINGS = "/v1/operators/me/identity-settings"


@router.get("/v1/identity/claims", summary="What is known about me")
def list_claims(app: AppOf, caller: SignedIn) -> list[wire.ClaimOnWire]:
    """Claims in force, the oldest first."""
    return [_show_claim(app, claim) for claim in claims.list_claims(app, caller)]


@router.delete("/v1/identity/claims/{claim_id}", summary="Withdraw a claim")
def revoke_claim(app: AppOf, caller: SignedIn, claim_id: str) -> wire.WithdrawnClaim:
    """It counts no longer. One that comes from an identity goes with the identity."""
    return wire.WithdrawnClaim(id=claims.revoke_claim(app, caller, claim_id=claim_id).id)


@router.get("/v1/identity/providers", summary="Who can vouch for people")
def list_providers(app: AppOf, caller: SignedIn) -> list[wire.ProviderOnWire]:  # noqa: ARG001 (for the signed in)
    """The administrators of this registry, and the providers with which one signs in."""
    administrators = wire.ProviderOnWire(
        key=ADMINISTRATOR,
        name="Administrators of this registry",
        layers=["humanity", "identity"],
        assurance="high",
        description="They vouch for whom they have seen: ask one.",
    )
    return [administrators, *(_show_provider(provider) for provider in providers.list_providers(app))]


@router.post("/v1/identity/verify/initiate", summary="Begin to prove who I am")
def initiate_verification(app: AppOf, caller: SignedIn, body: wire.InitiateBody) -> wire.VerificationOnWire:
    """Open the address in a browser, sign in, and link the identity there; then ask `complete`."""
    caller.must("manage_claims")
    provider = _provider(app, body.provider_key)
    url = f"{app.settings.address}/account#identities"
    return wire.VerificationOnWire(session_ref=_REF + provider.name, authorization_url=url, status="pending")


@router.post("/v1/identity/verify/complete", summary="Ask what came of it")
def complete_verification(app: AppOf, caller: SignedIn, body: wire.CompleteBody) -> wire.CompletedOnWire:
    """Completed as soon as an identity of the provider is linked, with an e-mail address that it vouches for."""
    caller.must("manage_claims")
    provider = _provider(app, body.provider_key)
    if body.session_ref != _REF + provider.name:
        raise NoVerification(provider=body.provider_key, way="Send the session_ref that `initiate` gave for it.")
    found = [claim for claim in claims.list_claims(app, caller) if claim.provider == provider.issuer]
    shown = [_show_claim(app, claim) for claim in found]
    return wire.CompletedOnWire(status="completed" if found else "pending", claims=shown)


@router.post("/v1/identity/delegate", status_code=201, summary="Say whom I let act for me")
def grant_delegation(app: AppOf, caller: SignedIn, body: wire.DelegateBody) -> wire.ClaimOnWire:
    """On record for others to read; it adds no trust."""
    return _show_claim(app, claims.delegate(app, caller, scopes=body.delegated_scopes))


@router.get(_SETTINGS, summary="What I chose for my claims")
def get_identity_settings(app: AppOf, caller: SignedIn) -> wire.SettingsOnWire:
    """How long they count, and what they mean for agents."""
    return wire.show_settings(claims.get_settings(app, caller))


@router.patch(_SETTINGS, summary="Choose for my claims")
def update_identity_settings(app: AppOf, caller: SignedIn, body: wire.SettingsBody) -> wire.SettingsOnWire:
    """What is left out stays as it is."""
    changed = claims.change_settings(
        app,
        caller,
        life_days=body.life_days,
        inheritance=body.identity_claim_inheritance,
        is_auto_revoked=body.identity_auto_revoke,
    )
    return wire.show_settings(changed)


def _provider(app: App, key: str) -> providers.Provider:
    """Raises ProviderNotFound, or NoVerification for one that is no program."""
    if key == ADMINISTRATOR:
        raise NoVerification(provider="An administrator", way="Ask one in person to vouch for you.")
    return providers.get_provider(app, key)


def _show_claim(app: App, claim: Claim) -> wire.ClaimOnWire:
    keys = {provider.issuer: provider.name for provider in providers.list_providers(app)}
    return wire.show_claim(claim, provider_key=keys.get(claim.provider, claim.provider))


def _show_provider(provider: providers.Provider) -> wire.ProviderOnWire:
    return wire.ProviderOnWire(
        key=provider.name,
        name=provider.label,
        layers=["identity"],
        assurance="substantial",
        description=f"Sign in with {provider.label}: it counts when it vouches for the e-mail address.",
    )
