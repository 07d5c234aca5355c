"""Trusted publishing: which CI systems may publish to a namespace, and the token that one gets for its identity."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import publishers as wire
from skillyard.api.surface import AddressOf, AppOf, CallerOf, Cursor, Limit
from skillyard.domain.accounts import exchange, trusted_publishers

router = APIRouter(tags=["trusted publishing"])

_PUBLISHERS = "/namespaces/{namespace}/publishers"


@router.get(_PUBLISHERS, summary="Who may publish from CI")
def list_publishers(
    app: AppOf, caller: CallerOf, namespace: str, limit: Limit = 30, cursor: Cursor = None
) -> wire.PublishersPage:
    """For owners with full access. The oldest first."""
    page = trusted_publishers.list_publishers(app, caller, namespace=namespace, limit=limit, cursor=cursor)
    return wire.show_publishers(page)


@router.post(_PUBLISHERS, status_code=201, summary="Let a CI system publish")
def add_publisher(app: AppOf, caller: CallerOf, namespace: str, body: wire.AddPublisherBody) -> wire.PublisherOnWire:
    """For owners with full access. It then needs no stored token: it exchanges its identity for one each time."""
    publisher = trusted_publishers.add_publisher(
        app, caller, namespace=namespace, issuer=body.issuer, claims=body.claims, slug=body.slug
    )
    return wire.show_publisher(publisher)


@router.delete(f"{_PUBLISHERS}/{{publisher_id}}", summary="Trust a CI system no longer")
def remove_publisher(app: AppOf, caller: CallerOf, namespace: str, publisher_id: str) -> wire.PublisherOnWire:
    """For owners with full access. Tokens that it was handed are void at once."""
    removed = trusted_publishers.remove_publisher(app, caller, namespace=namespace, publisher_id=publisher_id)
    return wire.show_publisher(removed)


@router.post("/auth/oidc/exchange", summary="Exchange a CI identity for a token")
def exchange_id_token(app: AppOf, address: AddressOf, body: wire.ExchangeBody) -> wire.PublisherTokenOnWire:
    """For CI jobs. The ID token must be of a trusted publisher; what it yields may publish for 15 minutes."""
    token = exchange.exchange_id_token(app, token=body.token, target=body.target, address=address)
    return wire.show_publisher_token(token)
