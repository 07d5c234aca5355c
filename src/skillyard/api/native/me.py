"""The caller: account, password, tokens, namespaces."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import me as wire
from skillyard.api.native.wire.auth import show_user
from skillyard.api.native.wire.namespaces import NamespacesPage, show_namespaces
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.accounts import identities, namespaces, passwords, people, tokens
from skillyard.domain.accounts.providers import label_of
from skillyard.domain.gateway.calls.keys import create_token as create_personal_token

router = APIRouter(tags=["me"])


@router.get("/me", summary="Who am I")
def get_me(app: AppOf, caller: CallerOf) -> wire.MeOnWire:
    """The account, what the token may do, and the namespaces that it reaches."""
    return wire.show_me(people.get_me(app, caller))


@router.put("/me/password", summary="Set the password")
def set_password(app: AppOf, caller: CallerOf, body: wire.SetPasswordBody) -> wire.PasswordSet:
    """Signs out everywhere else. Needs a token with full access, and the current password when there is one."""
    user = passwords.set_password(app, caller, password=body.password, current_password=body.current_password)
    return wire.PasswordSet(user=show_user(user))


@router.get("/me/tokens", summary="Personal tokens")
def list_tokens(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.TokensPage:
    """The newest first, also expired and revoked ones; never a secret."""
    return wire.show_tokens(tokens.list_tokens(app, caller, limit=limit, cursor=cursor))


@router.post("/me/tokens", status_code=201, summary="Make a personal token")
def create_token(app: AppOf, caller: CallerOf, body: wire.CreateTokenBody) -> wire.NewTokenOnWire:
    """Its secret is in this answer and nowhere else. It is never wider than the token that asks."""
    new = create_personal_token(
        app,
        caller,
        name=body.name,
        scopes=body.scopes,
        expires_in_days=body.expires_in_days,
        namespaces=body.namespaces,
        integrations=body.integrations,
    )
    return wire.show_new_token(new)


@router.delete("/me/tokens/{token_id}", summary="Revoke a token")
def revoke_token(app: AppOf, caller: CallerOf, token_id: str) -> wire.RevokedToken:
    """Void at once."""
    return wire.RevokedToken(details=wire.show_token(tokens.revoke_token(app, caller, token_id=token_id)))


@router.get("/me/identities", summary="Identities that I sign in with")
def list_identities(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.IdentitiesPage:
    """The oldest first. One is added in the browser, on the account's page."""
    page = identities.list_identities(app, caller, limit=limit, cursor=cursor)
    return wire.show_identities(page, lambda issuer: label_of(app, issuer))


@router.delete("/me/identities/{identity_id}", summary="Unlink an identity")
def unlink_identity(app: AppOf, caller: CallerOf, identity_id: str) -> wire.UnlinkedIdentity:
    """Needs a session that began within the last ten minutes, and another way to sign in. Signs out everywhere else."""
    gone = identities.unlink_identity(app, caller, identity_id=identity_id)
    return wire.UnlinkedIdentity(details=wire.show_identity(gone, label_of(app, gone.issuer)))


@router.get("/me/namespaces", summary="Namespaces that I belong to")
def list_my_namespaces(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> NamespacesPage:
    """In the order of their names."""
    return show_namespaces(namespaces.list_my_namespaces(app, caller, limit=limit, cursor=cursor))
