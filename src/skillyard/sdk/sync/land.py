"""The last steps of a sync: all folders and our files change at once, conflicts are laid out, the run is closed."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.sdk.apply import Done
from skillyard.sdk.errors import ApiError, NetworkError
from skillyard.sdk.folders import is_plain_folder
from skillyard.sdk.sync.books import books_after, lock_entry
from skillyard.sdk.sync.carry_out import Settled, Work
from skillyard.sdk.sync.conflicts import Waiting, find_waiting, keep_clash, settle
from skillyard.sdk.sync.machine import Machine
from skillyard.sdk.sync.memory import OpenRun, forget_open_run, write_open_run
from skillyard.sdk.sync.placing import Placement, place
from skillyard.sdk.sync.report import Synced, SyncReport
from skillyard.sdk.sync.scan import Copy
from skillyard.sdk.sync.undo_record import forget_undo, new_backup
from skillyard.skill.lockfile import LockedSkill

_RESULTS = {"done": "committed", "nothing": "committed", "failed": "failed"}


def land(work: Work, settled: list[Settled]) -> SyncReport:
    """Raises Busy when a folder was edited meanwhile, SdkError when the disk refuses; nothing has changed here then."""
    done = _place(work, settled)
    waiting = {one.decision.slug: found for one in settled if (found := _lay_out(work, one))}
    notes = _close(work, settled)
    return SyncReport(
        skills=(*(_synced(one, waiting.get(one.decision.slug)) for one in settled), *_others(work, settled)),
        left_out=work.answer.left_out,
        notes=(*work.run.recovered.notes, *work.run.notes, *work.checked.notes, *(done.notes if done else ()), *notes),
        backups=(*work.run.recovered.backups, *(done.backups if done else ())),
        written=done is not None,
        downloaded=work.trees.received,
        downloaded_bytes=work.trees.received_bytes,
        uploaded=work.uploaded,
        credits_charged=sum(one.credits for one in settled),
    )


def _place(work: Work, settled: list[Settled]) -> Done | None:
    machine = work.machine
    placing = [one for one in settled if one.places]
    releases = {one.decision.slug: skill for one in placing if (skill := lock_entry(work, one))}
    placements = [move for one in placing for move in _placements(machine, one, releases.get(one.decision.slug))]
    moves = any(one.moves for one in placements)
    placed = {one.folder for one in placements}
    kept = [note for folder, note in machine.installed.items() if folder not in placed and is_plain_folder(folder)]
    backup, before = new_backup(), machine.memory.undo
    books = books_after(work, settled, releases, backup if moves else before)
    for note in books.notes:
        work.run.note(note)
    done = place(machine.project, backup, placements, books.texts, kept, work.run.tell)
    if moves and before:
        forget_undo(machine.project, before)
    return done


def _placements(machine: Machine, one: Settled, release: LockedSkill | None) -> Iterator[Placement]:
    decision, local = one.decision, one.decision.local
    copies = {copy.folder: copy for copy in local.copies} if local else {}
    if decision.files is None and not decision.goes and release is None:
        return
    places = machine.places(decision.slug)
    noted = release or next((copy.noted for copy in copies.values() if copy.noted), None)
    for folder in dict.fromkeys((*places, *copies)):
        goes = decision.goes or folder not in places
        before = copies.get(folder) or (Copy(folder=folder, noted=None, digest="") if folder.exists() else None)
        release_there = None if goes else noted
        yield Placement(folder=folder, before=before, files=decision.files, release=release_there, goes=goes)


def _lay_out(work: Work, one: Settled) -> Waiting | None:
    """A conflict beside our notes; one that is none any more is forgotten."""
    project, slug = work.machine.project, one.decision.slug
    if one.decision.clash:
        return keep_clash(project, one.decision.clash)
    if one.outcome in ("conflict", "left", "flagged"):
        return find_waiting(project, slug)
    settle(project, slug)
    return None


def _close(work: Work, settled: list[Settled]) -> list[str]:
    """Tell the registry what was done. Without network the next sync does."""
    project, client = work.machine.project, work.client
    work.run.tell("close")
    pending = [one for one in settled if one.decision.item.status == "pending"]
    results = {one.decision.slug: _RESULTS.get(one.outcome, "skipped") for one in pending}
    write_open_run(project, OpenRun(id=work.answer.run_id, registry=client.base_url, results=results))
    try:
        client.finalize_sync(work.answer.run_id, [{"slug": slug, "status": status} for slug, status in results.items()])
    except (NetworkError, ApiError) as error:
        return [f"The registry could not be told that the sync is done ({error.message}); the next one tells it."]
    forget_open_run(project)
    return []


def _synced(one: Settled, waiting: Waiting | None) -> Synced:
    item, local = one.decision.item, one.decision.local
    release = one.release or (item.target if one.outcome == "nothing" else None)
    return Synced(
        slug=item.slug,
        action=item.action,
        outcome=one.outcome,
        reason=item.reason,
        name=(one.release.name if one.release else None) or item.name,
        version=release.version if release else local.base_version if local else None,
        previous=local.base_version if local else None,
        publish_as=item.publish_as,
        credits=one.credits,
        detail=one.detail,
        waiting=waiting,
    )


def _others(work: Work, settled: list[Settled]) -> Iterator[Synced]:
    """What has its folder taken by another skill, and what is here and could not even be asked about."""
    for item in work.set_aside:
        yield Synced(slug=item.slug, action=item.action, outcome="left", reason=item.reason, name=item.name)
    named = {one.decision.slug for one in settled}
    for local in work.machine.skills.values():
        if local.problem and local.slug not in named:
            yield Synced(
                slug=local.slug, action="keep", outcome="left", reason=local.problem, name=local.name,
                version=local.base_version, previous=local.base_version,
            )  # fmt: skip
