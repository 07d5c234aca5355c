"""Send approved payouts and find out what became of them: what is stored before the provider is asked makes that safe
to repeat. Nothing that is not certain is taken for paid or failed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.directory import list_people
from skillyard.domain.payments.connect import refresh
from skillyard.domain.payments.model import Payout, PayoutMoved, PayoutStatus
from skillyard.domain.payments.payout_methods import why_not
from skillyard.domain.payments.payout_model import IN_FLIGHT, SYSTEM
from skillyard.domain.payments.payout_states import apply_payout, events_of, move
from skillyard.domain.payments.rail import ConnectRail, Outcome, Rail, get_rail
from skillyard.domain.payments.store import connect as accounts
from skillyard.domain.payments.store import payout_methods as methods
from skillyard.domain.payments.store import payouts as store
from skillyard.domain.payments.store.payout_methods import MethodRow
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from skillyard.infra.events import Event
from skillyard.infra.log import Logger

_AT_ONCE = 100
_MOST_ATTEMPTS = 5
_CLAIM_MS = 120_000  # longer than any call to a provider takes
_SHORTEST_WAIT_MS = 5_000
_LONGEST_WAIT_MS = 600_000
_IN_TURN = "another payout goes first"
_log = Logger("skillyard.payouts")


def advance_all(app: App) -> None:
    """Take every payout that is due as far as it goes now; one that cannot go on does not stop the others."""
    with app.database.reading() as tx:
        due = store.list_due(tx, now_ms=app.clock.now_ms(), limit=_AT_ONCE)
    for payout_id in due:
        try:
            advance(app, payout_id)
        except Exception:
            _log.exception("a payout could not be advanced", payout=payout_id)


def advance(app: App, payout_id: str) -> None:
    """Take a payout as far as it goes now; nothing when it is not due or another worker has it."""
    payout = _claim(app, payout_id)
    if payout is None:
        return
    rail = get_rail(payout.rail)
    if payout.status in IN_FLIGHT:
        _record(app, payout, _find_or_send(app, rail, payout))
    elif sending := _prepare(app, rail, payout):
        _record(app, sending, _ask(rail.send_payout, app, sending), is_first=True)


def release(tx: Tx, payout: Payout, now_ms: int, *, actor: str = SYSTEM) -> Payout:
    """Approve a requested payout if nothing is in its way any more."""
    is_released = not payout.needs_approval or payout.approved_by is not None
    if payout.status is not PayoutStatus.REQUESTED or not is_released or now_ms < payout.held_until_ms:
        return payout
    return move(tx, payout, PayoutStatus.APPROVED, cause="", now_ms=now_ms, actor=actor, next_try_ms=now_ms)


def _claim(app: App, payout_id: str) -> Payout | None:
    """The payout, for this worker alone for a while; None when there is nothing to do."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        payout = store.take(tx, payout_id)
        if payout is None:
            return None
        payout = release(tx, payout, now_ms)
        if payout.status is PayoutStatus.REQUESTED:
            store.postpone(tx, payout.id, attempt=0, until_ms=_when_released(payout, now_ms), why=payout.why)
            return None
        return payout if store.claim(tx, payout.id, until_ms=now_ms + _CLAIM_MS, now_ms=now_ms) else None


def _when_released(payout: Payout, now_ms: int) -> int:
    """Who approves it makes it due."""
    return payout.held_until_ms if payout.held_until_ms > now_ms else now_ms + _LONGEST_WAIT_MS


def _prepare(app: App, rail: Rail, payout: Payout) -> Payout | None:
    """Store what is to be sent, before anybody is asked to send it; None when it cannot go out now."""
    if rail.one_payout_at_a_time and _is_another_in_flight(app, payout):
        _postpone(app, payout, _IN_TURN)
        return None
    if isinstance(rail, ConnectRail):
        refresh(app, payout.user_id)
    attempt = replace(payout, attempt=payout.attempt + 1)
    try:
        attempt = replace(attempt, prepared=rail.prepare_payout(app, attempt))
    except SkillyardError as error:
        _postpone(app, payout, error.message)
        return None
    with app.database.transaction() as tx:
        if rail.one_payout_at_a_time:
            tx.lock(f"payouts by {rail.name}")
        current = store.take(tx, payout.id)
        if current is None or (current.status, current.attempt) != (payout.status, payout.attempt):
            return None
        return _submit(app, tx, rail, current, attempt)


def _submit(app: App, tx: Tx, rail: Rail, payout: Payout, attempt: Payout) -> Payout | None:
    """Write down that this attempt is under way, unless something is in its way."""
    now_ms = app.clock.now_ms()
    method = methods.find(tx, payout.method_id)
    if method and method.disabled_why:
        _fail(app, tx, payout, method.disabled_why)
        return None
    why = _why_not_now(tx, rail, payout, method)
    if why:
        until_ms = now_ms + _pause_ms(payout, now_ms)
        store.postpone(tx, payout.id, attempt=payout.attempt, until_ms=until_ms, why=why)
        return None
    sending = move(
        tx, payout, PayoutStatus.SUBMITTING, cause="", now_ms=now_ms, next_try_ms=now_ms,
        attempt=attempt.attempt, prepared=attempt.prepared, reference=None,
    )  # fmt: skip
    store.claim(tx, sending.id, until_ms=now_ms + _CLAIM_MS, now_ms=now_ms)
    return sending


