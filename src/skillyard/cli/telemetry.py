"""Whether the registry is told what is installed, and what exactly."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk import telemetry as reports
from skillyard.sdk.project import find_project, user_project
from skillyard.sdk.telemetry import State

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

telemetry = App(name="telemetry", help="What your registry is told about installs: show it, switch it on or off.")
_WHY = {"on": "on", "off": "off", "do_not_track": "off, because DO_NOT_TRACK is set"}


@telemetry.command(name="on")
def switch_on(*, json: Json = False) -> None:
    """Tell your own registry which public skills you install, for its counters."""
    _show(reports.switch(on=True), as_json=json)


@telemetry.command(name="off")
def switch_off(*, json: Json = False) -> None:
    """Tell nothing any more, and forget the id that this machine had."""
    _show(reports.switch(on=False), as_json=json)


@telemetry.command(name="show")
def show_state(*, registry: Registry = None, json: Json = False) -> None:
    """Show whether something is told, and what it would be of all that is installed here."""
    state = reports.read_state()
    locks = [project.read_lock() for project in (find_project(), user_project())]
    skills = {skill.name: skill for lock in locks if lock for skill in lock.skills.values()}
    report = reports.describe(list(skills.values()), registry=registry)
    if json:
        return show.data({"enabled": state.enabled, "why": state.why, "install_id": state.install_id, "report": report})
    _show(state, as_json=False)
    for key, value in report.items():
        show.line("  [dim]{key:<12}[/] {value}", key=key, value=_plain(value))
    return None


def _show(state: State, *, as_json: bool) -> None:
    if as_json:
        return show.data({"enabled": state.enabled, "why": state.why, "install_id": state.install_id})
    show.line("Telling the registry what is installed is [bold]{why}[/].", why=_WHY[state.why])
    show.line("  [dim]{key:<12}[/] {value}", key="install id", value=state.install_id or "none")
    return None


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {number}" for name, number in value.items())
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)
