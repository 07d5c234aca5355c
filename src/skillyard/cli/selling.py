"""Sell skills: put them up for sale, set prices, see what was sold, give access away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.commerce import PriceMode
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Visibility = Literal["public", "unlisted", "private"]

_MISSING = {"price": "a price (`skillyard price {name} 29.00`)", "release": "a release that is on offer"}
_MODES: dict[str, PriceMode] = {"usd": "fixed_usd", "ton": "fixed_ton"}

access = App(name="access", help="Who may take a skill without paying.")


def sell(
    skill: str,
    /,
    *,
    off: Annotated[bool, Parameter(negative="", help="Take it off the market; who bought it keeps it.")] = False,
    private: Annotated[bool, Parameter(negative="", help="Show nothing but its sale page to strangers.")] = False,
    visibility: Visibility | None = None,
    text: Annotated[
        str | None, Parameter(help="What people read before they buy, as Markdown; @FILE reads it.")
    ] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Put a skill of yours up for sale, or take it off: `sell acme/report --private --text @sale.md`."""
    with Client(registry) as client:
        answer = client.set_sale(
            _name(skill),
            is_for_sale=not off,
            visibility="private" if private else visibility,
            selling_text=_read_text(text),
        )
        page = f"{client.base_url}/{answer['name']}"
    if json:
        return show.data(answer)
    if off:
        show.line("[bold]{name}[/] is no longer for sale.", name=answer["name"])
        return None
    show.line("[bold]{name}[/] is for sale: {prices}", name=answer["name"], prices=prices_of(answer) or "no price yet")
    show.line("  [dim]page[/] {page}", page=page)
    _show_missing(answer)
    return None


def price(
    skill: str,
    amount: Annotated[str | None, Parameter(help="Such as 29.00; left out: show the prices.")] = None,
    /,
    *,
    currency: Annotated[
        Literal["usd", "ton"], Parameter(name="--in", help="usd can also be paid in credits; ton is exact.")
    ] = "usd",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Set a price of a skill (`price acme/report 29.00`), or show them all. Open invoices keep theirs."""
    name = _name(skill)
    with Client(registry) as client:
        if amount is not None:
            client.set_price(name, amount, _MODES[currency])
        answer = client.sale(name)
    if json:
        return show.data(answer)
    state = "" if answer["is_for_sale"] else "  [dim](not for sale)[/]"
    show.line(f"[bold]{{name}}[/] {{prices}}{state}", name=answer["name"], prices=prices_of(answer) or "has no price")
    _show_missing(answer)
    return None


def sales(
    skill: Annotated[str | None, Parameter(help="Only of this one.")] = None,
    /,
    *,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List what you have sold, the newest first, and your share of it."""
    with Client(registry) as client:
        found = client.sales(_name(skill) if skill else None)
    if json:
        return show.data(found)
    rows = [
        (
            one["paid_at"],
            one["name"],
            one["buyer"] or "-",
            f"{one['price']} {one['asset']}",
            one["your_share"],
            _state(one),
        )
        for one in found
    ]
    show.table(["when", "skill", "buyer", "price", "yours", "state"], rows)
    return None


@access.command(name="list")
def list_access(skill: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """List who bought a skill of yours, or was given it."""
    with Client(registry) as client:
        found = client.holders(_name(skill))
    if json:
        return show.data(found)
    show.table(["user", "how", "since"], [(one["username"], one["how"], one["since"]) for one in found])
    return None


@access.command(name="grant")
def grant_access(skill: str, username: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Let somebody take a skill without paying."""
    with Client(registry) as client:
        answer = client.grant_access(_name(skill), username)
    return show.data(answer) if json else show.line("{user} may take {skill}", user=username, skill=skill)


@access.command(name="revoke")
def revoke_access(skill: str, username: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Take back what was granted. What was bought ends with a refund only."""
    with Client(registry) as client:
        answer = client.revoke_access(_name(skill), username)
    return show.data(answer) if json else show.line("{user} may take {skill} no longer", user=username, skill=skill)


def prices_of(sale: dict[str, Any]) -> str:
    """`29.00 USD or 5.000000000 TON`."""
    return " or ".join(f"{one['amount']} {one['asset']}" for one in sale["prices"])


def _show_missing(sale: dict[str, Any]) -> None:
    for what in sale["missing"] if sale["is_for_sale"] else ():
        show.talk("  [yellow]still missing:[/] {what}", what=_MISSING.get(what, what).format(name=sale["name"]))


def _state(sold: dict[str, Any]) -> str:
    if sold["refunded"].strip("0."):
        return f"{sold['refunded']} refunded"
    return "available" if sold["matured_at"] else f"available from {sold['matures_at']}"


def _name(skill: str) -> str:
    return skill.removeprefix("@")


def _read_text(text: str | None) -> str | None:
    if text is None or not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{text[1:]} cannot be read: {error}.", code="no_file", hint="check the path") from None
