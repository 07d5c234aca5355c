"""Call integrations, and see what was called. `call` also reaches every operation of the registry's own API."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from skillyard.cli import api, show
from skillyard.cli.api import Body, File, Param
from skillyard.cli.json_input import read_input
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

calls = App(name="calls", help="What was called of integrations, by you and with your skills.")


def call(
    action: str,
    /,
    *fields: Annotated[str, Parameter(help="name=text or name:=JSON, each one parameter.")],
    params: Annotated[
        str | None, Parameter(help="All of them as JSON, in a file; - reads stdin.", allow_leading_hyphen=True)
    ] = None,
    connection: Annotated[str | None, Parameter(help="Which of several accounts: its id, label or name.")] = None,
    param: Param = None,
    body: Body = None,
    file: File = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Call an integration: `call github.create_issue repo=acme/webapp title="The search finds nothing"`. Its answer is
    printed as JSON, with --json also its status and what it took.

    Without a dot it is an operation of the registry: `call getSkill -p namespace=acme -p slug=pdf`; `ops` lists them.
    """
    if "." not in action:
        if fields or params or connection:
            raise UsageError(f"{action!a} is no action.", code="usage", hint="Write one such as github.create_issue.")
        return api.call(action, param=param, body=body, file=file, registry=registry, json=json)
    if param or body or file:
        raise UsageError("These options are for operations.", code="usage", hint="Write name=text or name:=JSON.")
    wanted = read_input(fields, _whole(params))
    with Client(registry) as client:
        answer = client.call_integration(action, wanted, connection=connection)
    show.data(answer if json else answer["data"])
    return _end(action, answer)


@calls.command(name="list")
def list_calls(
    *,
    integration: Annotated[str | None, Parameter(help="Only of this one.")] = None,
    run: Annotated[str | None, Parameter(help="Only of this run.")] = None,
    everybody: Annotated[bool, Parameter(negative="", help="Of all people, as an administrator.")] = False,
    limit: Annotated[int, Parameter(help="How many at most.")] = 30,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List calls, the newest first: when, what, with which skill, and how it ended."""
    if everybody and (integration or run):
        raise UsageError("--everybody stands alone.", code="usage", hint="Leave --integration and --run out.")
    with Client(registry) as client:
        found = (
            client.everybodys_calls(limit=limit)
            if everybody
            else client.calls(integration=integration, run=run, limit=limit)
        )
    if json:
        return show.data(found)
    show.table(["when", "action", "effect", "with", "ended", "ms"], [_row(one) for one in found])
    return None


@calls.command(name="usage")
def usage(
    *,
    days: Annotated[int, Parameter(help="How many, today included.")] = 30,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Show how much you called, and how much more your plan allows."""
    with Client(registry) as client:
        found = client.call_usage(days=days)
    if json:
        return show.data(found)
    show.line("plan [bold]{name}[/]", name=found["plan"]["name"])
    for window in ("minute", "day"):
        used = found[window]
        if used["limit"] is not None:
            show.line("{calls} of {limit} calls this {window}, until {ends_at}", window=window, **used)
    rows = [(day["day"], day["integration"], day["calls"], day["failures"]) for day in reversed(found["days"])]
    show.table(["day", "integration", "calls", "failed"], rows)
    return None


@calls.command(name="plan")
def set_plan(
    username: str,
    plan: Annotated[str | None, Parameter(help="Its name; none: the one of everybody.")] = None,
    /,
    *,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Give somebody another plan, as an administrator."""
    with Client(registry) as client:
        made = client.set_call_plan(username, plan)
    if json:
        return show.data(made)
    show.line("{username} has the plan [bold]{name}[/].", username=username, name=made["name"])
    return None


def _whole(params: str | None) -> str | None:
    """A file may be named with or without @."""
    if params is None or params == "-" or params.startswith(("@", "{")):
        return params
    return f"@{params}" if Path(params).exists() else params


def _end(action: str, answer: dict[str, Any]) -> None:
    """With a failure where the other side calls it one."""
    failure = answer["meta"]["failure"]
    if answer["status"] < 400 and failure is None:
        return
    told = f"with status {answer['status']}" + (f": {failure}" if failure else "")
    show.talk("[red]error:[/] {action} was answered {told}.", action=action, told=told)
    sys.exit(1)


def _row(one: dict[str, Any]) -> tuple[str, str, str, str, str, object]:
    whose = f"{one['username']}'s" if "username" in one else "your"
    by = f"{one['skill']}@{one['skill_version']}" if one["skill"] else f"{whose} token"
    ended = one["error"] or one["status"] or one["state"]
    return one["at"], f"{one['integration']}.{one['endpoint']}", one["effect"], by, str(ended), one["duration_ms"] or ""
