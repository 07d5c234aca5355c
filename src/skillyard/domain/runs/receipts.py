"""What the registry swears of a run that is over, and the key that it swears with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from skillyard.app import App
from skillyard.domain.runs.model import Run, RunStatus
from skillyard.domain.runs.services import Calls
from skillyard.sandbox.model import Observed, Result
from skillyard.skill.digest import FileEntry, sha256_hex, tree_digest
from skillyard.skill.paths import shown
from skillyard.skill.receipts import canonical, sign_receipt

_MOST_OBSERVED = 50
_OBSERVED_CHARS = 200


def sign_run(
    app: App,
    run: Run,
    status: RunStatus,
    result: Result,
    *,
    files_in: Iterable[FileEntry],
    files_out: Iterable[FileEntry],
    calls: Calls = (),
    ended_ms: int,
) -> str:
    """The receipt of a run whose program has ended; `result` holds all of its output, and is `readable`. `calls`: of
    services, as these tell them.
    """
    task = run.task
    limits = asdict(task.limits)
    limits["wall_ms"] = round(limits.pop("wall_s") * 1000)
    facts: dict[str, Any] = {
        "kind": "run",
        "run_id": run.id,
        "owner_id": run.owner_id,
        "ref": run.ref,
        "session_id": run.session_id,
        "release": {"name": run.name, "version": run.version, "digest": run.digest},
        "script": task.script,
        "input": {
            "command_sha256": sha256_hex(canonical({"command": list(task.command)}).encode()),
            "stdin_sha256": task.stdin_sha256 or sha256_hex(b""),
            "environment": list(task.environment),
            "files": _show_files(files_in),
        },
        "output": {
            "stdout_sha256": sha256_hex(result.stdout),
            "stdout_bytes": len(result.stdout),
            "stderr_sha256": sha256_hex(result.stderr),
            "stderr_bytes": len(result.stderr),
            "files": _show_files(files_out),
        },
        "permissions": task.permissions.show(),
        "observed": asdict(result.observed),
        "calls": [dict(call) for call in calls],
        "isolation": asdict(result.level),
        "limits": limits,
        "limits_hit": list(result.limits_hit),
        "outcome": {"status": status.value, "exit_code": result.exit_code, "signal": result.signal},
        "cost": {
            "duration_ms": result.duration_ms,
            "cpu_ms": result.cpu_ms,
            "peak_memory_bytes": result.peak_memory_bytes,
        },
        "begun_ms": run.begun_ms,
        "ended_ms": ended_ms,
    }
    return sign_receipt(app.log_key, facts)


def readable(observed: Observed) -> Observed:
    """As it can be kept and shown: names come from the program, and it may have tried very many things."""
    return Observed(**{name: _cut(values) for name, values in asdict(observed).items()})


def _cut(values: Iterable[str]) -> tuple[str, ...]:
    """The last entry says how many more there were."""
    everything = sorted({shown(value)[:_OBSERVED_CHARS] for value in values})
    kept = tuple(everything[:_MOST_OBSERVED])
    more = len(everything) - len(kept)
    return (*kept, f"and {more} more") if more else kept


def _show_files(files: Iterable[FileEntry]) -> dict[str, Any]:
    every = list(files)
    return {"count": len(every), "size_bytes": sum(file.size_bytes for file in every), "digest": tree_digest(every)}
