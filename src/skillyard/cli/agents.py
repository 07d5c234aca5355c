"""Register, suspend and remove agents, programs that act for you, and enroll keys with which they sign in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.acting import sign_bearer
from skillyard.sdk.client import Client

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

agents = App(name="agents", help="Programs that act for you.")


@agents.command(name="register")
def register_agent(
    name: str,
    /,
    *,
    description: Annotated[str, Parameter(help="What it is for.")] = "",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Let a program act for you: it may read, run, invoke and deliver, once it has a key."""
    with Client(registry) as client:
        made = client.register_agent(name, description=description)
    if json:
        return show.data(made)
    show.line("{id}", id=made["id"])
    show.talk("Make a key for it with `skillyard agents enroll {id} KEY-FILE`.", id=made["id"])
    return None


@agents.command(name="list")
def list_agents(*, registry: Registry = None, json: Json = False) -> None:
    """List your agents."""
    with Client(registry) as client:
        found = client.agents()
    if json:
        return show.data(found)
    show.table(
        ["id", "name", "state", "since"], [(one["id"], one["name"], _state(one), one["created_at"]) for one in found]
    )
    return None


@agents.command(name="suspend")
def suspend_agent(agent_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Let an agent do nothing for a while."""
    with Client(registry) as client:
        return _told(client.update_agent(agent_id, status="suspended"), json=json)


@agents.command(name="activate")
def activate_agent(agent_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Let an agent act again."""
    with Client(registry) as client:
        return _told(client.update_agent(agent_id, status="active"), json=json)


@agents.command(name="remove")
def remove_agent(agent_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Remove an agent with its keys."""
    with Client(registry) as client:
        gone = client.remove_agent(agent_id)
    return show.data(gone) if json else show.line("{name} is removed", name=gone["name"])


@agents.command(name="enroll")
def enroll_agent(agent_id: str, key_file: Path, /, *, registry: Registry = None, json: Json = False) -> None:
    """Make a key, have it enrolled for an agent, and write it to a file that only you can read.

    In `~/.stack/agents/AGENT-ID.json` the SDKs of STACK find it, too.
    """
    with Client(registry) as client:
        enrolled = client.enroll_agent(agent_id, key_file)
    if json:
        return show.data(enrolled)
    until = f" until {enrolled['expires_at']}" if enrolled["expires_at"] else ""
    show.line("{agent_id} signs in with {file}{until}", agent_id=agent_id, file=str(key_file), until=until)
    return None


@agents.command(name="bearer")
def make_bearer(key_file: Path, /, *, json: Json = False) -> None:
    """Print a bearer for one request of an agent; it is good for a minute and once."""
    bearer = sign_bearer(key_file)
    return show.data({"bearer": bearer}) if json else show.line("{bearer}", bearer=bearer)


@agents.command(name="keys")
def list_keys(agent_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """List the keys of an agent."""
    with Client(registry) as client:
        found = client.agent_keys(agent_id)
    if json:
        return show.data(found)
    rows = [(key["id"], key["public_key"], key["enrolled_at"], key["expires_at"] or "no end") for key in found]
    show.table(["id", "public key", "enrolled", "ends"], rows)
    return None


@agents.command(name="remove-key")
def remove_key(agent_id: str, key_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Make a key of an agent void at once."""
    with Client(registry) as client:
        gone = client.remove_agent_key(agent_id, key_id)
    return show.data(gone) if json else show.line("{key_id} is void", key_id=key_id)


@agents.command(name="block")
def block_agent(agent_id: str, reason: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Stop anybody's agent, as an administrator."""
    with Client(registry) as client:
        return _told(client.block_agent(agent_id, reason), json=json)


@agents.command(name="unblock")
def unblock_agent(agent_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Let an agent that was blocked act again, as an administrator."""
    with Client(registry) as client:
        return _told(client.unblock_agent(agent_id), json=json)


def _told(agent: dict[str, Any], *, json: bool) -> None:
    return show.data(agent) if json else show.line("{name} is {state}", name=agent["name"], state=_state(agent))


def _state(agent: dict[str, Any]) -> str:
    return f"blocked: {agent['blocked_reason']}" if agent["blocked_at"] else str(agent["status"])
