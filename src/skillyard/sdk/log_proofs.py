"""What a registry answers when it is asked to prove entries of its log, held to the signature and to the hashes."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from skillyard.sdk.errors import IntegrityError
from skillyard.sdk.log_memory import KeptProof, Memory
from skillyard.skill.faults import SkillError
from skillyard.skill.log.checkpoint import Checkpoint, open_checkpoint
from skillyard.skill.log.leaf import Leaf, is_sealed, seal
from skillyard.skill.log.merkle import is_consistent, is_included, leaf_hash
from skillyard.skill.log.note import VerifierKey

if TYPE_CHECKING:
    from skillyard.sdk.client import Client

ReleaseName = tuple[str, str]
MOST = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry that was proved. `facts` is None when it is sealed and the registry did not open it for us."""

    position: int
    leaf: str
    facts: Leaf | None
    sealed_facts: str | None
    salt: str | None
    proof: tuple[str, ...]

    def __str__(self) -> str:
        return f"entry {self.position} ({describe(self.facts) if self.facts else 'sealed'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What was proved, under a checkpoint that continues what was known; `memory` is to be kept."""

    memory: Memory
    checkpoint: Checkpoint
    entries: tuple[Entry, ...]
    missing: frozenset[ReleaseName]


def ask(
    client: Client,
    known: Memory | None,
    *,
    releases: Iterable[ReleaseName] = (),
    positions: Iterable[int] = (),
) -> Answer:
    """One round trip. Raises IntegrityError for whatever does not hold, naming the entry where there is one."""
    body = {
        "releases": [{"name": name, "version": version} for name, version in releases],
        "positions": list(positions),
        "known_size": known.checkpoint.size if known else 0,
    }
    return read_answer(client.send_json("POST", "/log/proofs", body), client.base_url, known)


def read_answer(document: Mapping[str, Any], registry: str, known: Memory | None) -> Answer:
    """Check an answer of POST /log/proofs: key, signature, consistency, and each entry. Raises IntegrityError."""
    try:
        key = VerifierKey.read(str(document["key"]))
        note = str(document["checkpoint"])
        consistency = [_hash(text) for text in document["consistency"]]
        shown = [dict(entry) for entry in document["entries"]]
        missing = frozenset((str(one["name"]), str(one["version"])) for one in document["missing"])
        _check_key(key, known, registry)
        checkpoint = open_checkpoint(note, key)
        if known:
            check_continues(known.checkpoint, checkpoint, consistency, registry)
        entries = tuple(_read_entry(entry, checkpoint) for entry in shown)
    except SkillError as error:
        raise bad_log(registry, error.faults[0].message, code=error.faults[0].code) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise bad_log(registry, f"its answer cannot be read ({type(error).__name__} {error})") from None
    memory = Memory(registry=registry, key=key, note=note)
    return Answer(memory=memory, checkpoint=checkpoint, entries=entries, missing=missing)


def check_continues(old: Checkpoint, new: Checkpoint, proof: list[bytes], registry: str) -> None:
    """Raises LogRewritten unless the log of `new` begins with that of `old`."""
    if new.size < old.size:
        raise LogRewritten(registry, old, new, f"it had {old.size} entries and now has {new.size}")
    if not is_consistent(old.size, new.size, proof, old.root, new.root):
        raise LogRewritten(registry, old, new, f"its first {old.size} entries are not what they were")


def keep(entry: Entry, name: str, version: str, note: str) -> KeptProof:
    return KeptProof(
        name=name,
        version=version,
        position=entry.position,
        leaf=entry.leaf,
        facts=entry.sealed_facts,
        salt=entry.salt,
        proof=entry.proof,
        checkpoint=note,
    )


def open_kept(kept: KeptProof, key: VerifierKey) -> Entry:
    """Check a kept proof again, without network. Raises SkillError or IntegrityError."""
    checkpoint = open_checkpoint(kept.checkpoint, key)
    shown = {
        "position": kept.position,
        "leaf": kept.leaf,
        "facts": kept.facts,
        "salt": kept.salt,
        "proof": list(kept.proof),
    }
    return _read_entry(shown, checkpoint)


def describe(leaf: Leaf) -> str:
    """`release.published acme/pdf@1.0.0 by ada`"""
    return f"{leaf.kind} {leaf.name}{f'@{leaf.version}' if leaf.version else ''} by {leaf.by}"


def bad_log(registry: str, problem: str, *, code: str = "bad_log", **facts: Any) -> IntegrityError:
    return IntegrityError(
        f"The public log of {registry} cannot be trusted: {problem}.",
        code=code,
        hint="Nothing was installed. Ask the operator, and compare with others by `skillyard log verify FILE`.",
        facts={"registry": registry, **facts},
    )


class LogRewritten(IntegrityError):
    """The log is not a continuation of the one that is known."""

    def __init__(self, registry: str, old: Checkpoint, new: Checkpoint, problem: str, changed: tuple[str, ...] = ()):
        self.registry, self.old, self.new, self.problem = registry, old, new, problem
        named = f" Changed or gone: {'; '.join(changed)}." if changed else ""
        super().__init__(
            f"The public log of {registry} was rewritten: {problem}.{named}",
            code="log_rewritten",
            hint="Nothing was installed. Tell the operator; if the registry was restored from an older backup and you"
            " trust that, `skillyard log forget` begins anew.",
            facts={"registry": registry, "known_size": old.size, "size": new.size, "changed": list(changed)},
        )


def _check_key(key: VerifierKey, known: Memory | None, registry: str) -> None:
    if known and key != known.key:
        raise bad_log(registry, f"its key is now {key}, it was {known.key}", code="log_key_changed")


def _read_entry(shown: Mapping[str, Any], checkpoint: Checkpoint) -> Entry:
    position, leaf = int(shown["position"]), str(shown["leaf"])
    proof = tuple(str(text) for text in shown["proof"])
    hashes = [_hash(text) for text in proof]
    facts, salt = shown["facts"], shown["salt"]
    if not is_included(leaf_hash(leaf.encode()), position, checkpoint.size, hashes, checkpoint.root):
        raise IntegrityError(
            f"Entry {position} of the public log of {checkpoint.origin} is not what the log was built from;"
            f" it is shown as {leaf[:300]}",
            code="log_entry_changed",
            hint="Nothing was installed. Somebody changed the entry afterwards; tell the operator of the registry.",
            facts={"position": position, "leaf": leaf[:2000]},
        )
    return Entry(
        position=position,
        leaf=leaf,
        facts=_opened(leaf, facts, salt, position, checkpoint.origin),
        sealed_facts=None if facts is None else str(facts),
        salt=None if salt is None else str(salt),
        proof=proof,
    )


def opened(entry: Entry, shown: Mapping[str, Any], registry: str) -> Entry:
    """An entry with what a list of entries says of it: of a sealed one perhaps more. Raises IntegrityError."""
    if shown["leaf"] != entry.leaf:
        raise bad_log(registry, f"{entry} is listed as {shown['leaf'][:300]}", position=entry.position)
    facts = _opened(entry.leaf, shown["facts"], shown["salt"], entry.position, registry)
    return replace(entry, facts=facts)


def _opened(leaf: str, facts: object, salt: object, position: int, registry: str) -> Leaf | None:
    if facts is None:
        return None if is_sealed(leaf) else Leaf.read(leaf)
    if seal(str(facts), base64.b64decode(str(salt), validate=True)) != leaf:
        raise bad_log(registry, f"entry {position} does not commit to what is said of it", position=position)
    return Leaf.read(str(facts))


def _hash(text: object) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except binascii.Error as error:
        raise ValueError("a hash is not base64") from error
