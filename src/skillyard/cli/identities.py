"""List, link and unlink the identities at OpenID providers with which one signs in."""

from __future__ import annotations

import webbrowser
from typing import Annotated

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

identities = App(name="identities", help="Identities at providers that sign you in.")


@identities.command(name="list")
def list_identities(*, registry: Registry = None, json: Json = False) -> None:
    """List your identities; the id is what `unlink` wants."""
    with Client(registry) as client:
        found = client.identities()
    if json:
        return show.data(found)
    rows = [
        (one["id"], one["provider"], one["email"] or one["subject"], one["last_used_at"] or "never") for one in found
    ]
    show.table(["id", "provider", "who", "last used"], rows)
    return None


@identities.command(name="link")
def link_identity(
    *,
    registry: Registry = None,
    browser: Annotated[bool, Parameter(help="Open the browser.")] = True,
    json: Json = False,
) -> None:
    """Open your account's page, where another identity is linked: the browser has to go to its provider."""
    with Client(registry) as client:
        url = f"{client.base_url}/account#identities"
        providers = client.all_items("/auth/providers")
    if browser and providers:
        webbrowser.open(url)
    if json:
        return show.data({"url": url, "providers": [provider["name"] for provider in providers]})
    if not providers:
        return show.talk("This registry has no providers to sign in with; its operator names them in SKILLYARD_OIDC.")
    show.talk("Link {labels} at", labels=" or ".join(provider["label"] for provider in providers))
    return show.line("{url}", url=url)


@identities.command(name="unlink")
def unlink_identity(identity_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Sign in with it no longer, and be signed out everywhere else."""
    with Client(registry) as client:
        gone = client.unlink_identity(identity_id)["details"]
    if json:
        return show.data(gone)
    show.line("{provider} signs you in no longer", provider=gone["provider"])
    return None
