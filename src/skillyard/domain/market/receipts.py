"""What the registry swears of an invocation that has ended: what went in, what came out, and what was paid."""

from __future__ import annotations

from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.market.errors import ReceiptNotThere
from skillyard.domain.market.invocations import see_invocation
from skillyard.domain.market.model import Invocation, InvocationStatus
from skillyard.domain.payments.charge_model import Charge
from skillyard.domain.payments.charges import find_charge
from skillyard.skill.digest import sha256_hex
from skillyard.skill.receipts import canonical, sign_receipt


def get_receipt(app: App, caller: Caller, *, invocation_id: str) -> str:
    """A signed note, the same whenever it is asked for. For buyer and provider.

    Raises InvocationNotFound, or ReceiptNotThere before it has ended.
    """
    caller.must("identify")
    with app.database.reading() as tx:
        found = see_invocation(tx, caller, invocation_id)
        charge = find_charge(tx, found.id) if found.is_charged else None
    if not found.status.is_settled:
        raise ReceiptNotThere(invocation_id=found.id, status=found.status.value)
    return sign_receipt(app.log_key, _facts(found, charge))


def hash_of(value: Any) -> str:
    """SHA-256 of a value in the spelling of receipts, by which anybody who has it checks the receipt."""
    return sha256_hex(canonical(value).encode())


def _facts(found: Invocation, charge: Charge | None) -> dict[str, Any]:
    """What may still change, such as when a payment elsewhere arrives, is no part of it."""
    is_delivered = found.status is InvocationStatus.COMPLETED
    return {
        "kind": "invocation",
        "invocation_id": found.id,
        "offer_id": found.offer_id,
        "release": {"name": found.name, "version": found.version, "digest": found.digest},
        "buyer_id": found.buyer_id,
        "seller_id": found.owner_id,
        "agent_id": found.agent_id,
        "passport_id": found.passport_id,
        "input_sha256": hash_of(found.input),
        "output_sha256": hash_of(found.output) if is_delivered else None,
        "outcome": {"status": found.status.value, "error_code": found.failure.code if found.failure else None},
        "charge": {
            "price_credits": found.price,
            "rail": charge.rail if charge else None,
            "charged_credits": charge.amount if charge and is_delivered else 0,
        },
        "usage": {
            "llm_tokens_input": found.usage.llm_tokens_input,
            "llm_tokens_output": found.usage.llm_tokens_output,
            "duration_ms": found.usage.duration_ms,
        },
        "step_receipts": list(found.receipts),
        "created_ms": found.created_ms,
        "started_ms": found.started_ms,
        "settled_ms": found.settled_ms,
    }
