"""Looks at the files of a skill with every family of rules. Pure: the same files give the same report everywhere."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from skillyard.skill.files import SkillFiles
from skillyard.skill.manifest import read_manifest
from skillyard.skill.permissions import NO_PERMISSIONS, Permissions
from skillyard.skill.scan.family import families
from skillyard.skill.scan.finding import Category, Finding, Owasp, Rule, Severity
from skillyard.skill.scan.kinds import kind_of, read_text
from skillyard.skill.scan.needs import needs_of
from skillyard.skill.scan.report import Report
from skillyard.skill.scan.subject import ScanFile, Subject
from skillyard.skill.scan.verdict import decide_score, decide_verdict
from skillyard.skill.scan.views import views_of

ENGINE_VERSION = "1"
MAX_TEXT_CHARS = 4 << 20
MAX_ALL_TEXT_CHARS = 16 << 20
_MOST_PER_RULE_AND_FILE = 5
_MOST_FINDINGS = 200

_NOT_READ = Rule(
    id="engine.not-read-whole",
    category=Category.PACKAGE,
    owasp=Owasp.POOR_SCANNING,
    severity=Severity.HIGH,
    confidence=0.7,
    title="Text too large to be read whole",
    why="What a scan did not read, it cannot vouch for.",
    advice="Split the file, or leave generated data out of the skill and let a script fetch it.",
)
_FAILED = Rule(
    id="engine.family-failed",
    category=Category.PACKAGE,
    owasp=Owasp.POOR_SCANNING,
    severity=Severity.HIGH,
    confidence=0.7,
    title="A part of the scan could not be made",
    why="A file made a family of rules give up, so that nobody looked at it with them.",
    advice="Report it to the maintainers of the scanner, and have a person look at the skill.",
)
OWN_RULES = (_NOT_READ, _FAILED)
_GIVE_UP = (RecursionError, MemoryError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError)


def scan(files: SkillFiles) -> Report:
    """Examine a skill. Raises nothing: what cannot be examined is a finding, and flagged."""
    looked_at, unread = _look_at(files)
    subject = Subject(files=looked_at, manifest=read_manifest(files).manifest, views=views_of(looked_at))
    findings = [_NOT_READ.at(path, 0, f"only a part of its {len(files.read(path))} bytes was read") for path in unread]
    unmeasured = set()
    for family in families():
        try:
            findings += family.check(subject)
        except _GIVE_UP as error:
            findings.append(_FAILED.at("", 0, f"{family.name}: {type(error).__name__}"))
            unmeasured |= {rule.category for rule in family.rules}
    try:
        needs = needs_of(subject)
    except _GIVE_UP as error:
        findings.append(_FAILED.at("", 0, f"needs: {type(error).__name__}"))
        needs = NO_PERMISSIONS
    if unread:
        unmeasured |= {Category.INSTRUCTIONS, Category.CODE, Category.HIDDEN}
    return _report(files.digest, needs, _sorted(findings), unread, unmeasured)


def _look_at(files: SkillFiles) -> tuple[tuple[ScanFile, ...], tuple[str, ...]]:
    """Every file with its text, as far as that is within the limits, and the paths of those that are not."""
    left = MAX_ALL_TEXT_CHARS
    looked_at, unread = [], []
    for entry in files.entries:
        data = files.read(entry.path)
        text = read_text(data)
        kind = kind_of(entry.path, text)
        if text is not None:
            most = min(MAX_TEXT_CHARS, left)
            if len(text) > most:
                unread.append(entry.path)
                text = text[:most]
            left -= len(text)
        looked_at.append(ScanFile(path=entry.path, data=data, kind=kind, executable=entry.executable, text=text))
    return tuple(looked_at), tuple(unread)


def _sorted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Each once, the gravest first, and of one rule in one file no more than a person would read."""
    ordered = sorted(
        set(findings),
        key=lambda found: (
            list(Severity).index(found.severity), -found.confidence, found.rule.id,
            found.file, found.line, found.via, found.evidence,
        ),
    )  # fmt: skip
    seen: Counter[tuple[str, str]] = Counter()
    kept = []
    for found in ordered:
        place = (found.rule.id, found.file)
        seen[place] += 1
        if seen[place] <= _MOST_PER_RULE_AND_FILE:
            kept.append(found)
    return tuple(kept[:_MOST_FINDINGS])


def _report(
    digest: str,
    needs: Permissions,
    findings: tuple[Finding, ...],
    unread: tuple[str, ...],
    unmeasured: Collection[Category],
) -> Report:
    verdict = decide_verdict(findings)
    score, parts = decide_score(findings, unmeasured, verdict)
    return Report(
        engine=ENGINE_VERSION,
        rules=rules_hash(),
        digest=digest,
        verdict=verdict,
        score=score,
        parts=tuple(parts),
        findings=findings,
        needs=needs,
        unread=unread,
    )


@cache
def rules_hash() -> str:
    """SHA-256 over the source of the whole scanner: what is not equal may judge differently."""
    whole = hashlib.sha256()
    for path, data in sorted(_sources(resources.files("skillyard.skill.scan"), "")):
        whole.update(f"{path}\0{len(data)}\0".encode() + data)
    return whole.hexdigest()


def _sources(folder: Traversable, path: str) -> Iterator[tuple[str, bytes]]:
    for child in folder.iterdir():
        if child.is_dir() and child.name not in ("__pycache__", "samples"):
            yield from _sources(child, f"{path}{child.name}/")
        elif child.is_file() and not child.name.endswith(".pyc"):
            yield f"{path}{child.name}", child.read_bytes()
