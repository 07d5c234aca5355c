"""End an invocation, with its money, in one transaction: completed in time and paid, or not, and given back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.directory import is_member
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market import rules
from skillyard.domain.market.claim import see_as_provider
from skillyard.domain.market.composing import invocation_ended
from skillyard.domain.market.errors import (
    InvocationExpired,
    InvocationNotFound,
    InvocationNotYours,
    InvocationSettled,
    InvocationTaken,
    NotTheBuyer,
    OutputNotValid,
)
from skillyard.domain.market.events import InvocationSettledAs
from skillyard.domain.market.invocations import see_invocation
from skillyard.domain.market.model import Failure, Invocation, InvocationStatus, Usage
from skillyard.domain.market.store import invocations as store
from skillyard.domain.market.store import offers
from skillyard.domain.payments.charges import capture_charge, release_charge
from skillyard.infra.database import Tx
from skillyard.skill.executable import Executable
from skillyard.skill.faults import Fault
from skillyard.skill.schemas import check_value

CANCELLED = "cancelled"
EXPIRED = "expired"


def complete(app: App, caller: Caller, *, invocation_id: str, output: Any) -> Invocation:
    """Deliver: the output is held against the schema, then the seller has earned the price. The same again is answered
    as before.

    Raises InvocationNotFound, NotTheProvider, OutputNotValid (it stays to be completed), InvocationNotYours,
    InvocationSettled or InvocationExpired.
    """
    executable = _executable_for(app, caller, invocation_id)
    if faults := _check_output(executable, output):
        with app.database.reading() as tx:
            name = see_as_provider(tx, caller, invocation_id).name
        raise OutputNotValid(name=name, **rules.listed(faults))
    return _settle_claimed(app, caller, invocation_id, status=InvocationStatus.COMPLETED, output=output)


def fail(app: App, caller: Caller, *, invocation_id: str, code: str, message: str) -> Invocation:
    """Give up: the buyer has the price back. Raises as `complete`, and FailureNotValid."""
    failure = rules.read_failure(code, message)
    return _settle_claimed(app, caller, invocation_id, status=InvocationStatus.FAILED, failure=failure)


def cancel(app: App, caller: Caller, *, invocation_id: str) -> Invocation:
    """Take back what was asked for, as long as nobody has begun with it: it ends as failed, and costs nothing.

    Raises InvocationNotFound, NotTheBuyer, InvocationTaken or InvocationSettled.
    """
    caller.must("identify")
    with app.database.transaction() as tx:
        tx.lock(_lock_name(invocation_id))
        found = see_invocation(tx, caller, invocation_id)
        caller.must("invoke", on=found.name)
        if found.buyer_id != caller.user_id:
            raise NotTheBuyer(invocation_id=found.id)
        if found.status.is_settled:
            raise InvocationSettled(invocation_id=found.id, status=found.status.value)
        if found.status is not InvocationStatus.PENDING:
            raise InvocationTaken(invocation_id=found.id, status=found.status.value)
        failure = Failure(code=CANCELLED, message="Its buyer took it back.")
        return _end(app, tx, found, status=InvocationStatus.FAILED, failure=failure)


def complete_by_server(
    app: App, invocation_id: str, *, claims: int, output: Any, usage: Usage, receipts: Sequence[str] = ()
) -> Invocation:
    """As `complete`, by the job that began with it as number `claims`. An output that does not fit fails it. When
    somebody else began later, or it has ended, nothing changes. The invocation as it is now.
    """
    with app.database.reading() as tx:
        found = _find(tx, invocation_id)
        executable = _executable(tx, found)
    faults = _check_output(executable, output)
    if faults:
        message = f"What the steps gave does not fit the output schema: {faults[0].message}."[:1000]
        failure = Failure(code=OutputNotValid.code, message=message)
        return _settle_begun(app, invocation_id, claims, failure=failure, usage=usage, receipts=receipts)
    return _settle_begun(app, invocation_id, claims, output=output, usage=usage, receipts=receipts)


def fail_by_server(
    app: App, invocation_id: str, *, claims: int, failure: Failure, usage: Usage, receipts: Sequence[str] = ()
) -> Invocation:
    """As `fail`, by the job that began with it as number `claims`."""
    return _settle_begun(app, invocation_id, claims, failure=failure, usage=usage, receipts=receipts)


def expire(app: App, invocation_id: str) -> Invocation:
    """End it if its time is over and nothing else has."""
    with app.database.transaction() as tx:
        tx.lock(_lock_name(invocation_id))
        found = _find(tx, invocation_id)
        return _expire(app, tx, found) if _is_over(app, found) else found


def _settle_claimed(
    app: App,
    caller: Caller,
    invocation_id: str,
    *,
    status: InvocationStatus,
    output: Any = None,
    failure: Failure | None = None,
) -> Invocation:
    """By the provider who has it. What comes too late ends it as expired, and is refused after that was committed."""
    with app.database.transaction() as tx:
        tx.lock(_lock_name(invocation_id))
        found = see_as_provider(tx, caller, invocation_id)
        if found.status.is_settled:
            ended = (found.status, found.output, found.failure, found.claimed_by)
            if ended == (status, output, failure, caller.user_id):
                return found
            raise InvocationSettled(invocation_id=found.id, status=found.status.value)
        is_late = _is_over(app, found)
        if not is_late and found.claimed_by != caller.user_id:
            raise InvocationNotYours(invocation_id=found.id, status=found.status.value)
        if not is_late:
            return _end(app, tx, found, status=status, output=output, failure=failure)
        _expire(app, tx, found)
    raise InvocationExpired(invocation_id=found.id)


def _settle_begun(
    app: App,
    invocation_id: str,
    claims: int,
    *,
    usage: Usage,
    receipts: Sequence[str],
    output: Any = None,
    failure: Failure | None = None,
) -> Invocation:
    with app.database.transaction() as tx:
        tx.lock(_lock_name(invocation_id))
        found = _find(tx, invocation_id)
        if found.status.is_settled or found.claims != claims:
            return found
        used = replace(found, usage=usage, receipts=tuple(receipts))
        if _is_over(app, found):
            return _expire(app, tx, used)
        status = InvocationStatus.FAILED if failure else InvocationStatus.COMPLETED
        return _end(app, tx, used, status=status, output=output, failure=failure)


def _expire(app: App, tx: Tx, found: Invocation) -> Invocation:
    failure = Failure(code=EXPIRED, message="It was not delivered in time.")
    return _end(app, tx, found, status=InvocationStatus.EXPIRED, failure=failure)


def _end(
    app: App,
    tx: Tx,
    found: Invocation,
    *,
    status: InvocationStatus,
    output: Any = None,
    failure: Failure | None = None,
) -> Invocation:
    """The one place where an invocation ends: its state, its money, the counts and the event, together."""
    now_ms = app.clock.now_ms()
    usage = found.usage
    if usage.duration_ms is None and found.started_ms is not None:
        usage = replace(usage, duration_ms=now_ms - found.started_ms)
    ended = replace(
        found, status=status, output=output, failure=failure, lease_until_ms=None, settled_ms=now_ms,
        updated_ms=now_ms, usage=usage,
    )  # fmt: skip
    if not store.settle(tx, ended):
        raise InvocationTaken(invocation_id=found.id, status=InvocationStatus.PROCESSING.value)
    is_completed = status is InvocationStatus.COMPLETED
    if ended.is_charged:
        (capture_charge if is_completed else release_charge)(tx, ended.id, now_ms=now_ms)
    if is_completed and not is_member(tx, ended.namespace, ended.buyer_id):  # what they do for themselves is no success
        offers.count_invocation(tx, ended.offer_id, completed=1)
    event = InvocationSettledAs(
        invocation_id=ended.id, offer_id=ended.offer_id, name=ended.name, buyer_id=ended.buyer_id,
        status=status.value,
    )  # fmt: skip
    invocation_ended(tx, ended.id, now_ms=now_ms)
    app.events.record(tx, event)
    return ended


def _executable_for(app: App, caller: Caller, invocation_id: str) -> Executable:
    with app.database.reading() as tx:
        return _executable(tx, see_as_provider(tx, caller, invocation_id))


def _executable(tx: Tx, found: Invocation) -> Executable:
    executable = offers.find_executable(tx, found.offer_id, found.version)
    assert executable is not None, "a foreign key keeps it"
    return executable


def _check_output(executable: Executable, output: Any) -> list[Fault]:
    _, faults = rules.read_value(output, most_bytes=rules.MAX_OUTPUT_BYTES)
    return faults or check_value(executable.output_schema, output)


def _find(tx: Tx, invocation_id: str) -> Invocation:
    found = store.find_invocation(tx, invocation_id)
    if found is None:
        raise InvocationNotFound(invocation_id=invocation_id[:64])
    return found


def _is_over(app: App, found: Invocation) -> bool:
    return not found.status.is_settled and app.clock.now_ms() >= found.expires_ms


def _lock_name(invocation_id: str) -> str:
    return f"invocation {invocation_id[:64]}"
