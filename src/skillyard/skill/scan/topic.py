"""What a skill says it is about, as far as it decides whether something that stays behind was to be expected."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillyard.skill.scan.subject import Subject

_MAX_CHARS = 65_536
_SECURITY = re.compile(
    r"\b(?:securit|malware|malicious|pentest|penetration test|threat|attack|incident respon|forensic|red.?team|ctf\b|"
    r"whether a \w+ is safe|prompt injection|harden|vulnerab|exploit|privilege escalation|antivirus|detection rule|"
    r"supply.chain)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Topic:
    """`said`: the text of SKILL.md. `is_security`: whether its description speaks of attacks or of defence."""

    said: str
    is_security: bool

    def mentions(self, pattern: str) -> bool:
        return re.search(pattern, self.said, re.IGNORECASE) is not None


def topic_of(subject: Subject) -> Topic:
    file = subject.by_path.get("SKILL.md")
    said = (file.text or "")[:_MAX_CHARS] if file else ""
    head = said.partition("\n#")[0][:2000]
    return Topic(said, _SECURITY.search(head) is not None)
