"""Who a skill says it works with, and how much weight a place in it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from skillyard.skill.reach import host_covers
from skillyard.skill.scan.finding import Finding, Rule, Severity
from skillyard.skill.scan.flow.model import HOLE, words_in
from skillyard.skill.scan.flow.package import Unit
from skillyard.skill.scan.known import host_of, is_known_installer, is_local_host, is_suspicious_host
from skillyard.skill.scan.subject import Subject
from skillyard.skill.scan.topic import Topic, topic_of

_BARE_HOST = re.compile(r"(?:[\w-]+@)?((?:[a-z0-9_-]+\.)+[a-z]{2,24}|\d{1,3}(?:\.\d{1,3}){3})(?=[:/]|$)", re.IGNORECASE)
_UNSERVED = frozenset({"invalid"})  # names that RFC 2606 keeps from ever being served
_SAFER = {Severity.CRITICAL: Severity.HIGH, Severity.HIGH: Severity.HIGH}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What judging needs to know of the skill as a whole."""

    subject: Subject

    @cached_property
    def topic(self) -> Topic:
        return topic_of(self.subject)

    @cached_property
    def _said(self) -> str:
        return self.topic.said.lower()

    @cached_property
    def _identity(self) -> str:
        """Name, description, homepage and repository: what the front matter says."""
        return self._said.partition("\n---")[0]

    @cached_property
    def _declared(self) -> tuple[str, ...]:
        manifest = self.subject.manifest
        permissions = manifest.permissions if manifest is not None else None
        return permissions.network_outbound if permissions is not None else ()

    def names(self, host: str) -> bool:
        """Whether SKILL.md or the permissions name the host."""
        return bool(host) and (host in self._said or any(host_covers(known, host) for known in self._declared))

    def is_about(self, address: str) -> bool:
        """Whether a host, or an owner on a forge, belongs to what the front matter says the skill is about."""
        host = host_of(address)
        if not host:
            return False
        if any(host_covers(known, host) for known in self._declared):
            return True
        labels = [label for label in host.split(".")[:-1] if len(label) > 2 and label not in _GENERIC_LABELS]
        owner = [part for part in address.split("/")[3:5] if len(part) > 2]
        names = labels if "github" not in host and "gitlab" not in host else owner
        said = re.sub(r"[\s_-]", "", self._identity)
        return any(re.sub(r"[\s_-]", "", name.lower()) in said for name in names)


_GENERIC_LABELS = words_in(
    "www api get install cdn static raw docs app dev com net org io co files download downloads dl pages github gitlab "
    "githubusercontent update data status stats metrics cloud web mail code tools"
)


def hosts_in(texts: tuple[str, ...]) -> list[str]:
    """The hosts that addresses name, each once; what is not known until the script runs is left out."""
    found: dict[str, None] = {}
    for text in texts:
        host = host_of(text) if "//" in text else ""
        if not host:
            match = _BARE_HOST.match(text.lstrip(HOLE + "."))
            host = match[1].lower() if match else ""
        host = host.strip(".").removeprefix(HOLE + ".")
        if host and HOLE not in host.rpartition(".")[2] and host.strip(HOLE):
            found[host.replace(HOLE, "x")] = None
    return list(found)


def is_local(host: str) -> bool:
    return is_local_host(host) or host in ("0.0.0.0", "host.docker.internal")  # noqa: S104


def is_shady(address: str) -> bool:
    """Whether an address is one that hardly anybody serves good things from, or that is no address of a service."""
    host = host_of(address) if "//" in address else (hosts_in((address,)) or [""])[0]
    return bool(host) and not is_local(host) and (is_suspicious_host(host) or host.rpartition(".")[2] in _UNSERVED)


def is_vendors(address: str) -> bool:
    return is_known_installer(address if "//" in address else f"https://{address}")


def finding_at(
    context: Context, rule: Rule, unit: Unit, line: int, evidence: str, *,
    severity: Severity | None = None, confidence: float | None = None,
) -> Finding:  # fmt: skip
    """A finding with the weight of its place: code in a manual is read before it is run, examples hardly ever run.

    What a skill about security shows in a manual is more often a thing to look for than a thing to do.
    """
    severity, sure = severity or rule.severity, rule.confidence if confidence is None else confidence
    if unit.is_document:
        severity = _SAFER.get(severity, severity)
        sure = min(sure, 0.85) * (0.6 if context.topic.is_security else 1.0)
    if unit.is_example:
        severity = _SAFER.get(severity, severity)
        sure *= 0.8 if severity is Severity.HIGH and not context.topic.is_security else 0.65
    elif context.topic.is_security and not unit.via:
        severity, sure = _SAFER.get(severity, severity), sure * 0.9
    return rule.at(unit.file, unit.line_of(line), evidence, severity=severity, confidence=round(sure, 2), via=unit.via)
