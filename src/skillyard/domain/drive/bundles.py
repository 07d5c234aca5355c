"""Many skills as one zip, behind a link that is good for a day. What is in it is decided whenever it is opened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import orjson

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.asking import Asker, asker_of, find_alive, find_asker, no_longer_than
from skillyard.domain.drive.authenticate import narrow
from skillyard.domain.drive.bundle_link import BundleOrder, BundleScope, read_link, write_link
from skillyard.domain.drive.collection import Collection
from skillyard.domain.drive.collection_errors import CollectionNotFound
from skillyard.domain.drive.collections import own_collection
from skillyard.domain.drive.handing_errors import (
    BundleEmpty,
    BundleLinkNotValid,
    BundleWhat,
    TooManyBundles,
)
from skillyard.domain.drive.reach import list_reach
from skillyard.domain.registry import access
from skillyard.domain.registry.files import NO_LIMITS
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Release
from skillyard.domain.registry.tarballs import check_may_hand_out
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError, Unauthenticated
from skillyard.skill.archive import open_safely
from skillyard.skill.names import SkillName
from skillyard.skill.zip_stream import ZipEntry, zip_stream

LIFE_MS = 24 * 3600 * 1000
LIST_FILE = "bundle.json"
_MOST_OPENED = 10
_WINDOW_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """`link` opens it, without a token."""

    link: str
    filename: str
    expires_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """`left_out`: the names of skills that cannot be handed out, and why."""

    releases: tuple[Release, ...]
    left_out: tuple[tuple[str, str], ...]


def create_bundle(
    app: App, caller: Caller, *, scope: BundleScope, collection: str | None = None, name: SkillName | None = None
) -> Bundle:
    """A bundle of all that comes to the caller, of a collection of theirs, or of one skill, be it in a drive or not.
    A key that is limited to some skills has these for its drive.

    Raises BundleWhat, CollectionNotFound, BundleEmpty; for one skill also all that keeps it from being taken.
    """
    caller.must("read_drive", on=str(name) if name else None)
    _check_what(scope, collection, name)
    _, username = caller.identity
    expires_ms = no_longer_than(caller, app.clock.now_ms() + LIFE_MS)
    with app.database.reading() as tx:
        order = BundleOrder(
            **asdict(asker_of(caller)),
            collection_id=_find_collection(tx, app, caller, collection),
            name=str(name) if name else None,
            filename=f"{_title(username, collection, name)}.zip",
            expires_ms=expires_ms,
        )
        _list_contents(tx, *_find_holder(tx, app, order), order)
    return Bundle(link=write_link(app.signer, order), filename=order.filename, expires_ms=expires_ms)


def open_bundle(app: App, link: str) -> tuple[str, Iterator[bytes]]:
    """The filename and the bytes of a zip with a folder for each skill that its maker may have now.

    Raises BundleLinkNotValid, also when its maker, their token or key, or the collection is gone or locked; BundleEmpty
    or TooManyBundles; for one skill also all that keeps it from being taken.
    """
    order = read_link(app.signer, link, now_ms=app.clock.now_ms())
    verdict = app.limiter.check(f"bundle {order.user_id}", _MOST_OPENED, _WINDOW_S)
    if not verdict.allowed:
        raise TooManyBundles(limit=verdict.limit, retry_after_s=verdict.reset_s)
    with app.database.reading() as tx:
        contents = _list_contents(tx, *_find_holder(tx, app, order), order)
    return order.filename, zip_stream(_entries(app, contents))


def _check_what(scope: BundleScope, collection: str | None, name: SkillName | None) -> None:
    needs = {"drive": "names neither a collection nor a skill", "collection": "names one", "skill": "names it alone"}
    if (collection is not None, name is not None) != (scope == "collection", scope == "skill"):
        raise BundleWhat(scope=scope, needs=needs[scope])


def _title(username: str, collection: str | None, name: SkillName | None) -> str:
    return name.slug if name else collection or f"{username}-drive"


def _find_collection(tx: Tx, app: App, caller: Caller, name: str | None) -> str | None:
    """The id of the one that is named; with a key for some skills only its own can be."""
    if name is None:
        return None
    found = own_collection(tx, app, caller, name)
    if caller.slice_key_id not in (None, found.id):
        raise CollectionNotFound(name=found.name)
    return found.id


def _find_holder(tx: Tx, app: App, order: BundleOrder) -> tuple[Caller, Collection | None]:
    """Whose rights count now, and the collection that decides which drives do. Raises BundleLinkNotValid."""
    try:
        asker = find_asker(tx, app, Asker(user_id=order.user_id, key_id=order.key_id, made_with=order.made_with))
        deciding = order.collection_id or order.key_id
        found = find_alive(tx, app, deciding) if deciding else None
        return (narrow(tx, found, now_ms=app.clock.now_ms()) if found else asker), found
    except Unauthenticated:
        raise BundleLinkNotValid from None


def _list_contents(tx: Tx, holder: Caller, collection: Collection | None, order: BundleOrder) -> Contents:
    """What the holder may have now, in the versions that the drive has. Raises BundleEmpty."""
    reached = list_reach(
        tx,
        holder,
        teams=collection is None or collection.include_team,
        shared=collection is None or collection.include_shared,
    )
    versions = {
        name: found.item.version for name, found in reached.items() if found.item.enabled and holder.reaches(name)
    }
    if order.name is not None:
        if not holder.reaches(order.name):
            raise BundleEmpty
        is_in_drive = order.name in versions
        release = _take(tx, holder, order.name, versions.get(order.name, DEFAULT_CHANNEL), has_consent=is_in_drive)
        return Contents(releases=(release,), left_out=())
    if not versions:
        raise BundleEmpty
    return _take_all(tx, holder, versions)


def _take_all(tx: Tx, holder: Caller, versions: dict[str, str]) -> Contents:
    releases, left_out = [], []
    for name, version in sorted(versions.items()):
        try:
            releases.append(_take(tx, holder, name, version, has_consent=True))
        except SkillyardError as error:
            left_out.append((name, error.message))
    return Contents(releases=tuple(releases), left_out=tuple(left_out))


def _take(tx: Tx, holder: Caller, name: str, version: str, *, has_consent: bool) -> Release:
    """`has_consent`: to a flagged one, as whoever put it into a drive has."""
    parsed = SkillName.parse(name)
    access.check_visible(tx, holder, parsed).must_take()
    release = access.get_release(tx, parsed, version)
    check_may_hand_out(release, has_consent=has_consent)
    return release


def _entries(app: App, contents: Contents) -> Iterator[ZipEntry]:
    """A list of what is in it, then skill by skill: one of them is in memory at a time."""
    yield ZipEntry(path=LIST_FILE, data=_show_list(contents))
    for folder, release in _folders(contents.releases):
        files = open_safely(app.blobs.read(release.archive.sha256), limits=NO_LIMITS)
        for file in files.entries:
            yield ZipEntry(path=f"{folder}/{file.path}", data=files.read(file.path), executable=file.executable)


def _folders(releases: tuple[Release, ...]) -> Iterator[tuple[str, Release]]:
    """Each is called as its skill, as agents want it; where two are, they bear their namespaces, too."""
    borne = Counter(release.slug for release in releases)
    for release in releases:
        yield release.slug if borne[release.slug] == 1 else f"{release.namespace}--{release.slug}", release


def _show_list(contents: Contents) -> bytes:
    skills = [
        {
            "folder": folder,
            "name": release.name,
            "version": release.version,
            "digest": release.digest,
            "status": release.status.value,
        }
        for folder, release in _folders(contents.releases)
    ]
    left_out = [{"name": name, "why": why} for name, why in contents.left_out]
    return orjson.dumps({"skills": skills, "left_out": left_out}, option=orjson.OPT_INDENT_2) + b"\n"
