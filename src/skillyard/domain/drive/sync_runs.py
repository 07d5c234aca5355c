"""Syncs that were begun: read one again to go on with it, and close it. Closing it again answers the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.store import items
from skillyard.domain.drive.store import sync as store
from skillyard.domain.drive.store.sync import StoredItem
from skillyard.domain.drive.sync_errors import SyncRunNotFound, SyncRunOver
from skillyard.domain.drive.sync_model import (
    DriveSynced,
    ItemResult,
    ItemStatus,
    Mode,
    RunItem,
    SyncClosed,
    SyncRun,
)
from skillyard.domain.registry.exact import ExactRelease, list_exact
from skillyard.infra.database import Row, Tx

_SHOWN_CHARS = 64
_DETAIL_CHARS = 500
_NOT_SENT = "nothing was uploaded"


def get_run(app: App, caller: Caller, *, run_id: str) -> SyncRun:
    """A sync of the caller's, with the items that were not done from the beginning. Raises SyncRunNotFound."""
    caller.must("read_drive")
    with app.database.reading() as tx:
        row = find_own(tx, caller, run_id)
        stored = store.list_items(tx, run_id)
        releases = list_exact(tx, (pair for one in stored for pair in (one.target, one.base) if pair))
    return SyncRun(
        id=row["id"],
        drive=row["drive"],
        user_id=row["user_id"],
        install_id=row["install_id"],
        kind=row["kind"],
        mode=Mode(row["mode"]),
        status=row["status"],
        opened_ms=row["opened_ms"],
        closed_ms=row["closed_ms"],
        items=tuple(_run_item(one, releases) for one in stored if caller.reaches(one.item.name or "")),
    )


def finalize(
    app: App,
    caller: Caller,
    *,
    run_id: str,
    results: Iterable[ItemResult] = (),
    counters: Mapping[str, int] | None = None,
) -> SyncClosed:
    """Close a sync: what the client says of each pending item is kept, of an upload only that it failed. The first one
    of a drive that is closed with the kind first_run sets what the drive may always hold for free, unless a key for
    some skills closes it.

    `counters`: what the client counted itself, kept with the run. Raises SyncRunNotFound, or SyncRunOver for one that
    another sync of the same machine superseded.
    """
    caller.must("read_drive")
    with app.database.transaction() as tx:
        row = find_own(tx, caller, run_id)
        now_ms = app.clock.now_ms()
        if store.close_run(tx, run_id, counters or {}, now_ms=now_ms):
            _settle(tx, run_id, {result.slug: result for result in results})
            if row["kind"] == "first_run" and caller.token_skills is None:
                store.set_high_water(tx, row["drive"], items.count_items(tx, row["drive"]), now_ms=now_ms)
            closed = _closed(tx, caller, run_id, row["drive"], now_ms)
            counts = {status.value: count for status, count in closed.counts.items()}
            by = caller.identity[1]
            app.events.record(tx, DriveSynced(run_id=run_id, drive=row["drive"], by=by, counts=counts))
            return closed
        row = find_own(tx, caller, run_id)
        if row["status"] != "finished":
            raise SyncRunOver(run_id=run_id, status=row["status"])
        return _closed(tx, caller, run_id, row["drive"], row["closed_ms"])


def find_own(tx: Tx, caller: Caller, run_id: str) -> Row:
    """Raises SyncRunNotFound, also for one of somebody else, or of another key for some skills."""
    row = store.find_run(tx, run_id) if run_id.isprintable() else None
    if row is None or row["user_id"] != caller.identity[0] or caller.slice_key_id not in (None, row["key_id"]):
        raise SyncRunNotFound(run_id=run_id[:_SHOWN_CHARS])
    return row


def _settle(tx: Tx, run_id: str, results: Mapping[str, ItemResult]) -> None:
    for one in store.list_items(tx, run_id):
        if one.status is not ItemStatus.PENDING:
            continue
        slug = one.item.slug
        result = results.get(slug, ItemResult(slug=slug, status="skipped"))
        status, detail = ItemStatus(result.status), _plain(result.detail)
        if status is ItemStatus.COMMITTED and one.item.action.direction == "push":
            status, detail = ItemStatus.FAILED, _NOT_SENT
        store.set_item(tx, run_id, slug, status, detail=detail)


def _plain(text: str) -> str:
    """One line that every database takes."""
    return "".join(char if char.isprintable() else " " for char in text[:_DETAIL_CHARS])


def _closed(tx: Tx, caller: Caller, run_id: str, drive: str, closed_ms: int) -> SyncClosed:
    stored = store.list_items(tx, run_id)
    return SyncClosed(
        run_id=run_id,
        drive_count=items.count_items(tx, drive) if caller.token_skills is None else len(caller.token_skills),
        high_water=store.find_high_water(tx, drive),
        counts=Counter(one.status for one in stored),
        credits_charged=sum(one.charged for one in stored),
        closed_ms=closed_ms,
    )


def _run_item(one: StoredItem, releases: Mapping[tuple[str, str], ExactRelease]) -> RunItem:
    target, base = (releases.get(pair) if pair else None for pair in (one.target, one.base))
    item = replace(one.item, target=target, base=base)
    return RunItem(item=item, status=one.status, published=one.published, charged=one.charged, detail=one.detail)
