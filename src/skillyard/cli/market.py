"""Find what can be invoked, invoke it, and see what became of it; and mind what one offers oneself."""

from __future__ import annotations

import json as jsonlib
import sys
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.json_input import read_input
from skillyard.cli.show import Json, Yes
from skillyard.sdk.client import Client
from skillyard.sdk.errors import SdkError, UsageError
from skillyard.sdk.market import SETTLED

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Offer = Annotated[str, Parameter(help="Name of the skill, or skl_….")]
Flag = Parameter(negative="")
Trust = Annotated[Literal["L0", "L1", "L2"] | None, Parameter(help="How far buyers must be trusted.")]

offers = App(name="offers", help="Skills that can be invoked: find them; suspend, change and review them.")
invocations = App(name="invocations", help="What you invoked, or as a provider were asked for.")


@offers.default
def list_offers(
    query: str = "",
    /,
    *,
    tag: Annotated[list[str] | None, Parameter(help="With each of these tags.")] = None,
    trust: Trust = None,
    sort: Literal["newest", "name", "price", "rating", "invocations"] = "newest",
    mine: Annotated[bool, Flag, Parameter(help="Those of your namespaces, in every status.")] = False,
    limit: Annotated[int, Parameter(help="At most so many, up to 100.")] = 50,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List skills that can be invoked."""
    with Client(registry) as client:
        found = (
            client.my_offers()
            if mine
            else client.offers(query, limit=limit, tag=tag or None, trust_level=trust, sort=sort)
        )
    return _list(found, as_json=json)


@offers.command(name="show")
def show_offer(offer: Offer, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show what an offer takes, gives and costs."""
    with Client(registry) as client:
        found = client.offer(offer.removeprefix("@"))
    if json:
        return show.data(found)
    _show_offer(found)
    return None


@offers.command(name="review")
def list_reviews(*, registry: Registry = None, json: Json = False) -> None:
    """List what waits for an administrator."""
    with Client(registry) as client:
        found = client.offers_in_review()
    return _list(found, as_json=json)


@offers.command(name="change")
def change_offer(
    offer: Offer,
    /,
    *,
    price: Annotated[int | None, Parameter(help="Credits for each invocation.")] = None,
    trust: Trust = None,
    description: str | None = None,
    tag: Annotated[list[str] | None, Parameter(help="These tags instead of those there are.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Change the terms, from now on. Schemas and steps change with a release: publish the folder again."""
    changes = {"price": price, "trust_level": trust, "description": description, "tags": tag}
    if all(value is None for value in changes.values()):
        raise UsageError("Nothing is to change.", code="usage", hint="Say --price, --trust, --description or --tag.")
    with Client(registry) as client:
        found = client.change_offer(offer.removeprefix("@"), **changes)
    return show.data(found) if json else _show_offer(found)


@offers.command(name="suspend")
def suspend(offer: Offer, /, *, registry: Registry = None, json: Json = False) -> None:
    """Take it offline; what was invoked before goes on."""
    _decide(offer, "suspend", registry, as_json=json)


@offers.command(name="activate")
def activate(offer: Offer, /, *, registry: Registry = None, json: Json = False) -> None:
    """Put it online again."""
    _decide(offer, "activate", registry, as_json=json)


@offers.command(name="approve")
def approve(offer: Offer, /, *, registry: Registry = None, json: Json = False) -> None:
    """Let everybody invoke it, for administrators."""
    _decide(offer, "approve", registry, as_json=json)


@offers.command(name="reject")
def reject(
    offer: Offer,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="What its owner will read.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Let nobody invoke it, for administrators."""
    _decide(offer, "reject", registry, as_json=json, reason=reason)


def invoke(
    offer: Offer,
    fields: Annotated[
        list[str] | None, Parameter(help="Fields of the input: url=https://…, pages:=3 for JSON.")
    ] = None,
    /,
    *,
    input: Annotated[str | None, Parameter(help="The whole input: JSON, @file, or - for stdin.")] = None,
    key: Annotated[str | None, Parameter(help="The same key again is the same invocation, charged once.")] = None,
    detach: Annotated[bool, Flag, Parameter(help="Do not wait for it.")] = False,
    timeout: Annotated[float, Parameter(help="Wait so many seconds.")] = 600.0,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Invoke a skill and print what it gives. What it costs is paid only when it is delivered."""
    name = offer.removeprefix("@")
    value = read_input(fields or [], input)
    with Client(registry) as client:
        found = client.offer(name)
        if found["price"] and not show.ask(f"Invoke {found['name']} for {found['price']} credits?", yes=yes):
            return
        made = client.invoke(found["id"], value, key=key, max_price=found["price"])
        show.talk("[dim]{id}: {status}[/]", id=made["id"], status=made["status"])
        if not detach and made["status"] not in SETTLED:
            made = client.wait_for_invocation(made["id"], timeout_s=timeout)
    _show_result(made, as_json=json)
    return


@invocations.default
def list_invocations(
    *,
    provider: Annotated[bool, Flag, Parameter(help="What others asked of you.")] = False,
    status: Literal["pending", "processing", "completed", "failed", "expired"] | None = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List invocations, the newest first."""
    with Client(registry) as client:
        found = client.invocations(side="provider" if provider else "buyer", status=status)
    if json:
        return show.data(found)
    rows = [(one["id"], one["name"], one["version"], one["status"], one["price"], one["created_at"]) for one in found]
    show.table(["id", "skill", "version", "status", "credits", "asked for"], rows)
    return None


@invocations.command(name="show")
def show_invocation(
    id: str,
    /,
    *,
    wait: Annotated[bool, Flag, Parameter(help="Wait until it has ended.")] = False,
    timeout: Annotated[float, Parameter(help="Wait so many seconds.")] = 600.0,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Show one invocation, and what it gave."""
    with Client(registry) as client:
        found = client.wait_for_invocation(id, timeout_s=timeout) if wait else client.invocation(id)
    if not json:
        show.talk("[dim]{id}: {status}, {price} credits[/]", **{key: found[key] for key in ("id", "status", "price")})
    _show_result(found, as_json=json)


@invocations.command(name="cancel")
def cancel_invocation(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Take it back, as long as nobody has begun with it."""
    with Client(registry) as client:
        found = client.cancel_invocation(id)
    if json:
        return show.data(found)
    show.line("{id} is taken back; it costs nothing.", id=found["id"])
    return None


@invocations.command(name="receipt")
def show_receipt(id: str, /, *, registry: Registry = None) -> None:
    """Print what the registry swears of it; `skillyard receipt verify` checks it."""
    with Client(registry) as client:
        sys.stdout.write(client.invocation_receipt(id))


def _decide(
    offer: str,
    what: Literal["suspend", "activate", "approve", "reject"],
    registry: str | None,
    *,
    as_json: bool,
    reason: str | None = None,
) -> None:
    with Client(registry) as client:
        found = client.decide_offer(offer.removeprefix("@"), what, reason=reason)
    if as_json:
        return show.data(found)
    show.line("{name} is {status}.", name=found["name"], status=found["status"])
    return None


def _list(found: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        return show.data(found)
    show.table(["name", "version", "credits", "trust", "mode", "status", "description"], [_row(one) for one in found])
    return None


def _row(one: dict[str, Any]) -> tuple[object, ...]:
    return (
        one["name"], one["version"], one["price"], one["trust_level"], one["mode"],
        one["status"] if one["is_offered"] else "withdrawn", one["description"],
    )  # fmt: skip


def _show_offer(found: dict[str, Any]) -> None:
    show.line("[bold]{name}[/] {version}  [dim]{id}[/]", **{key: found[key] for key in ("name", "version", "id")})
    show.line("{description}", description=found["description"])
    show.line("  price    {price} credits", price=found["price"] or "no")
    show.line("  mode     {mode}, trust {trust}", mode=found["mode"], trust=found["trust_level"])
    show.line("  status   {status}", status=found["status"] if found["is_offered"] else "withdrawn")
    if found["reason"]:
        show.line("  reason   {reason}", reason=found["reason"])
    for need in found["credentials"]["required"]:
        show.line("  key      {provider} ({mode})", provider=need["provider"], mode=found["credentials"]["mode"])
    for step in found["steps"]:
        show.line("  step     {label}: {runs}", label=step["label"], runs=step["runs"])
    show.line("  input    {schema}", schema=jsonlib.dumps(found["input_schema"]))
    show.line("  output   {schema}", schema=jsonlib.dumps(found["output_schema"]))


def _show_result(found: dict[str, Any], *, as_json: bool) -> None:
    """The output alone on stdout; an invocation that was not delivered ends the command with 1."""
    if as_json:
        show.data(found)
    elif found["status"] == "completed":
        show.data(found["output"])
    if found["status"] in ("failed", "expired"):
        error = found["error"] or {"code": found["status"], "message": "It was not delivered."}
        if as_json:
            sys.exit(1)
        raise SdkError(
            error["message"], code=error["code"], hint="It costs nothing; what was set aside is yours again."
        )
