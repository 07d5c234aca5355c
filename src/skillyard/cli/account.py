"""Sign in and out, and look after tokens, namespaces and the client's own settings."""

from __future__ import annotations

import getpass
import socket
import sys
import webbrowser
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.documents import Token
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

tokens = App(name="tokens", help="Personal access tokens: list, create, revoke.")
namespaces = App(name="namespaces", help="Namespaces and their members.")
config = App(name="config", help="The client's settings.")


def login(
    registry: Annotated[str | None, Parameter(help="Address of the registry.")] = None, /, *,
    link: Annotated[str | None, Parameter(help="A one-time sign-in link, instead of the browser.")] = None,
    username: Annotated[str | None, Parameter(help="Your name: for a new account, or with --password.")] = None,
    password: Annotated[bool, Parameter(negative="", help="Ask for the password here, not in the browser.")] = False,
    token: Annotated[bool, Parameter(negative="", help="Read a token from stdin.")] = False,
    browser: Annotated[bool, Parameter(help="Open the browser.")] = True,
    json: Json = False,
) -> None:  # fmt: skip
    """Sign in with the browser; or with a one-time link, a password, or a token."""
    from skillyard.sdk import login as signing
    from skillyard.sdk import telemetry

    base_url = registry
    if link:
        session = signing.redeem_link(link, base_url=base_url, username=username)
    elif password:
        session = signing.sign_in_with_password(base_url, username or input("Username: "), getpass.getpass())
    elif token:
        session = signing.save_token(base_url, sys.stdin.readline().strip())
    else:
        session = signing.sign_in_with_browser(
            base_url,
            client_name=f"skillyard on {socket.gethostname()}",
            show=_show_cli_session,
            open_browser=webbrowser.open if browser else None,
        )
    telemetry.adopt(session.base_url)
    if json:
        return show.data({"registry": session.base_url, "username": session.username, "expires_at": session.expires_at})
    show.line("Signed in to {url} as [bold]{name}[/]", url=session.base_url, name=session.username)
    return None


def logout(*, registry: Registry = None, json: Json = False) -> None:
    """Revoke the token on the server and forget it here."""
    from skillyard.sdk.login import sign_out

    revoked = sign_out(registry)
    if json:
        return show.data({"revoked": revoked})
    show.line("Signed out." if revoked else "Signed out here; the server could not be told.")
    return None


def whoami(*, registry: Registry = None, json: Json = False) -> None:
    """Show who you are to the registry, and what your token may do."""
    with Client(registry) as client:
        me = client.me()
        url = client.base_url
    if json:
        return show.data({"registry": url, **me})
    admin = " (administrator)" if me["user"]["is_admin"] else ""
    show.line("[bold]{name}[/]{admin} at {url}", name=me["user"]["username"], admin=admin, url=url)
    show.line("  [dim]token[/]      {kind}, may {scopes}, until {until}", kind=me["token"]["kind"],
              scopes=", ".join(me["token"]["scopes"]), until=me["token"]["expires_at"] or "never")  # fmt: skip
    spaces = ", ".join(f"{space['slug']} ({space['role']})" for space in me["namespaces"])
    show.line("  [dim]namespaces[/] {spaces}", spaces=spaces or "none")
    return None


@tokens.command(name="list")
def list_tokens(*, registry: Registry = None, json: Json = False) -> None:
    """List your tokens; the secrets themselves are never shown again."""
    with Client(registry) as client:
        found = client.tokens()
    if json:
        return show.data(found)
    rows = [
        (token["id"], token["name"], f"{token['prefix']}…", _may(token),
         "revoked" if token["revoked_at"] else f"until {token['expires_at']}")
        for token in found
    ]  # fmt: skip
    show.table(["id", "name", "token", "scopes", "state"], rows)
    return None


