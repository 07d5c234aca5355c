"""Recalls as this machine knows them: asked for every few minutes, and kept for when there is no network.

A recall concerns the same files (by the digest of the tree) of the same skill, or of any skill where a reviewer of the
registry says so.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skillyard.sdk import config
from skillyard.sdk.disk import read_if_there, write_atomically
from skillyard.sdk.errors import ApiError, NetworkError
from skillyard.sdk.log_memory import recall_log
from skillyard.skill.faults import SkillError
from skillyard.skill.log.leaf import Kind
from skillyard.skill.log.note import STATEMENT, VerifierKey, open_note

if TYPE_CHECKING:
    from skillyard.sdk.client import Client
    from skillyard.skill.lockfile import Lockfile

REFRESH_S = 60.0
"""How long a recall may stay unknown to a machine that is online; SKILLYARD_REFRESH_SECONDS says otherwise."""
_PATIENCE_S = 5.0
_SIGNED = ("id", "name", "everywhere", "severity", "reason", "safe_version", "digests")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """`digests`: of the trees of files; `everywhere`: whatever skill they are published as."""

    id: str
    name: str
    everywhere: bool
    severity: str
    reason: str
    safe_version: str | None
    digests: frozenset[str]

    def concerns(self, name: str, digest: str) -> bool:
        return digest in self.digests and (self.everywhere or self.name == name)

    def __str__(self) -> str:
        safe = f"; {self.safe_version} is safe" if self.safe_version else ""
        return f"{self.reason} ({self.severity}, {self.id}{safe})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalls:
    """All that are in force, and when they were fetched; `note` says why they are older than they should be."""

    items: tuple[Recall, ...]
    fetched_s: float
    note: str = ""

    def of(self, name: str, digest: str) -> Recall | None:
        return next((recall for recall in self.items if recall.concerns(name, digest)), None)


def refreshed(connect: Callable[[], Client], registry: str, *, max_age_s: float | None = None) -> Recalls:
    """The recalls of the registry, asked for again when what is known is older than `max_age_s`
    (else than a minute).

    Without network they are what was known before, with a note.
    """
    path = _path(registry)
    known = _read(registry)
    if known is not None and 0 <= time.time() - known.fetched_s < (_refresh_s() if max_age_s is None else max_age_s):
        return known
    try:
        client = connect()
        with type(client)(client.base_url, client.transport.token, timeout_s=_PATIENCE_S, attempts=1) as hasty:
            documents = hasty.all_items("/advisories")
        fetched = _in_force(documents, registry, at_s=time.time())
    except (NetworkError, ApiError) as error:
        note = f"Recalls could not be asked for ({error.message})"
        return Recalls(items=known.items if known else (), fetched_s=known.fetched_s if known else 0.0, note=note)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        note = f"The registry's recalls cannot be read ({type(error).__name__}); tell its operator"
        return Recalls(items=known.items if known else (), fetched_s=known.fetched_s if known else 0.0, note=note)
    write_atomically(path, json.dumps({"fetched_s": fetched.fetched_s, "items": documents}).encode())
    return fetched


def known_recalls(registry: str) -> Recalls:
    """What this machine knows, without asking."""
    return _read(registry) or Recalls(items=(), fetched_s=0.0, note="Recalls were never asked for.")


def recalls_of(lock: Lockfile, recalls: Recalls) -> Mapping[str, str]:
    """Why a skill of the lock is recalled, by its name."""
    found = {name: recalls.of(name, skill.digest) for name, skill in lock.skills.items()}
    return {name: str(recall) for name, recall in found.items() if recall}


def _refresh_s() -> float:
    stated = os.environ.get("SKILLYARD_REFRESH_SECONDS", "")
    return float(stated) if stated.isdigit() else REFRESH_S


def _path(registry: str) -> Path:
    return config.cache_dir() / "recalls" / f"{hashlib.sha256(registry.encode()).hexdigest()[:32]}.json"


def _read(registry: str) -> Recalls | None:
    try:
        value = json.loads(read_if_there(_path(registry)) or b"")
        return _in_force(value["items"], registry, at_s=float(value["fetched_s"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _in_force(documents: Iterable[Mapping[str, Any]], registry: str, *, at_s: float) -> Recalls:
    """Those that were not withdrawn and are signed with the key of the log, where this machine knows it."""
    memory = recall_log(registry)
    standing = [document for document in documents if document["withdrawn_at"] is None]
    signed = [document for document in standing if memory is None or _is_signed(document, memory.key)]
    others = ", ".join(str(document["id"]) for document in standing if document not in signed)
    note = f"Recalls that the registry has not signed do not count: {others}" if others else ""
    return Recalls(items=tuple(map(_recall, signed)), fetched_s=at_s, note=note)


def _is_signed(document: Mapping[str, Any], key: VerifierKey) -> bool:
    try:
        first, _, body = open_note(str(document["note"]), key).partition("\n")
        facts = json.loads(body)
    except (SkillError, ValueError):
        return False
    return (
        first == STATEMENT
        and facts["kind"] == Kind.ADVISORY_PUBLISHED
        and all(facts[name] == document[name] for name in _SIGNED)
    )


def _recall(document: Mapping[str, Any]) -> Recall:
    return Recall(
        id=str(document["id"]),
        name=str(document["name"]),
        everywhere=bool(document["everywhere"]),
        severity=str(document["severity"]),
        reason=str(document["reason"]),
        safe_version=None if document["safe_version"] is None else str(document["safe_version"]),
        digests=frozenset(map(str, document["digests"])),
    )
