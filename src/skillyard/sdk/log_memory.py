"""What this machine remembers of each registry's public log: its key, its last checkpoint, and proofs of releases."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from skillyard.sdk import config
from skillyard.sdk.disk import file_lock, read_if_there, remove_tree, write_atomically
from skillyard.sdk.errors import SdkError
from skillyard.skill.faults import SkillError
from skillyard.skill.log.checkpoint import Checkpoint, open_checkpoint
from skillyard.skill.log.note import VerifierKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """The key as it was seen first, and the newest checkpoint, as the signed note that it came in."""

    registry: str
    key: VerifierKey
    note: str

    @property
    def checkpoint(self) -> Checkpoint:
        return open_checkpoint(self.note, self.key)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptProof:
    """That a release is in the log, as it was shown: enough to check it again without network. Hashes are base64."""

    name: str
    version: str
    position: int
    leaf: str
    facts: str | None
    salt: str | None
    proof: tuple[str, ...]
    checkpoint: str


def recall_log(registry: str) -> Memory | None:
    """None for a registry that was never met. Raises SdkError when what is kept cannot be read: it is not made anew."""
    path = _folder(registry) / "log.json"
    content = read_if_there(path)
    if content is None:
        return None
    try:
        value = json.loads(content)
        memory = Memory(registry=registry, key=VerifierKey.read(value["key"]), note=str(value["checkpoint"]))
        open_checkpoint(memory.note, memory.key)
    except (SkillError, ValueError, KeyError, TypeError) as error:
        raise SdkError(
            f"{path} cannot be read: {error}.",
            code="bad_log_memory",
            hint="Put it back from a backup; `skillyard log forget` begins anew, with whatever log is shown then.",
        ) from None
    return memory


def remember(memory: Memory) -> None:
    """Keep it, unless another command has come further in the meantime."""
    folder = _folder(memory.registry)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with file_lock(folder / "lock", wait_s=10, busy="Another command is writing down the registry's log."):
        known = recall_log(memory.registry)
        if known is None or known.checkpoint.size <= memory.checkpoint.size:
            value = {"registry": memory.registry, "key": str(memory.key), "checkpoint": memory.note}
            write_atomically(folder / "log.json", json.dumps(value, indent=2) + "\n", mode=0o600)


def keep_proof(registry: str, proof: KeptProof) -> None:
    write_atomically(_proof_path(registry, proof.name, proof.version), json.dumps(asdict(proof)), durable=False)


def find_proof(registry: str, name: str, version: str) -> KeptProof | None:
    return _read_proof(_proof_path(registry, name, version))


def kept_proofs(registry: str) -> Iterator[KeptProof]:
    for path in sorted((_folder(registry) / "proofs").glob("*.json")):
        if proof := _read_proof(path):
            yield proof


def forget_log(registry: str) -> bool:
    """Whether anything was known."""
    folder = _folder(registry)
    if not folder.exists():
        return False
    remove_tree(folder)
    return True


def _read_proof(path: Path) -> KeptProof | None:
    with suppress(ValueError, TypeError, KeyError, AttributeError):
        value = json.loads(read_if_there(path) or b"")
        return KeptProof(**{**value, "position": int(value["position"]), "proof": tuple(map(str, value["proof"]))})
    return None


def _folder(registry: str) -> Path:
    return config.config_dir() / "log" / hashlib.sha256(registry.encode()).hexdigest()[:32]


def _proof_path(registry: str, name: str, version: str) -> Path:
    id = hashlib.sha256(f"{name}@{version}".encode()).hexdigest()[:32]
    return _folder(registry) / "proofs" / f"{id}.json"
