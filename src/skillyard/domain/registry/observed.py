"""What a release did, and tried, when it ran here, beside what it declares. What it did undeclared is a gap.

Everybody sees this who sees the release, so nothing of those who ran it enters: what a declared pattern covers is kept
as that pattern, and of a file in somebody's workspace only its ending.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePosixPath
from typing import Any

from skillyard.domain.registry.store import observed as store
from skillyard.infra.clock import iso
from skillyard.infra.database import Tx
from skillyard.sandbox.model import Observed
from skillyard.skill.paths import shown
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
    """(kind, value, is a gap) of all that a run showed. What it read or wrote undeclared was handed over, or belongs to
    every workspace.
    """
    for host in observed.hosts:
        pattern = _covering(declared.network_outbound, host, host_covers)
        yield "hosts", pattern or _short(host), pattern is None
    for kind, paths, patterns in (
        ("files_read", observed.files_read, declared.filesystem_read),
        ("files_written", observed.files_written, declared.filesystem_write),
    ):
        yield from ((kind, found, False) for path in paths if (found := _covering(patterns, path, path_covers)))
    yield from (("programs", _without_names(path), not declared.subprocess) for path in observed.programs)
    yield from (("programs_refused", _without_names(path), True) for path in observed.programs_refused)
    yield from (("files_refused", _without_names(path), True) for path in observed.files_refused)
    yield from (("hosts_refused", _short(host), True) for host in observed.hosts_refused)
    yield from (("other_refused", _short(word), True) for word in observed.other_refused)


def _covering(patterns: Iterable[str], value: str, covers: Callable[[str, str], bool]) -> str | None:
    return next((pattern for pattern in patterns if covers(pattern, value)), None)


def _without_names(path: str) -> str:
    """A system's path as it is; of one that somebody chose, only the ending."""
    if path.startswith("/") and not path.startswith(("/work/", "/tmp/")):  # noqa: S108 (inside the sandbox)
        return _short(path)
    return _short(f"*{PurePosixPath(path).suffix}")


def _short(text: str) -> str:
    return shown(text)[:_MOST_CHARS]


def _by_kind(pairs: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for kind, value in pairs:
        found.setdefault(kind, []).append(value)
    return found
