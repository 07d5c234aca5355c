"""Integrations that administrators add: any OpenAPI document becomes one, without code, and any file of ours."""

from __future__ import annotations

import re
from functools import cache
from urllib.parse import urlsplit

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.added import Added, IntegrationAdded, IntegrationRemoved
from skillyard.domain.gateway.catalog.catalog_errors import (
    IntegrationNameNotAcceptable,
    IntegrationNameTaken,
    IntegrationNotFound,
    OpenApiNotAcceptable,
)
from skillyard.domain.gateway.catalog.integration import Integration
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.lookup import is_shipped, keep_integration
from skillyard.domain.gateway.catalog.openapi.choices import Choices, DocumentRefused
from skillyard.domain.gateway.catalog.openapi.read import read_openapi
from skillyard.domain.gateway.catalog.openapi.text import MAX_BYTES
from skillyard.domain.gateway.connect import sealed
from skillyard.domain.gateway.connect.clients import forget_client
from skillyard.domain.gateway.connect.connections import lose
from skillyard.domain.gateway.store import attempts as attempts_store
from skillyard.domain.gateway.store import connections as connections_store
from skillyard.domain.gateway.store import integrations as store
from skillyard.infra.database import Tx
from skillyard.infra.isolation import Isolated, Isolation
from skillyard.infra.outbound import Bounds, CallFailed
from skillyard.skill.faults import SkillError
from skillyard.skill.reading import shorten

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MOST_SLUG_CHARS = 40
_READ_S = 60.0
_CLIENT_GONE = "it leads elsewhere, so that its client has to be set anew: skillyard integrations client {slug}"
_FETCHED = Bounds(total_s=60, phase_s=15, max_bytes=MAX_BYTES, max_redirects=3)


def preview(app: App, caller: Caller, *, slug: str, document: bytes | None, url: str, choices: Choices) -> Added:
    """The integration that `add_integration` would add, without adding it. Raises as that does."""
    caller.must("administer")
    _check_slug(slug)
    if document is None and not url:
        raise OpenApiNotAcceptable(why="there is none", do="Give the document, or its address.")
    data = document if document is not None else _fetch(app, url)
    try:
        integration, notes = _processes().run(read_openapi, _READ_S, data, slug, choices, url)
    except DocumentRefused as error:
        raise OpenApiNotAcceptable(why=error.why, do=error.hint) from None
    except (Isolated, MemoryError) as error:
        why = error.why if isinstance(error, Isolated) else "it takes too much memory"
        raise OpenApiNotAcceptable(why=why, do="Cut it down to the paths that are needed.") from None
    return Added(integration=integration, notes=(*notes, *_check_hosts(app, integration)))


def add_integration(
    app: App, caller: Caller, *, slug: str, document: bytes | None, url: str, choices: Choices
) -> Added:
    """Add an integration that an OpenAPI document describes, or describe it anew, as its next version. Where that leads
    to other hosts, people have to connect again: their keys are not shown to those.

    The document is given, or fetched from `url`; with both, `url` says where it is from. Raises AdministratorsOnly,
    IntegrationNameNotAcceptable, IntegrationNameTaken, OpenApiNotAcceptable, AddressNotAllowed or CallFailed.
    """
    return _keep(app, caller, preview(app, caller, slug=slug, document=document, url=url, choices=choices))


def add_file(app: App, caller: Caller, *, text: str) -> Added:
    """Add an integration that a file as ours describes (see `integration_file`), or change it to its next version.

    What version the file says does not count. Raises AdministratorsOnly, SkillError with every fault and its line,
    IntegrationNameNotAcceptable, IntegrationNameTaken or AddressNotAllowed.
    """
    caller.must("administer")
    described = read_integration(text, file="integration.yaml", is_ours=False)
    _check_slug(described.slug)
    return _keep(app, caller, Added(integration=described, notes=tuple(_check_hosts(app, described))))


