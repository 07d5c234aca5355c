"""Ask for a run."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.quota import count_execution
from skillyard.domain.registry import kept
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Release
from skillyard.domain.registry.runnable import find_runnable
from skillyard.domain.runs import rules
from skillyard.domain.runs.charge import hold, price_of
from skillyard.domain.runs.environment import seal_environment
from skillyard.domain.runs.errors import (
    FilesNotKept,
    RunKeyUsedOtherwise,
    SandboxMissing,
    SessionBusy,
    TooManyRuns,
)
from skillyard.domain.runs.execute import execute
from skillyard.domain.runs.limits import most
from skillyard.domain.runs.model import Run, RunKind, RunStatus, RunTask
from skillyard.domain.runs.room import check_room
from skillyard.domain.runs.sessions import use_session
from skillyard.domain.runs.store import contents
from skillyard.domain.runs.store import runs as store
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.jobs import enqueue, head_start
from skillyard.sandbox.model import Limits
from skillyard.skill.digest import FileEntry
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import read_permissions
from skillyard.skill.scripts import command_of, find_script


def start_run(
    app: App,
    caller: Caller,
    *,
    name: SkillName,
    version: str | None = None,
    script: str,
    arguments: Sequence[str] = (),
    stdin: bytes = b"",
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, bytes] | None = None,
    session_id: str | None = None,
    limits: Limits | None = None,
    key: str | None = None,
    max_credits: int | None = None,
) -> Run:
    """Queue a script of a release under the permissions that the release declares.

    `files`: by their paths in the workspace. `key`: the caller's own; the same request under it again is the same run.

    Raises SkillNotFound, PurchaseRequired, ReleaseNotFound, ReleaseQuarantined, SkillError (no such script),
    RunNotAcceptable, SandboxMissing, SessionNotFound, SessionEnded, SessionBusy, TooManyRuns, RunKeyUsedOtherwise,
    NoRoomToday, and OutsideSlice or QuotaExceeded for the key of a collection.
    """
    caller.must("run", on=str(name))
    owner_id, _ = caller.identity
    if app.settings.sandbox == "off":
        raise SandboxMissing(why="the operator has switched runs off", what_to_do="Use `skillyard run --local`.")
    release = find_runnable(app, caller, name=name, version=version or DEFAULT_CHANNEL)
    environment, files, allowed = environment or {}, files or {}, most(app.settings)
    declared, _ = read_permissions(release.permissions)
    rules.check(
        arguments=arguments,
        environment=environment,
        files=files,
        stdin=stdin,
        limits=limits or allowed,
        most=allowed,
        declared=declared,
    )
    found = find_script(release.files, script)
    check_room(app, owner_id)
    task = RunTask(
        script=found.path,
        command=command_of(found, arguments),
        stdin_sha256=put_blob(app, stdin) if stdin else None,
        stdin_bytes=len(stdin),
        environment=tuple(sorted(environment)),
        permissions=declared,
        limits=limits or allowed,
    )
    with app.database.reading() as tx:
        credits = price_of(tx, release, owner_id, most=max_credits)
    run = new_run(app, release, task, owner_id=owner_id, kind="script", session_id=session_id)
    run = replace(run, files_in=put_files(app, files), key_id=caller.slice_key_id, credits=credits)
    return _queue(app, caller, run, key=key, sealed=seal_environment(app, run.id, environment))


def _queue(app: App, caller: Caller, run: Run, *, key: str | None, sealed: str) -> Run:
    with app.database.transaction() as tx:
        tx.lock(f"runs of {run.owner_id}")
        hashed = _hash_key(caller, key) if key else None
        if hashed and (known := store.find_by_key(tx, run.owner_id, hashed)):
            return _the_same(tx, known, run)
        waiting = store.count_under_way(tx, run.owner_id)
        if waiting >= app.settings.runs_waiting:
            raise TooManyRuns(limit=app.settings.runs_waiting, retry_after_s=10)
        if run.session_id is not None:
            use_session(app, tx, caller, run.session_id)
        if not store.add(tx, run, key=hashed, sealed=sealed):
            raise SessionBusy(session_id=run.session_id)
        count_execution(tx, app, caller)
        hold(tx, app, run)
        keep_inputs(tx, run)
        early_ms = head_start(waiting=waiting)
        enqueue(tx, execute, now_ms=run.created_ms, key=run.id, delay_ms=early_ms, run_id=run.id)
        return run


def _hash_key(caller: Caller, key: str) -> str:
    """Whoever holds a key for some skills cannot name the requests of others of the same person."""
    named = f"{caller.slice_key_id} {key}" if caller.slice_key_id else key
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()


def new_run(
    app: App,
    release: Release,
    task: RunTask,
    *,
    owner_id: str,
    kind: RunKind,
    ref: str | None = None,
    session_id: str | None = None,
) -> Run:
    return Run(
        id=new_id("run"),
        kind=kind,
        owner_id=owner_id,
        ref=ref,
        session_id=session_id,
        release_id=release.id,
        name=release.name,
        version=release.version,
        digest=release.digest,
        task=task,
        status=RunStatus.QUEUED,
        why="",
        notes=(),
        cancel_asked=False,
        result=None,
        receipt=None,
        created_ms=app.clock.now_ms(),
        begun_ms=None,
        ended_ms=None,
    )


def put_blob(app: App, data: bytes) -> str:
    """Into the store, where it stays only if somebody keeps it; its SHA-256."""
    sha256 = hashlib.sha256(data).hexdigest()
    app.blobs.put(sha256, io.BytesIO(data), len(data))
    return sha256


def put_files(app: App, files: Mapping[str, bytes]) -> tuple[FileEntry, ...]:
    return tuple(
        FileEntry(path=path, size_bytes=len(data), sha256=put_blob(app, data)) for path, data in sorted(files.items())
    )


def keep_inputs(tx: Tx, run: Run) -> None:
    """Raises FilesNotKept."""
    contents.add_files(tx, run.id, "in", run.files_in)
    digests = [file.sha256 for file in run.files_in] + ([run.task.stdin_sha256] if run.task.stdin_sha256 else [])
    if not kept.keep(tx, digests, holder=run.id):
        raise FilesNotKept(retry_after_s=1)


def _the_same(tx: Tx, known: Run, wanted: Run) -> Run:
    """Raises RunKeyUsedOtherwise."""
    known = replace(known, files_in=contents.list_files(tx, known.id, "in"))
    if _identity(known) != _identity(wanted):
        raise RunKeyUsedOtherwise
    return known


def _identity(run: Run) -> tuple[object, ...]:
    return run.release_id, run.session_id, run.task, run.files_in
