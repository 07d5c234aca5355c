"""Sync: the same skills on every machine and for every agent."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from contextlib import ExitStack
from typing import Annotated, cast

from cyclopts import App, Parameter

from skillyard.cli import show
from skillyard.cli.show import Json, Yes
from skillyard.sdk.client import Client
from skillyard.sdk.errors import UsageError
from skillyard.sdk.project import user_project
from skillyard.sdk.run import Step
from skillyard.sdk.sync.answers import Item
from skillyard.sdk.sync.carry_out import Mode, SyncOptions
from skillyard.sdk.sync.conflicts import Choice, Waiting, list_waiting
from skillyard.sdk.sync.machine import look_at
from skillyard.sdk.sync.report import Synced, SyncReport
from skillyard.sdk.sync.sync import sync as run_sync
from skillyard.sdk.sync.undo import undo as undo_sync

Registry = Annotated[str | None, Parameter(help="Address of the registry.")]
Flag = Parameter(negative="")
Names = list[str] | None
_MARKS = {
    "install": "+", "update": "↑", "remove": "-", "claim_public": "=", "upload_private": "⇡", "push": "⇡", "fork": "⑂",
    "merge": "⇅", "merge_upstream": "⇅",
}  # fmt: skip
_SETTLE = (
    "  [dim]hint:[/] Settle each with `skillyard sync --ours NAME` or `--theirs NAME`, or edit its candidate and say"
    " `--resolved NAME`."
)
_AGREE = (
    "  [dim]hint:[/] {names}: nothing leaves this machine until you agree. `skillyard sync --fork` is for edits of"
    " skills of others, `--upload` for folders of your own, `--yes` for both."
)
_FLAGGED = (
    "  [dim]hint:[/] Look at what the scan found (`skillyard info --scan NAME`); if you want it all the same, run again"
    " with --accept-flagged."
)
_WORDS = {
    "needs_consent": "waits for your consent", "flagged": "waits for your consent", "left": "left as it is",
}  # fmt: skip

sync = App(name="sync", help="Bring your skills on this machine and your drive in line.")


@sync.default
def sync_now(
    *,
    drive: Annotated[str | None, Parameter(help="Only what this drive has (a team's, by its name).")] = None,
    mode: Annotated[Mode, Parameter(help="What may be done.")] = "all",
    ours: Annotated[Names, Parameter(negative="", help="Settle a conflict: the folder here is right.")] = None,
    theirs: Annotated[Names, Parameter(negative="", help="Settle a conflict: the drive is right.")] = None,
    resolved: Annotated[Names, Parameter(negative="", help="Settle a conflict: with the candidate, as edited.")] = None,
    fork: Annotated[bool, Flag, Parameter(help="Agree that edits of skills of others become private forks.")] = False,
    upload: Annotated[bool, Flag, Parameter(help="Agree that folders of your own are uploaded, as private.")] = False,
    accept_flagged: Annotated[bool, Flag, Parameter(help="Agree that what the scan flagged comes here.")] = False,
    agent: Annotated[Names, Parameter(name=["--agent", "-a"], negative="", help="Also for this agent.")] = None,
    dry_run: Annotated[bool, Flag, Parameter(help="Say what would be done, and do nothing anywhere.")] = False,
    explain: Annotated[bool, Flag, Parameter(help="Say of every skill why.")] = False,
    yes: Yes = False,
    registry: Registry = None,
    json: Json = False,
) -> None:
    """Bring your skills here and in your drive in line, for every agent. Edits are merged; conflicts are yours.

    Exit code 1: something is in conflict or failed. 4: something waits until you agree that it leaves this machine, or
    comes here although the scan flagged it.
    """
    project, progress = user_project(), Progress()
    options = SyncOptions(
        drive=drive,
        mode=mode,
        choices=_choices(ours=ours, theirs=theirs, resolved=resolved),
        agents=tuple(agent or ()),
        dry_run=dry_run,
        accept_flagged=accept_flagged,
        agree=_agreement(progress, fork=fork or yes, upload=upload or yes, yes=yes, as_json=json),
        on_step=progress.step,
    )
    with progress:
        connect = _connect(registry)
        report = run_sync(project, connect, options=options)
    if json:
        show.data(report.show())
    else:
        _show(report, explain=explain or dry_run)
    sys.exit(report.exit_code)


@sync.command(name="status")
def show_status(*, json: Json = False) -> None:
    """Say what was edited here and which conflicts wait. Needs no network."""
    machine = look_at(user_project())
    waiting = list_waiting(machine.project)
    if json:
        skills = [{**one.show(), "edited": one.is_edited, "problem": one.problem} for one in machine.skills.values()]
        return show.data({"skills": skills, "conflicts": [one.show() for one in waiting]})
    rows = [
        (
            one.slug,
            one.name or "-",
            one.base_version or "-",
            one.problem or ("edited" if one.is_edited else "as synced"),
        )
        for one in machine.skills.values()
    ]
    show.table(["folder", "skill", "version", "state"], rows)
    for one in waiting:
        _show_waiting(one)
    return None


@sync.command(name="undo")
def undo_last(
    *,
    force: Annotated[bool, Flag, Parameter(help="Move edits that were made since to a backup, then go on.")] = False,
    json: Json = False,
) -> None:
    """Put every folder back to what it was before the last sync, byte for byte. Your drive stays as it is."""
    done = undo_sync(user_project(), force=force)
    if json:
        return show.data(done.show())
    for folder in done.folders:
        show.line("↶ {folder}", folder=folder)
    for note in done.notes:
        show.talk("{note}", note=note)
    show.talk("[dim]The next sync brings it again; `skillyard drive pin` holds a version.[/]")
    return None


class Progress(ExitStack):
    """A bar while releases arrive, on a terminal; it goes away before anything is asked."""

    _advance: Callable[[float], None] | None = None

    def step(self, step: Step) -> None:
        if step.kind == "download" and self._advance is None:
            self._advance = self.enter_context(show.progress("Fetching", total=step.total))
        if step.kind == "download" and self._advance is not None:
            self._advance(1)
        if step.kind == "upload":
            show.talk("[dim]sent {name}, {size} bytes[/]", name=step.name, size=step.size_bytes)


def _connect(registry: str | None) -> Callable[[], Client]:
    return lambda: Client(registry, project_registry=user_project().read_manifest().registry)


def _choices(**named: list[str] | None) -> dict[str, Choice]:
    choices: dict[str, Choice] = {}
    for choice, names in named.items():
        for name in names or ():
            if choices.setdefault(name, cast(Choice, choice)) != choice:
                raise UsageError(f"{name} has two choices.", code="usage", hint="Give one of them.")
    return choices


def _agreement(
    progress: Progress, *, fork: bool, upload: bool, yes: bool, as_json: bool
) -> Callable[[list[Item]], Collection[str]]:
    def agree(items: list[Item]) -> Collection[str]:
        """Those that were agreed to already; on a terminal, the person is asked about the others."""
        progress.close()
        agreed = {item.slug for item in items if (upload if item.action == "upload_private" else fork)}
        agreed -= set() if yes else {item.slug for item in items if item.credits}
        left = [item for item in items if item.slug not in agreed]
        if not left or as_json or not sys.stdin.isatty():
            return agreed
        for item in left:
            price = f", for {item.credits} credits" if item.credits else ""
            show.talk("  [bold]{slug}[/] would become {name}{price}. {reason}", slug=item.slug, name=item.publish_as,
                      price=price, reason=item.reason)  # fmt: skip
        return agreed | {item.slug for item in left} if show.ask("Upload them?", yes=False) else agreed

    return agree


def _show(report: SyncReport, *, explain: bool) -> None:
    for one in report.skills:
        if explain or one.outcome != "nothing":
            _show_one(one, explain=explain)
    for item in report.left_out:
        show.line("  {slug}: left out. {reason}", slug=item.slug, reason=item.reason)
    for note in report.notes:
        show.talk("{note}", note=note)
    if report.summary:
        credits = report.summary.get("total_credits")
        show.talk("[dim]it would cost {credits} of your {balance} credits[/]", credits=credits,
                  balance=report.summary.get("balance"))  # fmt: skip
    _show_end(report)


def _show_one(one: Synced, *, explain: bool) -> None:
    mark = {"conflict": "✗", "failed": "✗", "needs_consent": "?", "flagged": "?", "left": "·", "nothing": " "}.get(
        one.outcome, _MARKS.get(one.action, " ")
    )
    change = f"{one.previous} → {one.version}" if one.previous and one.previous != one.version else one.version or ""
    what = one.outcome if one.outcome in ("conflict", "failed") else _WORDS.get(one.outcome, one.action)
    show.line("{mark} {name} {change}  [dim]{what}[/]", mark=mark, name=one.name or one.slug, change=change, what=what)
    if explain or one.outcome in ("needs_consent", "left"):
        show.line("    {reason}", reason=one.reason)
    if one.detail and one.detail != one.reason:
        show.line("    {detail}", detail=one.detail)
    if one.waiting:
        _show_waiting(one.waiting)


def _show_waiting(one: Waiting) -> None:
    for path, why in one.paths.items():
        show.line("    [red]{path}[/]: {why}", path=path, why=why)
    if one.candidate_digest:
        show.line("    [dim]candidate[/] {folder}", folder=one.candidate)
    show.line("    [dim]drive's side[/] {folder}", folder=one.folder / "theirs")


def _show_end(report: SyncReport) -> None:
    if report.exit_code == 1 and any(one.waiting for one in report.skills):
        show.talk(_SETTLE)
    waiting = [one.slug for one in report.skills if one.outcome == "needs_consent"]
    if waiting:
        show.talk(_AGREE, names=", ".join(waiting))
    if any(one.outcome == "flagged" for one in report.skills):
        show.talk(_FLAGGED)
    done = "nothing to do" if not report.written and not report.uploaded else "done"
    done = "nothing was changed" if report.summary is not None else done
    show.talk("[dim]{done}: {down} fetched, {up} sent[/]", done=done, down=report.downloaded, up=report.uploaded)
    if report.backups:
        show.talk("[dim]what was there before is kept; `skillyard sync undo` puts it back[/]")
