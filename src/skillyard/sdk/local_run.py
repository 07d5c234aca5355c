"""Run a script of a skill on this machine: the release that the project has locked, or one that is fetched and checked
like any install, in the local sandbox, under what it declares and what somebody agreed to.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from skillyard.public_addresses import AllowList, read_allow_list
from skillyard.sandbox.choose import open_sandbox
from skillyard.sandbox.layers import Indexes, LayerRefused, build_layer, layer_key
from skillyard.sandbox.model import Limits, Result, Sandbox, SandboxUnavailable, Stream, Task
from skillyard.sandbox.needs.read import read_needs
from skillyard.sdk.advisories import recalls_of, refreshed
from skillyard.sdk.client import Client
from skillyard.sdk.config import cache_dir
from skillyard.sdk.errors import InputNeeded, SdkError, UsageError, from_skill_error
from skillyard.sdk.fetch import fetch
from skillyard.sdk.gate import check_lock
from skillyard.sdk.local_gateway import with_gateway
from skillyard.sdk.policy import Policy
from skillyard.sdk.project import Project, ProjectFile
from skillyard.sdk.resolving import DEFAULT_CHANNEL, decide
from skillyard.sdk.store import Store
from skillyard.skill.faults import SkillError
from skillyard.skill.left_files import LeftFiles, take_files
from skillyard.skill.limits import DEFAULT_LIMITS
from skillyard.skill.limits import Limits as FileLimits
from skillyard.skill.lockfile import LockedSkill, Lockfile
from skillyard.skill.scripts import command_of, find_script

Connect = Callable[[], Client]
_LIMITS = Limits(wall_s=3600.0, cpu_s=3600, memory_bytes=2 << 30, processes=256, disk_bytes=1 << 30, files=2000)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalRun:
    """What came of it; `left` is gone after the `with`."""

    skill: LockedSkill
    script: str
    result: Result
    left: LeftFiles
    made: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be run. `version`: None for the one that the project has, or the newest."""

    name: str
    script: str
    version: str | None = None
    arguments: Sequence[str] = ()
    files: Mapping[str, Path] | None = None
    stdin: bytes = b""
    environment: Mapping[str, str] | None = None
    limits: Limits = _LIMITS


def at_most(seconds: int | None) -> Limits:
    """What a run here may use: more than on a registry, as it is the caller's own machine."""
    return _LIMITS if seconds is None else replace(_LIMITS, wall_s=float(seconds))


def find_release(
    project: Project, connect: Connect, wanted: Wanted, *, accept_flagged: bool = False, tell: Callable[[str], None]
) -> LockedSkill:
    """The release as the project has it locked, else as the registry resolves it. Raises what an install raises for one
    that is recalled, quarantined or flagged.
    """
    lock = project.read_lock()
    known = lock.skills.get(wanted.name) if lock else None
    if lock is not None and known is not None and wanted.version in (None, known.version):
        recalls = recalls_of(lock, refreshed(connect, lock.registry))
        own = Lockfile(registry=lock.registry, requirements={}, skills={wanted.name: known})
        check_lock(Policy(), own, own, {}, {n: why for n, why in recalls.items() if n == wanted.name}, tell=tell)
        return known
    return _resolve(connect, wanted, accept_flagged=accept_flagged, tell=tell)


def _resolve(connect: Connect, wanted: Wanted, *, accept_flagged: bool, tell: Callable[[str], None]) -> LockedSkill:
    from skillyard.sdk.log import check_releases

    client = connect()
    asked = {wanted.name: wanted.version or DEFAULT_CHANNEL}
    decision = decide(client, ProjectFile(), None, asked=asked)
    recalls = recalls_of(decision.lock, refreshed(connect, decision.lock.registry))
    check_lock(Policy(accept_flagged=accept_flagged), decision.lock, None, decision.standings, recalls, tell=tell)
    skill = decision.lock.skills[wanted.name]
    for note in check_releases(client, [skill]).notes:
        tell(note)
    return skill


