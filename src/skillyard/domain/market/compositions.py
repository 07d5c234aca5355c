"""Run offers one after the other: each an ordinary invocation of the caller's, its input made of what was before."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.agents import acting_agent
from skillyard.domain.accounts.claim import Level
from skillyard.domain.accounts.claims import explain
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.quota import count_execution
from skillyard.domain.market import rules
from skillyard.domain.market.advance import end
from skillyard.domain.market.board_errors import (
    CompositionKeyUsed,
    CompositionNotFound,
    CompositionNotValid,
    CompositionSettled,
)
from skillyard.domain.market.board_events import CompositionStarted
from skillyard.domain.market.board_model import Composition, CompositionStatus, Hop
from skillyard.domain.market.chains import INPUT, OUTPUT
from skillyard.domain.market.composing import advance_composition
from skillyard.domain.market.errors import (
    InputNotValid,
    InvocationSettled,
    InvocationTaken,
    OfferNotActive,
    TooLittleTrust,
)
from skillyard.domain.market.model import Failure, Offer, OfferStatus
from skillyard.domain.market.offers import MOST, see_offer
from skillyard.domain.market.settle import CANCELLED
from skillyard.domain.market.settle import cancel as cancel_invocation
from skillyard.domain.market.store import compositions as store
from skillyard.domain.payments.charges import charge_terms, check_credits
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.jobs import enqueue
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.skill.faults import Fault
from skillyard.skill.joins import EVERYTHING, Source, join, pass_on
from skillyard.skill.schema_facts import facts_of
from skillyard.skill.schemas import check_value, schema_of_value

MOST_HOPS = 5
_MAX_ID_CHARS = 64


def start_composition(
    app: App,
    caller: Caller,
    *,
    offer_ids: Sequence[str],
    input: Any,
    key: str | None = None,
    max_price: int | None = None,
    agent_id: str | None = None,
) -> Composition:
    """Run 1 to 5 offers one after the other. Everything is checked before anything is charged: that they join, that
    they may be invoked, and that there are credits for all of them. Each is paid when it delivers; when one fails, the
    whole does, and what was delivered before stays paid. No hop costs more than its offer does now.

    `key`: the same again is the same composition. `max_price`: credits, for all together.

    Raises OfferNotFound, InputNotValid, CompositionNotValid, OfferNotActive, TooLittleTrust, NotEnoughCredits,
    CompositionKeyUsed, RetryKeyNotValid, AgentNotFound or AgentMayNotAct.
    """
    caller.must("invoke")
    rules.check_retry_key(key)
    text, faults = rules.read_value(input, most_bytes=rules.MAX_INPUT_BYTES)
    if faults:
        raise InputNotValid(name="the first offer", **rules.listed(faults))
    if not 1 <= len(offer_ids) <= MOST_HOPS:
        raise _not_valid(f"{len(offer_ids)} offers are named, 1 to {MOST_HOPS} are run", "name as many")
    fingerprint = rules.fingerprint(*offer_ids, text, agent_id)
    with app.database.reading() as tx:
        if found := _find_repeated(tx, caller, key, fingerprint):
            return found
        offers = [see_offer(tx, caller, offer_id=offer_id) for offer_id in offer_ids]
    hops = plan(offers, input)
    if max_price is not None and sum(hop.price for hop in hops) > max_price:
        raise _not_valid(f"together they cost more than {max_price} credits", "allow more, or choose cheaper ones")
    with app.database.transaction() as tx:
        acting = acting_agent(tx, caller, agent_id)
        _check_all(app, tx, caller, offers, by_agent=acting is not None)
        new = _composition(app, caller, hops, input, acting)
        if not store.add_composition(tx, new, retry_key=key, fingerprint=fingerprint):
            found = _find_repeated(tx, caller, key, fingerprint)
            assert found is not None, "the unique index has seen it"
            return found
        count_execution(tx, app, caller, times=len(hops))
        enqueue(tx, advance_composition, now_ms=new.created_ms, composition_id=new.id)
        names = tuple(hop.name for hop in hops)
        app.events.record(tx, CompositionStarted(composition_id=new.id, offers=names))
    return new


def plan(offers: Sequence[Offer], input: Any) -> tuple[Hop, ...]:
    """How each input is put together. Raises InputNotValid or CompositionNotValid with the reasons."""
    at_hand = Source(label=INPUT, schema=schema_of_value(input))
    hops = [_hop(offers[0], _first_mapping(offers[0], input))]
    refused: list[Fault] = []
    for before, offer in itertools.pairwise(offers):
        sources = [Source(label=OUTPUT, schema=before.executable.output_schema), at_hand]
        found = join(sources, offer.executable.input_schema)
        refused += [_fault(f"{before.name} → {offer.name}: {reason}") for reason in found.reasons]
        hops.append(_hop(offer, found.mapping))
    if refused:
        raise CompositionNotValid(**rules.listed(refused))
    return tuple(hops)


def _first_mapping(first: Offer, input: Any) -> Mapping[str, str]:
    """All of the input, or where the rest of it is for others, what the first speaks of. Raises InputNotValid."""
    schema = first.executable.input_schema
    everything, named = {EVERYTHING: INPUT}, dict.fromkeys(facts_of(schema).names, INPUT)
    faults = check_value(schema, input)
    if not faults:
        return everything
    if named and isinstance(input, Mapping):
        faults = check_value(schema, pass_on(named, {INPUT: input}))
    if faults:
        raise InputNotValid(name=first.name, **rules.listed(faults))
    return named


def get_composition(app: App, caller: Caller, *, composition_id: str) -> Composition:
    """For its owner. Raises CompositionNotFound."""
    caller.must("identify")
    with app.database.reading() as tx:
        return _see(tx, caller, composition_id)


def list_compositions(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Page[Composition]:
    """The caller's, the newest first. Raises BadCursor."""
    caller.must("read_own")
    (before,) = read_cursor(cursor, [""])
    limit = max(1, min(limit, MOST))
    with app.database.reading() as tx:
        found = store.list_of_owner(tx, caller.identity[0], before=str(before), limit=limit + 1)
    return page_of(found, limit, lambda one: [one.id])


