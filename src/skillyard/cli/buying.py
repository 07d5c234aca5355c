"""Buy skills: make an invoice, pay it, see what became of it; and give money back."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json, Yes
from skillyard.sdk.client import Client
from skillyard.sdk.commerce import WAITING
from skillyard.sdk.errors import InputNeeded, SdkError, UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
CREDITS = "credits"
"""The name on invoices for credits."""
Wait = Annotated[bool, Parameter(negative="", help="Wait until it is paid, or cannot be any more.")]


def buy(
    skill: str,
    /,
    *,
    rail: Annotated[str | None, Parameter(name="--with", help="How to pay: credits, stripe or ton.")] = None,
    referral: Annotated[str | None, Parameter(help="The username of whoever recommended it.")] = None,
    wait: Wait = False,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Buy a skill. With credits it is paid at once; else you are told where and what to pay."""
    name = skill.removeprefix("@")
    with Client(registry) as client:
        sale = client.sale(name)
        chosen = rail or _only_way(sale)
        if not show.ask(f"Buy {name} for {_cost(sale, chosen)} with {chosen}?", yes=yes):
            return None
        answer = client.buy(name, rail=chosen, referral_code=referral)
        invoice: dict[str, Any] = answer["invoice"]
        if wait and invoice["status"] in WAITING:
            if not json:
                show_invoice(invoice)
            invoice = wait_for(client, invoice["id"])
    if json:
        show.data({**answer, "invoice": invoice})
    else:
        show_invoice(invoice)
    return leave(invoice) if wait else None


def invoice(
    id: Annotated[str | None, Parameter(help="inv_…; left out: list yours.")] = None,
    /,
    *,
    wait: Wait = False,
    cancel: Annotated[bool, Parameter(negative="", help="Cancel it; nobody should pay it any more.")] = False,
    claim: Annotated[bool, Parameter(negative="", help="Have back what came too much, too late or in part.")] = False,
    address: Annotated[str | None, Parameter(help="For --claim in TON: your own wallet.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Show an invoice and how to pay it, wait for it, cancel it, claim money back; without an id, list yours."""
    if id is None and (wait or cancel or claim):
        raise UsageError("No invoice is named.", code="id_missing", hint="See `skillyard invoice` for yours.")
    with Client(registry) as client:
        if id is None:
            return _list_invoices(client.invoices(), as_json=json)
        if claim:
            made = client.claim_refund(id, address)
            return show.data(made) if json else _show_refunds(made, id)
        found = client.cancel_invoice(id) if cancel else wait_for(client, id) if wait else client.invoice(id)
    if json:
        show.data(found)
    else:
        show_invoice(found)
    return leave(found) if wait else None


def bought(*, registry: Registry = None, json: Json = False) -> None:
    """List what you have bought or were given, the newest first."""
    with Client(registry) as client:
        found = client.bought()
    if json:
        return show.data(found)
    show.table(
        ["skill", "how", "invoice", "since"],
        [(one["name"], one["how"], one["invoice_id"] or "-", one["since"]) for one in found],
    )
    return None


def refund(
    invoice: str,
    /,
    *,
    reason: Annotated[str, Parameter(help="What the buyer will read.")],
    amount: Annotated[str | None, Parameter(help="Such as 10.00; left out: all that is left.")] = None,
    address: Annotated[str | None, Parameter(help="For TON, from administrators: the buyer's own wallet.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Give a buyer money back, for sellers. What went back in full can no longer be installed."""
    with Client(registry) as client:
        made = client.refund(invoice, reason, amount=amount, address=address)
    return show.data(made) if json else _show_refunds(made, invoice)


def _only_way(sale: dict[str, Any]) -> str:
    """Money is not spent on a guess."""
    ways = [way["rail"] for way in sale["pay_with"]]
    if len(ways) == 1:
        return str(ways[0])
    if not ways:
        raise SdkError(
            f"{sale['name']} cannot be bought here now.",
            code="no_way_to_pay",
            hint="Ask its seller for a price, or the operator for a way to pay it.",
        )
    raise InputNeeded(
        f"{sale['name']} can be paid in several ways: {', '.join(ways)}.",
        code="rail_missing",
        hint=f"Choose one: `skillyard buy {sale['name']} --with {ways[0]}`.",
        facts={"ways": ways},
    )


def _cost(sale: dict[str, Any], rail: str) -> str:
    """The price that will be taken; the server may still say otherwise."""
    asset = next((way["asset"] for way in sale["pay_with"] if way["rail"] == rail), None)
    prices = {one["asset"]: one["amount"] for one in sale["prices"]}
    if asset in prices:
        return f"{prices[asset]} {asset}"
    return f"{prices['USD']} USD" if "USD" in prices else "its price"


def wait_for(client: Client, invoice_id: str) -> dict[str, Any]:
    with show.progress("Waiting for the payment"):
        return client.wait_for_invoice(invoice_id)


def leave(invoice: dict[str, Any]) -> None:
    if invoice["status"] != "paid":
        sys.exit(1)


def _list_invoices(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        return show.data(found)
    rows = [(one["id"], one["name"], f"{one['amount']} {one['asset']}", one["rail"], one["status"]) for one in found]
    show.table(["invoice", "skill", "amount", "by", "status"], rows)
    return None


def show_invoice(invoice: dict[str, Any]) -> None:
    show.line(
        "[bold]{id}[/] {name}: {amount} {asset} by {rail}, [bold]{status}[/]",
        **{key: invoice[key] for key in ("id", "name", "amount", "asset", "rail", "status")},
    )
    if invoice["status"] == "paid" and invoice["name"] == CREDITS:
        show.line("  [dim]see[/] skillyard credits")
    elif invoice["status"] == "paid":
        show.line("  [dim]install[/] skillyard install {name}", name=invoice["name"])
    elif invoice["status"] in WAITING:
        _show_how_to_pay(invoice)


def _show_how_to_pay(invoice: dict[str, Any]) -> None:
    to = invoice["pay_to"]
    lines = {
        "pay at": to["checkout_url"],
        "send": f"{invoice['missing']} {invoice['asset']}" if to["address"] else None,
        "to": to["address"],
        "memo": to["memo"],
        "link": to["link"],
        "page": invoice["page_url"],
        "until": invoice["expires_at"],
    }
    for word, value in lines.items():
        if value:
            show.line("  [dim]{word:<7}[/] {value}", word=word, value=value)
    if to["memo"]:
        show.talk("  [yellow]The memo must go with the payment[/], exactly: it says what the money is for.")
    if to["link"] and sys.stdout.isatty():
        import segno

        segno.make_qr(to["link"]).terminal(compact=True)
    show.talk("[dim]Then:[/] skillyard invoice {id} --wait", id=invoice["id"])


def _show_refunds(answer: dict[str, Any], invoice_id: str) -> None:
    for one in answer["items"]:
        show.line(
            "{id}: {amount} {asset} by {rail}, [bold]{status}[/]",
            **{key: one[key] for key in ("id", "amount", "asset", "rail", "status")},
        )
        if one["why"]:
            show.talk("  {why}", why=one["why"])
    if answer["claimable"].strip("0."):
        show.line("{amount} wait for the buyer to say where they go:", amount=answer["claimable"])
        show.line("  skillyard invoice {id} --claim --address WALLET", id=invoice_id)
    elif not answer["items"]:
        show.line("It is back already.")
