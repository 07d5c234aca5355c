"""Take skills out of a drive as one zip, and let others hand one in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]


def bundle(
    name: Annotated[
        str | None, Parameter(help="One skill, such as acme/pdf; all that comes to you if unnamed.")
    ] = None,
    /,
    *,
    collection: Annotated[str | None, Parameter(help="The skills of this collection of yours.")] = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="The file to write.")] = None,
    link: Annotated[bool, Parameter(negative="", help="Only print a link, which is good for 24 hours.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Take your drive, a collection or one skill along as a zip."""
    if name is not None and collection is not None:
        raise UsageError("Name a skill or a collection.", code="usage", hint="See `skillyard bundle --help`.")
    with Client(registry) as client:
        made = client.create_bundle(collection=collection, name=name)
        if link:
            return show.data(made) if json else show.line("{url}", url=made["url"])
        target = output or Path(Path(made["filename"]).name or "bundle.zip")
        if output is None and target.exists():
            raise UsageError(f"{target} is there already.", code="file_exists", hint="Name another with --output.")
        client.download_bundle(made, target)
    size_bytes = target.stat().st_size
    if json:
        return show.data({"file": str(target), "size_bytes": size_bytes})
    show.line("{target} ({size} bytes)", target=target, size=size_bytes)
    return None


def ticket(
    *,
    drive: Annotated[str | None, Parameter(help="The namespace of a team, instead of your own drive.")] = None,
    collection: Annotated[str | None, Parameter(help="What is uploaded becomes part of it, too.")] = None,
    filename: Annotated[str | None, Parameter(help="What the script uploads unless it is told.")] = None,
    script: Annotated[bool, Parameter(negative="", help="Print a script for bash that does the upload.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Let a machine that has no token put one skill into a drive, once, within ten minutes."""
    with Client(registry) as client:
        made = client.mint_ticket(drive=drive, collection=collection, filename=filename)
    if json:
        return show.data(made)
    if script:
        return show.line("{script}", script=made["script"].rstrip("\n"))
    show.line("{ticket}", ticket=made["ticket"])
    show.talk("[dim]Shown once, good until {until} for one upload to {url}.[/]", until=made["expires_at"],
              url=made["upload_url"])  # fmt: skip
    return None
