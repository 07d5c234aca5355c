"""Secrets for services elsewhere, which skills use in their owner's name."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import credentials as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.gateway import vault
from skillyard.infra.envelope import Secret

router = APIRouter(tags=["credentials"])


@router.get("/credentials", summary="My credentials")
def list_credentials(app: AppOf, caller: CallerOf) -> wire.Credentials:
    """In the order of the services' names; never a secret."""
    return wire.show_credentials(vault.list_credentials(app, caller))


@router.post("/credentials", status_code=201, summary="Store a credential")
def add_credential(app: AppOf, caller: CallerOf, body: wire.AddCredentialBody) -> wire.CredentialOnWire:
    """Takes the place of the one that you have for the same service. It is kept sealed and never shown again."""
    secret = Secret(body.secret.get_secret_value())
    made = vault.add_credential(
        app, caller, provider=body.provider, secret=secret, label=body.label, for_scripts=body.for_scripts
    )
    return wire.show_credential(made)


@router.delete("/credentials/{credential_id}", summary="Remove a credential")
def remove_credential(app: AppOf, caller: CallerOf, credential_id: str) -> wire.RemovedCredential:
    """Destroys the key that it is sealed with."""
    gone = vault.remove_credential(app, caller, credential_id=credential_id)
    return wire.RemovedCredential(details=wire.show_credential(gone))


@router.get("/credentials/{credential_id}/uses", summary="What a credential was used for")
def list_credential_uses(
    app: AppOf, caller: CallerOf, credential_id: str, limit: Limit = 30, cursor: Cursor = None
) -> wire.CredentialUsesPage:
    """The newest first."""
    page = vault.list_uses(app, caller, credential_id=credential_id, limit=limit, cursor=cursor)
    return wire.show_uses(page)
