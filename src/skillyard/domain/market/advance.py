"""One composition goes on: the next hop is invoked, or it ends. May stop between any two steps and be called again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.on_behalf import on_behalf_of
from skillyard.domain.accounts.rights import Scope
from skillyard.domain.market.board_events import CompositionSettledAs
from skillyard.domain.market.board_model import Composition, CompositionStatus, Hop
from skillyard.domain.market.chains import INPUT, OUTPUT
from skillyard.domain.market.errors import InvocationSettled, InvocationTaken
from skillyard.domain.market.invoke import invoke
from skillyard.domain.market.model import Failure, Invocation, InvocationStatus
from skillyard.domain.market.settle import cancel as cancel_invocation
from skillyard.domain.market.store import compositions as store
from skillyard.domain.market.store import invocations
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError, TooMany, Unavailable, Upstream
from skillyard.skill.joins import pass_on

EXPIRED = "expired"
_LIVES_MS = 24 * 3600 * 1000
_MAX_MESSAGE_CHARS = 1000


def advance(app: App, composition_id: str) -> None:
    """As far as it goes now. What cannot be done at the moment raises, and is tried again by the job."""
    while (found := _look(app, composition_id)) is not None and not found.status.is_settled:
        position = next((number for number, hop in enumerate(found.hops) if not _is_done(hop)), None)
        if position is None:
            _complete(app, found)
        elif found.hops[position].invocation_id is None:
            _begin(app, found, position)
        elif (failure := _failure_of(app, found.hops[position])) is not None:
            _fail(app, found, failure)
        else:
            return


def end(
    app: App,
    tx: Tx,
    found: Composition,
    status: CompositionStatus,
    *,
    output: Any = None,
    failure: Failure | None = None,
) -> bool:
    """False when it had ended before."""
    now_ms = app.clock.now_ms()
    settled = replace(found, status=status, output=output, failure=failure, settled_ms=now_ms, updated_ms=now_ms)
    if not store.settle(tx, settled):
        return False
    app.events.record(tx, CompositionSettledAs(composition_id=found.id, status=status.value))
    return True


def _look(app: App, composition_id: str) -> Composition | None:
    with app.database.reading() as tx:
        return store.find_composition(tx, composition_id)


def _is_done(hop: Hop) -> bool:
    return hop.status is InvocationStatus.COMPLETED


def _failure_of(app: App, hop: Hop) -> Failure | None:
    """Why a hop failed; None while it may still deliver."""
    with app.database.reading() as tx:
        found = invocations.find_invocation(tx, hop.invocation_id or "")
    if found is None or not found.status.is_settled or found.failure is None:
        return None
    return Failure(code=found.failure.code, message=f"{hop.name}: {found.failure.message}")


def _begin(app: App, found: Composition, position: int) -> None:
    if app.clock.now_ms() > found.created_ms + _LIVES_MS:
        return _fail(app, found, Failure(code=EXPIRED, message="It was not delivered within a day."))
    try:
        with app.database.reading() as tx:
            scopes = [Scope(scope) for scope in found.scopes]
            caller = on_behalf_of(tx, found.owner_id, scopes=scopes, agent_id=found.agent_id)
        invocation = _invoke(app, caller, found, position)
    except (Unavailable, TooMany, Upstream):
        raise
    except SkillyardError as error:
        name = found.hops[position].name
        return _fail(app, found, Failure(code=error.code, message=f"{name}: {error.message}"))
    _note(app, caller, found, position, invocation)
    return None


def _invoke(app: App, caller: Caller, found: Composition, position: int) -> Invocation:
    """Once only: the key is the composition's and the position's. Raises what `invoke` does."""
    hop, key = found.hops[position], f"{found.id}:{position}"
    with app.database.reading() as tx:
        if begun := invocations.find_by_key(tx, found.owner_id, key):
            return begun[0]
        before = invocations.find_invocation(tx, found.hops[position - 1].invocation_id or "") if position else None
    values = {INPUT: found.input, OUTPUT: before.output if before else None}
    given = pass_on(hop.mapping, values)
    return invoke(
        app, caller, offer_id=hop.offer_id, input=given, key=key, agent_id=found.agent_id, max_price=hop.price
    )


def _note(app: App, caller: Caller, found: Composition, position: int, invocation: Invocation) -> None:
    """What was begun while the composition was taken back is taken back, too."""
    with app.database.transaction() as tx:
        store.begin_hop(tx, found.id, position, invocation.id, now_ms=app.clock.now_ms())
        now = store.find_composition(tx, found.id)
    if now is not None and now.status is CompositionStatus.CANCELLED:
        try:
            cancel_invocation(app, caller, invocation_id=invocation.id)
        except (InvocationTaken, InvocationSettled):
            return


def _complete(app: App, found: Composition) -> None:
    with app.database.transaction() as tx:
        last = invocations.find_invocation(tx, found.hops[-1].invocation_id or "")
        assert last is not None, "an invocation that is completed stays"
        end(app, tx, found, CompositionStatus.COMPLETED, output=last.output)


def _fail(app: App, found: Composition, failure: Failure) -> None:
    delivered = sum(_is_done(hop) for hop in found.hops)
    kept = f" What was delivered before ({delivered} of {len(found.hops)}) stays paid." if delivered else ""
    said = replace(failure, message=f"{failure.message[: _MAX_MESSAGE_CHARS - len(kept)]}{kept}")
    with app.database.transaction() as tx:
        end(app, tx, found, CompositionStatus.FAILED, failure=said)