def remove_integration(app: App, caller: Caller, *, slug: str) -> None:
    """Nobody can call it any more; when it is added again, its versions go on. Connections stay until their owners
    disconnect them. Raises AdministratorsOnly, IntegrationNameTaken (it comes with this registry), IntegrationNotFound.
    """
    caller.must("administer")
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        if not _SLUG.fullmatch(slug) or not store.remove(tx, slug, by=user_id, now_ms=app.clock.now_ms()):
            if is_shipped(slug):
                raise IntegrationNameTaken(integration=slug)
            raise IntegrationNotFound(integration=shorten(slug), meant="")
        app.events.record(tx, IntegrationRemoved(integration=slug, by=username))


def _keep(app: App, caller: Caller, described: Added) -> Added:
    user_id, username = caller.identity
    with app.database.transaction() as tx:
        before = _hosts_before(tx, described.integration.slug)
        kept = keep_integration(tx, described.integration, user_id=user_id, now_ms=app.clock.now_ms())
        notes = [] if _hosts(kept) <= before else _ask_for_secrets_anew(app, tx, kept.slug)
        app.events.record(tx, IntegrationAdded(integration=kept.slug, version=kept.version, by=username))
    return Added(integration=kept, notes=(*described.notes, *notes))


def _ask_for_secrets_anew(app: App, tx: Tx, slug: str) -> list[str]:
    """What was given for some hosts is destroyed before others could see it: people connect again, or do not; so does
    the operator with the client that was registered there. Says so.
    """
    for one in connections_store.list_connected(tx, slug):
        connections_store.require_reconnect(tx, one.connection.id, revision=one.revision)
        sealed.destroy(tx, one.connection.id)
        lose(app, tx, one.connection, "integration_moved")
    for attempt in attempts_store.list_open(tx, slug):
        attempts_store.end(tx, attempt.id, "failed", reason="integration_moved", message="It leads elsewhere by now.")
        sealed.destroy(tx, attempt.id)
    return [_CLIENT_GONE.format(slug=slug)] if forget_client(tx, slug) else []


def _hosts_before(tx: Tx, slug: str) -> frozenset[str]:
    """Of its present description; none where there is none, or none that can still be read."""
    record = store.find(tx, slug)
    try:
        return _hosts(read_integration(record.content, file=slug, is_ours=False)) if record else frozenset()
    except SkillError:
        return frozenset()


def _hosts(integration: Integration) -> frozenset[str]:
    """Whoever is shown a secret of a connection, with scheme and port."""
    oauths = [way.oauth for way in integration.ways if way.oauth]
    addresses = [integration.base_url, *(url for one in oauths for url in (one.token_url, one.revoke_url) if url)]
    origins = {f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, addresses)}
    return frozenset({*origins, *(f"https://{host}" for host in integration.hosts)})


def _check_slug(slug: str) -> None:
    if len(slug) > _MOST_SLUG_CHARS or not _SLUG.fullmatch(slug):
        raise IntegrationNameNotAcceptable(integration=shorten(slug), most=_MOST_SLUG_CHARS)
    if is_shipped(slug):
        raise IntegrationNameTaken(integration=slug)


def _fetch(app: App, url: str) -> bytes:
    answer = app.outbound.request("GET", url, headers={"accept": "application/json, */*"}, bounds=_FETCHED)
    if answer.status != 200:
        why = f"its address answers with status {answer.status}"
        raise OpenApiNotAcceptable(why=why, do="Check the address, or save the document and give the file.")
    return answer.body


def _check_hosts(app: App, integration: Integration) -> list[str]:
    """Refuses addresses that no call would reach; each call is checked again. Raises AddressNotAllowed."""
    addresses = {integration.base_url}
    for way in integration.ways:
        if way.oauth:
            addresses |= {way.oauth.token_url, way.oauth.authorize_url}
    notes = []
    for address in sorted(addresses - {""}):
        try:
            if "{" not in address:
                app.outbound.check(address)
        except CallFailed as error:
            notes.append(f"{shorten(address, 100)}: {error.facts['why']} at the moment")
    return notes


@cache
def _processes() -> Isolation:
    return Isolation(1)
