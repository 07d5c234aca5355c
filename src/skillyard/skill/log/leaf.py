"""An entry of the log as bytes: canonical JSON, or for what is not public only a salted commitment to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from skillyard.skill.faults import Fault, SkillError

FORMAT = 1
SALT_BYTES = 32
_END_MS = 2**47


class Kind(StrEnum):
    """What an entry says happened."""

    PUBLISHED = "release.published"
    YANKED = "release.yanked"
    UNYANKED = "release.unyanked"
    VERDICT = "release.verdict"
    OVERRIDE = "release.override"
    OVERRIDE_ENDED = "release.override_ended"
    ADVISORY_PUBLISHED = "advisory.published"
    ADVISORY_WITHDRAWN = "advisory.withdrawn"
    MEMBER = "namespace.member"
    PUBLISHER = "namespace.publisher"
    VISIBILITY = "skill.visibility"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """The facts of one entry. `name`: ns/slug, or a namespace. `digest` is that of the tree of files, `archive_sha256`
    of the archive, in hex; `details` are plain JSON values without fractions.
    """

    kind: str
    name: str
    at_ms: int
    by: str
    version: str | None = None
    digest: str | None = None
    archive_sha256: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def show(self) -> str:
        """Canonical JSON, whose UTF-8 is what the log hashes: keys sorted, no blanks, nothing that is None."""
        facts = {key: value for key, value in asdict(self).items() if value not in (None, {})}
        return _canonical({**facts, "format": FORMAT})

    @classmethod
    def read(cls, text: str) -> Leaf:
        """What `show` wrote. Raises SkillError."""
        try:
            facts = json.loads(text)
            leaf = cls(**{key: value for key, value in facts.items() if key != "format"})
            is_good = facts["format"] == FORMAT and leaf.show() == text and leaf.is_well_typed
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            is_good = False
        if not is_good:
            raise SkillError(
                [Fault(code="bad_leaf", message=f"{text[:80]!a} is no entry of a log", hint="tell the operator")]
            )
        return leaf

    @property
    def is_well_typed(self) -> bool:
        texts = (self.kind, self.name, self.by, self.version or "", self.digest or "", self.archive_sha256 or "")
        is_time = type(self.at_ms) is int and 0 <= self.at_ms < _END_MS
        return is_time and isinstance(self.details, dict) and all(isinstance(text, str) for text in texts)


def seal(facts: str, salt: bytes) -> str:
    """The public bytes of an entry that is not: who has the salt and the facts can show that these were meant."""
    return _canonical({"commitment": hashlib.sha256(salt + facts.encode()).hexdigest(), "format": FORMAT})


def is_sealed(text: str) -> bool:
    return text.startswith('{"commitment":')


def _canonical(value: Mapping[str, Any]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
