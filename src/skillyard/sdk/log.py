"""Hold a registry to its public log: what is installed must be in it, and the log may only grow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from skillyard.sdk.errors import ApiError, IntegrityError
from skillyard.sdk.log_memory import KeptProof, find_proof, keep_proof, kept_proofs, recall_log, remember
from skillyard.sdk.log_proofs import (
    MOST,
    Answer,
    Entry,
    LogRewritten,
    ReleaseName,
    ask,
    bad_log,
    keep,
)
from skillyard.skill.lockfile import LockedSkill, Lockfile
from skillyard.skill.log.checkpoint import Checkpoint
from skillyard.skill.log.leaf import Kind

if TYPE_CHECKING:
    from skillyard.sdk.client import Client

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Where in the log each skill is, by its name; `notes` are worth telling."""

    positions: Mapping[str, int]
    notes: tuple[str, ...] = ()


def is_known(registry: str, skills: Iterable[LockedSkill]) -> bool:
    """Whether all of these, as they are, were found in the log by this machine before."""
    return all(_is_kept(find_proof(registry, skill.name, skill.version), skill) for skill in skills)


def check_releases(client: Client, skills: Iterable[LockedSkill]) -> Checked:
    """That each of these releases was published in the log, with this digest and this archive. One round trip.

    The key is taken on trust when the registry is met for the first time. Raises IntegrityError, which names the entry,
    NetworkError, or ApiError.
    """
    wanted = list(skills)
    known = recall_log(client.base_url)
    positions: dict[str, int] = {}
    notes = []
    left = iter(wanted)
    while some := list(islice(left, MOST)):
        try:
            answer = ask_knowing(client, releases=[(skill.name, skill.version) for skill in some])
        except ApiError as error:
            if error.status != 404 or known:
                raise
            return Checked(positions={}, notes=("This registry keeps no public log; nothing was checked against it.",))
        found = {(one.facts.name, one.facts.version): one for one in answer.entries if one.facts}
        for skill in some:
            entry = found.get((skill.name, skill.version))
            positions[skill.name] = check_release(client.base_url, skill, entry).position
        for skill in some:
            kept = keep(found[skill.name, skill.version], skill.name, skill.version, answer.memory.note)
            keep_proof(client.base_url, kept)
        remember(answer.memory)
        if known is None:
            notes.append(f"The public log of this registry is signed by {answer.memory.key}; from now on only by it.")
            known = answer.memory
    return Checked(positions=positions, notes=tuple(notes))


def with_positions(lock: Lockfile, positions: Mapping[str, int]) -> Lockfile:
    """The lock with the place of each release in the log noted."""
    skills = {
        name: replace(skill, log_position=positions.get(name, skill.log_position))
        for name, skill in lock.skills.items()
    }
    return replace(lock, skills=skills)


def ask_knowing(client: Client, *, releases: Iterable[ReleaseName] = (), positions: Iterable[int] = ()) -> Answer:
    """As `ask`, from what is remembered; of a log that was rewritten it says what has changed of what is known."""
    known = recall_log(client.base_url)
    try:
        return ask(client, known, releases=releases, positions=positions)
    except LogRewritten as error:
        changed = tuple(islice(_changed(client, error.new), _MOST_NAMED))
        raise LogRewritten(error.registry, error.old, error.new, error.problem, changed) from None


def _changed(client: Client, now: Checkpoint) -> Iterator[str]:
    """The entries that were checked once, and are other ones now or none."""
    for some in batches(kept_proofs(client.base_url)):
        there = sorted({proof.position for proof in some if proof.position < now.size})
        answer = client.send_json("POST", "/log/proofs", {"positions": there})
        leaves = {entry["position"]: entry["leaf"] for entry in answer["entries"]}
        for proof in some:
            if leaves.get(proof.position) != proof.leaf:
                yield describe_kept(proof)


def check_release(registry: str, skill: LockedSkill, entry: Entry | None) -> Entry:
    """Raises IntegrityError unless the entry tells of the publication of exactly this."""
    what = f"{skill.name}@{skill.version}"
    if entry is None or entry.facts is None:
        raise bad_log(registry, f"it has no entry for the publication of {what}", code="not_in_log", release=what)
    differs = dict(_differences(skill, entry))
    if differs:
        listed = "; ".join(f"{field} is {ours} here and {log} in the log" for field, (log, ours) in differs.items())
        raise IntegrityError(
            f"{what} is not what was published: {entry} of the public log says otherwise: {listed}.",
            code="log_mismatch",
            hint="Nothing was installed. The registry was tampered with, or lies; tell its operator and its users.",
            facts={"position": entry.position, "kind": entry.facts.kind, "release": what, "differs": differs},
        )
    kept = find_proof(registry, skill.name, skill.version)
    for known in (kept.position if kept else None, skill.log_position):
        if known not in (None, entry.position):
            problem = f"{what} was published in entry {known}, and is now said to have been in {entry}"
            raise bad_log(registry, problem, code="log_mismatch", position=known, release=what)
    return entry


def _differences(skill: LockedSkill, entry: Entry) -> Iterator[tuple[str, tuple[str | None, str]]]:
    facts = entry.facts
    assert facts is not None, "only what was opened is compared"
    pairs = {
        "kind": (facts.kind, Kind.PUBLISHED.value),
        "digest": (facts.digest, skill.digest),
        "archive": (facts.archive_sha256, skill.sha256),
    }
    yield from ((field, (log, ours)) for field, (log, ours) in pairs.items() if log != ours)


def _is_kept(kept: KeptProof | None, skill: LockedSkill) -> bool:
    """Whether it was checked when it was kept; `check_offline` checks it again."""
    return kept is not None and all(f'"{value}"' in (kept.facts or kept.leaf) for value in (skill.digest, skill.sha256))


def describe_kept(proof: KeptProof) -> str:
    return f"entry {proof.position}, {Kind.PUBLISHED.value} {proof.name}@{proof.version}"


def batches(proofs: Iterable[KeptProof]) -> Iterator[list[KeptProof]]:
    left = iter(proofs)
    while some := list(islice(left, MOST)):
        yield some
