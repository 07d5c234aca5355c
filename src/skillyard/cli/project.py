"""Install skills into a project, or for the user, and keep them as they should be."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json, Yes
from skillyard.sdk import install as installing
from skillyard.sdk import status, telemetry
from skillyard.sdk.client import Client
from skillyard.sdk.install import Options, Plan, Report
from skillyard.sdk.policy import seconds_of
from skillyard.sdk.project import Project, find_project, user_project

Agent = Annotated[
    list[str] | None, Parameter(name=["--agent", "-a"], help="Install for this agent; may be given several times.")
]
User = Annotated[bool, Parameter(name=["--user", "-g"], negative="", help="For the user, not for this project.")]
Force = Annotated[bool, Parameter(negative="", help="Move local edits and foreign folders to a backup, then go on.")]
DryRun = Annotated[bool, Parameter(negative="", help="Say what would be done, and do nothing.")]
Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
AcceptFlagged = Annotated[
    bool, Parameter(negative="", help="Have what the scan flagged all the same; the lockfile notes it.")
]
AllowRecalled = Annotated[bool, Parameter(negative="", help="Only warn of what is recalled.")]
MinAge = Annotated[str | None, Parameter(help="Pass over releases younger than 90m, 12h, 3d, 2w; 0 for none.")]


def install(
    *skills: str,
    agent: Agent = None,
    user: User = False,
    accept_flagged: AcceptFlagged = False,
    allow_recalled: AllowRecalled = False,
    min_age: MinAge = None,
    force: Force = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Install skills (ns/slug, ns/slug@^1.2, ns/slug@next) with all that they need; unnamed, what the project asks for.

    Every byte is checked against the registry's digests. Local edits and folders of others are never overwritten.
    """
    project = _project(user)
    options = replace(
        _options(agent, force=force, dry_run=dry_run, yes=yes, as_json=json),
        accept_flagged=accept_flagged,
        allow_recalled=allow_recalled,
        min_age_s=None if min_age is None else seconds_of(min_age),
    )
    with show.progress("Installing") as _:
        report = installing.install(project, _client(project, registry), skills, options=options)
    _tell(report, project, registry)
    _show(report, as_json=json)


def ci(
    *, agent: Agent = None, allow_recalled: AllowRecalled = False, registry: Registry = None, json: Json = False
) -> None:
    """Install exactly what the lockfile says; fail if it does not fit the manifest. Works offline from the store."""
    project = _project(user=False)
    options = replace(_options(agent, yes=True, as_json=json), allow_recalled=allow_recalled)
    _show(installing.ci(project, _client(project, registry), options=options), as_json=json)


