"""Credits; and what administrators look after: rates, and money that came without saying what for."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

credits = App(name="credits", help="Credits, which pay every price in dollars.")
deposits = App(name="deposits", help="Money that names no invoice, for administrators.")


@credits.default
def show_credits(*, registry: Registry = None, json: Json = False) -> None:
    """Show how many credits you have; one is one US cent."""
    with Client(registry) as client:
        answer = client.credits()
    return show.data(answer) if json else show.line("{credits} credits", credits=answer["available"])


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
