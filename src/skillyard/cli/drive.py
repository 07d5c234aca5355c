"""Your drive, or a team's: the skills that you have on every machine, what is new for them, who else has them."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import ApiError, UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Drive = Annotated[str | None, Parameter(help="The namespace of a team, instead of your own drive.")]
Name = Annotated[str, Parameter(help="A skill of the drive: acme/pdf, or pdf if only one is called so.")]
Flag = Parameter(negative="")

drive = App(name="drive", help="The skills that you have everywhere: list, import, update, share.")
_SHARING = {
    "requests": ("requests", "What members would like their team's drive to have."),
    "share": ("share", "Make a link with which others can take a skill."),
    "shares": ("list_shares", "List what is shared of the drive, with whom."),
    "join": ("accept_share", "Take what somebody shared with you."),
    "unshare": ("revoke_share", "End a share, and take back what it gave."),
    "leave": ("leave_share", "Give up what was shared with you."),
}
drive.command("skillyard.cli.sources:origin", name="origin", help="Show where a skill from git comes from.")
for verb, (place, summary) in _SHARING.items():
    drive.command(f"skillyard.cli.drive_sharing:{place}", name=verb, help=summary)


@drive.default
def list_items(
    *,
    drive: Drive = None,
    all: Annotated[bool, Flag, Parameter(help="With those of your teams, and those shared with you.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List what is in the drive."""
    with Client(registry) as client:
        found = client.reach() if all else client.drive_items(drive=drive)
    if json:
        return show.data(found)
    items = [one["item"] for one in found] if all else found
    show.table(["name", "version", "from", "state"], [_row(item, with_drive=all) for item in items])
    if not items:
        show.talk("The drive is empty. Bring a skill in with `skillyard drive import acme/pdf`.")
    return None


drive.command(list_items, name="list")


