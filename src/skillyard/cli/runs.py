"""Look at runs, sessions and receipts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json
from skillyard.sdk import config, run_files
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError
from skillyard.sdk.project import find_project

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]

runs = App(name="runs", help="Your runs: list, show, output, files, cancel.")
sessions = App(name="sessions", help="Workspaces for several runs: list, open, show, close.")
receipt = App(name="receipt", help="What the registry swears of a run: show, verify.")


@runs.default
def list_runs(
    *,
    session: Annotated[str | None, Parameter(help="Only those in this session.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List your runs, the newest first."""
    with _client(registry) as client:
        found = client.runs(session)
    if json:
        return show.data(found)
    rows = [(one["id"], f"{one['name']}@{one['version']}", one["script"], one["status"], one["why"]) for one in found]
    show.table(["run", "skill", "script", "status", "note"], rows)
    return None


runs.command(list_runs, name="list")


@runs.command(name="show")
def show_run(run: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show a run: what it did, what it tried, and what it made."""
    with _client(registry) as client:
        answer = client.run(run)
    if json:
        return show.data(answer)
    show.line(
        "{id}: {name}@{version} {script}, [bold]{status}[/]",
        **{key: answer[key] for key in ("id", "name", "version", "script", "status")},
    )
    for label, text in _facts(answer):
        show.line("   [dim]{label}[/] {text}", label=f"{label:<11}", text=text)
    return None


@runs.command(name="output")
def show_output(
    run: str,
    stream: Literal["stdout", "stderr"] = "stdout",
    /,
    *,
    registry: Registry = None,
) -> None:
    """Print all that a run wrote to stdout, or to stderr."""
    from skillyard.cli.running import pass_on

    with _client(registry) as client:
        pass_on("stdout", client.run_output(run, stream))


@runs.command(name="files")
def list_files(
    run: str,
    /,
    *,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"], help="Save them in this folder.")] = None,
    force: Annotated[bool, Parameter(negative="", help="Replace files that are there.")] = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """List what a run made, or save it."""
    with _client(registry) as client:
        files = client.run(run)["files"]
        if output is not None:
            paths = [str(file["path"]) for file in files]
            run_files.save(output, paths, lambda path: client.run_file(run, path), force=force)
    if json:
        return show.data(files)
    show.table(["file", "bytes", "sha256"], [(file["path"], file["size_bytes"], file["sha256"]) for file in files])
    return None


@runs.command(name="cancel")
def cancel_run(run: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Stop a run that waits or runs."""
    with _client(registry) as client:
        client.cancel_run(run)
        answer = client.wait_for_run(run)
    return show.data(answer) if json else show.line("{id} is {status}", id=answer["id"], status=answer["status"])


@sessions.default
def list_sessions(*, registry: Registry = None, json: Json = False) -> None:
    """List your sessions, the newest first."""
    with _client(registry) as client:
        found = client.sessions()
    if json:
        return show.data(found)
    show.table(["session", "status", "until"], [(one["id"], one["status"], one["expires_at"]) for one in found])
    return None


sessions.command(list_sessions, name="list")


@sessions.command(name="open")
def open_session(*, registry: Registry = None, json: Json = False) -> None:
    """Open a session and print its id, for `run --session`."""
    with _client(registry) as client:
        answer = client.open_session()
    return show.data(answer) if json else show.line("{id}", id=answer["id"])


@sessions.command(name="show")
def show_session(session: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Show a session, and the files in its workspace."""
    with _client(registry) as client:
        answer = client.session(session)
    if json:
        return show.data(answer)
    show.line("{id}: [bold]{status}[/]", id=answer["id"], status=answer["status"])
    show.table(
        ["file", "bytes", "sha256"], [(one["path"], one["size_bytes"], one["sha256"]) for one in answer["files"]]
    )
    return None


@sessions.command(name="close")
def close_session(session: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Close a session; its workspace is gone."""
    with _client(registry) as client:
        answer = client.close_session(session)
    return show.data(answer) if json else show.line("{id} is {status}", id=answer["id"], status=answer["status"])


@receipt.command(name="show")
def show_receipt(run: str, /, *, registry: Registry = None, json: Json = False) -> None:
    """Print the signed receipt of a run, to keep: `receipt show run_… > receipt.txt`; with --json only its facts."""
    with _client(registry) as client:
        text = client.receipt(run)
    if json:
        from skillyard.skill.receipts import read_unverified

        return show.data(read_unverified(text))
    sys.stdout.write(text)
    return None


@receipt.command(name="verify")
def verify_receipt(
    file: Path,
    /,
    *,
    key: Annotated[str | None, Parameter(help="The registry's key, as name+id+key; else the one known here.")] = None,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Check a receipt without the registry: with the key that this machine knows of its log, or --key."""
    from skillyard.sdk.receipts import verify_receipt as verify

    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UsageError(f"{file} cannot be read: {error}.", code="no_file", hint="Check the path.") from None
    chosen = None if key else config.choose_registry(registry, find_project().read_manifest().registry).url
    facts = verify(text, key=key, registry=chosen)
    if json:
        return show.data({"ok": True, "receipt": facts})
    show.line("[green]ok[/] {kind} {id}", kind=facts.get("kind", "receipt"), id=facts.get("run_id", ""))
    release, outcome = facts.get("release") or {}, facts.get("outcome") or {}
    for label, text in (
        ("release", f"{release.get('name')}@{release.get('version')} {release.get('digest')}"),
        ("outcome", f"{outcome.get('status')}, exit code {outcome.get('exit_code')}"),
        ("isolation", (facts.get("isolation") or {}).get("kind", "")),
    ):
        show.line("   [dim]{label}[/] {text}", label=f"{label:<9}", text=text)
    return None


def _facts(answer: dict[str, Any]) -> list[tuple[str, str]]:
    observed = answer["observed"] or {}
    isolation = answer["isolation"] or {}
    parts = ", ".join(isolation.get("parts", []))
    facts = [
        ("why", answer["why"]),
        ("took", f"{answer['duration_ms']} ms" if answer["duration_ms"] is not None else ""),
        ("limits hit", ", ".join(answer["limits_hit"])),
        ("isolation", f"{isolation['kind']} {isolation['version']}: {parts}" if isolation else ""),
        *((name.replace("_", " "), ", ".join(values)) for name, values in observed.items() if name != "by"),
        ("made", ", ".join(f"{file['path']} ({file['size_bytes']} bytes)" for file in answer["files"])),
        ("left out", "; ".join(answer["notes"])),
    ]
    return [(label, text) for label, text in facts if text]


def _client(registry: str | None) -> Client:
    return Client(registry, project_registry=find_project().read_manifest().registry)
