"""Zips and trees: clients that know a skill by the hash of its zip, where we go by the digest of its files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.model import Release
from skillyard.domain.registry.repacked import Packed
from skillyard.domain.registry.store import zip_digests as store
from skillyard.domain.registry.store import zips
from skillyard.domain.registry.zips import ZIPS
from skillyard.skill.names import SkillName


@dataclass(frozen=True, slots=True, kw_only=True)
class ZippedRelease:
    """`digest`: of the tree in it."""

    name: str
    version: str
    digest: str


def list_zipped(app: App, sha256s: Iterable[str]) -> Mapping[str, list[ZippedRelease]]:
    """The releases whose zips, as far as they were ever handed out or uploaded so, hash to these; the oldest first.

    Whoever may see them: that somebody has the bytes says nothing about their rights.
    """
    found: dict[str, list[ZippedRelease]] = {}
    with app.database.reading() as tx:
        for row in store.list_by_zip(tx, sorted(set(sha256s))):
            release = ZippedRelease(name=row["skill"], version=row["version"], digest=row["digest"])
            found.setdefault(row["zip"], []).append(release)
    return found


def find_zip_of(app: App, caller: Caller, *, name: SkillName, version: str) -> Packed:
    """Hash and size of the zip of a release that the caller may take, remembered for `list_zipped`.

    Raises SkillNotFound, PurchaseRequired, SealedSkill, ReleaseNotFound or ReleaseQuarantined; SkillError where there
    can be none.
    """
    with app.database.reading() as tx:
        access.check_visible(tx, caller, name).must_take()
        release = access.get_release(tx, name, version)
    access.check_may_take(caller, release)
    packed = ZIPS.facts(app, release)
    if packed.sha256 != release.archive.sha256:
        _remember(app, release, packed)
    return packed


def _remember(app: App, release: Release, packed: Packed) -> None:
    with app.database.reading() as tx:
        if zips.has_zip(tx, release.id):
            return
    with app.database.transaction() as tx:
        zips.add_zip(tx, release.id, release.name, packed.sha256)
