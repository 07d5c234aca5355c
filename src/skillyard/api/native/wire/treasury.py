"""What administrators see and do with money, on the wire: credits, payouts of all, rates, money without an owner."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.payments.charge_model import Charge, ChargeStatus
from skillyard.domain.payments.model import Quote, Receipt
from skillyard.infra.clock import iso
from skillyard.infra.money import Asset, show_amount

_RATE = {"asset": "TON", "usd": "5.20", "source": "administrator", "at": "2026-11-21T07:00:00.000Z"}

_DEPOSIT = {
    "rail": "ton",
    "reference": "0:83df…:47200001:9f86…",
    "asset": "TON",
    "amount": "2.750000000",
    "memo": "thanks for the skill",
    "payer": "UQ…",
    "received_at": "2026-11-21T07:00:00.000Z",
}


_CHARGE = {
    "ref": "sinv_01k0000000000000000000000a",
    "name": "acme/report",
    "rail": "nevermined",
    "amount": "10",
    "status": "unknown",
    "payer": "0x…",
    "reference": None,
    "why": "the balance was 100 and is 590",
    "placed_at": "2026-11-21T07:00:00.000Z",
}


class ChargeOnWire(BaseModel):
    model_config = example(_CHARGE)

    ref: str = Field(description="The invocation that it is for.")
    name: str
    rail: str
    amount: str = Field(description="In credits; one is one US cent.")
    status: ChargeStatus
    payer: str | None
    reference: str | None = Field(description="The provider's own id of the payment.")
    why: str
    placed_at: Time


class Charges(BaseModel):
    model_config = example({"items": [_CHARGE]})

    items: list[ChargeOnWire]


class DecideChargeBody(BaseModel):
    model_config = example({"taken": True, "reference": "0x…"}, closed=True)

    taken: bool = Field(description="Whether the provider took the payment.")
    reference: Text | None = Field(default=None, description="The provider's own id of it.")


class GrantCreditsBody(BaseModel):
    model_config = example({"username": "grace", "amount": "2900", "reason": "Prize of the contest."}, closed=True)

    username: Text
    amount: Text = Field(description="Whole credits; one is one US cent.")
    reason: str = Field(max_length=2000)


class SetRateBody(BaseModel):
    model_config = example({"usd": "5.20"}, closed=True)

    usd: Text = Field(description="What one unit is worth in US dollars.")


class RateOnWire(BaseModel):
    model_config = example(_RATE)

    asset: Asset
    usd: str
    source: str
    at: Time


class RejectPayoutBody(BaseModel):
    model_config = example({"reason": "The account belongs to somebody else."}, closed=True)

    reason: str = Field(max_length=2000)


class CurrentRate(BaseModel):
    model_config = example({"rate": _RATE})

    rate: RateOnWire | None = Field(description="None when nobody said so lately.")


class DepositOnWire(BaseModel):
    model_config = example(_DEPOSIT)

    rail: str
    reference: str
    asset: Asset
    amount: str
    memo: str | None
    payer: str | None
    received_at: Time


class Deposits(BaseModel):
    model_config = example({"items": [_DEPOSIT]})

    items: list[DepositOnWire]


class MatchDepositBody(BaseModel):
    model_config = example(
        {"rail": "ton", "reference": _DEPOSIT["reference"], "invoice_id": "inv_01k0000000000000000000000a"}, closed=True
    )

    rail: Text
    reference: Text
    invoice_id: Text


class ReturnDepositBody(BaseModel):
    model_config = example({"rail": "ton", "reference": _DEPOSIT["reference"], "address": "UQ…"}, closed=True)

    rail: Text
    reference: Text
    address: Text | None = Field(default=None, description="For TON: the wallet of whoever sent it.")


def show_rate(asset: Asset, rate: Quote) -> RateOnWire:
    return RateOnWire(asset=asset, usd=rate.usd, source=rate.source, at=iso(rate.at_ms))


def show_deposits(found: Sequence[Receipt]) -> Deposits:
    items = [
        DepositOnWire(
            rail=one.rail,
            reference=one.reference,
            asset=one.asset,
            amount=show_amount(one.amount, one.asset),
            memo=one.memo,
            payer=one.payer,
            received_at=iso(one.received_ms),
        )
        for one in found
    ]
    return Deposits(items=items)


def show_charge(charge: Charge) -> ChargeOnWire:
    return ChargeOnWire(
        ref=charge.ref,
        name=charge.item,
        rail=charge.rail,
        amount=show_amount(charge.amount, Asset.CREDIT),
        status=charge.status,
        payer=charge.payer,
        reference=charge.reference,
        why=charge.why,
        placed_at=iso(charge.placed_ms),
    )


def show_charges(charges: Sequence[Charge]) -> Charges:
    return Charges(items=[show_charge(one) for one in charges])
