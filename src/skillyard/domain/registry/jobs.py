"""What the registry does in the background."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from skillyard.app import App
from skillyard.domain.registry.download import DAY_MS
from skillyard.domain.registry.model import Downloads, DownloadsCounted
from skillyard.domain.registry.review import end_expired
from skillyard.domain.registry.scans import scan_again
from skillyard.domain.registry.store import downloads, removals, skills, uploads
from skillyard.infra.jobs import every

_HOUR_MS = 3600 * 1000
_AT_ONCE = 100
_WEEK_DAYS = 7
_MONTH_DAYS = 30


@every(seconds=3600)
def sweep_blobs(app: App) -> None:
    """Remove archives that no release refers to and that are older than the grace period, and dead uploads."""
    now_ms = app.clock.now_ms()
    app.blobs.sweep(now_ms)
    _forget_uploads(app, now_ms)
    _finish_removal(app, _list_begun(app))
    old = _older_than(app, now_ms - app.settings.blob_grace_hours * _HOUR_MS)
    while digests := list(islice(old, _AT_ONCE)):
        _finish_removal(app, _begin_removal(app, digests))


@every(seconds=60)
def end_overrides(app: App) -> None:
    """Let findings count again whose override has expired."""
    while end_expired(app):
        pass


@every(seconds=600)
def scan_outdated(app: App) -> None:
    """Scan again every release that other rules looked at last."""
    while scan_again(app):
        pass


@every(seconds=300)
def count_downloads(app: App) -> None:
    """Bring the download figures of skills up to date, and forget who downloaded what the day before yesterday."""
    today = app.clock.now_ms() // DAY_MS
    _fold_days(app, today)
    while changed := _list_changed(app, today):
        _set_downloads(app, changed)


def _older_than(app: App, at_ms: int) -> Iterator[str]:
    return (blob.sha256 for blob in app.blobs.list() if blob.modified_ms < at_ms)


def _forget_uploads(app: App, now_ms: int) -> None:
    with app.database.transaction() as tx:
        uploads.remove_expired(tx, now_ms=now_ms)


def _list_begun(app: App) -> list[str]:
    """Removals that a crash has interrupted."""
    with app.database.reading() as tx:
        return removals.list_removals(tx)


def _begin_removal(app: App, digests: Sequence[str]) -> list[str]:
    """From here on nobody begins to refer to them (removals.may_refer_to)."""
    with app.database.transaction() as tx:
        return removals.add_removals(tx, digests, now_ms=app.clock.now_ms())


def _finish_removal(app: App, digests: Sequence[str]) -> None:
    if not digests:
        return
    for sha256 in digests:
        app.blobs.remove(sha256)
    with app.database.transaction() as tx:
        removals.finish_removals(tx, digests)


def _fold_days(app: App, today: int) -> None:
    with app.database.transaction(durable=False) as tx:
        downloads.forget_clients(tx, before_day=today - 1)
        downloads.fold_days(tx, before_day=today - _MONTH_DAYS)


def _list_changed(app: App, today: int) -> dict[str, Downloads]:
    with app.database.reading() as tx:
        return downloads.list_changed(
            tx, week_from=today - _WEEK_DAYS + 1, month_from=today - _MONTH_DAYS + 1, limit=_AT_ONCE
        )


def _set_downloads(app: App, changed: dict[str, Downloads]) -> None:
    with app.database.transaction() as tx:
        for name, figures in sorted(changed.items()):
            skills.set_downloads(tx, name, figures)
        app.events.record(tx, DownloadsCounted(names=tuple(sorted(changed))))
