"""Keys: list, make and revoke them. A key itself may not; personal and access tokens that manage may."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.foreign import SignedIn
from skillyard.api.skillett.addresses import KEYS
from skillyard.api.skillett.callers import signed_router
from skillyard.api.skillett.wire import keys as wire
from skillyard.api.surface import AppOf, Cursor, Limit
from skillyard.domain.accounts import tokens
from skillyard.domain.gateway.calls.keys import create_token

router: APIRouter = signed_router("keys")


@router.get(KEYS, summary="Keys")
def list_keys(app: AppOf, caller: SignedIn, limit: Limit = 30, cursor: Cursor = None) -> wire.KeysPage:
    """The newest first, also expired and revoked ones; of each the first characters only."""
    return wire.show_keys(tokens.list_tokens(app, caller, limit=limit, cursor=cursor, only_keys=True))


@router.post(KEYS, status_code=201, summary="Make a key")
def create_key(app: AppOf, caller: SignedIn, body: wire.CreateKeyBody) -> wire.NewKey:
    """It calls and connects the integrations that it names, and does nothing else; its secret is shown this once."""
    new = create_token(
        app, caller, name=body.name, integrations=body.integrations, expires_in_days=body.expires_in_days
    )
    return wire.show_new_key(new)


@router.delete(f"{KEYS}/{{key_id}}", summary="Revoke a key")
def revoke_key(app: AppOf, caller: SignedIn, key_id: str) -> wire.KeyOnWire:
    """Void at once."""
    return wire.show_key(tokens.revoke_token(app, caller, token_id=key_id, only_keys=True))
