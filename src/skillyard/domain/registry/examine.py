"""Look at an archive that somebody wants to publish, from every side, and store nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import rules
from skillyard.domain.registry.look_into import look_into
from skillyard.domain.registry.model import Archive, Visibility, Wish
from skillyard.domain.registry.rules import Surroundings
from skillyard.domain.registry.store import releases, skills
from skillyard.infra.database import Tx
from skillyard.skill.digest import Digests, FileEntry, read_digests
from skillyard.skill.executable import Executable, Mode
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.manifest import Manifest
from skillyard.skill.names import SkillName, lookalikes
from skillyard.skill.permissions import Permissions, read_permissions
from skillyard.skill.scan.report import Report
from skillyard.skill.versions import Range, Version

_NEIGHBOURS = 50
_MOST_LOOKALIKES = 5
_ZIP_MAGIC = b"PK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """`manifest` and `executable` are None when they could not be read, `files` are none and `digest` empty when the
    archive could not; `faults` say why. The content of the files is let go as soon as it was looked at.
    """

    archive: Archive
    digest: str = ""
    files: tuple[FileEntry, ...] = ()
    manifest: Manifest | None = None
    report: Report | None = None
    executable: Executable | None = None
    faults: tuple[Fault, ...] = ()


def examine(app: App, caller: Caller, wish: Wish, source: BinaryIO, *, sha256: str | None = None) -> Examined:
    """Every check of a release. `sha256`: what the archive was announced to be. Leaves `source` at its start."""
    digests = read_digests(source)
    source.seek(0)
    archive = _archive(digests, source)
    faults = [*rules.check_wish(wish), *_check_digest(digests, sha256)]
    try:
        opened = look_into(source, app.archive_limits)
    except SkillError as error:
        return Examined(archive=archive, faults=(*faults, *error.faults))
    manifest = opened.said.manifest
    faults += opened.said.faults
    if manifest is not None:
        manifest, overruled = rules.settle(wish, manifest)
        faults += overruled
        around = _look_around(app, caller, wish, manifest)
        faults += rules.check_release(wish, manifest, around)
        faults += rules.check_sealed(wish, is_sealed(opened.executable), around.is_sealed)
    return Examined(
        archive=archive,
        digest=opened.digest,
        files=opened.files,
        manifest=manifest,
        report=opened.report,
        executable=opened.executable,
        faults=tuple(faults),
    )


def is_sealed(executable: Executable | None) -> bool:
    return executable is not None and executable.mode is Mode.SEALED


def _archive(digests: Digests, source: BinaryIO) -> Archive:
    is_zip = source.read(len(_ZIP_MAGIC)) == _ZIP_MAGIC
    source.seek(0)
    return Archive(
        sha256=digests.sha256,
        sha512=digests.sha512,
        size_bytes=digests.size_bytes,
        format="zip" if is_zip else "tar.gz",
    )


def _check_digest(digests: Digests, announced: str | None) -> list[Fault]:
    if announced is None or announced.lower() == digests.sha256:
        return []
    message = f"the archive hashes to {digests.sha256}, and was announced as {announced[:64]!a}"
    return [Fault(code="archive_differs", message=message, hint="It was changed on the way: send it again.")]


def _look_around(app: App, caller: Caller, wish: Wish, manifest: Manifest) -> Surroundings:
    if not rules.is_skill_name(wish.name):
        return Surroundings()
    with app.database.reading() as tx:
        visibility = skills.find_visibility(tx, wish.name)
        was_sealed = skills.find_sealed(tx, wish.name)
        before = _find_before(tx, wish, manifest)
        alike = _lookalikes(tx, caller, wish.name) if visibility is None else []
        missing, hidden = _find_dependencies(tx, caller, manifest)
    return Surroundings(
        visibility=visibility,
        is_sealed=was_sealed,
        lookalikes=tuple(alike),
        missing=tuple(missing),
        hidden=tuple(hidden),
        before=before,
    )


def _find_before(tx: Tx, wish: Wish, manifest: Manifest) -> tuple[str, Permissions] | None:
    """The highest lower version, and what it may do."""
    version = rules.decide_version(wish, manifest)
    found = releases.find_before(tx, wish.name, rules.order_key(version)) if version else None
    return (found[0], read_permissions(found[1])[0]) if found else None


def _lookalikes(tx: Tx, caller: Caller, name: SkillName) -> list[str]:
    near = skills.list_names_near(tx, name.slug, caller.namespaces_with("read"), limit=_NEIGHBOURS)
    by_slug = {other.partition("/")[2]: other for other in near}
    return [by_slug[slug] for slug in lookalikes(name.slug, by_slug)][:_MOST_LOOKALIKES]


def _find_dependencies(tx: Tx, caller: Caller, manifest: Manifest) -> tuple[list[str], list[str]]:
    """Dependencies that nothing satisfies as far as the caller sees, and those that are private."""
    offered: dict[str, list[Version]] = {name: [] for name in manifest.dependencies}
    hidden = set()
    for row in releases.list_candidates(tx, list(offered)):
        visibility = Visibility(row["visibility"])
        if row["yanked_ms"] is None and rules.may_see(caller, row["skill"], visibility):
            offered[row["skill"]].append(Version.parse(row["version"]))
            if visibility is Visibility.PRIVATE:
                hidden.add(row["skill"])
    missing = [
        name for name, text in manifest.dependencies.items() if not Range.parse(text).max_satisfying(offered[name])
    ]
    return missing, sorted(hidden)
