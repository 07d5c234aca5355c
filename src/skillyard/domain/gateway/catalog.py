"""Which integrations there are: those that come with this registry, and those that administrators added.

Each is read from its text when it is first asked for, and kept. What the operator's settings say comes on top.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

from skillyard.app import App
from skillyard.domain.gateway.catalog_errors import EndpointNotFound, IntegrationNotFound
from skillyard.domain.gateway.integration import Endpoint, Integration, Way
from skillyard.domain.gateway.integration_file import read_integration
from skillyard.settings import IntegrationSettings
from skillyard.skill.reading import did_you_mean, shorten

FOLDER = Path(__file__).parent / "integrations"
_NO_SETTINGS = IntegrationSettings()


def find_integration(app: App, slug: str) -> Integration:
    """Raises IntegrationNotFound."""
    settings = _settings_of(app, slug)
    if slug not in shipped_slugs() or settings.is_off:
        names = [known for known in shipped_slugs() if not _settings_of(app, known).is_off]
        raise IntegrationNotFound(integration=shorten(slug), meant=_meant(slug, names))
    return _with_settings(read_shipped(slug), settings)


def find_endpoint(integration: Integration, name: str) -> Endpoint:
    """Raises EndpointNotFound."""
    if (found := integration.endpoints.get(name)) is None:
        raise EndpointNotFound(
            integration=integration.slug, endpoint=shorten(name), meant=_meant(name, integration.endpoints)
        )
    return found


def list_integrations(app: App) -> list[Integration]:
    """All, in the order of their names."""
    slugs = [slug for slug in shipped_slugs() if not _settings_of(app, slug).is_off]
    return [find_integration(app, slug) for slug in slugs]


@cache
def shipped_slugs() -> tuple[str, ...]:
    """Of those that come with this registry, in order."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def read_shipped(slug: str) -> Integration:
    """One that comes with this registry, as its file says. Raises SkillError, which tests rule out."""
    path = FOLDER / f"{slug}.yaml"
    return read_integration(path.read_text(encoding="utf-8"), file=path.name)


def _settings_of(app: App, slug: str) -> IntegrationSettings:
    return app.settings.integrations.get(slug.replace("-", "_"), _NO_SETTINGS)


def _with_settings(integration: Integration, settings: IntegrationSettings) -> Integration:
    if settings is _NO_SETTINGS:
        return integration
    ways = tuple(_way_with_settings(way, settings) for way in integration.ways)
    return replace(integration, base_url=settings.base_url.rstrip("/") or integration.base_url, ways=ways)


def _way_with_settings(way: Way, settings: IntegrationSettings) -> Way:
    if way.oauth is None:
        return way
    names = ("authorize_url", "token_url", "revoke_url", "issuer")
    changed = {name: value for name in names if (value := getattr(settings, name))}
    return replace(way, oauth=replace(way.oauth, **changed))


def _meant(name: str, known: Iterable[str]) -> str:
    meant = did_you_mean(name, known)
    return f"Did you mean {meant}? " if meant else ""
