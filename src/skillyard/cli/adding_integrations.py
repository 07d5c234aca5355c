"""Make any OpenAPI document an integration, and remove it again; for administrators."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
_MOST_BYTES = 32 << 20


def add_integration(
    integration: str,
    /,
    *,
    openapi: Annotated[
        str,
        Parameter(help="Address or file of the OpenAPI document; - for standard input.", allow_leading_hyphen=True),
    ],
    only: Annotated[
        list[str] | None,
        Parameter(help="Which operations: 'GET /pets/*', '/pets/*', tag:orders or an id; may be given again."),
    ] = None,
    rename: Annotated[list[str] | None, Parameter(help="old=new; may be given again.")] = None,
    key_header: Annotated[
        str | None, Parameter(help="The header that has the key: X-Api-Key, or 'Authorization: Token {secret}'.")
    ] = None,
    key_query: Annotated[str | None, Parameter(help="The query parameter that has the key.")] = None,
    oauth: Annotated[
        str | None,
        Parameter(help="Addresses to sign in and for tokens, then scopes: 'https://… https://… read write'."),
    ] = None,
    base_url: Annotated[str, Parameter(help="Where the API is, where the document does not say it.")] = "",
    title: Annotated[str, Parameter(help="What people read.")] = "",
    dry_run: Annotated[bool, Parameter(negative="", help="Show what would come of it, and add nothing.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Make an OpenAPI document an integration: `skillyard integrations add acme --openapi https://…/openapi.json`.

    One of the same name is described anew, as its next version.
    """
    is_address = openapi.startswith(("https://", "http://"))
    with Client(registry) as client:
        found = client.add_integration(
            integration,
            url=openapi if is_address else "",
            document=None if is_address else _read(openapi),
            only=only or [],
            rename=_read_renames(rename or []),
            sign_in=_read_sign_in(key_header, key_query, oauth),
            base_url=base_url,
            title=title,
            dry_run=dry_run,
        )
    return show.data(found) if json else _tell(found, dry_run=dry_run)


def remove_integration(integration: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Remove an integration that was added. Nobody can call it any more."""
    with Client(registry) as client:
        gone = client.remove_integration(integration)
    return show.data(gone) if json else show.line("{slug} is removed.", slug=gone["slug"])


def _read(path: str) -> str:
    try:
        data = sys.stdin.buffer.read(_MOST_BYTES + 1) if path == "-" else Path(path).read_bytes()
    except OSError as error:
        hint = "Give an https:// address, a file, or - for standard input."
        raise UsageError(f"{path} cannot be read: {error.strerror}", code="usage", hint=hint) from None
    if len(data) > _MOST_BYTES:
        hint = "Cut it down to the paths that are needed."
        raise UsageError(f"{path} is larger than {_MOST_BYTES >> 20} MiB", code="usage", hint=hint)
    return data.decode("utf-8", "replace")


def _read_renames(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=") for one in given]
    for old, equals, new in pairs:
        if not (old and equals and new):
            raise UsageError(
                f"--rename {old}{equals}{new} is not old=new", code="usage", hint="Write listPets=list_pets."
            )
    return {old: new for old, _, new in pairs}


def _read_sign_in(key_header: str | None, key_query: str | None, oauth: str | None) -> dict[str, Any] | None:
    given = [one for one in (key_header, key_query, oauth) if one is not None]
    if len(given) > 1:
        hint = "Give one of --key-header, --key-query and --oauth."
        raise UsageError("these are several ways to sign in", code="usage", hint=hint)
    if key_header is not None:
        name, colon, form = key_header.partition(":")
        return {"kind": "api_key", "name": name.strip(), **({"format": form.strip()} if colon else {})}
    if key_query is not None:
        return {"kind": "api_key", "where": "query", "name": key_query}
    if oauth is None:
        return None
    addresses = oauth.split()
    if len(addresses) < 2:
        hint = "Write 'https://… https://… read write': where people sign in, where tokens come from, and scopes."
        raise UsageError("--oauth names no two addresses", code="usage", hint=hint)
    return {"kind": "oauth2", "authorize_url": addresses[0], "token_url": addresses[1], "scopes": addresses[2:]}


def _tell(found: dict[str, Any], *, dry_run: bool) -> None:
    rows = [
        (one["name"], one["effect"], " ".join(one["required"]), one["summary"])
        for group in found["groups"]
        for one in group["endpoints"]
    ]
    show.table(["endpoint", "effect", "needs", "what it does"], rows)
    for note in found["notes"]:
        show.talk("{note}", note=note)
    signs_in = ", ".join(way["kind"] for way in found["ways"])
    show.line(
        "[bold]{title}[/] at {base_url}: sign in by {ways}",
        title=found["title"], base_url=found["base_url"], ways=signs_in,
    )  # fmt: skip
    if dry_run:
        return show.talk("Nothing was added.")
    return show.talk("It can be called: `skillyard integrations show {slug}`.", slug=found["slug"])
