"""Credits; and what administrators look after: rates, and money that came without saying what for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.buying import Wait, leave, show_invoice, wait_for
from skillyard.cli.show import Json, Yes
from skillyard.sdk.client import Client
from skillyard.sdk.commerce import WAITING
from skillyard.sdk.errors import InputNeeded, SdkError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

credits = App(name="credits", help="Credits, which pay every price in dollars.")
charges = App(name="charges", help="Payments elsewhere that are in doubt, for administrators.")
deposits = App(name="deposits", help="Money that names no invoice, for administrators.")


@credits.default
def show_credits(*, registry: Registry = None, json: Json = False) -> None:
    """Show how many credits you have; one is one US cent."""
    with Client(registry) as client:
        answer = client.credits()
    if json:
        return show.data(answer)
    show.line("{credits} credits", credits=answer["available"])
    for key, words in (("held", "set aside for what runs now"), ("owed", "owed: what comes next pays them first")):
        if answer[key] != "0":
            show.line("  [dim]{count} {words}[/]", count=answer[key], words=words)
    if answer["pay_with"]:
        show.talk("[dim]More:[/] skillyard credits buy 1000")
    return None


@credits.command(name="log")
def show_account(*, registry: Registry = None, json: Json = False) -> None:
    """Show where your credits came from and went last, and what of this month is used."""
    with Client(registry) as client:
        answer = client.account()
    if json:
        return show.data(answer)
    rows = [(one["at"], one["credits"], one["kind"], one["why"] or one["ref"]) for one in answer["last"]]
    show.table(["when", "credits", "what", "for"], rows)
    usage = answer["usage"]
    bound = "" if usage["limit"] is None else f" of {usage['limit']}"
    show.talk("{calls}{bound} runs and invocations in {month}", bound=bound, calls=usage["calls"], month=usage["month"])
    return None


@credits.command(name="buy")
def buy_credits(
    amount: Annotated[str, Parameter(help="Whole credits; one is one US cent.")],
    /,
    *,
    rail: Annotated[str | None, Parameter(name="--with", help="How to pay: stripe or ton.")] = None,
    wait: Wait = False,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Buy credits: you are told where and what to pay; they are there once it is paid."""
    with Client(registry) as client:
        chosen = rail or _only_way(client.credits())
        if not show.ask(f"Buy {amount} credits with {chosen}?", yes=yes):
            return None
        answer = client.buy_credits(amount, rail=chosen)
        invoice = answer["invoice"]
        if wait and invoice["status"] in WAITING:
            if not json:
                show_invoice(invoice)
            invoice = wait_for(client, invoice["id"])
    if json:
        show.data({**answer, "invoice": invoice})
    else:
        show_invoice(invoice)
    return leave(invoice) if wait else None


def _only_way(credits: dict[str, Any]) -> str:
    """Money is not spent on a guess."""
    ways = [way["rail"] for way in credits["pay_with"]]
    if len(ways) == 1:
        return str(ways[0])
    if not ways:
        raise SdkError(
            "Credits cannot be bought here.", code="credits_not_sold", hint="Ask an administrator, who can grant them."
        )
    raise InputNeeded(
        f"Credits can be paid in several ways: {', '.join(ways)}.",
        code="rail_missing",
        hint=f"Choose one: `skillyard credits buy 1000 --with {ways[0]}`.",
        facts={"ways": ways},
    )


@credits.command(name="grant")
def grant_credits(
    username: str,
    amount: Annotated[str, Parameter(help="Whole credits.")],
    /,
    *,
    reason: Annotated[str, Parameter(help="For the books.")],
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Give somebody credits, for administrators."""
    with Client(registry) as client:
        answer = client.grant_credits(username, amount, reason)
    if json:
        return show.data(answer)
    show.line("{username} has {available} credits", username=answer["username"], available=answer["available"])
    return None


def rate(
    asset: Literal["ton"] = "ton", usd: str | None = None, /, *, registry: Registry = None, json: Json = False
) -> None:
    """Show what an asset is worth in US dollars; or say so (`rate ton 5.20`), for administrators, for a day."""
    with Client(registry) as client:
        answer = client.set_rate(asset.upper(), usd) if usd else client.rate(asset.upper())
    if json:
        return show.data(answer)
    if answer is None:
        show.line("Nobody has said lately what {asset} is worth.", asset=asset.upper())
        return None
    show.line("1 {asset} is {usd} USD", asset=answer["asset"], usd=answer["usd"])
    return None


@charges.default
def list_charges(*, registry: Registry = None, json: Json = False) -> None:
    """List payments that nobody is certain of, or that failed after delivery."""
    with Client(registry) as client:
        found = client.charges_in_doubt()
    if json:
        return show.data(found)
    rows = [
        (one["ref"], one["name"], one["rail"], one["amount"], one["status"], one["payer"] or "-", one["why"])
        for one in found
    ]
    show.table(["for", "skill", "by", "credits", "status", "payer", "why"], rows)
    return None


@charges.command(name="decide")
def decide_charge(
    ref: str,
    /,
    *,
    taken: Annotated[bool, Parameter(negative="--not-taken", help="What you found at the provider.")],
    reference: Annotated[str | None, Parameter(help="The provider's own id of the payment.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Say whether a payment was taken, after looking it up at the provider."""
    with Client(registry) as client:
        answer = client.decide_charge(ref, taken=taken, reference=reference)
    if json:
        return show.data(answer)
    show.line("{ref} is [bold]{status}[/]", ref=answer["ref"], status=answer["status"])
    return None


@deposits.default
def list_deposits(*, registry: Registry = None, json: Json = False) -> None:
    """List money that came without saying what for."""
    with Client(registry) as client:
        found = client.deposits()
    if json:
        return show.data(found)
    rows = [
        (one["reference"], one["rail"], f"{one['amount']} {one['asset']}", one["memo"] or "-", one["payer"] or "-")
        for one in found
    ]
    show.table(["reference", "by", "amount", "memo", "from"], rows)
    return None


@deposits.command(name="match")
def match_deposit(
    reference: str,
    invoice: str,
    /,
    *,
    rail: Annotated[str, Parameter(name="--by", help="The rail that it came by.")] = "ton",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Count it for an invoice."""
    with Client(registry) as client:
        answer = client.match_deposit(rail, reference, invoice)
    if json:
        return show.data(answer)
    show.line("{id} is [bold]{status}[/]", id=answer["id"], status=answer["status"])
    return None


@deposits.command(name="return")
def return_deposit(
    reference: str,
    /,
    *,
    address: Annotated[str | None, Parameter(help="For TON: the wallet of whoever sent it.")] = None,
    rail: Annotated[str, Parameter(name="--by", help="The rail that it came by.")] = "ton",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Send it back."""
    with Client(registry) as client:
        answer = client.return_deposit(rail, reference, address)
    if json:
        return show.data(answer)
    show.line(
        "{id}: {amount} {asset}, [bold]{status}[/]", **{key: answer[key] for key in ("id", "amount", "asset", "status")}
    )
    return None
