"""Lists of plugins, as coding agents read them: of the whole registry, and of each collection that its owner published.

The form is that of Claude Code's marketplaces (https://code.claude.com/docs/en/plugin-marketplaces), as far as GitHub
Copilot's and Codex' command lines read it, too: every plugin is in a git repository of ours.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import orjson

from skillyard.app import App
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.drive.slices import read_public_slice
from skillyard.domain.registry.catalog import is_for_everybody, list_public_skills
from skillyard.domain.registry.current import list_current
from skillyard.domain.registry.model import Skill
from skillyard.domain.registry.repositories import plugin_name, plugin_ref
from skillyard.infra.database import Database
from skillyard.infra.git_objects import GitFile, make_snapshot
from skillyard.infra.git_upload_pack import Repository
from skillyard.skill.names import SkillName

KEPT_S = 300
FILE = ".claude-plugin/marketplace.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Marketplace:
    """`body`: the file. `updated_ms`: when the newest change of a skill in it was."""

    body: bytes
    updated_ms: int


@dataclass(frozen=True, slots=True)
class _Kept:
    until_ms: int
    marketplace: Marketplace


_kept: WeakKeyDictionary[Database, _Kept] = WeakKeyDictionary()
_lock = threading.Lock()


def render_registry(app: App) -> Marketplace:
    """Every public skill that has nothing against it; made anew after five minutes."""
    with _lock:
        kept, now_ms = _kept.get(app.database), app.clock.now_ms()
        if kept is None or kept.until_ms <= now_ms:
            kept = _kept[app.database] = _Kept(now_ms + KEPT_S * 1000, _render_registry(app))
    return kept.marketplace


def render_collection(app: App, *, name: str) -> Marketplace:
    """Those skills of a public collection that everybody may have. Raises CollectionNotFound."""
    collection, reached = read_public_slice(app, name=name)
    names = [one.name for one in reached]
    with app.database.reading() as tx:
        found = list_current(tx, ANONYMOUS, names)
    skills = [found[name].skill for name in names if name in found]
    title = f"{app.settings.marketplace_name}-{collection.name.replace('.', '-')}"
    return _render(app, title, f"The skills of the collection {collection.name}.", filter(is_for_everybody, skills))


def as_repository(marketplace: Marketplace) -> Repository:
    """The file in a git repository, for clients that read none at an address."""
    snapshot = make_snapshot(
        {FILE: GitFile(marketplace.body)}, message="The plugins on offer", at_ms=marketplace.updated_ms
    )
    return Repository(refs={"refs/heads/main": snapshot.commit_id}, head="refs/heads/main", load=lambda _: snapshot)


def _render_registry(app: App) -> Marketplace:
    with app.database.reading() as tx:
        skills = list_public_skills(tx)
    return _render(app, app.settings.marketplace_name, f"The public skills of {app.settings.address}.", skills)


def _render(app: App, title: str, description: str, skills: Iterable[Skill]) -> Marketplace:
    listed = list(skills)
    document = {
        "name": title,
        "owner": {"name": app.settings.marketplace_name},
        "description": description,
        "plugins": [_show_plugin(skill, app.settings.address) for skill in listed],
    }
    return Marketplace(
        body=orjson.dumps(document, option=orjson.OPT_INDENT_2),
        updated_ms=max((skill.updated_ms for skill in listed), default=0),
    )


def _show_plugin(skill: Skill, address: str) -> dict[str, Any]:
    """Only keys that all readers know: the strict validator refuses others."""
    assert skill.latest_version is not None, "only what is on offer is listed"
    return {
        "name": plugin_name(SkillName.parse(skill.name)),
        "version": skill.latest_version,
        "description": skill.description,
        "keywords": list(skill.tags),
        "source": {"source": "url", "url": f"{address}/git/{skill.name}.git", "ref": plugin_ref(skill.latest_version)},
    }
