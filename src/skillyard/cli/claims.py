"""What is known for sure about you, and the trust that it makes; administrators vouch for people."""

from __future__ import annotations

from typing import Annotated, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.paths import without_none

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

claims = App(name="claims", help="What is known about you, and the trust that it makes.")


@claims.command(name="list")
def list_claims(
    username: Annotated[str | None, Parameter(help="Somebody else, for administrators.")] = None,
    /,
    *,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List the claims in force, and the trust level that they make."""
    with Client(registry) as client:
        found = client.claims(username)
    if json:
        return show.data(found)
    rows = [
        (
            one["id"],
            one["claim_type"],
            one["assurance"],
            one["provider"],
            one["claim_ref"],
            one["expires_at"] or "no end",
        )
        for one in found["items"]
    ]
    show.table(["id", "what", "assurance", "who says so", "reference", "ends"], rows)
    return show.talk("Together they make {level}.", level=found["level"])


@claims.command(name="attest")
def attest_claim(
    username: str,
    claim_type: Annotated[str, Parameter(help="verified_human, verified_identity, verified_document, …")],
    assurance: Literal["low", "substantial", "high"],
    /,
    *,
    ref: Annotated[str, Parameter(help="A reference for people to read.")] = "",
    days: Annotated[int | None, Parameter(help="How long it counts, at most.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Vouch for something about somebody, as an administrator: `claims attest eve verified_human high`."""
    with Client(registry) as client:
        made = client.attest_claim(username, claim_type, assurance, claim_ref=ref, expires_in_days=days)
    if json:
        return show.data(made)
    show.line("{username}: {claim_type} [dim]{id}[/]", username=username, claim_type=claim_type, id=made["id"])
    return None


@claims.command(name="revoke")
def revoke_claim(claim_id: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Withdraw a claim about yourself; administrators withdraw anybody's."""
    with Client(registry) as client:
        gone = client.revoke_claim(claim_id)
    return show.data(gone) if json else show.line("{claim_type} counts no longer", claim_type=gone["claim_type"])


@claims.command(name="settings")
def claim_settings(
    *,
    days: Annotated[int | None, Parameter(help="How long claims count: 30, 90, 180 or 365.")] = None,
    agents: Annotated[Literal["auto", "opt_in"] | None, Parameter(help="opt_in: agents do without them.")] = None,
    auto_revoke: Annotated[bool | None, Parameter(help="A withdrawn claim makes the keys of your agents void.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Show or change what your claims mean for you and your agents."""
    changed = without_none({"life_days": days, "inheritance": agents, "is_auto_revoked": auto_revoke})
    with Client(registry) as client:
        found = client.claim_settings(**changed)
    if json:
        return show.data(found)
    show.table(["setting", "value"], [(name, str(value)) for name, value in found.items()])
    return None
