"""For administrators: as which client the registry is known at a service where people sign in."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.connections import read_secret
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]


def integration_client(
    integration: str,
    /,
    *,
    id: Annotated[str | None, Parameter(help="Client id that you got there; its secret is read from stdin.")] = None,
    remove: Annotated[bool, Parameter(negative="", help="Forget the one that is stored.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Show what to register at a service so that people can sign in there, or store what you got for it."""
    if id is not None and remove:
        raise UsageError("--id and --remove say different things.", code="usage", hint="Give one of them.")
    with Client(registry) as client:
        if remove:
            client.remove_integration_client(integration)
        elif id is not None:
            client.set_integration_client(integration, id, read_secret(f"client secret for {integration}"))
        found = client.integration_client(integration)
    return show.data(found) if json else _tell(found)


def _tell(found: dict[str, Any]) -> None:
    if found["source"] == "missing":
        show.line("{name} does not know this registry yet.", name=found["integration"])
        show.line("Register an OAuth application there with this redirect address:")
        show.line("  {address}", address=found["redirect_uri"])
        show.line("then store what you get: `skillyard integrations client {name} --id …`", name=found["integration"])
        return
    where = "in the settings" if found["source"] == "settings" else f"stored by {found['set_by']}"
    show.line("{name}: [bold]{id}[/], {where}", name=found["integration"], id=found["client_id"], where=where)
    show.line("  [dim]redirect address[/] {address}", address=found["redirect_uri"])
