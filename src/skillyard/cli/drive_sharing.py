"""What members ask their team's drive for, and links that give skills of a drive to others: the rest of `drive`."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.drive import Drive, Name, Registry
from skillyard.cli.show import Json
from skillyard.sdk.client import Client

Team = Annotated[str, Parameter(name="--drive", help="The namespace of the team.")]

requests = App(name="requests", help="What members would like their team's drive to have.")


@requests.default
def list_requests(
    *,
    team: Team,
    status: Literal["pending", "accepted", "declined", "any"] = "pending",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List what a team is asked for: all of it for its maintainers, your own for you."""
    with Client(registry) as client:
        found = client.item_requests(team, status=status)
    if json:
        return show.data(found)
    rows = [(one["id"], one["source"], one["requester"], one["status"], one["reason"] or one["note"]) for one in found]
    return show.table(["id", "what", "by", "status", "why"], rows)


requests.command(list_requests, name="list")


@requests.command(name="accept")
def accept_request(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Add what was asked for, as a maintainer."""
    with Client(registry) as client:
        item = client.accept_item_request(id)
    if json:
        return show.data(item)
    values = {field: item[field] for field in ("drive", "name", "version")}
    return show.line("[bold]{name}[/] {version} is in the drive {drive}.", **values)


@requests.command(name="decline")
def decline_request(
    id: str,
    /,
    *,
    reason: Annotated[str, Parameter(help="For who asked.")] = "",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Do not add it; or take back what you asked for."""
    with Client(registry) as client:
        found = client.decline_item_request(id, reason=reason)
    return show.data(found) if json else show.line("{id} is declined.", id=found["id"])


def share(name: Name, /, *, drive: Drive = None, registry: Registry = None, json: Json = False) -> None:
    """Make a link with which others can take a skill of the drive, for 24 hours."""
    with Client(registry) as client:
        found = client.share_skill(name.removeprefix("@"), drive=drive)
    if json:
        return show.data(found)
    show.line("{url}", url=found["url"])
    one = found["share"]
    said = {"name": one["name"], "until": one["expires_at"]}
    show.talk("Whoever opens it, or gives it to `skillyard drive join`, until {until} has {name}.", **said)
    show.talk("It is shown this once.")
    show.talk("End it with `skillyard drive unshare {id}`.", id=one["id"])
    return None


def list_shares(
    *,
    drive: Drive = None,
    mine: Annotated[bool, Parameter(negative="", help="What was shared with you.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List what is shared of the drive, with whom."""
    with Client(registry) as client:
        found = client.taken_shares() if mine else client.shares(drive=drive)
    if json:
        return show.data(found)
    rows = [
        (
            one["id"],
            one["name"],
            one["drive"],
            "revoked" if one["revoked_at"] else one["expires_at"],
            ", ".join(one["takers"]),
        )
        for one in found
    ]
    return show.table(["id", "name", "drive", "open until", "taken by"], rows)


def accept_share(
    link: Annotated[str, Parameter(help="What you were given, or only its end: sky_share_….")],
    /,
    *,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Take what somebody shared with you."""
    with Client(registry) as client:
        found = client.accept_share(link.strip().rpartition("/")[2])
    if json:
        return show.data(found)
    item = found["item"]
    values = {"name": item["name"], "version": item["version"], "drive": item["drive"]}
    return show.line("[bold]{name}[/] {version} comes to you from the drive {drive}.", **values)


def revoke_share(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """End a share, and take back what it gave."""
    with Client(registry) as client:
        found = client.revoke_share(id)
    return show.data(found) if json else show.line("{name} is not shared by {id} any more.", **_said(found))


def leave_share(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Give up what was shared with you."""
    with Client(registry) as client:
        found = client.leave_share(id)
    return show.data(found) if json else show.line("You have left {id}.", id=found["share_id"])


def _said(share: dict[str, str]) -> dict[str, str]:
    return {field: share[field] for field in ("id", "name")}