def _why_not_now(tx: Tx, rail: Rail, payout: Payout, method: MethodRow | None) -> str:
    if list_people(tx, [payout.user_id])[payout.user_id].is_suspended:
        return "the seller is suspended"
    if rail.one_payout_at_a_time and store.is_another_in_flight(tx, rail.name, payout.id):
        return _IN_TURN
    return why_not(method, accounts.find_of(tx, payout.user_id)) if method else ""


def _is_another_in_flight(app: App, payout: Payout) -> bool:
    with app.database.reading() as tx:
        return store.is_another_in_flight(tx, payout.rail, payout.id)


def _find_or_send(app: App, rail: Rail, payout: Payout) -> Outcome:
    """What became of it; if nobody knows, send again what was prepared, which cannot pay twice."""
    found = _ask(rail.find_payout, app, payout)
    return found if found.state != "unknown" else _ask(rail.send_payout, app, payout)


def _ask(call: Callable[[App, Payout], Outcome], app: App, payout: Payout) -> Outcome:
    """An answer that did not come says nothing of what was done."""
    try:
        return call(app, payout)
    except SkillyardError as error:
        return Outcome(state="unknown", why=error.message)


def _record(app: App, payout: Payout, outcome: Outcome, *, is_first: bool = False) -> None:
    """Take in the outcome of an attempt, `is_first`: that of asking for the first time."""
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        if outcome.state == "paid":
            _record_events(app, tx, apply_payout(tx, _moved(payout, outcome), now_ms))
            return
        current = store.take(tx, payout.id)
        if current is None or current.attempt != payout.attempt or current.status not in IN_FLIGHT:
            return
        if is_first and current.status is not PayoutStatus.SUBMITTING:
            return  # somebody else went on with it
        if outcome.state == "failed":
            if is_first or current.attempt >= _MOST_ATTEMPTS:
                _fail(app, tx, current, outcome.why or "the provider refused it")
            else:
                _again(tx, current, outcome.why, now_ms)
        else:
            _wait(tx, current, outcome, now_ms)


def _wait(tx: Tx, payout: Payout, outcome: Outcome, now_ms: int) -> None:
    """Nothing is certain yet: note what is new, and ask again later."""
    status = PayoutStatus(outcome.state)
    reference = outcome.reference or payout.reference
    is_news = payout.status is PayoutStatus.SUBMITTING or status is PayoutStatus.SUBMITTED
    if is_news and status is not payout.status:
        move(
            tx, payout, status, cause=outcome.why, now_ms=now_ms, next_try_ms=now_ms + _SHORTEST_WAIT_MS,
            reference=reference,
        )  # fmt: skip
    else:
        until_ms = now_ms + _pause_ms(payout, now_ms)
        store.postpone(tx, payout.id, attempt=payout.attempt, until_ms=until_ms, why=outcome.why or payout.why)


def _again(tx: Tx, payout: Payout, why: str, now_ms: int) -> None:
    cause = f"attempt {payout.attempt} was not done: {why}"
    move(tx, payout, PayoutStatus.APPROVED, cause=cause, now_ms=now_ms, next_try_ms=now_ms, prepared=None)


def _fail(app: App, tx: Tx, payout: Payout, why: str) -> None:
    """Give the money back; the last thing in a transaction."""
    failed = move(tx, payout, PayoutStatus.FAILED, cause=why, now_ms=app.clock.now_ms())
    _record_events(app, tx, events_of(failed))


def _record_events(app: App, tx: Tx, events: Sequence[Event]) -> None:
    for event in events:
        app.events.record(tx, event)


def _postpone(app: App, payout: Payout, why: str) -> None:
    now_ms = app.clock.now_ms()
    with app.database.transaction() as tx:
        until_ms = now_ms + _pause_ms(payout, now_ms)
        store.postpone(tx, payout.id, attempt=payout.attempt, until_ms=until_ms, why=why)


def _pause_ms(payout: Payout, now_ms: int) -> int:
    """A quarter of the time that it has waited in this state, within reason."""
    return min(max((now_ms - payout.updated_ms) // 4, _SHORTEST_WAIT_MS), _LONGEST_WAIT_MS)


def _moved(payout: Payout, outcome: Outcome) -> PayoutMoved:
    return PayoutMoved(
        rail=payout.rail,
        payout_id=payout.id,
        reference=outcome.reference or "",
        state="paid",
        fee=outcome.fee,
        why=outcome.why,
    )
