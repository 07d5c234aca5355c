"""Whom a namespace lets publish without a stored token: owners add, list and remove CI systems."""

from __future__ import annotations

from collections.abc import Mapping

from skillyard.app import App
from skillyard.domain.accounts import issuers, rules
from skillyard.domain.accounts.errors import PublisherExists, PublisherNotFound
from skillyard.domain.accounts.issuers import System
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.publisher import TrustedPublisher, TrustedPublisherAdded, TrustedPublisherRemoved
from skillyard.domain.accounts.store import publishers as store
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.faults import Fault
from skillyard.skill.names import check_name


def trusted_issuers(app: App) -> Mapping[str, System]:
    """The issuers that this registry trusts, as the operator set it up."""
    return issuers.known_issuers(app.settings.trusted_issuers)


def add_publisher(
    app: App, caller: Caller, *, namespace: str, issuer: str, claims: Mapping[str, str], slug: str | None = None
) -> TrustedPublisher:
    """Let whoever has an ID token of `issuer` with these claims publish: the skill `slug`, or all of the namespace.

    Raises NamespaceNotFound, NotAcceptable, PublisherExists.
    """
    caller.must("manage_publishers", on=namespace)
    _, by = caller.identity
    rules.refuse(_check(app, issuer, claims, slug))
    system = trusted_issuers(app)[issuer]
    publisher = TrustedPublisher(
        id=new_id("pub"),
        namespace=namespace,
        skill=f"{namespace}/{slug}" if slug else None,
        issuer=issuer,
        claims=dict(sorted(claims.items())),
        lasting={},
        added_by=by,
        added_ms=app.clock.now_ms(),
    )
    identity = issuers.identity_of(system, claims)
    with app.database.transaction() as tx:
        if not store.add_publisher(tx, publisher, subject=issuers.subject_of(system, claims)):
            raise PublisherExists(target=publisher.target)
        added = TrustedPublisherAdded(
            publisher_id=publisher.id, target=publisher.target, issuer=issuer, identity=identity, by=by
        )
        app.events.record(tx, added)
    return publisher


def list_publishers(
    app: App, caller: Caller, *, namespace: str, limit: int = 30, cursor: str | None = None
) -> Page[TrustedPublisher]:
    """Those of a namespace and its skills, the oldest first, for owners. Raises NamespaceNotFound."""
    caller.must("manage_publishers", on=namespace)
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = store.list_publishers(tx, namespace, after=str(after), limit=limit + 1)
    return page_of(found, limit, lambda publisher: [publisher.id])


def remove_publisher(app: App, caller: Caller, *, namespace: str, publisher_id: str) -> TrustedPublisher:
    """Trust it no longer; its tokens are void at once. Answers what it was. Raises PublisherNotFound."""
    caller.must("manage_publishers", on=namespace)
    _, by = caller.identity
    with app.database.transaction() as tx:
        found = store.find_publisher(tx, namespace, publisher_id) if rules.is_plain(publisher_id) else None
        if found is None or not store.remove_publisher(tx, namespace, publisher_id):
            raise PublisherNotFound(namespace=namespace, publisher_id=publisher_id[: rules.MAX_LABEL_CHARS])
        app.events.record(tx, TrustedPublisherRemoved(publisher_id=found.id, target=found.target, by=by))
    return found


def _check(app: App, issuer: str, claims: Mapping[str, str], slug: str | None) -> list[Fault]:
    system = trusted_issuers(app).get(issuer)
    faults = [] if slug is None else check_name(slug, what="skill's name")
    if system is None:
        hint = f"use one of {', '.join(trusted_issuers(app))}; the operator can add others"
        return [*faults, Fault(code="unknown_issuer", message="this registry does not trust the issuer", hint=hint)]
    return [*faults, *issuers.check_claims(system, claims)]
