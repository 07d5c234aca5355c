"""The `log` verbs: look at a registry's public log again, compare it with what others saw, and prove it offline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skillyard.sdk.errors import IntegrityError, NetworkError, SdkError, UsageError
from skillyard.sdk.log import ask_knowing, batches, check_release, describe_kept
from skillyard.sdk.log_memory import Memory, find_proof, kept_proofs, recall_log, remember
from skillyard.sdk.log_proofs import Answer, Entry, LogRewritten, ask, bad_log, open_kept, opened
from skillyard.sdk.project import LOCK
from skillyard.skill.faults import SkillError
from skillyard.skill.lockfile import LockedSkill
from skillyard.skill.log.checkpoint import Checkpoint, open_checkpoint
from skillyard.skill.log.note import VerifierKey

if TYPE_CHECKING:
    from skillyard.sdk.client import Client
    from skillyard.sdk.project import Project

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The log as it was just shown, and what was checked of it. `checkpoint` is the signed note."""

    registry: str
    key: str
    size: int
    checkpoint: str
    releases: int
    compared_size: int | None = None

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "ok": True,
            "registry": self.registry,
            "key": self.key,
            "size": self.size,
            "checkpoint": self.checkpoint,
            "releases": self.releases,
            "compared_size": self.compared_size,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LogProblem:
    """Why a skill of the lock is not proved to be in the log by what this machine keeps."""

    name: str
    version: str
    problem: str


def verify_log(client: Client, other: str | None = None) -> Verified:
    """Hold the log to all that this machine knows of it: its checkpoint, and every release that was checked before.

    `other`: the signed checkpoint of another client, which the log must continue too. Raises IntegrityError when it
    does not: then the registry shows different clients different histories.
    """
    kept = list(kept_proofs(client.base_url))
    answer = _ask_and_remember(client)
    for some in batches(kept):
        answer = _ask_and_remember(client, sorted({proof.position for proof in some}))
        shown = {entry.position: entry for entry in answer.entries}
        for proof in some:
            if shown[proof.position].leaf != proof.leaf:
                raise bad_log(client.base_url, f"it no longer has {describe_kept(proof)}", position=proof.position)
    compared = _compare(client, other, answer.memory) if other is not None else None
    return Verified(
        registry=client.base_url,
        key=str(answer.memory.key),
        size=answer.checkpoint.size,
        checkpoint=answer.memory.note,
        releases=len(kept),
        compared_size=compared.size if compared else None,
    )


def list_entries(client: Client, skill: str | None = None, *, limit: int = 30) -> list[Entry]:
    """The newest entries, each proved to be in the log; of one skill or namespace, or of all.

    Raises IntegrityError, ApiError or NetworkError.
    """
    page = client.get_json("/log/entries", skill=skill, limit=limit)["items"]
    if not page:
        return []
    answer = _ask_and_remember(client, [item["position"] for item in page])
    proved = {entry.position: entry for entry in answer.entries}
    return [opened(proved[item["position"]], item, client.base_url) for item in page]


def own_checkpoint(registry: str) -> str:
    """The last signed checkpoint that this machine has accepted. Raises SdkError when there is none."""
    memory = recall_log(registry)
    if memory is None:
        raise SdkError(
            f"This machine has not seen the log of {registry} yet.",
            code="no_checkpoint",
            hint="Install something from it, or run `skillyard log verify`.",
        )
    return memory.note


def check_offline(project: Project) -> list[LogProblem]:
    """Check the kept proofs of all that the project has locked, without network. Raises SdkError without a lock."""
    lock = project.read_lock()
    if lock is None:
        hint = "Install something first."
        raise SdkError(f"There is no {LOCK} in {project.folder}.", code="no_lock", hint=hint)
    memory = recall_log(lock.registry)
    key = memory.key if memory else None
    found = ((skill, _offline_problem(lock.registry, skill, key)) for skill in lock.skills.values())
    return [LogProblem(name=skill.name, version=skill.version, problem=problem) for skill, problem in found if problem]


def _ask_and_remember(client: Client, positions: Iterable[int] = ()) -> Answer:
    answer = ask_knowing(client, positions=positions)
    remember(answer.memory)
    return answer


def _compare(client: Client, note: str, ours: Memory) -> Checkpoint:
    """The checkpoint of another client, once one and the same tree is known to continue both theirs and ours.

    The registry is asked twice, and could tell each of two histories to the one who knows it: only answers with the
    same root count.
    """
    theirs = _open_theirs(note, ours)
    for _ in range(_ATTEMPTS):
        here = _ask_and_remember(client)
        try:
            there = ask(client, replace(here.memory, note=note))
        except LogRewritten as error:
            raise _fork(client, here, theirs, note, error.problem) from None
        if here.checkpoint == there.checkpoint:
            return theirs
        if here.checkpoint.size == there.checkpoint.size:
            raise _fork(client, here, theirs, note, "two roots are signed for the same size")
    raise NetworkError(
        "The log grew while it was looked at.", code="log_is_growing", hint="Try again when fewer people publish."
    )


def _open_theirs(note: str, ours: Memory) -> Checkpoint:
    try:
        return open_checkpoint(note, ours.key)
    except SkillError as error:
        fault = error.faults[0]
    if fault.code in ("not_signed", "bad_signature"):
        raise IntegrityError(
            f"That checkpoint is not signed by the key of this log that this machine knows: {fault.message}.",
            code="log_other_key",
            hint="If the other client uses the same registry, it was shown another key: trust neither until that is"
            " explained.",
            facts={"key": str(ours.key)},
        )
    raise UsageError(
        f"That is no checkpoint: {fault.message}.",
        code="bad_checkpoint",
        hint="Take the whole output of `skillyard log checkpoint`, from a client of the same registry.",
    )


def _fork(client: Client, here: Answer, theirs: Checkpoint, note: str, problem: str) -> IntegrityError:
    return IntegrityError(
        f"The registry {client.base_url} has shown different histories: the other client's log of {theirs.size}"
        f" entries and the one shown here, of {here.checkpoint.size}, are not one. Both are signed by"
        f" {here.memory.key}.",
        code="log_fork",
        hint="Keep both checkpoints: together they prove it. Trust nothing from there until it is explained.",
        facts={"ours": here.memory.note, "theirs": note, "problem": problem},
    )


def _offline_problem(registry: str, skill: LockedSkill, key: VerifierKey | None) -> str | None:
    kept = find_proof(registry, skill.name, skill.version)
    if key is None or kept is None:
        return "this machine keeps no proof that it is in the public log"
    try:
        check_release(registry, skill, open_kept(kept, key))
    except (SdkError, SkillError) as error:
        return error.message if isinstance(error, SdkError) else error.faults[0].message
    except (ValueError, TypeError, KeyError):
        return "the kept proof cannot be read"
    return None
