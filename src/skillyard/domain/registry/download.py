"""Hand out archives, and count who took them: once per release, day and client, so that a loop counts once.

Counts are gathered in memory and written in batches, so that a download writes nothing by itself.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import BlobNotFound
from skillyard.domain.registry.model import Blob
from skillyard.domain.registry.store import downloads, releases
from skillyard.domain.registry.store.downloads import Seen
from skillyard.infra.database import Database
from skillyard.infra.errors import SkillyardError
from skillyard.infra.log import Logger
from skillyard.skill.names import SkillName

DAY_MS = 24 * 3600 * 1000
_FLUSH_S = 1.0
_MOST_WAITING = 50_000
_CLIENT_CHARS = 32

_log = Logger("skillyard.downloads")
_waiting: WeakKeyDictionary[Database, dict[Seen, str]] = WeakKeyDictionary()  # who was seen → the skill's name
_lock = threading.Lock()


def find_archive(app: App, caller: Caller, *, name: SkillName, version: str) -> Blob:
    """The archive of a release, by version or channel. Raises SkillNotFound, PurchaseRequired, ReleaseNotFound
    or ReleaseQuarantined.
    """
    with app.database.reading() as tx:
        access.check_visible(tx, caller, name).must_take()
        release = access.get_release(tx, name, version)
        access.check_may_take(caller, release)
        blob = releases.find_blob_of(tx, name, release.version)
    assert blob is not None, "the release was just there"
    return blob


def find_open_archive(app: App, *, sha256: str) -> Blob:
    """An archive that everybody may have. Raises BlobNotFound, also when only private skills refer to it."""
    with app.database.reading() as tx:
        blob = releases.find_open_blob(tx, sha256)
    if blob is None:
        raise BlobNotFound(sha256=sha256[:64])
    return blob


def count(app: App, blob: Blob, *, client: str) -> None:
    """Remember a download by somebody at the address `client`. Costs no input or output."""
    day = app.clock.now_ms() // DAY_MS
    hashed = app.signer.sign("download", day, client)[:_CLIENT_CHARS]
    with _lock:
        waiting = _waiting.setdefault(app.database, {})
        if len(waiting) < _MOST_WAITING:
            waiting[Seen(release_id=blob.release_id, day=day, client=hashed)] = blob.name


def flush(app: App) -> int:
    """Write what was gathered; how many downloads were new."""
    with _lock:
        waiting = _waiting.pop(app.database, {})
    if not waiting:
        return 0
    seen = sorted(waiting, key=lambda one: (one.release_id, one.day, one.client))
    with app.database.transaction(durable=False) as tx:
        added = downloads.add_seen(tx, seen)
        counts = Counter((one.day, waiting[one]) for one in added)
        for (day, name), number in sorted(counts.items()):
            downloads.add_downloads(tx, day, name, number)
    return len(added)


@contextmanager
def flushing(app: App) -> Iterator[None]:
    """Write in the background while the block runs, and once more at its end."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(_FLUSH_S):
            _flush_or_report(app)

    thread = threading.Thread(target=run, name="downloads", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)
        _flush_or_report(app)


def _flush_or_report(app: App) -> None:
    """A count that cannot be written is lost; the server goes on."""
    try:
        flush(app)
    except SkillyardError as error:
        _log.warning("downloads not counted", error=error.message)
