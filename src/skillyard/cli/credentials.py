"""Store, list and remove secrets for services elsewhere. A secret is typed or piped, never an argument: those are seen
by everybody on the machine, and kept in the shell's history."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

credentials = App(name="credentials", help="Your secrets for services that skills use in your name.")


@credentials.command(name="add")
def add_credential(
    provider: str,
    /,
    *,
    label: Annotated[str, Parameter(help="A name for yourself.")] = "",
    for_scripts: Annotated[bool, Parameter(negative="", help="Let scripts of skills that you invoke have it.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Store a secret, read from stdin or asked for: `skillyard credentials add openai < key.txt`."""
    secret = _read_secret(provider)
    with Client(registry) as client:
        made = client.add_credential(provider, secret, label=label, for_scripts=for_scripts)
    if json:
        return show.data(made)
    show.line("{id}: your credential for [bold]{provider}[/]", id=made["id"], provider=made["provider"])
    return None


@credentials.command(name="list")
def list_credentials(*, registry: Registry = None, json: Json = False) -> None:
    """List your credentials; the secrets themselves are never shown."""
    with Client(registry) as client:
        found = client.credentials()
    if json:
        return show.data(found)
    show.table(["id", "service", "label", "used by", "last used"], [_row(one) for one in found])
    return None


@credentials.command(name="uses")
def list_uses(credential_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show when a credential was used, and what for."""
    with Client(registry) as client:
        found = client.credential_uses(credential_id)
    if json:
        return show.data(found)
    show.table(["when", "what for"], [(use["at"], use["why"]) for use in found])
    return None


@credentials.command(name="remove")
def remove_credential(credential_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Destroy a credential."""
    with Client(registry) as client:
        gone = client.remove_credential(credential_id)["details"]
    if json:
        return show.data(gone)
    show.line("Your credential for {provider} is gone.", provider=gone["provider"])
    return None


def _read_secret(provider: str) -> str:
    text = getpass.getpass(f"Secret for {provider}: ") if sys.stdin.isatty() else sys.stdin.read()
    if not text.strip():
        raise UsageError("no secret was given", code="usage", hint="Type it when asked, or pipe it in.")
    return text.strip()


def _row(one: dict[str, Any]) -> tuple[str, str, str, str, str]:
    used_by = f"calls, and scripts as {one['variable']}" if one["for_scripts"] else "calls of the registry"
    return one["id"], one["provider"], one["label"], used_by, one["last_used_at"] or "never"
