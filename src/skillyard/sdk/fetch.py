"""Bring the skills of a lock into the store: side by side, each once, also among several processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from skillyard.sdk.addresses import is_downgrade
from skillyard.sdk.calls import same_registry
from skillyard.sdk.client import Client
from skillyard.sdk.disk import file_lock
from skillyard.sdk.errors import SdkError
from skillyard.sdk.store import MAX_ARCHIVE_BYTES, Store, Stored
from skillyard.sdk.transport import CONNECTIONS
from skillyard.skill.lockfile import LockedSkill

_WAIT_FOR_OTHER_S = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The skills of an install in the store, by name; and what it took to have them there."""

    stored: Mapping[str, Stored]
    downloaded: int
    downloaded_bytes: int


def fetch(
    store: Store,
    skills: Iterable[LockedSkill],
    connect: Callable[[], Client],
    on_skill: Callable[[LockedSkill, int, int], None],
) -> Fetched:
    """All of `skills` in the store, the missing ones downloaded; `connect` is called only when there are any.

    `on_skill` hears of each skill that arrived: its bytes, and how many are wanted. The first failure ends it; what has
    arrived stays, and is not fetched again.
    """
    wanted = list(skills)
    stored = {skill.name: found for skill in wanted if (found := store.find(skill))}
    missing = [skill for skill in wanted if skill.name not in stored]
    if not missing:
        return Fetched(stored=stored, downloaded=0, downloaded_bytes=0)
    client = connect()
    size_bytes = 0
    for skill, (found, received) in zip(missing, _side_by_side(missing, store, client, on_skill), strict=True):
        stored[skill.name] = found
        size_bytes += received
    return Fetched(stored=stored, downloaded=len(missing), downloaded_bytes=size_bytes)


def _side_by_side(
    skills: list[LockedSkill], store: Store, client: Client, on_skill: Callable[[LockedSkill, int, int], None]
) -> list[tuple[Stored, int]]:
    from concurrent.futures import ThreadPoolExecutor
    from threading import Event

    stop = Event()
    with ThreadPoolExecutor(min(CONNECTIONS, len(skills))) as pool:
        running = [pool.submit(_fetch_one, store, skill, client, stop.is_set) for skill in skills]
        done = []
        try:
            for skill, future in zip(skills, running, strict=True):
                done.append(future.result())
                on_skill(skill, done[-1][1], len(skills))
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
        return done


def _fetch_one(store: Store, skill: LockedSkill, client: Client, is_stopped: Callable[[], bool]) -> tuple[Stored, int]:
    """One skill; whoever else wants it meanwhile waits here and then finds it."""
    from skillyard.sdk.downloads import Wanted, download

    if skill.size_bytes > MAX_ARCHIVE_BYTES:
        raise SdkError(
            f"The archive of {skill.name} is said to have {skill.size_bytes} bytes.",
            code="answer_too_large",
            hint=f"More than {MAX_ARCHIVE_BYTES} are never fetched; tell the operator of the registry.",
        )
    partial = store.partial(skill)
    busy = f"Another command has been fetching {skill.name} for ten minutes."
    with file_lock(partial.with_suffix(".lock"), wait_s=_WAIT_FOR_OTHER_S, busy=busy):
        if found := store.find(skill):
            return found, 0
        url = address_of(skill, client)
        wanted = Wanted(url=url, sha256=skill.sha256, size_bytes=skill.size_bytes, name=skill.name)
        received = download(client.transport, wanted, partial, is_stopped=is_stopped)
        with partial.open("rb") as archive:
            try:
                return store.add(skill, archive), received
            finally:
                partial.unlink(missing_ok=True)


def address_of(skill: LockedSkill, client: Client) -> str:
    """Where the lock says; a registry that has moved since is asked at its new address."""
    url = same_registry(skill.resolved, was=skill.registry, now=client.base_url)
    if is_downgrade(client.base_url, url):
        raise SdkError(
            f"The archive of {skill.name} is offered without encryption.",
            code="insecure_address",
            hint="Tell the operator of the registry; nothing was fetched.",
        )
    return url
