"""Read releases."""

from __future__ import annotations

from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access, rules
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.sight import release_as_seen
from skillyard.domain.registry.store import releases, skills
from skillyard.infra.paging import BadCursor, Page, page_of, read_cursor
from skillyard.skill.names import SkillName
from skillyard.skill.versions import is_version


def get_release(app: App, caller: Caller, *, name: SkillName, version: str) -> Release:
    """One release by exact version or channel, with its readme unless it is quarantined for the caller.

    Raises SkillNotFound or ReleaseNotFound.
    """
    with app.database.reading() as tx:
        sight = access.check_visible(tx, caller, name)
        release = release_as_seen(access.get_release(tx, name, version), sight)
    return release if rules.may_take(caller, release) else replace(release, readme="")


def list_releases(
    app: App, caller: Caller, *, name: SkillName, limit: int = 30, cursor: str | None = None
) -> Page[Release]:
    """The highest version first, yanked ones too. Raises SkillNotFound or BadCursor."""
    before = _read_cursor(cursor)
    with app.database.reading() as tx:
        sight = access.check_visible(tx, caller, name)
        channels = skills.list_channels(tx, [str(name)])[str(name)]
        found = releases.list_releases(tx, name, channels, before=before, limit=limit + 1)
    found = [release_as_seen(release, sight) for release in found]
    return page_of(found, limit, lambda release: [release.version])


def _read_cursor(cursor: str | None) -> bytes | None:
    if cursor is None:
        return None
    (version,) = read_cursor(cursor, [""])
    if not is_version(version):
        raise BadCursor
    return rules.order_key(str(version))
