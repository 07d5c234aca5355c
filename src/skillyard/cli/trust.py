"""Whether a skill can be trusted: scan it, audit what is installed, compare releases, appeal, review, recall."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
User = Annotated[bool, Parameter(name=["--user", "-g"], negative="", help="For the user, not for this project.")]
Severity = Literal["low", "medium", "high", "critical"]
_COLOURS = {"critical": "red", "high": "red", "medium": "yellow", "low": "dim", "info": "dim"}


def scan(path: Path = Path(), /, *, json: Json = False) -> None:
    """Scan a skill: a folder or an archive. Runs nothing of it, needs no network, and says what the registry would.

    Exit code 1 when it would be flagged or quarantined. `--json` prints the report, the same to the byte everywhere.
    """
    from skillyard.sdk.scanning import scan_path

    report = scan_path(path)
    if json:
        sys.stdout.write(report.to_bytes().decode() + "\n")
    else:
        _show_report(report.show())
    if report.verdict in ("flagged", "fail"):
        sys.exit(1)


def audit(
    *,
    offline: Annotated[bool, Parameter(negative="", help="Ask nobody: only what this machine knows.")] = False,
    user: User = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Check everything that is installed: its bytes, recalls, what the scan says by now, the project's budget.

    Exit code 1 when something calls for action.
    """
    from skillyard.sdk.audit import audit as run_audit
    from skillyard.sdk.project import find_project, user_project

    project = user_project() if user else find_project()
    if offline:
        found = run_audit(project, None)
    else:
        with Client(registry, project_registry=project.read_manifest().registry) as client:
            found = run_audit(project, client)
    if json:
        show.data(found.show())
    else:
        for skill in found.skills:
            mark = "[red]!![/]" if skill.problems else "[green]ok[/]"
            show.line(f"{mark} {{name}} {{version}}", name=skill.name, version=skill.version)
            for text in skill.problems:
                show.line("   [red]problem[/] {text}", text=text)
            for text in skill.notes:
                show.line("   [dim]note[/] {text}", text=text)
        for text in found.problems:
            show.line("[red]!![/] {text}", text=text)
        for note in found.notes:
            show.talk("{note}", note=note)
    if not found.ok:
        sys.exit(1)


def diff(skill: str, old: str, new: str = "latest", /, *, registry: Registry = None, json: Json = False) -> None:
    """Say in plain words what a newer release of a skill can newly do, and which files are different."""
    from skillyard.sdk.compare import compare_releases

    with Client(registry) as client:
        found = compare_releases(client, skill.removeprefix("@"), old, new)
    if json:
        return show.data(found.show())
    show.line("[bold]{name}[/] {old} -> {new}", name=found.name, old=found.old_version, new=found.new_version)
    for text in found.may_newly:
        show.line("  [yellow]may newly[/] {text}", text=text)
    for text in found.may_no_longer:
        show.line("  [green]may no longer[/] {text}", text=text)
    for name in found.new_dependencies:
        show.line("  [yellow]newly needs[/] {name}", name=name)
    for kind, paths in (("+", found.added_files), ("-", found.removed_files), ("~", found.changed_files)):
        for path in paths:
            show.line(f"  {kind} {{path}}", path=path)
    for reason in found.reasons:
        show.line("  [red]{status}[/] {reason}", status=found.status, reason=reason)
    return None


