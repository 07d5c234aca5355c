"""Invite people to a team, and answer invitations. A team is the namespace of an organisation."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

teams = App(name="teams", help="Invite people to a team, and answer invitations.")


@teams.default
def list_invitations(
    team: Annotated[str | None, Parameter(help="A team of yours: who is invited to it.")] = None,
    /,
    *,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List the invitations that wait for your answer, or those to a team of yours."""
    with Client(registry) as client:
        found = client.invitations(team)
    if json:
        return show.data(found)
    show.table(["team", "user", "role", "invited by", "until"], [_row(one) for one in found])
    if not found:
        show.talk("Nobody has an open invitation to {team}." if team else "No invitation waits for you.", team=team)
    return None


teams.command(list_invitations, name="invitations")


@teams.command(name="invite")
def invite(
    team: str,
    username: str,
    /,
    *,
    role: Annotated[str, Parameter(help="reader, maintainer or owner.")] = "reader",
    expires_in_days: int | None = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Invite somebody to a team; they become a member once they accept."""
    with Client(registry) as client:
        made = client.invite(team, username, role=role, expires_in_days=expires_in_days)
    if json:
        return show.data(made)
    show.line("{user} may become {role} of {team} until {until}", user=username, role=made["role"], team=team,
              until=made["expires_at"])  # fmt: skip
    return None


@teams.command(name="revoke")
def revoke_invitation(team: str, username: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Take an invitation back."""
    with Client(registry) as client:
        gone = client.revoke_invitation(team, username)
    return show.data(gone) if json else show.line("{user} is not invited to {team} any more", user=username, team=team)


@teams.command(name="accept")
def accept_invitation(team: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Become a member of a team that you are invited to."""
    with Client(registry) as client:
        member = client.accept_invitation(team)
    return show.data(member) if json else show.line("You are {role} of {team}", role=member["role"], team=team)


@teams.command(name="decline")
def decline_invitation(team: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Decline an invitation."""
    with Client(registry) as client:
        gone = client.decline_invitation(team)
    return show.data(gone) if json else show.line("You declined the invitation to {team}", team=team)


def _row(one: dict[str, Any]) -> tuple[str, str, str, str, str]:
    return one["namespace"], one["username"], one["role"], one["invited_by"], one["expires_at"]