@tokens.command(name="create")
def create_token(
    name: str, /, *,
    scope: Annotated[
        list[str] | None, Parameter(help="read, publish, manage, run, call, admin; may be given several times.")
    ] = None,
    integrations: Annotated[
        str | None, Parameter(help="A key that calls these and does nothing else, such as `github,slack`.")
    ] = None,
    expires_in_days: int = 90, namespace: list[str] | None = None, registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Make a token for a machine. Its secret is printed once."""
    slugs = None if integrations is None else [slug.strip() for slug in integrations.split(",")]
    scopes = ["call"] if slugs and not scope else scope
    if not scopes:
        raise UsageError("What it may do is not said.", code="usage", hint="See `skillyard tokens create --help`.")
    with Client(registry) as client:
        answer = client.create_token(
            name, scopes=scopes, expires_in_days=expires_in_days, namespaces=namespace, integrations=slugs
        )
    if json:
        return show.data(answer)
    show.line("{token}", token=answer["token"])
    show.talk("[dim]Shown once: keep it now. Use it as SKILLYARD_TOKEN.[/]")
    return None


@tokens.command(name="revoke")
def revoke_token(token_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Make a token void at once."""
    with Client(registry) as client:
        answer = client.revoke_token(token_id)
    return show.data(answer) if json else show.line("{token_id} is revoked", token_id=token_id)


def _may(token: Token) -> str:
    """`call:github,slack` is a key for these."""
    scopes = ",".join(token["scopes"])
    return f"{scopes}:{','.join(token['integrations'])}" if token["integrations"] else scopes


@namespaces.command(name="list")
def list_namespaces(*, registry: Registry = None, json: Json = False) -> None:
    """List the namespaces that you belong to."""
    with Client(registry) as client:
        found = client.namespaces()
    if json:
        return show.data(found)
    show.table(["namespace", "kind", "role"], [(space["slug"], space["kind"], space["role"]) for space in found])
    return None


@namespaces.command(name="create")
def create_namespace(
    slug: str, /, *, display_name: str | None = None, registry: Registry = None, json: Json = False
) -> None:
    """Make a namespace for an organisation; you are its owner."""
    with Client(registry) as client:
        answer = client.create_namespace(slug, display_name)
    if json:
        return show.data(answer)
    show.line("Namespace [bold]{slug}[/] is yours", slug=answer["slug"])
    _notes(answer)
    return None


@namespaces.command(name="members")
def list_members(slug: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """List who belongs to a namespace, and as what."""
    with Client(registry) as client:
        found = client.members(slug)
    if json:
        return show.data(found)
    show.table(["user", "role", "since"], [(member["username"], member["role"], member["since"]) for member in found])
    return None


@namespaces.command(name="set-member")
def set_member(slug: str, username: str, role: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Add a member, or change the role: owner, maintainer or reader."""
    with Client(registry) as client:
        answer = client.set_member(slug, username, role)
    return show.data(answer) if json else show.line("{user} is {role} of {slug}", user=username, role=role, slug=slug)


@namespaces.command(name="remove-member")
def remove_member(slug: str, username: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Remove a member."""
    with Client(registry) as client:
        answer = client.remove_member(slug, username)
    return show.data(answer) if json else show.line("{user} left {slug}", user=username, slug=slug)


@config.command(name="list")
def list_config(*, json: Json = False) -> None:
    """Show every setting and its value."""
    from skillyard.sdk.config import SETTINGS, get_setting

    values = {name: get_setting(name) for name in SETTINGS}
    if json:
        return show.data(values)
    show.table(["setting", "value"], [(name, value or "-") for name, value in values.items()])
    return None


@config.command(name="get")
def get_config(name: str, /, *, json: Json = False) -> None:
    """Print one setting."""
    from skillyard.sdk.config import get_setting

    value = get_setting(name)
    return show.data({name: value}) if json else show.line("{value}", value=value or "")


@config.command(name="set")
def set_config(name: str, value: str, /, *, json: Json = False) -> None:
    """Change one setting."""
    from skillyard.sdk.config import set_setting

    set_setting(name, value)
    return show.data({name: value}) if json else show.line("{name} = {value}", name=name, value=value)


def _show_cli_session(session: Any) -> None:
    show.talk("Open {url}", url=session.verification_url)
    show.talk("and check that it shows [bold]{code}[/]", code=session.user_code)


def _notes(answer: dict[str, Any]) -> None:
    for note in answer.get("notes", []):
        show.talk("[yellow]note:[/] {note}", note=note if isinstance(note, str) else note.get("message", note))