def appeal(
    release: str,
    rule: str,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why the finding is mistaken.")],
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Object to a finding of the scan in a release of yours (ns/slug@1.2.0); a reviewer will answer."""
    name, version = _release(release)
    with Client(registry) as client:
        answer = client.send_json(
            "POST", f"/skills/{name}/releases/{version}/appeals", {"rule": rule, "reason": reason}
        )
    if json:
        return show.data(answer)
    show.line("Appeal {id} is open.", id=answer["id"])
    return None


def review(
    action: Literal["list", "accept", "reject", "end"] = "list",
    id: str | None = None,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="What the publisher, and everybody, will read.")] = None,
    days: Annotated[int, Parameter(help="For accept: how long the override lasts.")] = 90,
    state: Literal["open", "accepted", "rejected"] = "open",
    registry: Registry = None,
    json: Json = False,
) -> None:
    """For reviewers: list appeals, accept one (with an override that expires) or reject it, end an override."""
    if action != "list" and id is None:
        hint = "See `skillyard review list`." if action != "end" else "See `skillyard info NAME@VERSION --scan`."
        raise UsageError(f"What should be {action}ed? No id is named.", code="id_missing", hint=hint)
    if action in ("accept", "reject") and not reason:
        raise UsageError("An answer needs a reason.", code="reason_missing", hint="Say why with --reason TEXT.")
    with Client(registry) as client:
        if action == "list":
            answer: Any = client.all_items("/appeals", state=state)
        elif action == "end":
            answer = client.send_json("DELETE", f"/overrides/{id}")
        else:
            body = {"reason": reason, "days": days} if action == "accept" else {"reason": reason}
            answer = client.send_json("POST", f"/appeals/{id}/{action}", body)
    if json:
        return show.data(answer)
    if action == "list":
        rows = [(one["id"], f"{one['name']}@{one['version']}", one["rule"], one["reason"]) for one in answer]
        show.table(["appeal", "release", "rule", "reason"], rows)
    else:
        done = {"accept": "accepted", "reject": "rejected", "end": "ended"}[action]
        show.line("{id} is {done}.", id=id, done=done)
    return None


def recall(
    target: str,
    versions: str | None = None,
    /,
    *,
    reason: Annotated[str | None, Parameter(help="What everybody who has it will read.")] = None,
    severity: Severity = "high",
    safe_version: Annotated[str | None, Parameter(help="The version to move to.")] = None,
    undo: Annotated[bool, Parameter(negative="", help="Withdraw the recall TARGET (adv_…).")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Recall releases of a skill (`recall acme/pdf '<1.4.1' --reason …`): clients refuse them, also where installed."""
    if not undo and (versions is None or not reason):
        hint = "Write it as `skillyard recall acme/pdf '<1.4.1' --reason TEXT`."
        raise UsageError("A recall needs versions and a reason.", code="recall_incomplete", hint=hint)
    with Client(registry) as client:
        if undo:
            answer = client.send_json("DELETE", f"/advisories/{target}")
            affected: list[dict[str, Any]] = []
        else:
            body = {"versions": versions, "severity": severity, "reason": reason, "safe_version": safe_version}
            answer = client.send_json("POST", f"/skills/{target.removeprefix('@')}/advisories", body)
            affected = client.get_json(f"/advisories/{answer['id']}/dependants")["items"]
    if json:
        return show.data({**answer, "dependants": affected})
    if undo:
        show.line("{id} is withdrawn.", id=answer["id"])
        return None
    recalled = ", ".join(answer["versions"])
    show.line("Recalled [bold]{name}[/] {versions} ({id})", name=answer["name"], versions=recalled, id=answer["id"])
    for one in affected:
        way = "can take a version on offer" if one["has_way_out"] else "has no version left that it can take"
        show.line(
            "  {name} {version} needs {range}: {way}",
            way=way,
            **{key: one[key] for key in ("name", "version", "range")},
        )
    return None


def advisories(*, registry: Registry = None, json: Json = False) -> None:
    """List every recall of the registry."""
    with Client(registry) as client:
        found = client.all_items("/advisories")
    if json:
        return show.data(found)
    rows = [
        (
            one["id"],
            one["name"],
            ", ".join(one["versions"]),
            one["severity"],
            "withdrawn" if one["withdrawn_at"] else one["reason"],
        )
        for one in found
    ]
    show.table(["recall", "skill", "versions", "severity", "reason"], rows)
    return None


def _show_report(report: dict[str, Any]) -> None:
    show_findings(report)
    colour = {"fail": "red", "flagged": "red", "pass_with_notes": "yellow"}.get(report["verdict"], "green")
    show.line(f"[{colour}]{{verdict}}[/]  score {{score}} of 10", verdict=report["verdict"], score=report["score"])
    for part in report["score_parts"]:
        measured = "" if part["measured"] else "  not measured"
        show.line("  [dim]{name:<13}[/] {points} of {most}{measured}", measured=measured,
                  **{key: part[key] for key in ("name", "points", "most")})  # fmt: skip


def show_findings(report: dict[str, Any]) -> None:
    """Each finding with where it is, what was seen, why it matters and what to do."""
    for finding in report["findings"]:
        line = f":{finding['line']}" if finding["line"] else ""
        via = f" (through {', '.join(finding['via'])})" if finding["via"] else ""
        colour = _COLOURS[finding["severity"]]
        show.line(f"[{colour}]{{severity}}[/] {{file}}{{line}} {{title}}{{via}}  [dim]{{rule}} {{owasp}}[/]", line=line,
                  via=via, **{key: finding[key] for key in ("severity", "file", "title", "rule", "owasp")})  # fmt: skip
        show.line("    {evidence}", evidence=finding["evidence"])
        show.line("    [dim]why[/] {why}", why=finding["why"])
        show.line("    [dim]do[/]  {advice}", advice=finding["advice"])


def _release(text: str) -> tuple[str, str]:
    name, _, version = text.removeprefix("@").partition("@")
    if not version:
        raise UsageError(f"{text} names no release.", code="release_missing", hint="Write it as ns/slug@1.2.0.")
    return name, version
