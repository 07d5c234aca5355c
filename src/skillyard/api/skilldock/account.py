"""The caller's personal tokens and namespaces."""

from __future__ import annotations

from collections.abc import Sequence

from skillyard.api.skilldock.errors import UnknownScopes
from skillyard.api.skilldock.paging import WantedOf
from skillyard.api.skilldock.signed import signed_router
from skillyard.api.skilldock.wire import accounts as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.accounts import namespaces, tokens
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope

router = signed_router("account")

_TOKEN_NAME = "SkillDock"  # noqa: S105 (a name)


@router.post("/v1/tokens", status_code=201, summary="Create a personal token")
def create_token(app: AppOf, caller: CallerOf, body: wire.CreateTokenBody | None = None) -> wire.CreatedToken:
    """Without a body it lives 90 days, and may do all that its owner may but administer."""
    body = body or wire.CreateTokenBody()
    new = tokens.create_token(
        app,
        caller,
        name=body.name or _TOKEN_NAME,
        scopes=_scopes(caller, body.scopes),
        expires_in_days=tokens.DEFAULT_DAYS if body.expires_in_days is None else body.expires_in_days,
    )
    return wire.CreatedToken(token=new.secret, token_meta=wire.show_token(new.token))


@router.get("/v1/tokens", summary="My personal tokens")
def list_tokens(app: AppOf, caller: CallerOf, wanted: WantedOf) -> wire.TokensPage:
    """Also expired and revoked ones, the newest first."""
    found = tokens.list_tokens(app, caller, limit=wanted.end)
    items = [wire.show_token(token) for token in wanted.cut(found.items)]
    return wire.TokensPage(**wanted.facts(has_more=found.next_cursor is not None), items=items)


@router.delete("/v1/tokens/{token_id}", summary="Revoke a personal token")
def revoke_token(app: AppOf, caller: CallerOf, token_id: str) -> wire.RevokedToken:
    """At once; again is no fault."""
    return wire.RevokedToken(token=wire.show_token(tokens.revoke_token(app, caller, token_id=token_id)))


@router.get("/v1/me/namespaces", summary="My namespaces")
def list_namespaces(app: AppOf, caller: CallerOf, wanted: WantedOf) -> wire.NamespacesPage:
    """In the order of their names."""
    found = namespaces.list_my_namespaces(app, caller, limit=wanted.end)
    items = [wire.show_namespace(namespace) for namespace in wanted.cut(found.items)]
    return wire.NamespacesPage(**wanted.facts(has_more=found.next_cursor is not None), items=items)


@router.post("/v1/namespaces", status_code=201, summary="Create a namespace")
def create_namespace(app: AppOf, caller: CallerOf, body: wire.CreateNamespaceBody) -> wire.CreatedNamespace:
    """Owned by the caller. `notes` name others that look like it."""
    new = namespaces.create_namespace(app, caller, slug=body.slug)
    return wire.CreatedNamespace(namespace=wire.show_namespace(new.namespace), notes=list(new.notes))


def _scopes(caller: Caller, words: Sequence[str] | None) -> frozenset[Scope]:
    if words is None:
        return caller.scopes - {Scope.ADMIN}
    known = [scope.value for scope in Scope]
    if unknown := sorted(set(words) - set(known)):
        raise UnknownScopes(scopes=", ".join(unknown), known=", ".join(known))
    return frozenset(Scope(word) for word in words)