@contextmanager
def run_locally(
    connect: Connect,
    skill: LockedSkill,
    wanted: Wanted,
    *,
    approve: Callable[[list[str]], bool],
    on_output: Callable[[Stream, bytes], None] | None = None,
) -> Iterator[LocalRun]:
    """Run it and yield what came of it. `approve` is asked with all that the release declares, in words.

    Raises InputNeeded without consent, UsageError for what cannot be run, SdkError where nothing can be isolated.
    """
    try:
        script = find_script(skill.files, wanted.script)
    except SkillError as error:
        raise UsageError(str(error.faults[0].message), code=error.faults[0].code, hint=error.faults[0].hint) from None
    environment = dict(wanted.environment or {})
    _check_environment(skill, environment)
    declared = skill.permissions.describe()
    if declared and not approve(declared):
        hint = "Run it again and agree, or use --yes."
        raise InputNeeded("Nothing was run.", code="not_approved", hint=hint, facts={"declares": declared})
    stored = fetch(Store(), [skill], connect, lambda _skill, _size, _total: None).stored[skill.name]
    with _a_sandbox() as sandbox, tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        workspace = Path(folder) / "work"
        inputs = _fill(workspace, wanted.files or {})
        task = Task(
            arguments=command_of(script, wanted.arguments),
            workspace=workspace,
            skill=stored.folder,
            layer=_find_layer(sandbox, stored.folder, script.path),
            inputs=tuple(inputs),
            stdin=wanted.stdin,
            environment=environment,
            permissions=skill.permissions,
            private_hosts=_hosts_in("SKILLYARD_RUN_PRIVATE_HOSTS"),
            limits=wanted.limits,
            on_output=on_output,
        )
        if skill.permissions.integrations:
            task = with_gateway(connect, skill, task)
        result = sandbox.run(task)
        left = take_files(workspace, limits=_file_limits(wanted.limits))
        made = tuple(file.path for file in left.files if inputs.get(file.path) != file.sha256)
        yield LocalRun(skill=skill, script=script.path, result=result, left=left, made=made)


def _check_environment(skill: LockedSkill, environment: Mapping[str, str]) -> None:
    declared = skill.permissions.environment
    if undeclared := sorted(set(environment) - set(declared)):
        raise UsageError(
            f"{skill.name} does not declare {', '.join(undeclared)}.",
            code="undeclared_variable",
            hint=f"It declares {', '.join(declared) or 'no variable'}.",
        )


@contextmanager
def _a_sandbox() -> Iterator[Sandbox]:
    """Raises SdkError where nothing can be isolated, or what is to run in it cannot be had."""
    try:
        sandbox = open_sandbox()
        try:
            yield sandbox
        finally:
            sandbox.close()
    except SandboxUnavailable as error:
        raise SdkError(f"Nothing was run: {error.why}.", code="sandbox_missing", hint=error.hint) from None
    except LayerRefused as error:
        log = f"\n{error.log}" if error.log else ""
        raise SdkError(f"Nothing was run: {error.why}.{log}", code="layer_refused", hint=error.hint) from None
    except SkillError as error:
        raise from_skill_error(error, code="bad_needs", message="Nothing was run.") from None


def _find_layer(sandbox: Sandbox, skill: Path, script: str) -> Path | None:
    needs = read_needs(skill, script)
    if needs.is_empty:
        return None
    layer = cache_dir() / "layers" / layer_key(needs, level=sandbox.probe())
    if not layer.is_dir():
        build_layer(needs, layer, sandbox=sandbox, indexes=_indexes())
    return layer


def _indexes() -> Indexes:
    """Of the environment, under the names that the server has for them."""
    known = Indexes()
    python, npm = os.environ.get("SKILLYARD_PYTHON_INDEX"), os.environ.get("SKILLYARD_NPM_REGISTRY")
    try:
        return Indexes(
            python=python or known.python, npm=npm or known.npm, private_hosts=_hosts_in("SKILLYARD_OUTBOUND_ALLOW")
        )
    except ValueError as error:
        hint = "Set SKILLYARD_PYTHON_INDEX or SKILLYARD_NPM_REGISTRY anew."
        raise UsageError(f"{error}.", code="bad_index", hint=hint) from None


def _hosts_in(variable: str) -> AllowList:
    try:
        return read_allow_list(os.environ.get(variable, ""))
    except ValueError as error:
        raise UsageError(f"{variable}: {error}.", code="bad_hosts", hint="Write names and networks.") from None


def _file_limits(limits: Limits) -> FileLimits:
    return replace(
        DEFAULT_LIMITS,
        max_unpacked_bytes=limits.disk_bytes,
        max_file_bytes=limits.disk_bytes,
        max_entries=limits.files,
    )


def _fill(workspace: Path, files: Mapping[str, Path]) -> dict[str, str]:
    """The SHA-256 of each file, by its path in the workspace."""
    workspace.mkdir()
    for path, source in files.items():
        target = workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    return {file.path: file.sha256 for file in take_files(workspace, limits=_file_limits(_LIMITS)).files}
