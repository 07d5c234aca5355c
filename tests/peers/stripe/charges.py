"""What happens to a charge later: refunds and disputes."""

from __future__ import annotations

from tests.peers.stripe.faults import Refused, not_valid
from tests.peers.stripe.forms import Params, metadata, positive
from tests.peers.stripe.world import DAY_S, Thing, World

_REASONS = ("duplicate", "fraudulent", "requested_by_customer")
_TEXTS = (
    "access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal",
    "customer_email_address", "customer_name", "customer_purchase_ip", "duplicate_charge_explanation",
    "duplicate_charge_id", "product_description", "refund_policy_disclosure", "refund_refusal_explanation",
    "service_date", "shipping_address", "shipping_carrier", "shipping_date", "shipping_tracking_number",
    "uncategorized_text", "cancellation_policy", "customer_communication", "customer_signature",
    "duplicate_charge_documentation", "receipt", "refund_policy", "service_documentation", "shipping_documentation",
    "uncategorized_file",
)  # fmt: skip


def retrieve_charge(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("charge", id, account)


def retrieve_intent(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("payment_intent", id, account)


def create_refund(world: World, params: Params, account: str) -> Thing:
    charge = _refundable(world, params, account)
    left = charge["amount"] - charge["amount_refunded"]
    if not left:
        raise Refused(400, f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded", started=True)  # noqa: E501  # fmt: skip
    amount = positive(params, "amount", left)
    if amount > left:
        message = (
            f"Refund amount (${amount / 100:,.2f}) is greater than unrefunded amount on charge (${left / 100:,.2f})"
        )
        raise Refused(400, message, param="amount", started=True)
    if params.get("reason", "requested_by_customer") not in _REASONS:
        raise not_valid("reason", f"Invalid reason: must be one of {', '.join(_REASONS)}")
    status = "pending" if world.refunds_wait else "succeeded"
    refund = world.add(
        "re", "refund", account, amount=amount, charge=charge["id"], currency=charge["currency"], status=status,
        payment_intent=charge["payment_intent"], metadata=metadata(params), reason=params.get("reason"),
        balance_transaction=None, receipt_number=None, source_transfer_reversal=None, transfer_reversal=None,
    )  # fmt: skip
    type = "refund" if charge["id"].startswith("ch_") else "payment_refund"
    refund["balance_transaction"] = world.book(type, -amount, refund["id"], account=account, category="refund")["id"]
    _refunded(charge, amount)
    world.happened("refund.created", refund, account)
    world.happened("charge.refunded", charge, account, amount_refunded=charge["amount_refunded"] - amount)
    return refund


def _refundable(world: World, params: Params, account: str) -> Thing:
    if "charge" in params:
        charge = world.get("charge", params["charge"], account, param="charge")
    elif "payment_intent" in params:
        intent = world.get("payment_intent", params["payment_intent"], account, param="payment_intent")
        charge = world.get("charge", intent["latest_charge"] or "", account, param="payment_intent")
    else:
        raise Refused(400, "One of the following params should be provided for this request: payment_intent or charge.")
    if charge["disputed"] and not any(d["is_charge_refundable"] for d in _disputes(world, charge)):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise Refused(400, message, code="charge_disputed", started=True)
    if charge["status"] != "succeeded":
        raise Refused(400, f"Charge {charge['id']} has not succeeded.", code="charge_not_refundable", started=True)
    return charge


def _disputes(world: World, charge: Thing) -> list[Thing]:
    return [dispute for dispute in world.newest("dispute") if dispute["charge"] == charge["id"]]


def _refunded(charge: Thing, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]


def retrieve_refund(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("refund", id, account)


def settle_refund(world: World, refund_id: str, *, ok: bool = True) -> Thing:
    """A pending refund arrives; or one, also one that had succeeded, comes back."""
    refund = world.get("refund", refund_id)
    if ok:
        refund["status"] = "succeeded"
    else:
        back = world.book("refund_failure", refund["amount"], refund["id"], category="refund_failure")
        refund |= {
            "status": "failed",
            "failure_reason": "lost_or_stolen_card",
            "failure_balance_transaction": back["id"],
        }
        _refunded(world.things[refund["charge"]], -refund["amount"])
        world.happened("refund.failed", refund)
    world.happened("refund.updated", refund)
    world.happened("charge.refund.updated", refund)
    return refund


# Disputes


def dispute(world: World, charge_id: str, *, amount: int | None = None, inquiry: bool = False) -> Thing:
    """The buyer goes to the bank. An inquiry moves no money yet."""
    charge = world.get("charge", charge_id)
    opened = world.add(
        "du", "dispute", amount=amount or charge["amount"] - charge["amount_refunded"], charge=charge["id"],
        currency=charge["currency"], payment_intent=charge["payment_intent"], reason="fraudulent", metadata={},
        status="warning_needs_response" if inquiry else "needs_response", is_charge_refundable=inquiry,
        balance_transactions=[], enhanced_eligibility_types=[],
        evidence=dict.fromkeys(_TEXTS) | {"enhanced_evidence": {}},
        evidence_details={"due_by": world.now() + 7 * DAY_S, "enhanced_eligibility": {}, "has_evidence": False,
                          "past_due": False, "submission_count": 0},
    )  # fmt: skip
    charge["disputed"] = True
    world.happened("charge.dispute.created", opened)
    if not inquiry:
        _book(world, opened, -opened["amount"], world.dispute_fee, "dispute")
        world.happened("charge.dispute.funds_withdrawn", opened)
    return opened


def close_dispute(world: World, dispute_id: str, *, won: bool) -> Thing:
    """The bank has decided."""
    closed = world.get("dispute", dispute_id)
    if closed["status"].startswith("warning_"):
        closed["status"] = "warning_closed"
    else:
        closed["status"] = "won" if won else "lost"
        if won:
            _book(world, closed, closed["amount"], 0, "dispute_reversal")
            world.happened("charge.dispute.funds_reinstated", closed)
    world.happened("charge.dispute.closed", closed)
    return closed


def _book(world: World, dispute: Thing, amount: int, fee: int, category: str) -> None:
    entry = world.book("adjustment", amount, dispute["id"], fee=fee, category=category)
    dispute["balance_transactions"].append(entry)


def retrieve_dispute(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("dispute", id, account)


def accept_dispute(world: World, params: Params, account: str, id: str) -> Thing:
    world.get("dispute", id, account)
    return close_dispute(world, id, won=False)


ROUTES = (
    ("GET", "/v1/charges/{id}", retrieve_charge),
    ("GET", "/v1/payment_intents/{id}", retrieve_intent),
    ("POST", "/v1/refunds", create_refund),
    ("GET", "/v1/refunds/{id}", retrieve_refund),
    ("GET", "/v1/disputes/{id}", retrieve_dispute),
    ("POST", "/v1/disputes/{id}/close", accept_dispute),
)
