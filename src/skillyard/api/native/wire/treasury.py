"""What administrators see and do with money, on the wire: credits, payouts of all, rates, money without an owner."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.payments.rates import Rate
from skillyard.infra.clock import iso
from skillyard.infra.money import Asset

_RATE = {"asset": "TON", "usd": "5.20", "source": "administrator", "at": "2026-11-21T07:00:00.000Z"}


class GrantCreditsBody(BaseModel):
    model_config = example({"username": "grace", "amount": "2900", "reason": "Prize of the contest."}, closed=True)

    username: Text
    amount: Text = Field(description="Whole credits; one is one US cent.")
    reason: str = Field(max_length=2000)


class CreditsGranted(BaseModel):
    model_config = example({"username": "grace", "credits": "2900"})

    username: str
    credits: str = Field(description="What was granted now.")


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


def show_rate(asset: Asset, rate: Rate) -> RateOnWire:
    return RateOnWire(asset=asset, usd=rate.usd, source=rate.source, at=iso(rate.at_ms))
