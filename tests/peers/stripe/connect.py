"""Connected accounts and their onboarding, transfers to them, reversals, and their payouts to the bank."""

from __future__ import annotations

from tests.peers.stripe.faults import Refused, not_valid
from tests.peers.stripe.forms import Params, metadata, positive, text
from tests.peers.stripe.world import DAY_S, PLATFORM, Thing, World

_DUE = ["business_profile.url", "external_account", "individual.dob.day", "tos_acceptance.date"]
_LINK_S = 5 * 60


def create_account(world: World, params: Params, account: str) -> Thing:
    if params.get("type", "express") != "express":
        raise not_valid("type", "This peer makes Express accounts only.")
    country = params.get("country", world.country)
    if len(country) != 2 or not country.isupper():
        raise not_valid("country", f"Country '{country}' is unknown. Try using a 2-character alphanumeric country code instead.", "country_unsupported")  # noqa: E501  # fmt: skip
    asked = [name for name, wish in (params.get("capabilities") or {}).items() if wish.get("requested") == "true"]
    made = _account(world, country, asked) | {"metadata": metadata(params)}
    world.things[made["id"]] = made
    world.owners[made["id"]] = PLATFORM
    world.lists[PLATFORM, "account"].append(made)
    return made


def _account(world: World, country: str, capabilities: list[str]) -> Thing:
    return {
        "id": world.new_id("acct"), "object": "account", "type": "express", "country": country,
        "created": world.now(), "default_currency": world.currency, "email": None, "business_type": None,
        "capabilities": dict.fromkeys(capabilities, "inactive"), "charges_enabled": False, "payouts_enabled": False,
        "details_submitted": False, "metadata": {}, "business_profile": None,
        "controller": {"type": "application", "is_controller": True},
        "external_accounts": {"object": "list", "data": [], "has_more": False, "url": "/v1/accounts/external_accounts"},
        "requirements": _requirements(_DUE, "requirements.past_due"), "future_requirements": _requirements([], None),
        "tos_acceptance": {"date": None, "ip": None, "user_agent": None},
    }  # fmt: skip


def _requirements(due: list[str], disabled: str | None) -> Thing:
    return {
        "alternatives": [], "current_deadline": None, "currently_due": list(due), "disabled_reason": disabled,
        "errors": [], "eventually_due": list(due), "past_due": list(due), "pending_verification": [],
    }  # fmt: skip


def retrieve_account(world: World, params: Params, account: str, id: str) -> Thing:
    if id not in world.things or world.things[id]["object"] != "account" or id in world.disconnected:
        message = f"The provided key '{world.secret_key[:8]}****' does not have access to account '{id}'"
        raise Refused(403, message, code="account_invalid")
    return world.things[id]


def own_account(world: World, params: Params, account: str) -> Thing:
    if account != PLATFORM:
        return retrieve_account(world, params, PLATFORM, account)
    active = {"transfers": "active", "card_payments": "active"}
    settings = {
        "branding": dict.fromkeys(("icon", "logo", "primary_color", "secondary_color")),
        "card_payments": dict.fromkeys(("statement_descriptor_prefix",)),
        "dashboard": {"display_name": "Platform", "timezone": "Etc/UTC"},
        "payments": dict.fromkeys(("statement_descriptor",)),
        "payouts": {"debit_negative_balances": True, "statement_descriptor": None,
                    "schedule": {"delay_days": 2, "interval": world.own_payouts}},
    }  # fmt: skip
    own = _account(world, world.country, []) | {"id": PLATFORM, "type": "standard", "capabilities": active}
    return own | {"charges_enabled": True, "payouts_enabled": True, "details_submitted": True,
                  "settings": settings, "requirements": _requirements([], None)}  # fmt: skip


def create_account_link(world: World, params: Params, account: str) -> Thing:
    owner = retrieve_account(world, params, account, text(params, "account"))
    if text(params, "type") != "account_onboarding":
        raise not_valid("type", "Only account_onboarding is possible for this account.")
    code = world.new_id("link")
    addresses = {name: text(params, name) for name in ("return_url", "refresh_url")}
    world.hidden[code] = {"account": owner["id"], "expires_at": world.now() + _LINK_S, "used": False, **addresses}
    url = f"{params['__base']}/setup/e/{owner['id']}/{code}"
    return {"object": "account_link", "created": world.now(), "expires_at": world.now() + _LINK_S, "url": url}


def create_login_link(world: World, params: Params, account: str, id: str) -> Thing:
    owner = retrieve_account(world, params, account, id)
    if not owner["details_submitted"]:
        raise Refused(400, "Cannot create a login link for an account that has not completed onboarding.")
    return {"object": "login_link", "created": world.now(), "url": f"{params['__base']}/express/{id}"}


# What the seller does on the onboarding page


def finish_onboarding(world: World, account_id: str) -> Thing:
    account = world.things[account_id]
    account |= {"details_submitted": True, "charges_enabled": True, "payouts_enabled": True}
    account["capabilities"] = dict.fromkeys(account["capabilities"], "active")
    account["requirements"] = _requirements([], None)
    world.happened("account.updated", account, account_id)
    return account


