"""What a program needs before it runs: the skill's files, its dependencies, a workspace with what was handed over."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from skillyard.app import App
from skillyard.domain.registry.files import NO_LIMITS
from skillyard.domain.registry.runnable import find_for_server
from skillyard.domain.runs.folders import KeptFolders, open_to_all
from skillyard.domain.runs.model import Run
from skillyard.domain.runs.store import contents, sessions
from skillyard.domain.runs.watch import Watch
from skillyard.public_addresses import read_allow_list
from skillyard.sandbox.layers import BUILD_LIMITS, Indexes, build_layer, layer_key
from skillyard.sandbox.model import Sandbox, Task
from skillyard.sandbox.needs.read import read_needs
from skillyard.skill.archive import open_safely, write_files
from skillyard.skill.digest import FileEntry
from skillyard.skill.names import SkillName
from skillyard.skill.paths import Tree

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def runs_folder(app: App) -> Path:
    return app.settings.home / "runs"


def prepare(
    app: App, run: Run, workspace: Path, sandbox: Sandbox, environment: Mapping[str, str], watch: Watch
) -> tuple[Task, tuple[FileEntry, ...]]:
    """The task, and the files that are in its workspace before it runs.

    Raises ReleaseQuarantined, LayerRefused, DiskNearlyFull, SkillError (of what its dependencies are written in),
    SandboxUnavailable.
    """
    skill = _unpack(app, run)
    layer = _find_layer(app, run, skill, sandbox)
    before, inputs = _fill(app, run, workspace)
    task = Task(
        arguments=run.task.command,
        workspace=workspace,
        skill=skill,
        layer=layer,
        inputs=inputs,
        stdin=app.blobs.read(run.task.stdin_sha256) if run.task.stdin_sha256 else b"",
        environment=environment,
        permissions=run.task.permissions,
        private_hosts=read_allow_list(app.settings.run_private_hosts),
        limits=run.task.limits,
        on_output=watch.take,
        is_cancelled=watch.must_stop,
    )
    return task, before


def _unpack(app: App, run: Run) -> Path:
    release = find_for_server(app, name=SkillName.parse(run.name), version=run.version)

    def make(folder: Path) -> None:
        write_files(open_safely(app.blobs.read(release.archive.sha256), limits=NO_LIMITS), folder)
        open_to_all(folder)

    return KeptFolders(runs_folder(app) / "skills").get(release.archive.sha256, make)


def _find_layer(app: App, run: Run, skill: Path, sandbox: Sandbox) -> Path | None:
    needs = read_needs(skill, run.task.script) if run.task.script else None
    if needs is None or needs.is_empty:
        return None

    def make(folder: Path) -> None:
        build_layer(needs, folder, sandbox=sandbox, indexes=indexes_of(app))

    layers = KeptFolders(runs_folder(app) / "layers", least_free_bytes=2 * BUILD_LIMITS.disk_bytes)
    return layers.get(layer_key(needs, level=sandbox.probe()), make)


def indexes_of(app: App) -> Indexes:
    settings = app.settings
    return Indexes(
        python=settings.python_index,
        npm=settings.npm_registry,
        file_hosts=tuple(settings.index_file_hosts.split()),
        private_hosts=read_allow_list(settings.outbound_allow),
    )


def _fill(app: App, run: Run, workspace: Path) -> tuple[tuple[FileEntry, ...], tuple[str, ...]]:
    """What was handed over, and of what the session has all that can stand beside it."""
    with app.database.reading() as tx:
        own = contents.list_files(tx, run.id, "in")
        kept = sessions.list_files(tx, run.session_id) if run.session_id else ()
    tree = Tree()
    before = tuple(file for file in (*own, *kept) if not tree.add_file(file.path))
    for file in before:
        _write(app, workspace / file.path, file)
    return before, tuple(file.path for file in own)


def _write(app: App, path: Path, file: FileEntry) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, _NEW, 0o755 if file.executable else 0o644), "wb") as target:
        target.write(app.blobs.read(file.sha256))
