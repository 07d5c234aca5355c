"""Say which skill you look for, see what matches it; rate offers, and keep the good ones."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.json_input import read_argument
from skillyard.cli.show import Json
from skillyard.sdk.client import Client

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Flag = Parameter(negative="")
Offer = Annotated[str, Parameter(help="Name of the skill, or skl_….")]
Tags = Annotated[list[str] | None, Parameter(name="--tag", help="Once for each.")]
Takes = Annotated[str | None, Parameter(name="--input", help="JSON Schema of what there is: JSON, @file, or -.")]
Gives = Annotated[str | None, Parameter(name="--output", help="JSON Schema of what is wanted: JSON, @file, or -.")]
Price = Annotated[int | None, Parameter(name="--max-price", help="Credits, for all of it.")]

wanted = App(name="wanted", help="What people look for: ask for a skill, see what matches.")
favorites = App(name="favorites", help="Offers that you want to find again.")


@wanted.default
def list_requests(
    query: str = "",
    /,
    *,
    tag: Tags = None,
    status: Literal["open", "closed", "fulfilled", "any"] = "open",
    mine: Annotated[bool, Flag, Parameter(help="Yours, in every status.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List what is looked for, the newest first."""
    with Client(registry) as client:
        found = client.skill_requests(query, tags=tag or (), status=status, mine=mine)
    if json:
        return show.data(found)
    rows = [
        (one["id"], one["owner"], one["status"], _price(one["max_price"]), ", ".join(one["tags"]), one["description"])
        for one in found
    ]
    show.table(["id", "by", "status", "at most", "tags", "description"], rows)
    return None


wanted.command(list_requests, name="list")


