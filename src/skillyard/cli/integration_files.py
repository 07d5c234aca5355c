"""The file of an integration: print it, change it with any editor, and add it again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
File = Annotated[str, Parameter(help="A file; - for standard input.", allow_leading_hyphen=True)]
_MOST_BYTES = 1 << 20


def export_file(integration: str, /, *, registry: Registry = None) -> None:
    """Print the file of an integration: `skillyard integrations export acme > acme.yaml`."""
    with Client(registry) as client:
        sys.stdout.write(client.integration_file(integration))


def import_file(file: File, /, *, registry: Registry = None, json: Json = False) -> None:
    """Add an integration that a file describes, or change it: `skillyard integrations import acme.yaml`.

    One of the same name is changed, as its next version. For administrators.
    """
    with Client(registry) as client:
        added = client.add_integration_file(_read(file))
    if json:
        return show.data(added)
    count = sum(len(group["endpoints"]) for group in added["groups"])
    show.line("[bold]{slug}[/] {version}: {count} endpoints", slug=added["slug"], version=added["version"], count=count)
    for note in added["notes"]:
        show.talk("[yellow]note:[/] {note}", note=note)
    return None


def _read(file: str) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if file == "-" else Path(file).read_bytes()[: _MOST_BYTES + 1]
        return data.decode()
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}", code="usage", hint="Name a YAML file, or -."
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8", code="usage", hint="Save it as UTF-8.") from None
