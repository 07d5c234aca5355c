"""Where skills were imported from, as addresses that a browser opens."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from skillyard.app import App
from skillyard.domain.drive.git_model import Origin
from skillyard.domain.drive.origins import list_origins


def list_addresses(app: App, names: Collection[str]) -> Mapping[str, str]:
    """Of those of these skills that come from git; the caller sees them all."""
    with app.database.reading() as tx:
        found = list_origins(tx, names)
    return {name: address_of(origin) for name, origin in found.items()}


def address_of(origin: Origin) -> str:
    """The folder at GitHub, or wherever else it is, on the branch that is followed."""
    ref = origin.ref.removeprefix("refs/heads/").removeprefix("refs/tags/")
    branch = origin.commit or ref if ref == "HEAD" else ref
    folder = f"{origin.repository.removesuffix('.git')}/tree/{branch}/{origin.path}"
    return folder.rstrip("/")
