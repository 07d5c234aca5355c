"""`skillyard run --local`: consent, the run, and what came of it in the shape of the registry's own answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from skillyard.cli import show
from skillyard.cli.running import pass_on, show_end
from skillyard.sdk import run_files
from skillyard.sdk.client import Client
from skillyard.sdk.local_run import LocalRun, Wanted, find_release, run_locally
from skillyard.sdk.project import find_project
from skillyard.skill.lockfile import LockedSkill


def run_here(
    connect: Callable[[], Client],
    wanted: Wanted,
    output: Path | None,
    *,
    force: bool,
    accept_flagged: bool,
    yes: bool,
    json: bool,
) -> None:
    """Leaves with exit code 1 unless it succeeds, 4 without consent."""

    def tell(note: str) -> None:
        show.talk("[yellow]note[/] {note}", note=note)

    skill = find_release(find_project(), connect, wanted, accept_flagged=accept_flagged, tell=tell)

    def approve(declared: list[str]) -> bool:
        return yes or _agree(skill, declared)

    on_output = None if json else pass_on
    with run_locally(connect, skill, wanted, approve=approve, on_output=on_output) as done:
        saved = run_files.save(output, done.made, done.left.read, force=force) if output else []
        answer = _answer(done, with_output=json)
    show_end(answer, saved, json=json)


def _agree(skill: LockedSkill, declared: list[str]) -> bool:
    show.talk("{name} {version} wants to:", name=skill.name, version=skill.version)
    for line in declared:
        show.talk("  [yellow]•[/] {line}", line=line)
    return show.ask("Run it?", yes=False)


def _answer(done: LocalRun, *, with_output: bool) -> dict[str, Any]:
    result = done.result
    made = {file.path: file for file in done.left.files if file.path in done.made}
    answer = {
        "id": "local",
        "name": done.skill.name,
        "version": done.skill.version,
        "digest": done.skill.digest,
        "script": done.script,
        "status": "succeeded" if result.is_good else "failed",
        "why": _why(done),
        "notes": [str(fault) for fault in done.left.left_out],
        "exit_code": result.exit_code,
        "signal": result.signal,
        "limits_hit": list(result.limits_hit),
        "duration_ms": result.duration_ms,
        "cpu_ms": result.cpu_ms,
        "peak_memory_bytes": result.peak_memory_bytes,
        "observed": {name: list(values) for name, values in asdict(result.observed).items()},
        "isolation": {**asdict(result.level)},
        "files": [{"path": file.path, "size_bytes": file.size_bytes, "sha256": file.sha256} for file in made.values()],
    }
    if with_output:
        answer |= {name: getattr(result, name).decode("utf-8", "replace") for name in ("stdout", "stderr")}
    return answer


def _why(done: LocalRun) -> str:
    result = done.result
    if result.is_good:
        return ""
    if result.limits_hit:
        return f"it reached its limit of {' and '.join(result.limits_hit)}"
    return f"it ended with exit code {result.exit_code}" if result.exit_code is not None else "a signal ended it"
