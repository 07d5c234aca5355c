"""A machine with skill folders, in memory: as small a client as can still do everything that a sync asks of it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive import sync, sync_runs, sync_uploads
from skillyard.domain.drive.sync_model import (
    Action,
    ItemResult,
    ItemStatus,
    LocalSkill,
    LocalState,
    RunItem,
    SyncClosed,
    SyncItem,
    SyncPreview,
    SyncRun,
)
from skillyard.domain.drive.sync_uploads import Uploaded
from skillyard.domain.registry.exact import ExactRelease, list_exact
from skillyard.infra.errors import Conflict
from skillyard.skill.archive import open_safely, pack, skill_files
from skillyard.skill.merge.skills import merge_skills

Files = dict[str, bytes]


def text_of(slug: str, body: str = "Use it.", description: str = "Does one thing. Use it for that.") -> bytes:
    return f'---\nname: {slug}\ndescription: "{description}"\nlicense: MIT\n---\n\n# {slug}\n\n{body}\n'.encode()


@dataclass
class Folder:
    files: Files
    name: str | None = None
    base: ExactRelease | None = None

    @property
    def digest(self) -> str:
        return skill_files(self.files).digest


@dataclass
class Machine:
    """`conflicts`: folders that the last sync left alone because a person has to look at them."""

    app: App
    caller: Caller
    install_id: str = "one"
    folders: dict[str, Folder] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    conflicts: list[str] = field(default_factory=list)

    def write(self, slug: str, body: str = "Use it.", **files: str) -> None:
        """Edit a folder by hand, or make one."""
        folder = self.folders.setdefault(slug, Folder({}))
        texts = {path.replace("_", "."): text.encode() for path, text in files.items()}
        folder.files = {**folder.files, "SKILL.md": text_of(slug, body), **texts}

    def read(self, slug: str, path: str = "SKILL.md") -> str:
        return self.folders[slug].files[path].decode()

    def state(self) -> LocalState:
        return LocalState(skills=tuple(map(self._local, self.folders.items())), known=self.known)

    def preview(self, **wishes: Any) -> SyncPreview:
        return sync.preview(self.app, self.caller, self.state(), **wishes)

    def actions(self, **wishes: Any) -> dict[str, str]:
        return {item.slug: item.action.value for item in self.preview(**wishes).items}

    def begin(self, **wishes: Any) -> SyncRun:
        return sync.begin(self.app, self.caller, self.state(), install_id=self.install_id, **wishes)

    def upload(self, run: SyncRun, slug: str, files: Mapping[str, bytes] | None = None) -> Uploaded:
        archive = pack(skill_files(files or self.folders[slug].files))
        return sync_uploads.upload(self.app, self.caller, run_id=run.id, slug=slug, source=io.BytesIO(archive))

    def sync(self, **wishes: Any) -> SyncClosed:
        """All of it."""
        run, self.conflicts = self.begin(**wishes), []
        results = [self._carry_out(run, one) for one in run.items]
        self.known = frozenset(
            one.item.publish_as or one.item.name
            for one in run.items
            if one.item.name and one.item.action not in (Action.REMOVE, Action.KEEP, Action.CONFLICT)
        ) | (self.known & {folder.name for folder in self.folders.values() if folder.name})
        return sync_runs.finalize(self.app, self.caller, run_id=run.id, results=results)

    def content(self, release: ExactRelease) -> Files:
        return dict(open_safely(self.app.blobs.read(release.archive.sha256)).contents)

    def _local(self, named: tuple[str, Folder]) -> LocalSkill:
        slug, folder = named
        base = folder.base
        return LocalSkill(
            slug=slug,
            digest=folder.digest,
            name=folder.name,
            base_digest=base.digest if base else None,
            base_version=base.version if base else None,
            size_bytes=sum(map(len, folder.files.values())),
        )

    def _carry_out(self, run: SyncRun, one: RunItem) -> ItemResult:
        item = one.item
        if item.action is Action.CONFLICT:
            self.conflicts.append(item.slug)
        if one.status is ItemStatus.STALE or item.action in (Action.CONFLICT, Action.KEEP, Action.UNAVAILABLE):
            return ItemResult(slug=item.slug, status="skipped")
        if item.action is Action.REMOVE:
            del self.folders[item.slug]
        elif item.action in (Action.MERGE, Action.MERGE_UPSTREAM):
            return self._merge(run, item)
        elif item.publish_as is not None:
            return self._push(run, item)
        elif item.target is not None:
            there = self.folders.get(item.slug)
            content = self.content(item.target) if item.action is not Action.IN_SYNC or not there else there.files
            self.folders[item.slug] = Folder(content, item.target.name, item.target)
        return ItemResult(slug=item.slug, status="committed")

    def _merge(self, run: SyncRun, item: SyncItem) -> ItemResult:
        assert item.target is not None
        if item.base is None:
            self.conflicts.append(item.slug)
            return ItemResult(slug=item.slug, status="skipped", detail="no base")
        folder, theirs = self.folders[item.slug], self.content(item.target)
        merged = merge_skills(self.content(item.base), folder.files, theirs)
        if merged.conflicts:
            self.conflicts.append(item.slug)
            return ItemResult(slug=item.slug, status="failed", detail="conflicts")
        folder.files = dict(merged.files)
        if item.action is Action.MERGE:
            folder.name, folder.base = item.target.name, item.target
        if item.publish_as is None or folder.files == theirs:
            return ItemResult(slug=item.slug, status="committed")
        return self._push(run, item)

    def _push(self, run: SyncRun, item: SyncItem) -> ItemResult:
        try:
            done = self.upload(run, item.slug)
        except Conflict as error:
            return ItemResult(slug=item.slug, status="failed", detail=error.message)
        folder = self.folders[item.slug]
        folder.name = done.name
        folder.base = release_of(self.app, done.name, done.version)
        return ItemResult(slug=item.slug, status="committed")


def release_of(app: App, name: str, version: str) -> ExactRelease:
    with app.database.reading() as tx:
        return list_exact(tx, [(name, version)])[name, version]