@drive.command(name="import")
def import_skill(
    source: Annotated[str, Parameter(help="acme/pdf, or https://github.com/acme/tools/tree/main/pdf.")],
    /,
    *,
    drive: Drive = None,
    slug: Annotated[str | None, Parameter(name="--as", help="What to call a skill from git.")] = None,
    note: Annotated[str, Parameter(help="For the maintainers of a team, where they decide.")] = "",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Bring in a skill of the registry, or one of a public git repository, which stays private to the drive."""
    with Client(registry) as client:
        found = client.import_skill(source, drive=drive, slug=slug, note=note)
    if json:
        return show.data(found)
    item, request = found["item"], found["request"]
    if item:
        return show.line("[bold]{name}[/] {version} is in the drive {drive}.", **_said(item))
    show.line("Asked the maintainers of {drive} for {source}: {id}", **_said(request, "drive", "source", "id"))
    return None


@drive.command(name="remove")
def remove_item(name: Name, /, *, drive: Drive = None, registry: Registry = None, json: Json = False) -> None:
    """Forget a skill. What was published stays published."""
    with Client(registry) as client:
        gone = client.remove_from_drive(name.removeprefix("@"), drive=drive)
    return show.data(gone) if json else show.line("{name} is no longer in the drive {drive}.", **gone)


@drive.command(name="toggle")
def toggle_item(
    name: Name,
    /,
    *,
    on: Annotated[bool, Flag, Parameter(help="Switch it on.")] = False,
    off: Annotated[bool, Flag, Parameter(help="Switch it off.")] = False,
    drive: Drive = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Switch a skill off without forgetting it, or on again."""
    if on and off:
        raise UsageError("--on and --off exclude each other.", code="usage", hint="Say one of them, or neither.")
    with Client(registry) as client:
        found = client.toggle_in_drive(name.removeprefix("@"), drive=drive, enabled=on if on or off else None)
    state = "on" if found["enabled"] else "off"
    return show.data(found) if json else show.line("{name} is {state}.", name=found["name"], state=state)


@drive.command(name="pin")
def pin_item(
    name: Name,
    version: Annotated[str | None, Parameter(help="Or a channel; absent: what the drive has.")] = None,
    /,
    *,
    drive: Drive = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Hold a skill at a version, so that no updates are offered."""
    with Client(registry) as client:
        found = client.pin_in_drive(name.removeprefix("@"), drive=drive, version=version)
    return show.data(found) if json else show.line("{name} stays at {version}.", **_said(found))


@drive.command(name="unpin")
def unpin_item(name: Name, /, *, drive: Drive = None, registry: Registry = None, json: Json = False) -> None:
    """Let updates be offered again."""
    with Client(registry) as client:
        found = client.unpin_in_drive(name.removeprefix("@"), drive=drive)
    return show.data(found) if json else show.line("{name} {version} may be updated.", **_said(found))


@drive.command(name="updates")
def list_updates(
    *,
    drive: Drive = None,
    dismissed: Annotated[bool, Flag, Parameter(help="Those that you dismissed, too.")] = False,
    refresh: Annotated[bool, Flag, Parameter(help="First look where skills came from that are from git.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List what is offered for the skills of the drive, and what it costs."""
    with Client(registry) as client:
        if refresh:
            _refresh(client, drive)
        found = client.drive_updates(drive=drive, dismissed=dismissed)
    if json:
        return show.data(found)
    rows = [(one["item"]["name"], one["held"], one["version"], _price(one), ", ".join(_remarks(one))) for one in found]
    show.table(["name", "has", "offered", "costs", "remarks"], rows)
    if found:
        show.talk("Accept or dismiss them by name; `skillyard drive accept --all` takes those with nothing to look at.")
    else:
        show.talk("Everything is up to date.")
    return None


@drive.command(name="accept")
def accept_update(
    name: Annotated[str | None, Parameter(help="A skill of the drive; absent: say --all.")] = None,
    version: Annotated[str | None, Parameter(help="Refuse if another one is offered by now.")] = None,
    /,
    *,
    all: Annotated[bool, Flag, Parameter(help="All that are free, may do nothing new, and are not flagged.")] = False,
    drive: Drive = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Let the drive have what is offered; `skillyard sync` brings it to your machines."""
    if all == (name is not None):
        raise UsageError("Name one skill, or say --all.", code="usage", hint="See `skillyard drive updates`.")
    with Client(registry) as client:
        offered = client.drive_updates(drive=drive) if all else []
        plain = [one for one in offered if not _reasons_to_look(one)]
        names = [name.removeprefix("@")] if name else [one["item"]["name"] for one in plain]
        found = [client.accept_update(one, drive=drive, version=version) for one in names]
    if json:
        return show.data(found if all else found[0])
    for item in found:
        _show_accepted(item)
    for one in offered:
        if reasons := _reasons_to_look(one):
            show.talk("{name} {version} waits: {why}", **_said(one), why=", ".join(reasons))
    if len(plain) < len(offered):
        show.talk("[dim]hint:[/] Accept these by their names, once you have looked at them.")
    return None


@drive.command(name="dismiss")
def dismiss_update(
    name: Name,
    version: Annotated[str | None, Parameter(help="Refuse if another one is offered by now.")] = None,
    /,
    *,
    drive: Drive = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Be offered this version no more; the next one will be."""
    with Client(registry) as client:
        found = client.dismiss_update(name.removeprefix("@"), drive=drive, version=version)
    return show.data(found) if json else show.line("{name} stays at {version}, for now.", **_said(found))


def _row(item: dict[str, Any], *, with_drive: bool) -> tuple[str, str, str, str]:
    state = [word for word, holds in (("off", not item["enabled"]), ("pinned", item["pinned"])) if holds]
    origin = item["via"]
    if item["upstream"]:
        origin = f"fork of {item['upstream']['name']} {item['upstream']['version']}"
    return item["name"], item["version"], f"{origin}, in {item['drive']}" if with_drive else origin, ", ".join(state)


def _refresh(client: Client, drive: str | None) -> None:
    """One repository that does not answer keeps nobody from looking at the others."""
    for item in client.drive_items(drive=drive):
        if item["via"] == "git":
            try:
                client.refresh_update(item["name"], drive=drive)
            except ApiError as error:
                show.talk("[yellow]note:[/] {name}: {why}", name=item["name"], why=error.message)


def _show_accepted(item: dict[str, Any]) -> None:
    upstream = item["upstream"]
    if upstream and upstream["accepted_version"]:
        values = {"name": item["name"], "other": upstream["name"], "version": upstream["accepted_version"]}
        show.line("The next sync merges {other} {version} into {name}.", **values)
    else:
        show.line("{name} is {version} now.", **_said(item))


def _price(update: dict[str, Any]) -> str:
    if not update["needs_purchase"]:
        return "nothing"
    return " or ".join(f"{price['amount']} {price['asset']}" for price in update["prices"]) or "not priced yet"


def _remarks(update: dict[str, Any]) -> list[str]:
    remarks = []
    if update["name"] != update["item"]["name"]:
        remarks.append(f"of {update['name']}, to be merged in")
    if update["withdrawn"]:
        remarks.append("the drive's version was withdrawn")
    if update["dismissed"]:
        remarks.append("dismissed")
    return remarks + [f"it may newly {what}" for what in update["may_newly"]] + _flag(update)


def _reasons_to_look(update: dict[str, Any]) -> list[str]:
    """Why it is not accepted with all the others."""
    bought = [f"buy it first, for {_price(update)}: skillyard buy {update['name']}"] if update["needs_purchase"] else []
    return bought + [f"it may newly {what}" for what in update["may_newly"]] + _flag(update)


def _flag(update: dict[str, Any]) -> list[str]:
    return ["the scan flags it"] if update["flagged"] else []


def _said(document: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {field: document[field] for field in fields or ("drive", "name", "version") if field in document}
