"""Consent to what skills call in one's name: look at what one needs and what changed, grant, approve, revoke."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], negative="", help="Agree without being asked.")]

grants = App(name="grants", help="What skills may call in your name.")

_SECONDS = {"m": 60, "h": 3600, "d": 24 * 3600}


@grants.command(name="needs")
def show_needs(skill: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show what ns/slug@version calls, and what of it you granted."""
    name, version = _read_skill(skill)
    with Client(registry) as client:
        found = client.needs(name, version)
    if json:
        return show.data(found)
    if not found["needs"]:
        return show.line("{skill} {version} calls nothing.", skill=found["skill"], version=found["version"])
    rows = [(one["action"], one["effect"] or "?", one["summary"], one["state"]) for one in found["needs"]]
    show.table(["action", "effect", "what it does", "state"], rows)
    _tell_difference(found)
    for slug in found["unconnected"]:
        show.talk("You have no account at {slug} yet: `skillyard connections add {slug}`", slug=slug)
    return None


@grants.command(name="list")
def list_grants(skill: str | None = None, /, *, registry: Registry = None, json: Json = False) -> None:
    """List what you granted, to one skill or to all."""
    with Client(registry) as client:
        found = client.grants(skill)
    if json:
        return show.data(found)
    show.table(["id", "skill", "version", "may call", "only where", "how long"], [_row(one) for one in found])
    return None


@grants.command(name="give")
def give_grant(
    skill: str,
    action: str,
    /,
    *,
    limit: Annotated[
        list[str] | None, Parameter(help="Only where a parameter is so: repo=acme/*; may be given again.")
    ] = None,
    connection: Annotated[str | None, Parameter(help="Only for this account of yours.")] = None,
    lasts: Annotated[str | None, Parameter(name="--for", help="For so long: 30d, 12h or 90m.")] = None,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Let ns/slug@version call github.create_issue in your name; github.* is all that reads or writes."""
    limits, expires_in_s = _read_limits(limit), _read_duration(lasts)
    name, version = _read_skill(skill)
    with Client(registry) as client:
        found = client.needs(name, version)
        known = next((one for one in found["needs"] if one["action"] == action), None)
        effect = known["effect"] if known else "read, write or destroy"
        question = f"Let {found['skill']} {found['version']} call {action} ({effect}) in your name?"
        if not show.ask(question, yes=yes):
            return None
        made = client.give_grant(
            name, action, version=found["version"], limits=limits, connection=connection, expires_in_s=expires_in_s,
            digest=found["digest"],
        )  # fmt: skip
    return _show_given([made], json=json)


@grants.command(name="approve")
def approve_grants(skill: str, /, *, yes: Yes = False, registry: Registry = None, json: Json = False) -> None:
    """Let ns/slug@version call what you granted to other versions, after a look at what changed."""
    name, version = _read_skill(skill)
    with Client(registry) as client:
        found = client.needs(name, version)
        stale = [one["action"] for one in found["needs"] if one["state"] == "stale"]
        if not stale:
            show.talk("There is nothing to approve: see `skillyard grants needs {skill}`.", skill=skill)
            return show.data([]) if json else None
        _tell_difference(found)
        if not show.ask(f"Let {found['skill']} {found['version']} call {', '.join(stale)}?", yes=yes):
            return None
        made = client.approve_grants(name, found["version"], found["digest"])
    return _show_given(made, json=json)


@grants.command(name="revoke")
def revoke_grant(grant_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Take a grant back, also from runs that are under way."""
    with Client(registry) as client:
        gone = client.revoke_grant(grant_id)["details"]
    if json:
        return show.data(gone)
    show.line("{skill} {version} may not call {action} any more.", **_facts(gone))
    return None


def _show_given(made: list[dict[str, Any]], *, json: bool) -> None:
    if json:
        return show.data(made)
    for one in made:
        show.line("{id}: {skill} {version} may call [bold]{action}[/]", id=one["id"], **_facts(one))
    return None


def _tell_difference(found: dict[str, Any]) -> None:
    """What it may newly do, and which files changed, since what was granted."""
    difference = found["difference"]
    if difference is None:
        return
    show.talk("Since {version}, which you granted this:", version=difference["since"])
    for text in difference["may_newly"]:
        show.talk("  [red]it may newly[/] {text}", text=text)
    for what in ("changed", "added", "removed"):
        for path in difference[what]:
            show.talk("  {what} {path}", what=what, path=path)


def _read_skill(text: str) -> tuple[str, str | None]:
    name, _, version = text.removeprefix("@").partition("@")
    return name, version or None


def _read_limits(given: Iterable[str] | None) -> dict[str, list[str]]:
    limits: dict[str, list[str]] = {}
    for text in given or ():
        path, equals, pattern = text.partition("=")
        if not (path and equals):
            raise UsageError(f"{text!a} is no limit.", code="usage", hint="Write it as repo=acme/*")
        limits.setdefault(path, []).append(pattern)
    return limits


def _read_duration(text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(r"([1-9][0-9]{0,5})([mhd])", text)
    if match is None:
        raise UsageError(f"{text!a} is no time.", code="usage", hint="Write it as 30d, 12h or 90m.")
    return int(match[1]) * _SECONDS[match[2]]


def _facts(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in ("skill", "version", "action")}


def _row(one: dict[str, Any]) -> tuple[str, ...]:
    limits = "; ".join(f"{path} is {' or '.join(patterns)}" for path, patterns in one["limits"].items())
    until = "over" if one["is_over"] else f"until {one['expires_at'] or 'revoked'}"
    return one["id"], one["skill"], one["version"], one["action"], limits, until
