"""Connect accounts elsewhere, list and disconnect them. Secrets are typed or piped, never arguments: those are seen by
everybody on the machine, and kept in the shell's history."""

from __future__ import annotations

import getpass
import sys
import webbrowser
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Variables = Annotated[
    list[str] | None, Parameter(name="--set", help="What fills in its address, as site=acme; may be given again.")
]
Label = Annotated[str, Parameter(help="A name for yourself.")]

connections = App(name="connections", help="Your accounts at services that agents and skills act for.")

_TYPED = {
    "api_key": ("secret",),
    "basic": ("username", "password"),
    "client_credentials": ("client_id", "client_secret"),
}
_OPENLY = frozenset({"username", "client_id"})


@connections.command(name="add")
def add_connection(
    integration: str,
    /,
    *,
    scope: Annotated[list[str] | None, Parameter(help="What to ask for in place of the usual.")] = None,
    variables: Variables = None,
    label: Label = "",
    reconnect: Annotated[str | None, Parameter(help="A connection of yours to connect again.")] = None,
    browser: Annotated[bool, Parameter(help="Open the browser.")] = True,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Connect an account in the browser: `skillyard connections add github`. Waits until you are through there."""
    with Client(registry) as client:
        begun = client.start_connecting(
            integration, variables=_read_variables(variables), scopes=scope or [], label=label, reconnect=reconnect
        )
        print(f"Sign in and confirm in the browser:\n\n  {begun['url']}\n", file=sys.stderr, flush=True)
        if browser:
            webbrowser.open(begun["url"])
        made = client.wait_for_connection(begun["id"])
    return _show_made(made, json=json)


@connections.command(name="key")
def add_key(
    integration: str,
    /,
    *,
    way: Annotated[
        Literal["api_key", "basic", "client_credentials"] | None,
        Parameter(
            help="For a service that takes several: a key, a username and password, or a program's id and secret."
        ),
    ] = None,
    variables: Variables = None,
    label: Label = "",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Connect an account with a key, read from stdin or asked for: `skillyard connections key github < token.txt`.

    Some services want a username and a password, or the id and secret of a program of yours: each on a line of its own.
    """
    with Client(registry) as client:
        names = _names_of_secrets(client.integration(integration), way)
        secrets = {name: _read_one(integration, name) for name in names}
        made = client.connect_with_key(integration, secrets, variables=_read_variables(variables), label=label)
    return _show_made(made, json=json)


@connections.command(name="list")
def list_connections(*, registry: Registry = None, json: Json = False) -> None:
    """List your connections; their secrets are never shown."""
    with Client(registry) as client:
        found = client.connections()
    if json:
        return show.data(found)
    show.table(["id", "service", "account", "label", "state", "last used"], [_row(one) for one in found])
    return None


@connections.command(name="default")
def choose_default(connection_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Let a connection be the one that is meant where none is named."""
    with Client(registry) as client:
        chosen = client.choose_default_connection(connection_id)
    if json:
        return show.data(chosen)
    show.line("{integration} means {account} from now on.", integration=chosen["integration"], account=_account(chosen))
    return None


@connections.command(name="uses")
def list_uses(connection_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show what the registry itself used a connection for; calls are in `skillyard calls list`."""
    with Client(registry) as client:
        found = client.connection_uses(connection_id)
    if json:
        return show.data(found)
    show.table(["when", "what for"], [(use["at"], use["why"]) for use in found])
    return None


@connections.command(name="remove")
def remove_connection(connection_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Disconnect an account: destroy its key here, and tell the service, where that can be told."""
    with Client(registry) as client:
        gone = client.disconnect(connection_id)
    if json:
        return show.data(gone)
    show.line("{account} is disconnected; its key here is destroyed.", account=_account(gone["details"]))
    if gone["revoked"] == "revoked":
        show.line("The service was told that its token is void.")
    else:
        show.line("The service was not told: {why}.", why=gone["why"])
    return None


def read_secret(what: str) -> str:
    """Asked for without an echo, or the next line of stdin. Raises UsageError."""
    text = getpass.getpass(f"{what}: ") if sys.stdin.isatty() else sys.stdin.readline()
    if not text.strip():
        raise UsageError(f"No {what} was given.", code="usage", hint="Type it when asked, or pipe it in.")
    return text.strip()


def _names_of_secrets(integration: dict[str, Any], way: str | None) -> tuple[str, ...]:
    """What the first way that needs no browser is told, or the one that was asked for; with where to find it."""
    known = [one for one in integration["ways"] if one["kind"] in _TYPED and way in (None, one["kind"])]
    if not known:
        hint = f"Use `skillyard connections add {integration['slug']}`, or see `skillyard integrations show`."
        raise UsageError(f"{integration['title']} is not connected in this way.", code="usage", hint=hint)
    if known[0]["hint"] and sys.stdin.isatty():
        print(known[0]["hint"], file=sys.stderr)
    return _TYPED[known[0]["kind"]]


def _read_one(integration: str, name: str) -> str:
    what = f"{name.replace('_', ' ')} for {integration}"
    return input(f"{what}: ").strip() if name in _OPENLY and sys.stdin.isatty() else read_secret(what)


def _read_variables(given: list[str] | None) -> dict[str, str]:
    pairs = [entry.partition("=") for entry in given or []]
    if not all(name and equals for name, equals, _ in pairs):
        raise UsageError("--set takes a name and a value.", code="usage", hint="Write --set site=acme.")
    return {name: value for name, _, value in pairs}


def _show_made(made: dict[str, Any], *, json: bool) -> None:
    if json:
        return show.data(made)
    show.line("{id}: [bold]{account}[/] at {where}", id=made["id"], account=_account(made), where=made["integration"])
    return None


def _account(one: dict[str, Any]) -> str:
    return str(one["account"] or one["label"] or "your account")


def _row(one: dict[str, Any]) -> tuple[str, str, str, str, str, str]:
    state = "to be connected again" if one["status"] == "reconnect_required" else "connected"
    service = f"{one['integration']} (default)" if one["is_default"] else one["integration"]
    return one["id"], service, _account(one), one["label"], state, one["last_used_at"] or "never"
