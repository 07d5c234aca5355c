"""What a release did, and tried, when it ran here, beside what it declares. What it did undeclared is a gap.

Everybody sees this who sees the release, so nothing of those who ran it enters: what a declared pattern covers is kept
as that pattern, and of a file in somebody's workspace only its ending.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from skillyard.domain.registry.store import observed as store
from skillyard.infra.clock import iso
from skillyard.infra.database import Tx
from skillyard.sandbox.model import Observed
from skillyard.skill.permissions import Permissions
from skillyard.skill.reach import host_covers, path_covers

_MOST_KEPT = 200
_MOST_CHARS = 200
Entry = tuple[str, str, bool]
_WORDS = {
    "hosts": "contacted {value}",
    "hosts_refused": "tried to contact {value}, which it does not declare",
    "programs": "started {value}",
    "programs_refused": "tried to start {value}, which it does not declare",
    "files_read": "read {value}",
    "files_written": "wrote {value}",
    "files_refused": "tried to use {value}, which it does not declare",
    "other_refused": "tried {value}, which no skill may do",
}


def note_observed(tx: Tx, release_id: str, declared: Permissions, observed: Observed, *, now_ms: int) -> None:
    """Add what one run of a release showed to what is known of it."""
    store.count_run(tx, release_id, now_ms=now_ms)
    room = _MOST_KEPT - store.count(tx, release_id)
    store.add(tx, release_id, sorted(set(entries_of(declared, observed)))[: max(0, room)], now_ms=now_ms)


def find_observed(tx: Tx, release_id: str) -> dict[str, Any] | None:
    """The profile as a plain value, with `gaps` in words; None before the first run."""
    runs = store.find_runs(tx, release_id)
    if runs is None:
        return None
    rows = store.list_observed(tx, release_id)
    values = _by_kind((row["kind"], row["value"]) for row in rows if not row["is_gap"])
    gaps = [
        {"kind": row["kind"], "value": row["value"], "text": _WORDS[row["kind"]].format(value=row["value"])}
        for row in rows
        if row["is_gap"]
    ]
    return {
        "network": {"outbound": values.get("hosts", [])},
        "filesystem": {"read": values.get("files_read", []), "write": values.get("files_written", [])},
        "subprocess": bool(values.get("programs")),
        "programs": values.get("programs", []),
        "gaps": gaps,
        "runs": runs["runs"],
        "first_run_at": iso(runs["first_ms"]),
        "last_run_at": iso(runs["last_ms"]),
    }


def entries_of(declared: Permissions, observed: Observed) -> Iterator[Entry]:
    """(kind, value, is a gap) of all that a run showed."""
    yield from _each("hosts", observed.hosts, declared.network_outbound, host_covers)
    yield from _each("files_read", observed.files_read, declared.filesystem_read, path_covers)
    yield from _each("files_written", observed.files_written, declared.filesystem_write, path_covers)
    yield from (("programs", _public(value), not declared.subprocess) for value in observed.programs)
    for kind in ("hosts_refused", "programs_refused", "files_refused", "other_refused"):
        yield from ((kind, _public(value), True) for value in getattr(observed, kind))


def _each(kind: str, values: Iterable[str], patterns: Iterable[str], covers: Any) -> Iterator[Entry]:
    for value in values:
        pattern = next((pattern for pattern in patterns if covers(pattern, value)), None)
        if pattern is not None:
            yield kind, pattern, False
        elif kind == "hosts":
            yield kind, _public(value), True
        # What was read or written undeclared was handed over, or belongs to every workspace.


def _public(value: str) -> str:
    """A system's path, a host or a word as it is; of a relative path, or one in the workspace, only the ending."""
    text = value.encode("utf-8", "backslashreplace").decode()
    if ("/" not in text and "." not in text) or ":" in text:
        return text[:_MOST_CHARS]
    if text.startswith("/") and not text.startswith(("/work/", "/tmp/")):  # noqa: S108 (inside the sandbox)
        return text[:_MOST_CHARS]
    return f"*{PurePosixPath(text).suffix}"[:_MOST_CHARS]


def _by_kind(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, value in pairs:
        found.setdefault(kind, []).append(value)
    return found
