"""Invoke an offer: everything is checked before anything is charged, then one transaction takes it in, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.agents import acting_agent
from skillyard.domain.accounts.claim import Level
from skillyard.domain.accounts.claims import explain
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.quota import count_execution
from skillyard.domain.market import rules
from skillyard.domain.market.board_errors import PriceRaised
from skillyard.domain.market.errors import (
    InputNotValid,
    OfferNotActive,
    RetryKeyUsed,
    TooLittleTrust,
    TooManyOpenInvocations,
)
from skillyard.domain.market.events import InvocationAdded
from skillyard.domain.market.execution import execute_invocation
from skillyard.domain.market.model import Invocation, InvocationStatus, Offer, OfferStatus
from skillyard.domain.market.offers import see_offer
from skillyard.domain.market.store import invocations, offers
from skillyard.domain.payments.charge_errors import NotEnoughCredits
from skillyard.domain.payments.charge_rail import Proof
from skillyard.domain.payments.charges import CREDITS, charge_terms, place_charge
from skillyard.domain.payments.pay_elsewhere import bill_for, payment_offers, verify_payment
from skillyard.domain.registry import access
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.jobs import enqueue, head_start
from skillyard.skill.executable import Executable
from skillyard.skill.names import SkillName
from skillyard.skill.schemas import check_value

_INVOCABLE = (OfferStatus.ACTIVE, OfferStatus.UNLISTED)
_GRACE_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """What was asked for, as it was checked. `fingerprint` tells a repetition from another request."""

    value: Any
    retry_key: str | None
    fingerprint: str
    agent_id: str | None
    passport_id: str | None
    intent: str | None


def invoke(
    app: App,
    caller: Caller,
    *,
    offer_id: str,
    input: Any,
    key: str | None = None,
    agent_id: str | None = None,
    passport_id: str | None = None,
    intent: str | None = None,
    payment: str | None = None,
    max_price: int | None = None,
) -> Invocation:
    """A pending invocation, whose price is set aside. What one's own namespace offers is free.

    `key`: the same again, with the same offer and input, is the same invocation, charged once. `agent_id`: which agent
    of the caller asks; of one that signed in with its own key it is known. `intent`: the approval of another system,
    kept for the audit trail like `passport_id`. `payment`: a token by which it is paid elsewhere, once it is delivered;
    without one, or where this server takes none, credits pay. `max_price`: credits, such as it cost when the
    caller read of it; its seller may have raised the price since.

    Raises OfferNotFound, OfferNotActive, InputNotValid, TooLittleTrust, TooManyOpenInvocations, PriceRaised,
    NotEnoughCredits, PaymentRefused,
    PaymentUsed, Upstream, RetryKeyUsed, RetryKeyNotValid, FieldNotValid, for the agent what `acting_agent` raises, and
    for the key of a collection OutsideSlice or QuotaExceeded.
    """
    _check_right(caller, None)
    agent_id = caller.agent_id if agent_id is None else agent_id
    wanted = _read(caller, offer_id, input, key=key, agent_id=agent_id, passport_id=passport_id, intent=intent)
    while True:
        with app.database.reading() as tx:
            if found := _find_repeated(tx, caller, wanted):
                _check_right(caller, found.name)
                return found
            offer = see_offer(tx, caller, offer_id=offer_id)
        _check_right(caller, offer.name)
        _check_input(offer.name, offer.executable, wanted.value)
        price = 0 if _is_own(caller, offer) else offer.price
        if max_price is not None and price > max_price:
            raise PriceRaised(name=offer.name, before=max_price, now=price)
        proof = verify_payment(app, bill_for(app, item=offer.name, amount=price), payment) if price else None
        new = _invocation(app, caller, offer, wanted, price=price, proof=proof)
        try:
            with app.database.transaction() as tx:
                now = offers.find_offer(tx, offer.id)
                if now and (now.version, now.price) == (offer.version, offer.price):  # as it was checked
                    return _take_in(app, tx, caller, now, new, wanted, proof)
        except NotEnoughCredits as error:
            elsewhere = payment_offers(app, bill_for(app, item=offer.name, amount=price))
            raise NotEnoughCredits(**error.facts, offers=elsewhere) from None


def _check_right(caller: Caller, name: str | None) -> None:
    """As soon as it can be known: of a key for some skills only once it is known which skill is meant."""
    if name is not None or caller.slice_key_id is None:
        caller.must("invoke", on=name)


def _read(
    caller: Caller,
    offer_id: str,
    value: Any,
    *,
    key: str | None,
    agent_id: str | None,
    passport_id: str | None,
    intent: str | None,
) -> _Request:
    rules.check_retry_key(key)
    for what, field in (("agent_id", agent_id), ("passport_id", passport_id), ("intent", intent)):
        rules.check_field(field, what=what)
    text, faults = rules.read_value(value, most_bytes=rules.MAX_INPUT_BYTES)
    if faults:
        raise InputNotValid(name=offer_id[:64], **rules.listed(faults))
    return _Request(
        value=value,
        retry_key=_own_key(caller, key),
        fingerprint=rules.fingerprint(offer_id, text, agent_id, passport_id),
        agent_id=agent_id,
        passport_id=passport_id,
        intent=intent,
    )


def _own_key(caller: Caller, key: str | None) -> str | None:
    """Whoever holds a key for some skills cannot name the requests of others of the same person."""
    return f"{caller.slice_key_id} {key}" if key is not None and caller.slice_key_id else key


def _find_repeated(tx: Tx, caller: Caller, wanted: _Request) -> Invocation | None:
    """Raises RetryKeyUsed when the key was used for something else."""
    if wanted.retry_key is None:
        return None
    found = invocations.find_by_key(tx, caller.identity[0], wanted.retry_key)
    if found is None:
        return None
    invocation, fingerprint = found
    if fingerprint != wanted.fingerprint:
        raise RetryKeyUsed(invocation_id=invocation.id)
    return invocation


def _check_input(name: str, executable: Executable, value: Any) -> None:
    if faults := check_value(executable.input_schema, value):
        raise InputNotValid(name=name, **rules.listed(faults))


def _take_in(
    app: App, tx: Tx, caller: Caller, offer: Offer, new: Invocation, wanted: _Request, proof: Proof | None
) -> Invocation:
    now_ms = new.created_ms
    acting_agent(tx, caller, wanted.agent_id)
    _check_invocable(tx, caller, offer)
    _check_trust(tx, caller, offer, now_ms=now_ms)
    if not invocations.add_invocation(tx, new, retry_key=wanted.retry_key, fingerprint=wanted.fingerprint):
        found = _find_repeated(tx, caller, wanted)
        assert found is not None, "the unique index has seen it"
        return found
    if invocations.count_open(tx, new.buyer_id) > app.settings.invocations_open:
        raise TooManyOpenInvocations(most=app.settings.invocations_open)
    if new.is_charged:
        place_charge(
            tx, ref=new.id, buyer_id=new.buyer_id, seller_id=new.owner_id, item=new.name, amount=new.price,
            terms=charge_terms(app), now_ms=now_ms, expires_ms=new.expires_ms, proof=proof,
        )  # fmt: skip
    count_execution(tx, app, caller)
    offers.count_invocation(tx, offer.id, invocations=1)
    if new.runs_here:
        early_ms = head_start(waiting=invocations.count_waiting(tx, new.buyer_id) - 1)
        enqueue(tx, execute_invocation, now_ms=now_ms, key=new.id, delay_ms=early_ms, invocation_id=new.id)
    event = InvocationAdded(invocation_id=new.id, offer_id=offer.id, name=offer.name, buyer_id=new.buyer_id)
    app.events.record(tx, event)
    return new


def _check_invocable(tx: Tx, caller: Caller, offer: Offer) -> None:
    is_own = caller.may("read", on=offer.name)
    if offer.status not in _INVOCABLE and not (is_own and offer.status is OfferStatus.PENDING_REVIEW):
        raise OfferNotActive(name=offer.name, status=offer.status.value)
    release = access.get_release(tx, SkillName.parse(offer.name), offer.version)
    if not release.is_offered:  # the registry has the last word, before its events were followed
        raise OfferNotActive(name=offer.name, status="withdrawn")


def _check_trust(tx: Tx, caller: Caller, offer: Offer, *, now_ms: int) -> None:
    wanted, by_agent = Level(offer.trust_level), caller.agent_id is not None
    check = explain(tx, caller.identity[0], wanted, now_ms=now_ms, by_agent=by_agent)
    if not check.allowed:
        raise TooLittleTrust(name=offer.name, wanted=offer.trust_level, level=check.level.value, reason=check.reason)


def _is_own(caller: Caller, offer: Offer) -> bool:
    return caller.user_id == offer.owner_id or offer.namespace in caller.roles


def _invocation(
    app: App, caller: Caller, offer: Offer, wanted: _Request, *, price: int, proof: Proof | None
) -> Invocation:
    buyer_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    lives_ms = max(app.settings.invocation_minutes * 60_000, offer.executable.timeout_s * 1000 + _GRACE_MS)
    return Invocation(
        id=new_id("sinv"),
        offer_id=offer.id,
        name=offer.name,
        version=offer.version,
        digest=offer.digest,
        buyer_id=buyer_id,
        owner_id=offer.owner_id,
        agent_id=wanted.agent_id,
        passport_id=wanted.passport_id,
        intent=wanted.intent,
        key_id=caller.slice_key_id,
        input=wanted.value,
        status=InvocationStatus.PENDING,
        runs_here=offer.executable.runs_here,
        price=price,
        rail=None if not price else proof.rail if proof else CREDITS,
        created_ms=now_ms,
        updated_ms=now_ms,
        expires_ms=now_ms + lives_ms,
    )
