"""The `log` verbs: look at a registry's public log again, compare it with what others saw, and prove it offline."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skillyard.sdk.errors import IntegrityError, SdkError, UsageError
from skillyard.sdk.log import ask_knowing, batches, check_release, describe_kept
from skillyard.sdk.log_memory import find_proof, kept_proofs, recall_log, remember
from skillyard.sdk.log_proofs import Answer, LogRewritten, ask, bad_log, open_kept
from skillyard.sdk.project import LOCK
from skillyard.skill.faults import SkillError
from skillyard.skill.lockfile import LockedSkill
from skillyard.skill.log.checkpoint import Checkpoint, open_checkpoint
from skillyard.skill.log.note import VerifierKey

if TYPE_CHECKING:
    from skillyard.sdk.client import Client
    from skillyard.sdk.project import Project


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
    answer = ask_knowing(client)
    for some in batches(kept):
        answer = ask_knowing(client, positions=sorted({proof.position for proof in some}))
        shown = {entry.position: entry for entry in answer.entries}
        for proof in some:
            if shown[proof.position].leaf != proof.leaf:
                raise bad_log(client.base_url, f"it no longer has {describe_kept(proof)}", position=proof.position)
    theirs = _compare(client, answer, other) if other is not None else None
    remember(answer.memory)
    return Verified(
        registry=client.base_url,
        key=str(answer.memory.key),
        size=answer.checkpoint.size,
        checkpoint=answer.memory.note,
        releases=len(kept),
        compared_size=theirs.size if theirs else None,
    )


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


def _compare(client: Client, answer: Answer, other: str) -> Checkpoint:
    """The checkpoint of another client, once the log that we were shown is known to continue it."""
    try:
        theirs = open_checkpoint(other, answer.memory.key)
    except SkillError as error:
        raise UsageError(
            f"That is no checkpoint of this log: {error.faults[0].message}.",
            code="bad_checkpoint",
            hint="Take the whole output of `skillyard log checkpoint`, from a client of the same registry.",
        ) from None
    memory = replace(answer.memory, note=other)
    try:
        ask(client, memory)
    except LogRewritten as error:
        ours = answer.checkpoint
        raise IntegrityError(
            f"The registry {client.base_url} has shown different histories: the other client's log of {theirs.size}"
            f" entries is not part of the one shown here, of {ours.size}. Both are signed by {answer.memory.key}.",
            code="log_fork",
            hint="Keep both checkpoints: together they prove it. Trust nothing from there until it is explained.",
            facts={"ours": answer.memory.note, "theirs": other, "problem": error.problem},
        ) from None
    return theirs


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
