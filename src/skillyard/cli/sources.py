"""Skills from git: where they come from, what is discovered, and the sources that administrators add."""

from __future__ import annotations

import sys
import time
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Name = Annotated[str, Parameter(help="A skill: acme/pdf.")]
Wait = Annotated[bool, Parameter(negative="", help="Wait until it was looked through, and show what came of it.")]
_WAIT_S = 900.0

sources = App(name="sources", help="Git repositories whose skills are published here, for administrators.")


@sources.default
def list_sources(*, registry: Registry = None, json: Json = False) -> None:
    """List the sources, and when they were looked through."""
    with Client(registry) as client:
        found = client.sources()
    if json:
        return show.data(found)
    rows = [
        (one["id"], one["address"], one["namespace"], one["crawled_at"] or "not yet", one["problem"] or "")
        for one in found
    ]
    return show.table(["id", "address", "namespace", "crawled", "problem"], rows)


sources.command(list_sources, name="list")


@sources.command(name="add")
def add_source(
    address: Annotated[str, Parameter(help="https://github.com/acme/tools, or a folder in it.")],
    /,
    *,
    namespace: Annotated[str, Parameter(help="Where its skills are published.")],
    wait: Wait = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Have every folder with a SKILL.md in it published in a namespace, now and whenever it changes."""
    with Client(registry) as client:
        added = client.add_source(address, namespace)
        found = _wait_for(client, added) if wait else added
    if json:
        return show.data(found)
    show.line("[bold]{id}[/]", id=added["id"])
    if wait:
        return _show(found)
    return show.talk("It is being looked through: `skillyard sources show {id}`.", id=added["id"])


@sources.command(name="show")
def show_source(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show what the last crawl made of each folder, and why it refused some."""
    with Client(registry) as client:
        found = client.source(id)
    return show.data(found) if json else _show(found)


@sources.command(name="remove")
def remove_source(id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Look there no more. What was published stays."""
    with Client(registry) as client:
        gone = client.remove_source(id)
    return show.data(gone) if json else show.line("{id} is no source any more.", id=gone["id"])


@sources.command(name="crawl")
def crawl_source(id: str, /, *, wait: Wait = False, registry: Registry = None, json: Json = False) -> None:
    """Have a source looked through now, also if it has no new commit."""
    with Client(registry) as client:
        asked = client.source(id) if wait else None
        found = client.crawl_source(id)
        if asked:
            found = _wait_for(client, asked)
    if json:
        return show.data(found)
    if wait:
        return _show(found)
    return show.talk("It is being looked through: `skillyard sources show {id}`.", id=id)


def discover(
    *words: str,
    limit: Annotated[int, Parameter(help="How many at most, 1 to 100.")] = 10,
    offset: Annotated[int, Parameter(help="How many to pass over.")] = 0,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Find skills, published here or found in git, and say where they are from."""
    with Client(registry) as client:
        found = client.discover(" ".join(words), offset=offset, limit=limit)
    if json:
        return show.data(found)
    rows = [
        (one["skill"]["name"], one["skill"]["latest_version"], _place(one["origin"]), one["skill"]["description"])
        for one in found["items"]
    ]
    return show.table(["name", "version", "from", "what it is for"], rows)


def origin(name: Name, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show which commit of which git repository a skill comes from."""
    with Client(registry) as client:
        found = client.skill_origin(name)
    return show.data(found) if json else _show_origin(found)


def _wait_for(client: Client, before: dict[str, Any]) -> dict[str, Any]:
    """The source once it was looked through again."""
    deadline = time.monotonic() + _WAIT_S
    while (found := client.source(before["id"]))["crawled_at"] == before["crawled_at"]:
        if time.monotonic() > deadline:
            hint = "Look later with `skillyard sources show`; the server needs a worker for it."
            raise UsageError("It was not looked through in a quarter of an hour.", code="timeout", hint=hint)
        time.sleep(0.5)
    return found


def _show(source: dict[str, Any]) -> None:
    """Exits 1 when nothing could be read, or something was refused."""
    if source["problem"]:
        show.line("[red]{problem}[/]", problem=source["problem"])
    rows = [
        (one["path"] or ".", one["name"] or "?", one["version"] or "refused", _first(one["faults"]))
        for one in source["folders"]
    ]
    show.table(["folder", "skill", "version", "why"], rows)
    if source["problem"] or any(one["faults"] for one in source["folders"]):
        sys.exit(1)


def _first(faults: list[dict[str, Any]]) -> str:
    wrong = [fault for fault in faults if fault["severity"] == "error"]
    if not wrong:
        return ""
    where = f"{wrong[0]['file']}: " if wrong[0]["file"] else ""
    more = f" ({len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return f"{where}{wrong[0]['message']}{more}"


def _place(origin: dict[str, Any] | None) -> str:
    if origin is None:
        return "here"
    return f"{origin['repository']} {origin['path']}".strip()


def _show_origin(origin: dict[str, Any]) -> None:
    show.line("[bold]{name}[/] {version}", name=origin["name"], version=origin["version"])
    for label in ("address", "ref", "commit", "published_at", "checked_at", "problem"):
        if origin[label]:
            show.line("  {label:<12} {value}", label=label, value=origin[label])
