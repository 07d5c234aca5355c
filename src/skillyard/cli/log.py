"""The registry's public log: hold it to what this machine knows, read it, and exchange checkpoints with others."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json, Yes
from skillyard.sdk import log_verify
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError
from skillyard.sdk.log_memory import forget_log
from skillyard.sdk.log_proofs import Entry
from skillyard.sdk.project import find_project

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

log = App(name="log", help="The registry's public log: verify, show, checkpoint, forget.")


@log.command
def verify(file: Path | None = None, /, *, registry: Registry = None, json: Json = False) -> None:
    """Check that the log only grew, and still has every release that was ever checked here.

    With the checkpoint of another client (what `skillyard log checkpoint` printed there) also that both were shown one
    history. Exit code 1 when not.
    """
    with _client(registry) as client:
        found = log_verify.verify_log(client, _read(file) if file else None)
    if json:
        return show.data(found.show())
    show.line("[green]ok[/] {size} entries in the log of {registry}", size=found.size, registry=found.registry)
    show.line("   [dim]key[/]      {key}", key=found.key)
    show.line("   [dim]releases[/] {releases} checked here before are all in it", releases=found.releases)
    if found.compared_size is not None:
        show.line("   [dim]other[/]    the checkpoint of {size} entries is of the same log", size=found.compared_size)
    return None


@log.command(name="show")
def show_entries(
    skill: str | None = None, /, *, limit: int = 30, registry: Registry = None, json: Json = False
) -> None:
    """List what happened, the newest first: everything, or with one skill or namespace. Each entry is proved."""
    if not 1 <= limit <= 100:
        raise UsageError(f"The limit {limit} is not from 1 to 100.", code="bad_limit", hint="Use 1 to 100.")
    with _client(registry) as client:
        entries = log_verify.list_entries(client, skill.removeprefix("@") if skill else None, limit=limit)
    if json:
        return show.data([_plain(entry) for entry in entries])
    show.table(["entry", "at", "what", "of", "by", "details"], [_row(entry) for entry in entries])
    return None


@log.command
def checkpoint(*, registry: Registry = None, json: Json = False) -> None:
    """Print the last checkpoint that this machine has accepted, for another client to compare: `> mine.txt`."""
    with _client(registry) as client:
        url = client.base_url
    note = log_verify.own_checkpoint(url)
    if json:
        return show.data({"registry": url, "checkpoint": note})
    print(note, end="")
    return None


@log.command
def forget(*, registry: Registry = None, yes: Yes = False, json: Json = False) -> None:
    """Forget key and checkpoint, and trust the log that is shown next. Only after its operator has explained why."""
    with _client(registry) as client:
        url = client.base_url
    if not show.ask(f"Forget the public log of {url}?", yes=yes):
        return None
    forgotten = forget_log(url)
    if json:
        return show.data({"registry": url, "forgotten": forgotten})
    show.line("Forgotten." if forgotten else "Nothing was known of it.")
    return None


def _client(registry: str | None) -> Client:
    return Client(registry, project_registry=find_project().read_manifest().registry)


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file} cannot be read: {error}.", code="no_file", hint="check the path") from None


def _row(entry: Entry) -> tuple[object, ...]:
    facts = entry.facts
    if facts is None:
        return (entry.position, "", "sealed", "", "", "")
    version = f"@{facts.version}" if facts.version else ""
    details = ", ".join(f"{key}: {value}" for key, value in facts.details.items())
    return (entry.position, _iso(facts.at_ms), facts.kind, f"{facts.name}{version}", facts.by, details)


def _plain(entry: Entry) -> dict[str, object]:
    from dataclasses import asdict

    return {"position": entry.position, "leaf": entry.leaf, "facts": asdict(entry.facts) if entry.facts else None}


def _iso(at_ms: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