@wanted.command(name="post")
def post_request(
    description: str,
    /,
    *,
    tag: Tags = None,
    takes: Takes = None,
    gives: Gives = None,
    max_price: Price = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Ask for a skill. With schemas, others can tell whether theirs fits, alone or after another."""
    with Client(registry) as client:
        found = client.post_request(
            description, tags=tag or (), input_schema=_schema(takes, "--input"),
            output_schema=_schema(gives, "--output"), max_price=max_price,
        )  # fmt: skip
    return show.data(found) if json else _show_request(found)


@wanted.command(name="show")
def show_request(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show what somebody looks for."""
    with Client(registry) as client:
        found = client.skill_request(id)
    return show.data(found) if json else _show_request(found)


@wanted.command(name="update")
def update_request(
    id: str,
    /,
    *,
    description: str | None = None,
    tag: Tags = None,
    takes: Takes = None,
    gives: Gives = None,
    max_price: Price = None,
    status: Literal["open", "closed", "fulfilled"] | None = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Change what you look for."""
    with Client(registry) as client:
        found = client.update_request(
            id, description=description, tags=tag, input_schema=_schema(takes, "--input"),
            output_schema=_schema(gives, "--output"), max_price=max_price, status=status,
        )  # fmt: skip
    return show.data(found) if json else _show_request(found)


@wanted.command(name="close")
def close_request(
    id: str,
    /,
    *,
    fulfilled: Annotated[bool, Flag, Parameter(help="You have what you looked for.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Look for it no longer."""
    with Client(registry) as client:
        found = client.update_request(id, status="fulfilled" if fulfilled else "closed")
    return show.data(found) if json else show.line("{id} is {status}.", id=found["id"], status=found["status"])


@wanted.command(name="matches")
def list_matches(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """List offers that match, the best first, with the reasons."""
    with Client(registry) as client:
        found = client.matches(id)
    if json:
        return show.data(found)
    for one in found:
        what = {"name": one["offer"]["name"], "price": one["offer"]["price"]}
        show.line("[bold]{name}[/]  {price} credits{fits}", **what, fits=", fits" if one["fits"] else "")
        for reason in one["reasons"]:
            show.line("  {reason}", reason=reason)
    if not found:
        show.talk("Nothing matches yet.")
    return None


@wanted.command(name="suggest")
def suggest(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """List offers which lead from the desired input to the desired output, one after the other."""
    with Client(registry) as client:
        found = client.suggest(id)
    if json:
        return show.data(found)
    for one in found["items"]:
        names = [hop["offer"]["name"] for hop in one["hops"]]
        show.line("[bold]{chain}[/]  {price} credits", chain=" → ".join(names), price=one["price"])
        show.line("  skillyard compositions run {names}", names=" ".join(names))
        if one["assumed"]:
            show.line("  if there is always {assumed}", assumed=", ".join(one["assumed"]))
    if found["note"]:
        show.talk("{note}", note=found["note"])
    return None


def stars(
    offer: Offer,
    stars: Annotated[int | None, Parameter(help="1 to 5; absent: only show.")] = None,
    /,
    *,
    invocation: Annotated[str | None, Parameter(help="What was delivered; absent: your latest of it.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Rate an offer, or show how it is rated. Ratings of those to whom it delivered weigh more."""
    name = offer.removeprefix("@")
    with Client(registry) as client:
        found = client.ratings(name) if stars is None else client.rate_offer(name, stars, invocation_id=invocation)
    if json:
        return show.data(found)
    show.line(
        "{average} of 5 by {ratings} ({verified} of them have used it); yours: {own}",
        average=found["average_rating"] or "nothing",
        own=found["own"] or "none",
        **{key: found[key] for key in ("ratings", "verified")},
    )
    return None


@favorites.default
def list_favorites(*, registry: Registry = None, json: Json = False) -> None:
    """List your favorites, the one added last first."""
    with Client(registry) as client:
        found = client.favorites()
    if json:
        return show.data(found)
    show.table(["name", "credits", "description"], [(one["name"], one["price"], one["description"]) for one in found])
    return None


favorites.command(list_favorites, name="list")


@favorites.command(name="add")
def add_favorite(offer: Offer, /, *, registry: Registry = None, json: Json = False) -> None:
    """Find this offer again."""
    with Client(registry) as client:
        found = client.add_favorite(offer.removeprefix("@"))
    return show.data(found) if json else show.line("{name} is a favorite.", name=found["name"])


@favorites.command(name="remove")
def remove_favorite(offer: Offer, /, *, registry: Registry = None) -> None:
    """Forget it."""
    with Client(registry) as client:
        client.remove_favorite(offer.removeprefix("@"))
    show.line("{name} is no favorite any more.", name=offer)


def leaderboard(
    *,
    by: Annotated[
        Literal["executions", "installs", "rating", "invocations"],
        Parameter(help="What decides; invocations: of offers, by what they delivered."),
    ] = "executions",
    limit: Annotated[int, Parameter(help="At most so many, up to 100.")] = 20,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List the skills that are run most, installed most or liked best, or the offers that deliver most."""
    with Client(registry) as client:
        found = client.leaderboard(limit=limit) if by == "invocations" else client.skill_leaderboard(by, limit=limit)
    if json:
        return show.data(found)
    if by == "invocations":
        rows = [
            (one["rank"], one["offer"]["name"], one["offer"]["completed"], one["offer"]["average_rating"])
            for one in found
        ]
        show.table(["rank", "name", "delivered", "stars"], rows)
    else:
        ranked = [
            (one["rank"], one["skill"]["name"], one["executions"], one["installs"], one["rating"]) for one in found
        ]
        show.table(["rank", "name", "executions", "installs", "stars"], ranked)
    return None


def _schema(argument: str | None, what: str) -> Any:
    return None if argument is None else read_argument(argument, what=what)


def _show_request(found: dict[str, Any]) -> None:
    show.line("[bold]{id}[/] by {owner}, {status}", **{key: found[key] for key in ("id", "owner", "status")})
    show.line("{description}", description=found["description"])
    if found["tags"]:
        show.line("  tags     {tags}", tags=", ".join(found["tags"]))
    if found["max_price"] is not None:
        show.line("  at most  {price} credits", price=found["max_price"])
    for key, label in (("desired_input_schema", "input "), ("desired_output_schema", "output")):
        if found[key] is not None:
            show.line(f"  {label}   {{schema}}", schema=found[key])


def _price(price: int | None) -> str:
    return "" if price is None else str(price)
