"""The files of releases: from the store where they are, else over the network, side by side and each once."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from skillyard.sdk.disk import file_lock
from skillyard.sdk.errors import IntegrityError, SdkError, from_skill_error
from skillyard.sdk.fetch import address_of
from skillyard.sdk.store import MAX_ARCHIVE_BYTES, Store
from skillyard.sdk.sync.answers import Release
from skillyard.sdk.transport import CONNECTIONS
from skillyard.skill.archive import open_safely
from skillyard.skill.faults import SkillError
from skillyard.skill.files import SkillFiles, skill_files
from skillyard.skill.lockfile import LockedSkill, Lockfile
from skillyard.skill.manifest import read_manifest

if TYPE_CHECKING:
    from skillyard.sdk.client import Client

_WAIT_FOR_OTHER_S = 600.0
OnArrived = Callable[[str, int, int], None]


class Trees:
    """Files by their digest. `lock`: the releases that this machine knows, most of them in the store."""

    def __init__(self, client: Client, lock: Lockfile | None) -> None:
        self._client = client
        self._store = Store()
        self._known = {skill.digest: skill for skill in lock.skills.values()} if lock else {}
        self._files: dict[str, SkillFiles] = {}
        self.received = 0
        self.received_bytes = 0

    def fetch(self, releases: Iterable[Release], on_arrived: OnArrived) -> None:
        """Have all of these; the first failure ends it. `on_arrived` hears name and bytes, and how many are wanted.

        Raises IntegrityError for other bytes than promised, SdkError, NetworkError.
        """
        from concurrent.futures import ThreadPoolExecutor

        wanted = {one.digest: one for one in releases if self.of(one.digest) is None}
        if not wanted:
            return
        with ThreadPoolExecutor(min(CONNECTIONS, len(wanted))) as pool:
            running = {digest: pool.submit(self._fetch_one, release) for digest, release in wanted.items()}
            try:
                for digest, future in running.items():
                    self._files[digest], received_bytes = future.result()
                    self.received += 1
                    self.received_bytes += received_bytes
                    on_arrived(wanted[digest].name, received_bytes, len(wanted))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def of(self, digest: str) -> SkillFiles | None:
        """What was fetched, or what the store has of what this machine knows."""
        known = self._known.get(digest)
        if digest not in self._files and known and (files := _read_store(self._store, known)):
            self._files[digest] = files
        return self._files.get(digest)

    def knows(self, digest: str) -> bool:
        """Whether the lock has a release with these files."""
        return digest in self._known

    def add(self, files: SkillFiles) -> None:
        """Have files that were at hand elsewhere."""
        self._files[files.digest] = files

    def keep(self, release: LockedSkill, files: SkillFiles, archive: bytes) -> None:
        """Have what was made here: it was just uploaded, and a later merge begins with it."""
        self._files[files.digest] = files
        self._store.add(release, io.BytesIO(archive))

    def _fetch_one(self, release: Release) -> tuple[SkillFiles, int]:
        return _download(release, self._store, self._client)


def locked(release: Release, files: SkillFiles, registry: str) -> LockedSkill:
    """What the lock says of a release whose files are here: they tell themselves what it needs and declares."""
    skill = replace(promised(release, registry), files=files.entries)
    manifest = read_manifest(files).manifest
    if manifest is None:
        return skill
    return replace(skill, dependencies=dict(manifest.dependencies), permissions=manifest.permissions)


def promised(release: Release, registry: str) -> LockedSkill:
    """A release whose files are not known yet."""
    return LockedSkill(
        name=release.name,
        version=release.version,
        digest=release.digest,
        sha256=release.sha256,
        sha512=release.sha512,
        size_bytes=release.size_bytes,
        resolved=release.url,
        dependencies={},
        files=(),
        registry=registry,
    )


def _download(release: Release, store: Store, client: Client) -> tuple[SkillFiles, int]:
    """One archive; whoever else wants it meanwhile waits here, and then has it."""
    from skillyard.sdk.downloads import Wanted, download

    skill = promised(release, client.base_url)
    if release.size_bytes > MAX_ARCHIVE_BYTES:
        raise SdkError(
            f"The archive of {release.name} is said to have {release.size_bytes} bytes.",
            code="answer_too_large",
            hint=f"More than {MAX_ARCHIVE_BYTES} are never fetched; tell the operator of the registry.",
        )
    url = address_of(skill, client)
    wanted = Wanted(url=url, sha256=release.sha256, size_bytes=release.size_bytes, name=release.name)
    partial = store.partial(skill)
    busy = f"Another command has been fetching {release.name} for ten minutes."
    with file_lock(partial.with_suffix(".lock"), wait_s=_WAIT_FOR_OTHER_S, busy=busy):
        received = download(client.transport, wanted, partial)
        try:
            files = _opened(release, partial)
            with partial.open("rb") as archive:
                store.add(locked(release, files, client.base_url), archive)
        finally:
            partial.unlink(missing_ok=True)
    return files, received


def _opened(release: Release, archive: Path) -> SkillFiles:
    try:
        with archive.open("rb") as packed:
            files = open_safely(packed)
    except SkillError as error:
        message = f"The archive of {release.name} {release.version} is not safe to open; nothing of it was written."
        raise from_skill_error(error, code="unsafe_archive", message=message) from error
    if files.digest != release.digest:
        raise IntegrityError(
            f"The files of {release.name} {release.version} have the digest {files.digest}, expected {release.digest}.",
            code="wrong_bytes",
            hint="Nothing was changed. Tell the operator of the registry.",
            facts={"name": release.name, "version": release.version},
        )
    return files


def _read_store(store: Store, skill: LockedSkill) -> SkillFiles | None:
    """The files as the store has them; None when they must be fetched."""
    found = store.find(skill)
    if found is None:
        return None
    try:
        contents = {file.path: (found.folder / file.path).read_bytes() for file in skill.files}
        files = skill_files(contents, executable=[file.path for file in skill.files if file.executable])
    except (OSError, SkillError):
        return None
    return files if files.digest == skill.digest else None
