"""Payment from a plan at Nevermined (https://docs.nevermined.app): one plan of the operator's, good for every skill.

One credit of the plan is one of ours. The buyer's program sends an x402 access token, by which the buyer lets us take
credits of the plan. An account's address alone proves nothing and pays nothing: everybody may know it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from skillyard.app import App
from skillyard.domain.payments.charge_errors import HolderNotValid, PaymentRefused
from skillyard.domain.payments.charge_model import Charge
from skillyard.domain.payments.charge_rail import Bill, ChargeRail, Plan, Proof
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.rail import Check, Outcome
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id
from skillyard.infra.outbound import Bounds, CallFailed

SCHEME = "nvm:erc4337"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_REFUSING = (400, 402, 404, 422)
_BOUNDS = Bounds(total_s=40, phase_s=35)
_DONE_BY_MS = 10 * 60_000
"""After so long, whatever was asked for there was done, or never will be."""


class NeverminedRail(ChargeRail):
    name = "nevermined"
    clearing = Kind.NEVERMINED_CLEARING

    def is_ready(self, app: App) -> bool:
        return bool(app.settings.nevermined_api_key.get_secret_value() and app.settings.nevermined_plan_id)

    def reads(self, token: Mapping[str, Any]) -> bool:
        accepted = token.get("accepted")
        return isinstance(accepted, dict) and accepted.get("scheme") == SCHEME

    def offer(self, app: App, bill: Bill) -> dict[str, Any]:
        return {"payment_required": _requirements(app, bill.resource), "checkout_url": checkout_url(app)}

    def verify(self, app: App, bill: Bill, token: str) -> Proof:
        body = _token_body(app, bill.resource, bill.amount, token)
        said = _ask(app, "POST", "/api/v1/x402/verify", body)
        payer, request_id = said.get("payer"), said.get("agentRequestId")
        if said.get("isValid") is not True:
            raise PaymentRefused(why=_word(said.get("invalidReason"), "Nevermined does not take it"), offers=[])
        if not isinstance(payer, str) or not _ADDRESS.fullmatch(payer):
            raise CallFailed(host="Nevermined", why="it does not say who pays")
        payer = payer.lower()
        document = {"body": body, "agent_request_id": request_id if isinstance(request_id, str) else None}
        # One token may stand for many payments, so that each is named by its own request there.
        payment = f"{payer}:{document['agent_request_id'] or new_id('key')}"
        return Proof(rail=self.name, payer=payer, payment=payment, document=_written(document))

    def prepare(self, app: App, charge: Charge) -> str:
        """With the balance before it is taken: nobody but us takes credits of our plan, one by one for each payer."""
        document = _document(charge)
        before = get_plan_balance(app, charge.payer or "")
        return _written({**document, "balance_before": before, "asked_ms": app.clock.now_ms()})

    def settle(self, app: App, charge: Charge) -> Outcome:
        document = _document(charge)
        body = dict(document["body"])
        if document["agent_request_id"]:
            body["agentRequestId"] = document["agent_request_id"]
        try:
            said = _ask(app, "POST", "/api/v1/x402/settle", body)
        except PaymentRefused as refusal:
            return Outcome(state="failed", why=refusal.message)
        except SkillyardError as error:
            return Outcome(state="unknown", why=error.message)
        if said.get("success") is not True:
            return Outcome(state="failed", why=_word(said.get("errorReason"), "Nevermined refused it"))
        return Outcome(state="paid", reference=_word(said.get("transaction"), "") or None)

    def find(self, app: App, charge: Charge) -> Outcome:
        """By what is missing from the balance. Where the payer bought more meanwhile, an administrator has to look."""
        document = _document(charge)
        before, asked_ms = document["balance_before"], document["asked_ms"]
        after = get_plan_balance(app, charge.payer or "")
        if before - after == charge.amount:
            return Outcome(state="paid", why="found by the balance")
        if before == after and asked_ms + _DONE_BY_MS <= app.clock.now_ms():
            return Outcome(state="submitted", why="it was not taken")
        return Outcome(state="unknown", why=f"the balance was {before} and is {after}")

    def plan(self, app: App) -> Plan | None:
        return Plan(rail=self.name, id=app.settings.nevermined_plan_id, checkout_url=checkout_url(app))

    def plan_balance(self, app: App, holder: str) -> int:
        return get_plan_balance(app, holder)

    def check(self, app: App) -> list[Check]:
        settings = app.settings
        try:
            _ask(app, "GET", f"/api/v1/protocol/plans/{settings.nevermined_plan_id}")
        except SkillyardError as error:
            hint = "Compare SKILLYARD_NEVERMINED_PLAN_ID, …_API_URL and …_API_KEY with your account there."
            return [Check(name="nevermined", ok=False, detail=error.message, hint=hint)]
        return [Check(name="nevermined", ok=True, detail=f"plan {settings.nevermined_plan_id} is there")]


def checkout_url(app: App) -> str:
    """Where people buy the plan."""
    return app.settings.nevermined_checkout_url.replace("{plan}", app.settings.nevermined_plan_id)


def get_plan_balance(app: App, holder: str) -> int:
    """Credits of the plan that an address holds. Raises HolderNotValid, or Upstream.

    The check is ours to make: asked for anything else, Nevermined's own client answers for the operator's account.
    """
    if not _ADDRESS.fullmatch(holder):
        raise HolderNotValid
    plan = app.settings.nevermined_plan_id
    said = _ask(app, "GET", f"/api/v1/protocol/plans/{plan}/balance/{holder}")
    balance = said.get("balance")
    if isinstance(balance, int) and not isinstance(balance, bool):
        balance = str(balance)
    if not isinstance(balance, str) or not re.fullmatch(r"[0-9]{1,18}", balance, re.ASCII):
        raise CallFailed(host="Nevermined", why="what it calls a balance is none")
    return int(balance)


def _requirements(app: App, resource: str) -> dict[str, Any]:
    """As Nevermined's own client sends it (payments-py 1.18.0, X402PaymentRequired)."""
    settings = app.settings
    extra = {"version": None, "agentId": settings.nevermined_agent_id or None, "httpVerb": None}
    accepted = {
        "scheme": SCHEME, "network": settings.nevermined_network, "planId": settings.nevermined_plan_id, "extra": extra
    }  # fmt: skip
    return {
        "x402Version": 2,
        "error": None,
        "resource": {"url": resource, "description": None, "mimeType": None},
        "accepts": [accepted],
        "extensions": {},
    }


