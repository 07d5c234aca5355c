"""Releases as those see them that run them: may it be run, and what is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import ReleaseQuarantined
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.store import releases
from skillyard.domain.registry.store import scripts as store
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName
from skillyard.skill.scripts import list_scripts


def find_runnable(app: App, caller: Caller, *, name: SkillName, version: str) -> Release:
    """A release that the caller may have whole, by version or channel, with its files.

    Raises SkillNotFound, PurchaseRequired, ReleaseNotFound or ReleaseQuarantined.
    """
    with app.database.reading() as tx:
        access.check_visible(tx, caller, name).must_take()
        release = access.get_release(tx, name, version)
        files = releases.find_files(tx, name, release.version)
    access.check_may_take(caller, release)
    return replace(release, files=files)


def find_for_server(app: App, *, name: SkillName, version: str) -> Release:
    """A release that the server runs for somebody who need not have it; whether they may, the caller has decided.

    Raises ReleaseNotFound, or ReleaseQuarantined for one that is handed out to nobody.
    """
    with app.database.reading() as tx:
        release = access.get_release(tx, name, version)
    if not release.status.is_offered:
        why = release.reasons[0] if release.reasons else "the scan failed it"
        raise ReleaseQuarantined(name=release.name, version=release.version, why=why)
    return release


def have_scripts(tx: Tx, held: Iterable[tuple[str, str]]) -> bool:
    """Whether any of these releases, by name and version, has a script."""
    return any(list_scripts(files) for files in store.each_file_list(tx, sorted(held)))
