"""Payment in a dollar token on an EVM chain by x402 version 2, scheme `exact` with EIP-3009 (https://docs.x402.org).

The buyer signs an authorization to pay us; a facilitator checks it, and puts it on the chain once the skill delivered.
Which facilitator is the operator's choice, and there is no other: `skillyard.operate.facilitator` is one of one's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from skillyard.app import App
from skillyard.domain.payments.charge_errors import PaymentRefused
from skillyard.domain.payments.charge_model import Charge
from skillyard.domain.payments.charge_rail import Bill, ChargeRail, Proof, read_token
from skillyard.domain.payments.chart import Kind
from skillyard.domain.payments.rail import Check, Outcome
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import CENTS_PER_CREDIT
from skillyard.infra.outbound import Bounds, CallFailed

SCHEME = "exact"
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_NONCE = re.compile(r"0x[0-9a-fA-F]{64}")
_NUMBER = re.compile(r"[0-9]{1,30}", re.ASCII)
_UNITS_PER_CENT = 10**4  # of a token with six decimals, as USDC
_AUTHORIZATION_USED = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5"
"""Keccak-256 of `AuthorizationUsed(address,bytes32)`, the event of EIP-3009."""
_AUTHORIZATION_STATE = "0xe94a0102"
"""The selector of `authorizationState(address,bytes32)`."""
_MOST_BLOCKS = 9000  # public nodes look through no more at once
_BOUNDS = Bounds(total_s=40, phase_s=35)
_SLACK_S = 600
_DONE_BY_MS = 5 * 60_000


class X402Rail(ChargeRail):
    name = "x402"
    clearing = Kind.X402_WALLET

    def is_ready(self, app: App) -> bool:
        settings = app.settings
        return bool(settings.x402_facilitator_url and settings.x402_rpc_url and settings.x402_pay_to)

    def reads(self, token: Mapping[str, Any]) -> bool:
        accepted = token.get("accepted")
        return isinstance(accepted, dict) and accepted.get("scheme") == SCHEME

    def offer(self, app: App, bill: Bill) -> dict[str, Any]:
        """The body of the header PAYMENT-REQUIRED."""
        wanted = _requirements(app, bill)
        return {"payment_required": {"x402Version": 2, "resource": {"url": bill.resource}, "accepts": [wanted]}}

    def verify(self, app: App, bill: Bill, token: str) -> Proof:
        payload, wanted = read_token(token), _requirements(app, bill)
        assert payload is not None, "it was read before"
        authorization = _authorization(payload)
        if why := _unlike(app, authorization, wanted):
            raise PaymentRefused(why=why, offers=[self.offer(app, bill)])
        document = {"paymentPayload": payload, "paymentRequirements": wanted}
        said = _facilitate(app, "verify", document)
        payer, nonce = authorization["from"].lower(), authorization["nonce"].lower()
        if said.get("isValid") is not True or str(said.get("payer", "")).lower() != payer:
            why = _word(said.get("invalidReason"), "the facilitator does not take it")
            raise PaymentRefused(why=why, offers=[self.offer(app, bill)])
        return Proof(rail=self.name, payer=payer, payment=f"{payer}:{nonce}", document=orjson.dumps(document).decode())

    def prepare(self, app: App, charge: Charge) -> str:
        return orjson.dumps({**_document(charge), "asked_ms": app.clock.now_ms()}).decode()

    def settle(self, app: App, charge: Charge) -> Outcome:
        """May be repeated: the token lets a nonce be used once. What is refused may yet have been done before."""
        document = _document(charge)
        del document["asked_ms"]
        try:
            said = _facilitate(app, "settle", document)
        except SkillyardError as error:
            return Outcome(state="unknown", why=error.message)
        if said.get("success") is True:
            return Outcome(state="paid", reference=_word(said.get("transaction"), "") or None)
        return Outcome(state="unknown", why=_word(said.get("errorReason"), "the facilitator refused it"))

    def find(self, app: App, charge: Charge) -> Outcome:
        """On the chain itself: whoever used the authorization, the money came to us."""
        document = _document(charge)
        authorization = _authorization(document["paymentPayload"])
        if transaction := _find_used(app, authorization):
            return Outcome(state="paid", reference=transaction)
        if _is_spent(app, authorization):
            return Outcome(state="unknown", why="it was used long ago, or its payer cancelled it: look at the chain")
        now_ms = app.clock.now_ms()
        if now_ms > int(authorization["validBefore"]) * 1000 + _DONE_BY_MS:
            return Outcome(state="failed", why=charge.why or "its time is over")
        if now_ms > document["asked_ms"] + _DONE_BY_MS:
            return Outcome(state="submitted", why=charge.why)
        return Outcome(state="unknown", why=charge.why)

    def check(self, app: App) -> list[Check]:
        settings = app.settings
        try:
            _ask(app, "GET", f"{settings.x402_facilitator_url.rstrip('/')}/supported", None)
            chain = _number(_rpc(app, "eth_chainId", []))
        except SkillyardError as error:
            hint = "Compare SKILLYARD_X402_FACILITATOR_URL and …_RPC_URL with what runs there."
            return [Check(name="x402", ok=False, detail=error.message, hint=hint)]
        if f"eip155:{chain}" != settings.x402_network:
            hint = "Set SKILLYARD_X402_NETWORK and …_RPC_URL to the same chain."
            return [Check(name="x402", ok=False, detail=f"the node is on another chain: {chain}", hint=hint)]
        return [Check(name="x402", ok=True, detail=f"pays {settings.x402_pay_to} on {settings.x402_network}")]


def _requirements(app: App, bill: Bill) -> dict[str, Any]:
    settings = app.settings
    return {
        "scheme": SCHEME,
        "network": settings.x402_network,
        "asset": settings.x402_token,
        "amount": str(bill.amount * CENTS_PER_CREDIT * _UNITS_PER_CENT),
        "payTo": settings.x402_pay_to,
        "maxTimeoutSeconds": settings.invocation_minutes * 60 + 2 * _SLACK_S,
        "extra": {"name": settings.x402_token_name, "version": settings.x402_token_version},
    }


def _authorization(payload: Mapping[str, Any]) -> dict[str, str]:
    """Of a signed payment by EIP-3009. Raises PaymentRefused for anything else."""
    inner = payload.get("payload")
    found = inner.get("authorization") if isinstance(inner, dict) else None
    shapes = {"from": _ADDRESS, "to": _ADDRESS, "value": _NUMBER, "validAfter": _NUMBER, "validBefore": _NUMBER,
              "nonce": _NONCE}  # fmt: skip
    if not isinstance(found, dict) or not all(
        isinstance(found.get(name), str) and shape.fullmatch(found[name]) for name, shape in shapes.items()
    ):
        raise PaymentRefused(why="it has no authorization by EIP-3009", offers=[])
    return {name: found[name] for name in shapes}


def _unlike(app: App, authorization: Mapping[str, str], wanted: Mapping[str, Any]) -> str:
    """What about it is not as it was asked for; the facilitator looks at the signature and the balance."""
    if authorization["to"].lower() != wanted["payTo"].lower():
        return "it pays somebody else"
    if authorization["value"] != wanted["amount"]:
        return "it is of another amount"
    needed_s = app.clock.now_ms() // 1000 + app.settings.invocation_minutes * 60 + _SLACK_S
    return "it ends before the skill may deliver" if int(authorization["validBefore"]) < needed_s else ""


def _find_used(app: App, authorization: Mapping[str, str]) -> str | None:
    """The transaction in which the token says that the authorization was used."""
    newest = _number(_rpc(app, "eth_blockNumber", []))
    wanted = {
        "address": app.settings.x402_token,
        "fromBlock": hex(max(newest - _MOST_BLOCKS, 0)),
        "toBlock": hex(newest),
        "topics": [_AUTHORIZATION_USED, f"0x{_word_of(authorization['from'])}", authorization["nonce"].lower()],
    }
    logs = _rpc(app, "eth_getLogs", [wanted])
    if not isinstance(logs, list) or not all(isinstance(one, dict) for one in logs):
        raise CallFailed(host="the node", why="its answer is no list of logs")
    return _word(logs[0].get("transactionHash"), "unknown") if logs else None


def _is_spent(app: App, authorization: Mapping[str, str]) -> bool:
    """Whether the token would refuse it now."""
    data = _AUTHORIZATION_STATE + _word_of(authorization["from"]) + authorization["nonce"][2:].lower()
    return _number(_rpc(app, "eth_call", [{"to": app.settings.x402_token, "data": data}, "latest"])) != 0


def _word_of(address: str) -> str:
    """An address as 32 bytes in hexadecimal (Solidity, contract ABI)."""
    return address[2:].lower().rjust(64, "0")


def _number(value: object) -> int:
    if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-fA-F]{1,64}", value):
        raise CallFailed(host="the node", why="its answer is no number")
    return int(value, 16)


def _facilitate(app: App, step: str, document: Mapping[str, Any]) -> dict[str, Any]:
    url = f"{app.settings.x402_facilitator_url.rstrip('/')}/{step}"
    return _ask(app, "POST", url, {"x402Version": 2, **document})


def _rpc(app: App, method: str, parameters: list[Any]) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}
    said = _ask(app, "POST", app.settings.x402_rpc_url, body)
    if "result" not in said:
        raise CallFailed(host="the node", why=f"it refused {method}")
    return said["result"]


def _ask(app: App, method: str, url: str, body: Mapping[str, Any] | None) -> dict[str, Any]:
    headers = {"accept": "application/json", "content-type": "application/json"}
    content = orjson.dumps(body) if body is not None else b""
    answer = app.outbound.request(method, url, headers=headers, body=content, bounds=_BOUNDS)
    if answer.status != 200:
        raise CallFailed(host="x402", why=f"it answered with status {answer.status}")
    try:
        said = orjson.loads(answer.body)
    except ValueError:
        raise CallFailed(host="x402", why="its answer is not JSON") from None
    if not isinstance(said, dict):
        raise CallFailed(host="x402", why="its answer is not an object")
    return said


def _word(value: object, otherwise: str) -> str:
    """What others say, as far as it may be shown."""
    return value[:200] if isinstance(value, str) and value.isprintable() and value else otherwise


def _document(charge: Charge) -> dict[str, Any]:
    assert charge.proof is not None, "it is kept until the payment is taken"
    found: dict[str, Any] = orjson.loads(charge.proof)
    return found


CHARGE_RAIL = X402Rail()
