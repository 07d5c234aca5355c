"""Public skills as git repositories, for agents that install from nothing else.

Each release is there twice, as two commits without parents. On `main`, tagged `v<version>`, it is the folder of the
skill; on `plugin`, tagged `plugin-v<version>`, a plugin with this one skill, as marketplaces list them. A release gives
the same commits on every machine.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.registry import access
from skillyard.domain.registry.errors import ReleaseNotFound
from skillyard.domain.registry.files import NO_LIMITS
from skillyard.domain.registry.model import DEFAULT_CHANNEL, Release
from skillyard.domain.registry.store import releases, skills
from skillyard.domain.registry.trust import Status
from skillyard.infra.database import Tx
from skillyard.infra.git_objects import GitFile, Snapshot, make_snapshot
from skillyard.infra.git_upload_pack import Repository
from skillyard.skill.archive import open_safely
from skillyard.skill.names import SkillName

PLUGIN_FILE = ".claude-plugin/plugin.json"
_MOST_RELEASES = 10
_MOST_BYTES = 64 * 1024 * 1024
_KEPT_BYTES = 64 * 1024 * 1024
_KEPT_IDS = 20_000


def plugin_name(name: SkillName) -> str:
    """What the clients of Claude, Copilot and Codex all take for a name. No two skills share one, nor the folder that
    such a client makes of it, in which dots become hyphens.
    """
    return f"{name.namespace}--{name.slug}"


def plugin_ref(version: str) -> str:
    """The tag of the plugin of a version."""
    return f"plugin-v{version}"


def find_repository(app: App, name: SkillName) -> Repository:
    """That of a skill which everybody may have, with its newest releases that nothing speaks against.

    Raises SkillNotFound, PurchaseRequired, SealedSkill, or ReleaseNotFound when there is none.
    """
    with app.database.reading() as tx:
        access.check_visible(tx, ANONYMOUS, name).must_take()
        found = list(_choose(tx, name))
    if not found:
        raise ReleaseNotFound(name=str(name), version=DEFAULT_CHANNEL)
    commits = {release.id: _commits.ids(app, release) for release in found}
    head = commits[found[0].id]
    refs = {"refs/heads/main": head.folder, "refs/heads/plugin": head.plugin}
    refs |= {f"refs/tags/v{release.version}": commits[release.id].folder for release in found}
    refs |= {f"refs/tags/{plugin_ref(release.version)}": commits[release.id].plugin for release in found}
    by_commit = {key: release for release in found for key in commits[release.id].both}
    return Repository(
        refs=dict(sorted(refs.items())),
        head="refs/heads/main",
        load=lambda commit_id: _commits.get(app, by_commit[commit_id])[commit_id],
    )


def _choose(tx: Tx, name: SkillName) -> Iterator[Release]:
    """What a new install gets comes first. As many as the memory that one clone takes allows."""
    channels = skills.list_channels(tx, [str(name)])[str(name)]
    newest = releases.list_offered(tx, name, channels, limit=_MOST_RELEASES, offset=0)
    latest = [access.get_release(tx, name, DEFAULT_CHANNEL)] if DEFAULT_CHANNEL in channels else []
    left_bytes, seen = _MOST_BYTES, set[str]()
    for release in [*latest, *newest]:
        if release.status is Status.LISTED and release.id not in seen:
            left_bytes -= release.unpacked_bytes
            if seen and left_bytes < 0:
                return
            seen.add(release.id)
            yield release


@dataclass(frozen=True, slots=True)
class _Ids:
    folder: str
    plugin: str

    @property
    def both(self) -> tuple[str, str]:
        return self.folder, self.plugin


class _Commits:
    """Those made last, as far as they fit, and the ids of more; by release, which never changes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Mapping[str, Snapshot]] = OrderedDict()
        self._ids: OrderedDict[str, _Ids] = OrderedDict()
        self._lock = threading.Lock()

    def ids(self, app: App, release: Release) -> _Ids:
        with self._lock:
            known = self._ids.get(release.id)
        return known or _Ids(*self.get(app, release))

    def get(self, app: App, release: Release) -> Mapping[str, Snapshot]:
        """Both, by their ids. One release is unpacked at a time."""
        with self._lock:
            if release.id not in self._kept:
                folder, plugin = _make(app, release)
                self._kept[release.id] = {folder.commit_id: folder, plugin.commit_id: plugin}
                self._ids[release.id] = _Ids(folder.commit_id, plugin.commit_id)
            self._kept.move_to_end(release.id)
            found = self._kept[release.id]
            self._drop_oldest()
        return found

    def _drop_oldest(self) -> None:
        sizes = {key: sum(one.size_bytes for one in both.values()) for key, both in self._kept.items()}
        while len(self._kept) > 1 and sum(sizes.values()) > _KEPT_BYTES:
            key, _ = self._kept.popitem(last=False)
            del sizes[key]
        while len(self._ids) > _KEPT_IDS:
            self._ids.popitem(last=False)


def _make(app: App, release: Release) -> tuple[Snapshot, Snapshot]:
    opened = open_safely(app.blobs.read(release.archive.sha256), limits=NO_LIMITS)
    folder = {entry.path: GitFile(opened.read(entry.path), entry.executable) for entry in opened.entries}
    about = {
        "name": plugin_name(SkillName.parse(release.name)),
        "version": release.version,
        "description": release.description,
    }
    plugin = {PLUGIN_FILE: GitFile(orjson.dumps(about, option=orjson.OPT_INDENT_2))}
    plugin |= {f"skills/{release.slug}/{path}": file for path, file in folder.items()}
    message = f"{release.name} {release.version}"
    return (
        make_snapshot(folder, message=message, at_ms=release.published_ms),
        make_snapshot(plugin, message=message, at_ms=release.published_ms),
    )


_commits = _Commits()
