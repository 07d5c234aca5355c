"""What can be called: all integrations, one with its endpoints, one endpoint in full; and as an agent skill."""

from __future__ import annotations

import json as jsonlib
import shlex
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.adding_integrations import add_integration, remove_integration
from skillyard.cli.integration_clients import integration_client
from skillyard.cli.integration_files import export_file, import_file
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError
from skillyard.skill.archive import open_safely, write_files

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

integrations = App(name="integrations", help="Services that agents and skills call through the registry.")


@integrations.default
def list_integrations(*, registry: Registry = None, json: Json = False) -> None:
    """List what can be called, and whether an account of yours is connected."""
    with Client(registry) as client:
        found = client.integrations()
    if json:
        return show.data(found)
    show.table(["integration", "title", "account", "endpoints", "about"], [_row(one) for one in found])
    return None


integrations.command(list_integrations, name="list")
integrations.command(add_integration, name="add")
integrations.command(remove_integration, name="remove")
integrations.command(integration_client, name="client")
integrations.command(export_file, name="export")
integrations.command(import_file, name="import")


@integrations.command(name="show")
def show_integration(
    integration: str, endpoint: str | None = None, /, *, registry: Registry = None, json: Json = False
) -> None:
    """Show the endpoints of an integration, or one of them in full: `skillyard integrations show github create_issue`.

    The name may also be written in one piece, as permissions have it: `github.create_issue`.
    """
    slug, _, name = integration.partition(".")
    name = endpoint or name
    with Client(registry) as client:
        found = client.endpoint(slug, name) if name else client.integration(slug)
    if json:
        return show.data(found)
    return _tell_endpoint(found) if name else _tell_integration(found)


@integrations.command(name="skill")
def save_skill(
    integration: str,
    /,
    *,
    to: Annotated[Path | None, Parameter(help="The folder that is made; else one of the integration's name.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Save an integration's documentation as an agent skill, to be read offline or published."""
    folder = to or Path(integration)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        hint = "Remove it, or name another one with --to."
        raise UsageError(f"{folder} is there already", code="usage", hint=hint)
    with Client(registry) as client:
        files = open_safely(client.integration_skill(integration))
    write_files(files, folder)
    if json:
        return show.data({"folder": str(folder), "files": [entry.path for entry in files.entries]})
    show.line("[bold]{folder}[/]: {count} files", folder=folder, count=len(files.entries))
    return None


def _row(one: dict[str, Any]) -> tuple[str, str, str, int, str]:
    return one["slug"], one["title"], one["status"].replace("_", " "), one["endpoints"], one["description"]


def _tell_integration(found: dict[str, Any]) -> None:
    account = f", as {found['account']}" if found["account"] else ""
    show.line("[bold]{title}[/] {version}: {description}", **found)
    show.line("{status}{account}", status=found["status"].replace("_", " "), account=account)
    for group in found["groups"]:
        show.line("\n[bold]{title}[/]", title=group["title"])
        rows = [(one["name"], one["effect"], " ".join(one["required"]), one["summary"]) for one in group["endpoints"]]
        show.table(["endpoint", "effect", "needs", "what it does"], rows)
    if found["status"] == "not_connected":
        show.talk("\nConnect an account: `skillyard connections add {slug}`.", slug=found["slug"])


def _tell_endpoint(found: dict[str, Any]) -> None:
    show.line("[bold]{permission}[/] ({effect}): {summary}", **found)
    if found["description"]:
        show.line("{description}", **found)
    if found["scopes"]:
        show.line("Scopes: {scopes}", scopes=", ".join(found["scopes"]))
    properties = found["schema"]["properties"]
    show.table(["parameter", "", "kind", "about"], [_param_row(name, found["schema"]) for name in properties])
    for example in found["examples"]:
        words = " ".join(_word(name, value) for name, value in example["params"].items())
        show.line("\n{title}\n  skillyard call {permission} {words}", permission=found["permission"],
                  title=example["title"] or "For example", words=words)  # fmt: skip


def _param_row(name: str, schema: dict[str, Any]) -> tuple[str, str, str, str]:
    one = schema["properties"][name]
    kind = " or ".join(one["type"]) if isinstance(one.get("type"), list) else one.get("type", "")
    choices = f"{', '.join(map(str, one['enum']))}. " if "enum" in one else ""
    needed = "required" if name in schema["required"] else ""
    return name, needed, kind, f"{choices}{one.get('description', '')}"


def _word(name: str, value: Any) -> str:
    """As `skillyard call` takes it, and as it is typed in a shell."""
    if isinstance(value, str):
        return f"{name}={shlex.quote(value)}"
    return f"{name}:={shlex.quote(jsonlib.dumps(value, ensure_ascii=False))}"
