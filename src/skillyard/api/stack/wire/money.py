"""Prices and balances. A balance is a text of digits, as STACK's clients expect it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel


class Checkout(BaseModel):
    checkout_url: str
    plan_id: str
    price_per_invocation: int


class FreeBalance(BaseModel):
    free: Literal[True] = True
    balance: None = None
    price_per_invocation: Literal[0] = 0


class PlanBalance(BaseModel):
    free: Literal[False] = False
    balance: str
    price_per_invocation: int
    plan_id: str
    invocations_remaining: int


class PlanOffer(BaseModel):
    free: Literal[False] = False
    balance: None = None
    price_per_invocation: int
    plan_id: str
    purchase_url: str