def _token_body(app: App, resource: str, amount: int, token: str) -> dict[str, Any]:
    return {"paymentRequired": _requirements(app, resource), "x402AccessToken": token, "maxAmount": str(amount)}


def _ask(app: App, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Raises PaymentRefused where the token is at fault, else CallFailed."""
    headers = {"accept": "application/json"}
    if body is not None:
        key = app.settings.nevermined_api_key.get_secret_value()
        headers |= {"content-type": "application/json", "authorization": f"Bearer {key}"}
    answer = app.outbound.request(
        method,
        app.settings.nevermined_api_url.rstrip("/") + path,
        headers=headers,
        body=orjson.dumps(body) if body is not None else b"",
        bounds=_BOUNDS,
    )
    if answer.status in _REFUSING:
        raise PaymentRefused(why=f"Nevermined answers with status {answer.status}", offers=[])
    if answer.status not in (200, 201):
        raise CallFailed(host="Nevermined", why=f"it answered with status {answer.status}")
    try:
        said = orjson.loads(answer.body)
    except ValueError:
        raise CallFailed(host="Nevermined", why="its answer is not JSON") from None
    if not isinstance(said, dict):
        raise CallFailed(host="Nevermined", why="its answer is not an object")
    return said


def _word(value: object, otherwise: str) -> str:
    """What a provider says, as far as it may be shown."""
    return value[:200] if isinstance(value, str) and value.isprintable() and value else otherwise


def _document(charge: Charge) -> dict[str, Any]:
    assert charge.proof is not None, "it is kept until the payment is taken"
    found: dict[str, Any] = orjson.loads(charge.proof)
    return found


def _written(document: Mapping[str, Any]) -> str:
    return orjson.dumps(document).decode()


CHARGE_RAIL = NeverminedRail()