def restrict(world: World, account_id: str, *, due: str = "individual.verification.document") -> Thing:
    """Stripe wants to know more, and pauses payouts until then."""
    account = world.things[account_id]
    account |= {"payouts_enabled": False, "requirements": _requirements([due], "requirements.past_due")}
    reason = "The image supplied is not readable."
    error = {"code": "verification_document_not_readable", "reason": reason, "requirement": due}
    account["requirements"]["errors"] = [error]
    account["capabilities"] = dict.fromkeys(account["capabilities"], "inactive")
    world.happened("account.updated", account, account_id)
    return account


def disconnect(world: World, account_id: str) -> None:
    """The seller takes the platform's access away."""
    world.disconnected.add(account_id)
    application = {"id": "ca_platform", "object": "application", "name": "Platform"}
    world.happened("account.application.deauthorized", application, account_id)


# Transfers


def create_transfer(world: World, params: Params, account: str) -> Thing:
    amount, destination = positive(params, "amount"), text(params, "destination")
    target = world.things.get(destination)
    if target is None or destination in world.disconnected:
        raise Refused(400, f"No such destination: '{destination}'", code="resource_missing", param="destination")
    if target["capabilities"].get("transfers") != "active":
        message = (
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments"
        )
        raise Refused(400, message, code="insufficient_capabilities_for_transfer", started=True)
    if "source_transaction" not in params:
        world.spend_from(account, amount)
    transfer = world.add(
        "tr", "transfer", amount=amount, amount_reversed=0, currency=text(params, "currency"), reversed=False,
        destination=destination, destination_payment=world.new_id("py"), metadata=metadata(params),
        description=params.get("description"), source_transaction=params.get("source_transaction"), source_type="card",
        transfer_group=params.get("transfer_group"), balance_transaction=None,
    )  # fmt: skip
    transfer["reversals"] = {"object": "list", "data": [], "has_more": False,
                             "url": f"/v1/transfers/{transfer['id']}/reversals"}  # fmt: skip
    transfer["balance_transaction"] = world.book("transfer", -amount, transfer["id"])["id"]
    world.book("payment", amount, transfer["destination_payment"], account=destination, category="charge")
    world.happened("transfer.created", transfer)
    return transfer


def retrieve_transfer(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("transfer", id, account)


def create_reversal(world: World, params: Params, account: str, id: str) -> Thing:
    transfer = world.get("transfer", id, account)
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = positive(params, "amount", left or 1)
    if amount > left:
        raise Refused(400, f"Transfer {id} has only {left} left to reverse.", param="amount", started=True)
    world.spend_from(transfer["destination"], amount)
    reversal = world.add(
        "trr", "transfer_reversal", amount=amount, currency=transfer["currency"], transfer=id,
        metadata=metadata(params), source_refund=None, destination_payment_refund=None, balance_transaction=None,
    )  # fmt: skip
    reversal["balance_transaction"] = world.book("transfer_refund", amount, reversal["id"])["id"]
    world.book("payment_refund", -amount, reversal["id"], account=transfer["destination"], category="refund")
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    world.happened("transfer.reversed", transfer)
    return reversal


# Payouts of an account to its bank


def create_payout(world: World, params: Params, account: str) -> Thing:
    amount = positive(params, "amount")
    world.spend_from(account, amount)
    payout = world.add(
        "po", "payout", account, amount=amount, currency=text(params, "currency"), status="pending", method="standard",
        arrival_date=world.now() + 2 * DAY_S, automatic=False, reconciliation_status="not_applicable",
        source_type="card", type="bank_account", destination=None, metadata=metadata(params), description=None,
        failure_code=None, failure_message=None, failure_balance_transaction=None, balance_transaction=None,
        statement_descriptor=None, original_payout=None, reversed_by=None,
    )  # fmt: skip
    payout["balance_transaction"] = world.book("payout", -amount, payout["id"], account=account)["id"]
    world.happened("payout.created", payout, account)
    return payout


def retrieve_payout(world: World, params: Params, account: str, id: str) -> Thing:
    return world.get("payout", id, account)


def settle_payout(world: World, payout_id: str, *, ok: bool = True) -> Thing:
    """The bank takes the money, or refuses it."""
    payout, account = world.things[payout_id], world.owners[payout_id]
    payout["status"] = "paid" if ok else "failed"
    if not ok:
        back = world.book("payout_failure", payout["amount"], payout_id, account=account)
        payout |= {"failure_code": "account_closed", "failure_message": "The bank account has been closed",
                   "failure_balance_transaction": back["id"]}  # fmt: skip
    world.happened("payout.paid" if ok else "payout.failed", payout, account)
    return payout


ROUTES = (
    ("POST", "/v1/accounts", create_account),
    ("GET", "/v1/accounts/{id}", retrieve_account),
    ("GET", "/v1/account", own_account),
    ("POST", "/v1/account_links", create_account_link),
    ("POST", "/v1/accounts/{id}/login_links", create_login_link),
    ("POST", "/v1/transfers", create_transfer),
    ("GET", "/v1/transfers/{id}", retrieve_transfer),
    ("POST", "/v1/transfers/{id}/reversals", create_reversal),
    ("POST", "/v1/payouts", create_payout),
    ("GET", "/v1/payouts/{id}", retrieve_payout),
)