def cancel_composition(app: App, caller: Caller, *, composition_id: str) -> Composition:
    """Begin no further hop. One that nobody has begun to work on is taken back; one that is worked on is delivered and
    paid. Raises CompositionNotFound or CompositionSettled.
    """
    caller.must("invoke")
    with app.database.transaction() as tx:
        found = _see(tx, caller, composition_id)
        failure = Failure(code=CANCELLED, message="Its owner took it back.")
        if not end(app, tx, found, CompositionStatus.CANCELLED, failure=failure):
            raise CompositionSettled(composition_id=found.id, status=found.status.value)
    for hop in found.hops:
        if hop.invocation_id is not None and not (hop.status and hop.status.is_settled):
            try:
                cancel_invocation(app, caller, invocation_id=hop.invocation_id)
            except (InvocationTaken, InvocationSettled):
                continue
    return get_composition(app, caller, composition_id=composition_id)


def _see(tx: Tx, caller: Caller, composition_id: str) -> Composition:
    is_text = composition_id.isprintable() and len(composition_id) <= _MAX_ID_CHARS
    found = store.find_composition(tx, composition_id) if is_text else None
    if found is None or found.owner_id != caller.user_id or not (caller.may("read_own") or caller.may("invoke")):
        raise CompositionNotFound(composition_id=composition_id[:_MAX_ID_CHARS])
    return found


def _find_repeated(tx: Tx, caller: Caller, key: str | None, fingerprint: str) -> Composition | None:
    """Raises CompositionKeyUsed when the key was used for something else."""
    found = store.find_by_key(tx, caller.identity[0], key) if key is not None else None
    if found is not None and found[1] != fingerprint:
        raise CompositionKeyUsed(composition_id=found[0].id)
    return found[0] if found else None


def _check_all(app: App, tx: Tx, caller: Caller, offers: Sequence[Offer], *, by_agent: bool) -> None:
    """What could make a later hop fail and can be known now."""
    buyer_id, _ = caller.identity
    now_ms, to_pay = app.clock.now_ms(), 0
    for offer in offers:
        if offer.status not in (OfferStatus.ACTIVE, OfferStatus.UNLISTED) or not offer.is_offered:
            raise OfferNotActive(name=offer.name, status=offer.status.value if offer.is_offered else "withdrawn")
        wanted = Level(offer.trust_level)
        check = explain(tx, buyer_id, wanted, now_ms=now_ms, by_agent=by_agent)
        if not check.allowed:
            raise TooLittleTrust(
                name=offer.name, wanted=offer.trust_level, level=check.level.value, reason=check.reason
            )
        to_pay += 0 if buyer_id == offer.owner_id or offer.namespace in caller.roles else offer.price
    names = ", ".join(offer.name for offer in offers)
    check_credits(tx, buyer_id, item=names, amount=to_pay, terms=charge_terms(app))


def _composition(app: App, caller: Caller, hops: tuple[Hop, ...], input: Any, agent_id: str | None) -> Composition:
    now_ms = app.clock.now_ms()
    return Composition(
        id=new_id("cmp"),
        owner_id=caller.identity[0],
        agent_id=agent_id,
        scopes=tuple(sorted(caller.scopes)),
        input=input,
        status=CompositionStatus.RUNNING,
        hops=hops,
        created_ms=now_ms,
        updated_ms=now_ms,
    )


def _hop(offer: Offer, mapping: Mapping[str, str]) -> Hop:
    return Hop(offer_id=offer.id, name=offer.name, version=offer.version, price=offer.price, mapping=mapping)


def _not_valid(message: str, hint: str) -> CompositionNotValid:
    return CompositionNotValid(**rules.listed([_fault(message, hint)]))


def _fault(message: str, hint: str = "choose offers whose schemas join") -> Fault:
    return Fault(code="does_not_join", message=message, hint=hint)
