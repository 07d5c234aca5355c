"""Keys that see a slice of your drive: make them, change what they see, and make them void."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json, Yes
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError
from skillyard.sdk.paths import without_none

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Skill = Annotated[
    list[str] | None,
    Parameter(name="--skill", negative="", help="A skill that the key reaches, acme/pdf; may be given several times."),
]
Team = Annotated[bool | None, Parameter(negative="--no-team", help="With what your teams' drives have.")]
Shared = Annotated[bool | None, Parameter(negative="--no-shared", help="With what others shared with you.")]
Public = Annotated[bool | None, Parameter(negative="--no-public", help="Everybody may read what is public in it.")]
Days = Annotated[int | None, Parameter(help="The key is good for so many days; 0: it does not expire.")]
Quota = Annotated[int | None, Parameter(help="Runs and invocations in a month; 0: no limit.")]
Rate = Annotated[int | None, Parameter(help="Requests in a minute; 0: no limit.")]

collections = App(name="collections", help="Keys that see a slice of your drive.")


@collections.default
def list_collections(*, registry: Registry = None, json: Json = False) -> None:
    """List your collections; the keys themselves are never shown again."""
    with Client(registry) as client:
        found = client.collections()
    if json:
        return show.data(found)
    show.table(["name", "key", "skills", "used", "state"], [_row(one) for one in found])
    if not found:
        show.talk("You have no collections. Make one with `skillyard collections create NAME --skill acme/pdf`.")
    return None


collections.command(list_collections, name="list")


@collections.command(name="create")
def create_collection(
    name: str, /, *, skill: Skill = None,
    all_skills: Annotated[
        bool, Parameter(negative="", help="The key reaches all that you have, and manages it: as good as a token.")
    ] = False,
    team: Team = None, shared: Shared = None, public: Public = None, expires_in_days: Days = None,
    monthly_quota: Quota = None, rate_per_minute: Rate = None, registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Make a collection. Its key is printed once."""
    if bool(skill) == all_skills:
        raise UsageError("what the key reaches is not clear", code="usage", hint="Give --skill, or --all-skills.")
    settings = _settings(team, shared, public, expires_in_days, monthly_quota, rate_per_minute)
    with Client(registry) as client:
        made = client.create_collection(name, skills=skill if skill else None, **settings)
    return show.data(made) if json else _show_key(made)


@collections.command(name="show")
def show_collection(name: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show a collection, and what its key reaches now."""
    with Client(registry) as client:
        found = {**client.collection(name), "reached": client.collection_skills(name)}
    if json:
        return show.data(found)
    _, key, skills, used, state = _row(found)
    show.line("[bold]{name}[/] {key}, {skills}, {used} used, {state}", name=name, key=key, skills=skills, used=used,
              state=state)  # fmt: skip
    reached = {one["name"]: one for one in found["reached"]}
    named = reached if found["skills"] is None else found["skills"]
    show.table(["skill", "version", "via"], [_skill_row(each, reached.get(each)) for each in sorted(named)])
    return None


@collections.command(name="update")
def update_collection(
    name: str, /, *, rename: Annotated[str | None, Parameter(help="What to call it from now on.")] = None,
    skill: Annotated[Skill, Parameter(help="In place of those that there are; may be given several times.")] = None,
    team: Team = None, shared: Shared = None, public: Public = None,
    enabled: Annotated[bool | None, Parameter(negative="--disabled", help="Whether the key is good.")] = None,
    expires_in_days: Days = None, monthly_quota: Quota = None, rate_per_minute: Rate = None,
    registry: Registry = None, json: Json = False,
) -> None:  # fmt: skip
    """Change what is given, and nothing else."""
    settings = _settings(team, shared, public, expires_in_days, monthly_quota, rate_per_minute)
    settings |= without_none({"enabled": enabled})
    with Client(registry) as client:
        changed = client.update_collection(name, new_name=rename, skills=skill or None, **settings)
    return show.data(changed) if json else _show_changed(changed)


@collections.command(name="add")
def add_skill(name: str, skill: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Let the key of a collection reach a skill of yours."""
    with Client(registry) as client:
        changed = client.add_to_collection(name, skill)
    return show.data(changed) if json else _show_changed(changed)


@collections.command(name="remove")
def remove_skill(name: str, skill: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Take a skill from the key of a collection, at once."""
    with Client(registry) as client:
        changed = client.remove_from_collection(name, skill)
    return show.data(changed) if json else _show_changed(changed)


@collections.command(name="rotate")
def rotate_key(name: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Print another key for a collection; the old one is void at once."""
    with Client(registry) as client:
        made = client.rotate_key(name)
    return show.data(made) if json else _show_key(made)


@collections.command(name="delete")
def delete_collection(name: str, /, *, yes: Yes = False, registry: Registry = None, json: Json = False) -> None:
    """Delete a collection for good; its key is void at once."""
    if not show.ask(f"Delete {name} and its key for good?", yes=yes):
        return None
    with Client(registry) as client:
        gone = client.delete_collection(name)
    return show.data(gone) if json else show.line("{name} and its key are gone.", name=gone["name"])


def _settings(
    team: bool | None,
    shared: bool | None,
    public: bool | None,
    expires_in_days: int | None,
    monthly_quota: int | None,
    rate_per_minute: int | None,
) -> dict[str, bool | int]:
    """Those that were given, as the registry calls them."""
    return without_none(
        {
            "include_team": team,
            "include_shared": shared,
            "is_public": public,
            "expires_in_days": expires_in_days,
            "monthly_quota": monthly_quota,
            "rate_per_minute": rate_per_minute,
        }
    )


def _show_key(made: dict[str, Any]) -> None:
    show.line("{key}", key=made["key"])
    show.talk("[dim]Shown once: keep it now. Use it as SKILLYARD_TOKEN.[/]")


def _show_changed(changed: dict[str, Any]) -> None:
    name, _, skills, _, state = _row(changed)
    show.line("[bold]{name}[/] {skills}, {state}", name=name, skills=skills, state=state)


def _row(one: dict[str, Any]) -> tuple[str, str, str, str, str]:
    count = len(one["skills"] or ())
    skills = "all skills" if one["skills"] is None else f"{count} skill{'' if count == 1 else 's'}"
    quota = f" of {one['monthly_quota']}" if one["monthly_quota"] else ""
    state = "on" if one["enabled"] else "off"
    state += ", public" if one["is_public"] else ""
    state += f", until {one['expires_at']}" if one["expires_at"] else ""
    return one["name"], f"{one['key_prefix']}…", skills, f"{one['executions_this_month']}{quota}", state


def _skill_row(name: str, reached: dict[str, Any] | None) -> tuple[str, str, str]:
    return (name, reached["item"]["version"], reached["via"]) if reached else (name, "", "not reached")
