"""Run several offers one after the other, and see how far they came."""

from __future__ import annotations

import sys
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.json_input import read_input
from skillyard.cli.show import Json, Yes
from skillyard.sdk.board import ENDED
from skillyard.sdk.client import Client
from skillyard.sdk.errors import SdkError, UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Flag = Parameter(negative="")

compositions = App(name="compositions", help="Offers run one after the other.")


@compositions.default
def list_compositions(*, registry: Registry = None, json: Json = False) -> None:
    """List yours, the newest first."""
    with Client(registry) as client:
        found = client.compositions()
    if json:
        return show.data(found)
    rows = [(one["id"], _chain(one), one["status"], f"{one['paid']} of {one['price']}") for one in found]
    show.table(["id", "offers", "status", "credits paid"], rows)
    return None


compositions.command(list_compositions, name="list")


@compositions.command(name="run")
def run_composition(
    *offers: Annotated[str, Parameter(help="Names or ids, in the order in which they run.")],
    wanted: Annotated[str | None, Parameter(help="Run the best suggestion for this request (sreq_…).")] = None,
    input: Annotated[str | None, Parameter(help="The whole input: JSON, @file, or - for stdin.")] = None,
    field: Annotated[list[str] | None, Parameter(help="A field of it: url=https://…, pages:=3 for JSON.")] = None,
    max_price: Annotated[int | None, Parameter(help="Credits, for all together.")] = None,
    key: Annotated[str | None, Parameter(help="The same key again is the same composition.")] = None,
    detach: Annotated[bool, Flag, Parameter(help="Do not wait for it.")] = False,
    timeout: Annotated[float, Parameter(help="Wait so many seconds.")] = 600.0,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Run offers one after the other and print what the last gives. Each is paid when it delivers."""
    if bool(offers) == bool(wanted):
        raise UsageError("It is not clear what to run.", code="usage", hint="Name offers, or a request with --wanted.")
    value = read_input(field or [], input)
    with Client(registry) as client:
        found = _best(client, wanted) if wanted else [client.offer(name.removeprefix("@")) for name in offers]
        price = sum(offer["price"] for offer in found)
        names = " → ".join(offer["name"] for offer in found)
        if price and not show.ask(f"Run {names} for up to {price} credits?", yes=yes):
            return
        made = client.start_composition([offer["id"] for offer in found], value, key=key, max_price=max_price)
        show.talk("[dim]{id}: {names}[/]", id=made["id"], names=names)
        if not detach and made["status"] not in ENDED:
            made = client.wait_for_composition(made["id"], timeout_s=timeout)
    _show_result(made, as_json=json)


@compositions.command(name="show")
def show_composition(
    id: str,
    /,
    *,
    wait: Annotated[bool, Flag, Parameter(help="Wait until it has ended.")] = False,
    timeout: Annotated[float, Parameter(help="Wait so many seconds.")] = 600.0,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Show how far it came, and what it gave."""
    with Client(registry) as client:
        found = client.wait_for_composition(id, timeout_s=timeout) if wait else client.composition(id)
    if not json:
        for hop in found["hops"]:
            status = hop["status"] or "not begun"
            show.talk("[dim]{name}: {status}, {paid} credits[/]", name=hop["name"], status=status, paid=hop["paid"])
    _show_result(found, as_json=json)


@compositions.command(name="cancel")
def cancel_composition(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Begin nothing more; what is worked on already is delivered, and paid."""
    with Client(registry) as client:
        found = client.cancel_composition(id)
    return show.data(found) if json else show.line("{id} is {status}.", id=found["id"], status=found["status"])


def _best(client: Client, request_id: str) -> list[dict[str, Any]]:
    found = client.suggest(request_id)
    if not found["items"]:
        raise SdkError(
            found["note"], code="nothing_suggested", hint="See what is near with `skillyard wanted matches`."
        )
    return [hop["offer"] for hop in found["items"][0]["hops"]]


def _chain(found: dict[str, Any]) -> str:
    return " → ".join(hop["name"] for hop in found["hops"])


def _show_result(found: dict[str, Any], *, as_json: bool) -> None:
    """The output alone on stdout; one that was not delivered ends the command with 1."""
    if as_json:
        show.data(found)
    elif found["status"] == "completed":
        show.data(found["output"])
    if found["status"] in ("failed", "cancelled"):
        if as_json:
            sys.exit(1)
        error = found["error"]
        raise SdkError(error["message"], code=error["code"], hint=f"{found['paid']} credits were paid.")
