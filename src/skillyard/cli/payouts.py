"""What sellers have earned, and how they are paid; and what administrators decide about that."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Kind = Literal["stripe", "ton", "credits"]
_ASSETS: dict[str, str] = {"stripe": "USD", "ton": "TON", "credits": "USD"}

payouts = App(name="payouts", help="Be paid what you have earned.")


def balance(
    *,
    transactions: Annotated[bool, Parameter(negative="", help="List what it came from.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Show what you have earned: in each asset, what is available, and what is too young to be paid out."""
    with Client(registry) as client:
        answer = client.balance()
        lines = client.transactions() if transactions else None
    if json:
        return show.data({**answer, **({"transactions": lines} if transactions else {})})
    if lines is not None:
        rows = [(one["at"], one["kind"], one["status"], f"{one['amount']} {one['asset']}", one["ref"]) for one in lines]
        show.table(["when", "what", "state", "amount", "for"], rows)
        return None
    columns = ("asset", "available", "pending", "held", "receivable", "lifetime_earned", "lifetime_paid_out")
    show.table(
        ["asset", "available", "pending", "held", "owed", "earned", "paid out"],
        [[one[column] for column in columns] for one in answer["assets"]],
    )
    return None


@payouts.default
def list_payouts(
    *,
    all: Annotated[bool, Parameter(negative="", help="Of everybody, for administrators.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List your payouts, the newest first."""
    with Client(registry) as client:
        found = client.all_payouts() if all else client.payouts()
    if json:
        return show.data(found)
    rows = [
        (one["id"], f"{one['amount']} {one['asset']}", one["rail"], _goes_to(one), one["status"], one["why"])
        for one in found
    ]
    show.table(["payout", "amount", "by", "to", "status", "note"], rows)
    return None


payouts.command(list_payouts, name="list")


@payouts.command(name="request")
def request_payout(
    amount: str,
    /,
    *,
    to: Annotated[Kind, Parameter(help="Which of your payout methods.")],
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Ask for a payout: `payouts request 25.00 --to stripe`. USD to stripe or credits, TON to ton."""
    with Client(registry) as client:
        answer = client.request_payout(amount, _ASSETS[to], to)
    return show.data(answer) if json else _show_payout(answer)


@payouts.command(name="show")
def show_one(payout: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show a payout, and each step that it went."""
    with Client(registry) as client:
        answer = client.payout(payout)
    if json:
        return show.data(answer)
    _show_payout(answer["payout"])
    show.table(["when", "status", "cause"], [(one["at"], one["status"], one["cause"]) for one in answer["steps"]])
    return None


@payouts.command(name="cancel")
def cancel_payout(payout: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Cancel a payout that was not sent yet."""
    with Client(registry) as client:
        answer = client.cancel_payout(payout)
    return show.data(answer) if json else _show_payout(answer)


@payouts.command(name="methods")
def list_methods(*, registry: Registry = None, json: Json = False) -> None:
    """List where your money can go."""
    with Client(registry) as client:
        found = client.payout_methods()
    if json:
        return show.data(found)
    show.table(["method", "state", "goes to", "note"], [_method_row(one) for one in found])
    return None


@payouts.command(name="set-wallet")
def set_wallet(address: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Have payouts in TON sent to your own wallet."""
    with Client(registry) as client:
        answer = client.set_ton_wallet(address)
    return show.data(answer) if json else _show_method(answer)


@payouts.command(name="set-stripe")
def set_stripe(
    account: str,
    /,
    *,
    label: Annotated[str, Parameter(help="A name for yourself.")] = "",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Have payouts in dollars sent to your account with Stripe (acct_…), which you connected here."""
    with Client(registry) as client:
        answer = client.set_stripe_account(account, label)
    return show.data(answer) if json else _show_method(answer)


@payouts.command(name="connect")
def connect(
    *,
    country: Annotated[str | None, Parameter(help="Two letters, such as DE.")] = None,
    status: Annotated[bool, Parameter(negative="", help="Only say how it stands.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Connect an account with Stripe: prints where you complete it."""
    with Client(registry) as client:
        answer = {"account": client.connect_account()} if status else client.start_connect(country)
    if json:
        return show.data(answer)
    account: dict[str, Any] | None = answer["account"]
    if account is None:
        show.line("Not connected.")
        return None
    show.line("{id}: [bold]{status}[/]", id=account["account_id"], status=account["status"])
    for wanted in account["requirements_due"]:
        show.line("  still wanted: {wanted}", wanted=wanted)
    if not status:
        show.line("Open {url}", url=answer["url"])
    return None


@payouts.command(name="approve")
def approve_payout(payout: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Let a payout go, for administrators."""
    with Client(registry) as client:
        answer = client.approve_payout(payout)
    return show.data(answer) if json else _show_payout(answer)


@payouts.command(name="reject")
def reject_payout(
    payout: str,
    /,
    *,
    reason: Annotated[str, Parameter(help="What the seller will read.")],
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Refuse a payout, for administrators; the seller has the amount again."""
    with Client(registry) as client:
        answer = client.reject_payout(payout, reason)
    return show.data(answer) if json else _show_payout(answer)


def _show_payout(payout: dict[str, Any]) -> None:
    show.line(
        "{id}: {amount} {asset} to {goes_to}, [bold]{status}[/]",
        **{key: payout[key] for key in ("id", "amount", "asset", "status")},
        goes_to=_goes_to(payout),
    )
    if payout["status"] in ("requested", "approved"):
        waits = "for an administrator" if payout["needs_approval"] else f"until {payout['held_until'] or 'it is sent'}"
        show.talk("  [dim]waits {waits}[/]", waits=waits)
    if payout["why"]:
        show.talk("  {why}", why=payout["why"])


def _goes_to(payout: dict[str, Any]) -> str:
    return "your credits" if payout["rail"] == "credits" else str(payout["destination"])


def _show_method(method: dict[str, Any]) -> None:
    kind, state, goes_to, note = _method_row(method)
    show.line("{kind}: {goes_to}, [bold]{state}[/]", kind=kind, goes_to=goes_to, state=state)
    if note:
        show.talk("  {note}", note=note)


def _method_row(method: dict[str, Any]) -> tuple[str, str, str, str]:
    goes_to = method["ton_wallet_address"] or method["stripe_account_id"] or "your credits"
    label = f" ({method['stripe_account_label']})" if method["stripe_account_label"] else ""
    note = method["why"] or (f"usable from {method['usable_from']}" if method["status"] == "cooling" else "")
    return method["kind"], method["status"], f"{goes_to}{label}", note
