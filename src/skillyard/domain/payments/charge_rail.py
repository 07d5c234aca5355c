"""The port for ways to pay for an invocation from elsewhere than one's credits here. Each is a file in `charge_rails/`.

A payment is looked at before the invocation is taken in, and taken only after that was delivered. Like the rails of
invoices, these speak with a provider through the one guarded door; they post nothing and store nothing.
"""

from __future__ import annotations

import base64
import binascii
import importlib
import pkgutil
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

import orjson

from skillyard.domain.payments.charge_model import Charge
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.errors import NotWithThisRail
from skillyard.domain.payments.rail import Check, Outcome

if TYPE_CHECKING:
    from skillyard.app import App

MAX_TOKEN_CHARS = 16_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """What one invocation costs. `resource`: its address, which payments name."""

    item: str
    amount: int
    resource: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A payment that was looked at and is good now. `payment` names it, so that it pays once; `document`: what it takes
    to have it, as JSON.
    """

    rail: str
    payer: str
    payment: str
    document: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Credits that are bought elsewhere and pay here, one for each of ours. `rail`: whose they are."""

    rail: str
    id: str
    checkout_url: str


class ChargeRail(ABC):
    """`clearing`: the account that mirrors what was taken for us."""

    name: ClassVar[str]
    clearing: ClassVar[Kind]

    @abstractmethod
    def is_ready(self, app: App) -> bool:
        """Whether the operator has set it up."""

    @abstractmethod
    def reads(self, token: Mapping[str, Any]) -> bool:
        """Whether a payment token is one of its own, by what is written in it."""

    @abstractmethod
    def offer(self, app: App, bill: Bill) -> dict[str, Any]:
        """What a payer's program needs to make such a token, for answers that ask for payment."""

    @abstractmethod
    def verify(self, app: App, bill: Bill, token: str) -> Proof:
        """Look at a payment; nothing is taken. Raises PaymentRefused, or Upstream."""

    def prepare(self, app: App, charge: Charge) -> str:
        """The proof as it has to be stored before `settle` is called. Raises Upstream."""
        assert charge.proof is not None, "it is not settled yet"
        return charge.proof

    @abstractmethod
    def settle(self, app: App, charge: Charge) -> Outcome:
        """Take a payment. Does not raise Upstream: what nobody knows is `unknown`."""

    @abstractmethod
    def find(self, app: App, charge: Charge) -> Outcome:
        """What became of one that may have been taken. Submitted: it was not, and may be taken now."""

    def plan(self, app: App) -> Plan | None:
        """The plan whose credits pay here, where there is one."""
        return None

    def plan_balance(self, app: App, holder: str) -> int:
        """Credits of that plan that an account there holds. Raises HolderNotValid, or Upstream."""
        raise NotWithThisRail(rail=self.name, what="plans")

    def check(self, app: App) -> list[Check]:
        """For `doctor`. Does not raise."""
        return []


@cache
def charge_rails() -> Mapping[str, ChargeRail]:
    """Every one there is, by name."""
    from skillyard.domain.payments import charge_rails as folder

    names = [f"{folder.__name__}.{found.name}" for found in pkgutil.iter_modules(folder.__path__)]
    found: list[ChargeRail] = [importlib.import_module(name).CHARGE_RAIL for name in names]
    return {rail.name: rail for rail in sorted(found, key=lambda rail: rail.name)}


def ready_charge_rails(app: App) -> list[ChargeRail]:
    return [rail for rail in charge_rails().values() if rail.is_ready(app)]


def read_token(token: str) -> dict[str, Any] | None:
    """What is written in a payment token: JSON in base64 (https://docs.x402.org, header PAYMENT-SIGNATURE)."""
    if not 0 < len(token) <= MAX_TOKEN_CHARS:
        return None
    plain = token.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        found = orjson.loads(base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None
    return found if isinstance(found, dict) else None
