"""Sync the skills of a machine with what a drive has: look (`preview`), or `begin` to do it.

What is decided is decided anew each time, from what there is now, so that a sync that was broken off is continued by
the next one. How a run goes on and ends is in sync_runs.py and sync_uploads.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import items, rules
from skillyard.domain.drive.store import items as item_store
from skillyard.domain.drive.store import sync as store
from skillyard.domain.drive.sync_errors import SyncNotCovered
from skillyard.domain.drive.sync_model import (
    Action,
    Expected,
    ItemStatus,
    LocalState,
    Mode,
    RunItem,
    RunKind,
    SyncItem,
    SyncPreview,
    SyncRun,
)
from skillyard.domain.drive.sync_modes import Plan, decide_plan
from skillyard.domain.drive.sync_rules import classify
from skillyard.domain.drive.sync_view import check_opening, check_state, find_tariff, look_around
from skillyard.domain.payments.credits import purchase_url
from skillyard.domain.registry.exact import ExactRelease, list_exact
from skillyard.domain.registry.sight import look_at
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id

_KEPT_MS = 90 * 24 * 3600 * 1000
_IDLE = frozenset({Action.IN_SYNC, Action.KEEP, Action.CONFLICT, Action.UNAVAILABLE})


def preview(
    app: App,
    caller: Caller,
    state: LocalState,
    *,
    mode: Mode = Mode.ALL,
    drive: str | None = None,
    forks: bool = False,
) -> SyncPreview:
    """What a sync would do and cost now. Nothing is changed.

    `drive`: only what this drive has, and pushes go into it; None: all that the caller reaches, and pushes go into
    their own. `forks`: edits of skills of others become private forks. Raises NamespaceNotFound, a Forbidden, or
    SyncStateNotAcceptable with every fault.
    """
    push_drive = rules.readable_drive(caller, drive)
    check_state(state)
    with app.database.reading() as tx:
        plan = _plan(app, tx, caller, state, mode, push_drive, only=drive, forks=forks)
    return SyncPreview(items=plan.items, left_out=plan.left_out, summary=plan.summary)


def begin(
    app: App,
    caller: Caller,
    state: LocalState,
    *,
    install_id: str,
    kind: RunKind = "manual",
    mode: Mode = Mode.ALL,
    expected: Iterable[Expected] | None = None,
    drive: str | None = None,
    forks: bool = False,
) -> SyncRun:
    """Decide anew, take what costs nothing into the drive, and open a run for the rest; a run that the machine left
    open is superseded. All that is taken in is taken in at once, or nothing.

    `expected`: what a preview answered; what is another thing by now, or costs more, is STALE and not done, and what is
    not listed is not done either. Raises as `preview`, and SyncNotCovered when the uploads cost more than there is.
    """
    push_drive = rules.readable_drive(caller, drive)
    expected = None if expected is None else tuple(expected)
    check_state(state)
    check_opening(install_id, expected or ())
    with app.database.reading() as tx:
        plan = _plan(app, tx, caller, state, mode, push_drive, only=drive, forks=forks)
    chosen = _chosen(plan.items, expected)
    price = sum(one.item.credits for one in chosen if one.status is ItemStatus.PENDING)
    if price > plan.summary.balance:
        raise SyncNotCovered(price=price, there=plan.summary.balance, purchase_url=purchase_url(app))
    user_id, _ = caller.identity
    run = SyncRun(
        id=new_id("syn"), drive=push_drive, user_id=user_id, install_id=install_id, kind=kind, mode=mode, status="open",
        opened_ms=app.clock.now_ms(), closed_ms=None, items=tuple(chosen), left_out=plan.left_out,
    )  # fmt: skip
    return _open(app, caller, run)


def _plan(
    app: App, tx: Tx, caller: Caller, state: LocalState, mode: Mode, push_drive: str, *, only: str | None, forks: bool
) -> Plan:
    around = look_around(tx, caller, state, push_drive=push_drive, only=only, forks=forks)
    classified = classify(state, around)
    if only is not None:
        classified = [item for item in classified if item.drive == only or _is_gone(item)]
    return decide_plan(classified, caller, mode, find_tariff(app, tx, caller, push_drive))


def _is_gone(item: SyncItem) -> bool:
    """Whether no drive has it any more."""
    return item.action is Action.REMOVE and item.drive is None


def _chosen(planned: Sequence[SyncItem], expected: Iterable[Expected] | None) -> list[RunItem]:
    """What of a plan is to be done, and what not because it is not what was expected."""
    fresh = [RunItem(item=item, status=_first_status(item)) for item in planned]
    if expected is None:
        return fresh
    wanted = {one.slug: one for one in expected}
    gone = [
        SyncItem(slug=slug, action=Action.KEEP, reason="There is nothing to be done with it any more.")
        for slug in wanted.keys() - {item.slug for item in planned}
    ]  # fmt: skip
    chosen = [one for one in fresh if one.item.slug in wanted or one.status is ItemStatus.DONE]
    return [
        replace(one, status=ItemStatus.STALE) if _is_stale(one.item, wanted.get(one.item.slug)) else one
        for one in [*chosen, *(RunItem(item=item, status=ItemStatus.STALE) for item in gone)]
    ]


def _first_status(item: SyncItem) -> ItemStatus:
    return ItemStatus.DONE if item.action in _IDLE else ItemStatus.PENDING


def _is_stale(item: SyncItem, expected: Expected | None) -> bool:
    if expected is None:
        return False
    return (item.action, item.version) != (expected.action, expected.version) or item.credits > expected.credits


def _open(app: App, caller: Caller, run: SyncRun) -> SyncRun:
    with app.database.transaction() as tx:
        items.lock_drive(tx, run.drive)
        store.remove_old(tx, run.user_id, before_ms=run.opened_ms - _KEPT_MS)
        store.supersede(tx, run.user_id, run.install_id, key_id=caller.slice_key_id, now_ms=run.opened_ms)
        run = replace(run, items=tuple(_claimed(app, tx, caller, run)))
        kept = tuple(one for one in run.items if one.status is not ItemStatus.DONE)
        store.add_run(tx, replace(run, items=kept), key_id=caller.slice_key_id)
    return run


def _claimed(app: App, tx: Tx, caller: Caller, run: SyncRun) -> Iterator[RunItem]:
    """The items once all that is claimed is in the drive; what can no longer be claimed is stale."""
    claims = [one for one in run.items if one.item.action is Action.CLAIM_PUBLIC and one.status is ItemStatus.PENDING]
    claimable = _find_claimable(tx, caller, [one.item.target for one in claims if one.item.target], run.drive)
    for one in run.items:
        if one not in claims:
            yield one
        elif one.item.target in claimable:
            target, by = one.item.target, caller.identity[1]
            items.keep_item(
                tx, app, drive=run.drive, name=target.name, version=target.version, via="registry", by=by
            )  # fmt: skip
            yield replace(one, status=ItemStatus.COMMITTED)
        else:
            yield replace(one, status=ItemStatus.STALE)


def _find_claimable(tx: Tx, caller: Caller, wanted: Sequence[ExactRelease], drive: str) -> list[ExactRelease]:
    """Those that are still offered to the caller, and not in the drive yet."""
    now = list_exact(tx, [(release.name, release.version) for release in wanted])
    sights = look_at(tx, caller, {release.name: release.facts for release in now.values()}.values())
    there = {item.name for item in item_store.list_all(tx, [drive])} if wanted else set()
    return [
        release
        for release in now.values()
        if release.name in sights and sights[release.name].may_take
        and release.status.is_offered and not release.is_yanked and release.name not in there
    ]  # fmt: skip