def update(
    *names: str,
    latest: Annotated[bool, Parameter(negative="", help="Beyond the ranges of the manifest.")] = False,
    user: User = False,
    accept_flagged: AcceptFlagged = False,
    allow_recalled: AllowRecalled = False,
    min_age: MinAge = None,
    force: Force = False,
    dry_run: DryRun = False,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Bring all skills, or the named ones, to the newest version that fits."""
    project = _project(user)
    options = replace(
        _options(None, force=force, dry_run=dry_run, yes=yes, as_json=json),
        accept_flagged=accept_flagged,
        allow_recalled=allow_recalled,
        min_age_s=None if min_age is None else seconds_of(min_age),
    )
    report = installing.update(project, _client(project, registry), names, latest=latest, options=options)
    _show(report, as_json=json)


def uninstall(
    *names: str, user: User = False, force: Force = False, dry_run: DryRun = False, yes: Yes = False, json: Json = False
) -> None:
    """Remove skills, and their dependencies that nothing else needs."""
    options = _options(None, force=force, dry_run=dry_run, yes=yes, as_json=json)
    _show(installing.uninstall(_project(user), names, options=options), as_json=json)


def list_installed(*, user: User = False, json: Json = False) -> None:
    """List what is installed, where, and why."""
    installed = status.list_installed(_project(user))
    if json:
        return show.data(
            [
                {
                    "name": skill.name,
                    "version": skill.version,
                    "direct": skill.direct,
                    "requested": skill.requested,
                    "digest": skill.digest,
                    "folders": [str(folder) for folder in skill.folders],
                }
                for skill in installed
            ]
        )
    rows = [
        (skill.name, skill.version, skill.requested or "dependency", ", ".join(map(str, skill.folders)))
        for skill in installed
    ]
    show.table(["skill", "version", "asked for", "in"], rows)
    return None


def outdated(*, user: User = False, registry: Registry = None, json: Json = False) -> None:
    """List what has a newer version, what of it fits, and what is yanked or deprecated. Exit code 1 if anything is."""
    project = _project(user)
    with _client(project, registry)() as client:
        found = status.outdated(project, client)
    if json:
        show.data([_plain(item) for item in found])
    else:
        rows = [
            (item.name, item.current, item.wanted, item.latest or "-", item.yanked or item.deprecated or "")
            for item in found
        ]
        show.table(["skill", "now", "fits", "latest", "note"], rows)
    if found:
        sys.exit(1)


def verify(*, user: User = False, json: Json = False) -> None:
    """Hash every installed file again and compare with the lockfile. Names each changed, missing and extra file."""
    project = _project(user)
    found = status.verify(project, _client(project, None))
    if json:
        show.data(found.show())
    else:
        for check in found.checks:
            mark = "[green]ok[/]" if check.status == "ok" else f"[red]{check.status}[/]"
            show.line(f"{mark:<7} {{name}} {{version}}  [dim]{{folder}}[/]", name=check.name, version=check.version,
                      folder=_near(check.folder))  # fmt: skip
            for kind in ("changed", "missing", "extra"):
                for path in getattr(check, kind):
                    show.line(f"        [red]{kind}[/] {{path}}", path=path)
        for name, reason in found.recalled.items():
            show.line("[red]recalled[/] {name}: {reason}", name=name, reason=reason)
        for note in found.notes:
            show.talk("{note}", note=note)
    if not found.ok:
        if not json and found.recalled:
            show.talk("  [dim]hint:[/] Update to a safe version, or uninstall what is recalled.")
        elif not json:
            show.talk("  [dim]hint:[/] `skillyard install --force` restores them and keeps a backup of your edits.")
        sys.exit(1)


def why(name: str, /, *, user: User = False, json: Json = False) -> None:
    """Show which of your skills brought this one in."""
    paths = status.why(_project(user), name)
    if json:
        return show.data(paths)
    for path in paths:
        show.line("{path}", path=" → ".join(path))
    return None


def _project(user: bool) -> Project:
    return user_project() if user else find_project()


def _client(project: Project, registry: str | None) -> Callable[[], Client]:
    return lambda: Client(registry, project_registry=project.read_manifest().registry)


def _options(
    agents: list[str] | None, *, force: bool = False, dry_run: bool = False, yes: bool = False, as_json: bool
) -> Options:
    def approve(plan: Plan) -> bool:
        """On a terminal, say what would be written and ask; a script has said what it wants."""
        if yes or as_json or not sys.stdin.isatty():
            return True
        for text in plan.lines():
            show.talk("{text}", text=text)
        return show.ask("Go on?", yes=False)

    return Options(agents=tuple(agents or ()), force=force, dry_run=dry_run, approve=approve)


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        return show.data(report.show())
    marks = {"add": "+", "update": "↑", "repair": "~", "adopt": "=", "remove": "-"}
    for action in report.actions:
        if action.kind in marks:
            show.line(f"{marks[action.kind]} {{name}} {{version}}  [dim]{{folder}}[/]", name=action.name,
                      version=action.version, folder=_near(action.folder))  # fmt: skip
    for note in report.notes:
        show.talk("{note}", note=note)
    for folder in report.backups:
        show.talk("kept a backup in {folder}", folder=folder)
    done = "nothing to do" if not report.actions else "done" if report.written else "nothing was written"
    show.talk("[dim]{done}: {downloaded} downloaded, {stored} from the store[/]", done=done,
              downloaded=report.downloaded, stored=report.from_store)  # fmt: skip
    return None


def _tell(report: Report, project: Project, registry: str | None) -> None:
    """The user's registry counts installs; `skillyard telemetry` says what it is told."""
    added = {action.name for action in report.actions if action.kind == "add"} if report.written else set()
    lock = project.read_lock() if added else None
    if lock is not None:
        telemetry.report_install([skill for name, skill in lock.skills.items() if name in added], registry=registry)


def _near(folder: Path) -> Path:
    """As short as the current folder allows."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _plain(item: Any) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(item)
