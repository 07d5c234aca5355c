"""Which integrations there are: those that come with this registry, and those that administrators added.

Each is read from its text when it is first asked for, and kept for as long as the text is the same. What the operator's
settings say comes on top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from threading import Lock

from skillyard.app import App
from skillyard.domain.gateway.catalog.catalog_errors import EndpointNotFound, IntegrationNotFound
from skillyard.domain.gateway.catalog.fields import variables_in
from skillyard.domain.gateway.catalog.integration import ADDRESSES, Endpoint, Integration, Way, addresses_of
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.integration_writer import write_integration
from skillyard.domain.gateway.store import integrations as store
from skillyard.domain.gateway.store.integrations import Record
from skillyard.infra.database import Tx
from skillyard.infra.log import Logger
from skillyard.settings import IntegrationSettings
from skillyard.skill.faults import SkillError
from skillyard.skill.reading import did_you_mean, shorten

FOLDER = Path(__file__).parent / "integrations"
_log = Logger("skillyard.integrations")
_MOST_KEPT = 1000
_NO_SETTINGS = IntegrationSettings()
_kept: dict[str, Integration] = {}  # ours by their names, added ones by the digest of their text
_unreadable: set[str] = set()  # digests of such texts, which are told of once
_reading = Lock()


def find_integration(app: App, slug: str, *, tx: Tx | None = None) -> Integration:
    """As it is now. `tx`: the transaction in which it is looked for, if there is one. Raises IntegrationNotFound."""
    settings = _settings_of(app, slug)
    if is_shipped(slug) and not settings.is_off:
        return _with_settings(read_shipped(slug), settings)
    with nullcontext(tx) if tx else app.database.reading() as reading:
        found = None if settings.is_off else _find_added(reading, slug)
        names = [] if found else [one.slug for one in _list(app, reading)]
    if found is None:
        raise IntegrationNotFound(integration=shorten(slug), meant=_meant(slug, names))
    return _with_settings(found, settings)


def find_endpoint(integration: Integration, name: str) -> Endpoint:
    """Raises EndpointNotFound."""
    if (found := integration.endpoints.get(name)) is None:
        meant = _meant(name, integration.endpoints)
        raise EndpointNotFound(integration=integration.slug, endpoint=shorten(name), meant=meant)
    return found


def list_integrations(app: App) -> list[Integration]:
    """All, in the order of their names."""
    with app.database.reading() as tx:
        return _list(app, tx)


def list_hidden(app: App) -> list[str]:
    """Names of added ones that nobody finds: one with their name comes with the registry by now, or this version of the
    program cannot read their text.
    """
    with app.database.reading() as tx:
        added = store.list_digests(tx)
        return [slug for slug, digest in added.items() if is_shipped(slug) or not _read_added(tx, slug, digest)]


def unknown_settings(app: App) -> dict[str, str]:
    """Names under which the operator set something for an integration that there is not, and what may be meant."""
    with app.database.reading() as tx:
        known = [slug.replace("-", "_") for slug in (*shipped_slugs(), *store.list_digests(tx))]
    return {name: did_you_mean(name, known) or "" for name in app.settings.integrations if name not in known}


def find_file(app: App, slug: str) -> str:
    """The text of its file, without what the operator's settings change. Raises IntegrationNotFound."""
    if is_shipped(slug):
        return (FOLDER / f"{slug}.yaml").read_text(encoding="utf-8")
    with app.database.reading() as tx:
        record = store.find(tx, slug) if slug.isprintable() else None
    if record is None:
        raise IntegrationNotFound(integration=shorten(slug), meant="")
    return record.content


def keep_integration(tx: Tx, integration: Integration, *, user_id: str, now_ms: int) -> Integration:
    """Add one that an administrator describes, in place of that of the same name; as it then is, with its version.

    Raises SkillError when its file could not be read again.
    """
    version = store.next_version(tx, integration.slug)
    content = write_integration(replace(integration, version=version))
    kept = read_integration(content, file=f"{integration.slug}.yaml", is_ours=False)
    record = Record(
        slug=kept.slug,
        version=kept.version,
        digest=sha256(content.encode()).hexdigest(),
        content=content,
        changed_by=user_id,
        changed_ms=now_ms,
    )
    store.put(tx, record)
    return kept


def is_shipped(slug: str) -> bool:
    """Whether the name belongs to one that comes with this registry, which no other may take."""
    return slug in shipped_slugs()


@cache
def shipped_slugs() -> tuple[str, ...]:
    """Of those that come with this registry, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


def read_shipped(slug: str) -> Integration:
    """One that comes with this registry, as its file says. Raises SkillError, which tests rule out."""
    path = FOLDER / f"{slug}.yaml"
    return _read_once(slug, lambda: read_integration(path.read_text(encoding="utf-8"), file=path.name))


def _read_once(key: str, read: Callable[[], Integration]) -> Integration:
    """The kept one; where many ask for it first, one of them reads it."""
    if (kept := _kept.get(key)) is not None:
        return kept
    with _reading:
        if (kept := _kept.get(key)) is None:
            if len(_kept) >= _MOST_KEPT:
                _kept.clear()
            kept = _kept[key] = read()
        return kept


def _find_added(tx: Tx, slug: str) -> Integration | None:
    digest = store.digest_of(tx, slug) if slug.isprintable() else None
    return _read_added(tx, slug, digest) if digest else None


def _list(app: App, tx: Tx) -> list[Integration]:
    found = [read_shipped(slug) for slug in shipped_slugs()]
    for slug, digest in store.list_digests(tx).items():
        if not is_shipped(slug) and (added := _read_added(tx, slug, digest)):
            found.append(added)
    settings = {one.slug: _settings_of(app, one.slug) for one in found}
    shown = [_with_settings(one, settings[one.slug]) for one in found if not settings[one.slug].is_off]
    return sorted(shown, key=lambda one: one.slug)


def _read_added(tx: Tx, slug: str, digest: str) -> Integration | None:
    """The kept one, else from the text of today; None when it cannot be read."""
    if (kept := _kept.get(digest)) is not None:
        return kept
    if digest in _unreadable or (record := store.find(tx, slug)) is None:
        return None
    try:
        return _read_once(record.digest, lambda: read_integration(record.content, file=f"{slug}.yaml", is_ours=False))
    except SkillError as error:  # an older version of this program took it
        _unreadable.add(digest)
        _log.warning("an added integration cannot be read any more", integration=slug, why=str(error)[:500])
        return None


def _settings_of(app: App, slug: str) -> IntegrationSettings:
    return app.settings.integrations.get(slug.replace("-", "_"), _NO_SETTINGS)


def _with_settings(integration: Integration, settings: IntegrationSettings) -> Integration:
    """On the operator's own server; what no address asks for any more, nobody has to fill in."""
    if settings is _NO_SETTINGS:
        return integration
    base_url = settings.base_url.rstrip("/") or integration.base_url
    ways = tuple(_way_with_settings(way, settings) for way in integration.ways)
    used = variables_in(" ".join([base_url, *(address for way in ways for address in addresses_of(way))]))
    variables = {name: schema for name, schema in integration.variables.items() if name in used}
    return replace(integration, base_url=base_url, ways=ways, variables=variables)


def _way_with_settings(way: Way, settings: IntegrationSettings) -> Way:
    if way.oauth is None:
        return way
    changed = {name: value for name in ADDRESSES if (value := getattr(settings, name))}
    return replace(way, oauth=replace(way.oauth, **changed))


def _meant(name: str, known: Iterable[str]) -> str:
    meant = did_you_mean(name, known)
    return f"Did you mean {meant}? " if meant else ""
