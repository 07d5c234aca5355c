"""What showing skills needs beside the skills themselves, asked for once per answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.drive.came_from import list_addresses
from skillyard.domain.drive.slugs import show_slugs
from skillyard.domain.registry.ordinals import Ordinals, list_ordinals


@dataclass(frozen=True, slots=True, kw_only=True)
class Showing:
    """Slugs by name; numbers of releases by name and version; by name, where those come from that come from git."""

    slugs: Mapping[str, str]
    ordinals: Ordinals
    addresses: Mapping[str, str]

    def number(self, name: str, version: str | None) -> int | None:
        return self.ordinals.get((name, version)) if version is not None else None


def look_up(app: App, names: Collection[str]) -> Showing:
    """For these skills, all of which the caller may see."""
    slugs, ordinals = show_slugs(app, names), list_ordinals(app, names)
    return Showing(slugs=slugs, ordinals=ordinals, addresses=list_addresses(app, names))
