"""Applies the recipes to a reading, and weighs what is met by the light it stands in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.finding import Severity
from skillyard.skill.scan.matching import Hit
from skillyard.skill.scan.prose.addresses import is_with_vendors, names_stranger
from skillyard.skill.scan.prose.lexicon import Language
from skillyard.skill.scan.prose.reading import Reading
from skillyard.skill.scan.prose.recipes import Recipe, recipes
from skillyard.skill.scan.subject import Part, Subject

_SECURITY = re.compile(
    r"secur|inject|pen-?test|red.?team|audit|threat|malware|jailbreak|guardrail|vulnerab|exploit|\bctf\b|attack|phish|"
    r"forensic|harden|vett?ing|scanner|prompt.?defen|incident",
    re.IGNORECASE,
)
_SURE = 0.7  # comments speak of what code does; only the plainest orders are taken as such there
_CLOSE_CHARS = 60
_PUBLIC_KEY = ".pub"
_GRAVE_CONFIDENCE = 0.92
_LURES = frozenset({"password-archive"})  # a table of downloads by system is no quotation
_LIGHTLY = frozenset({"attribute", "alt text"})  # shown when pointed at, or read out
_DECODED = frozenset(
    "base64 base32 hex escapes binary octal URL entities rot13 reversed".split()  # noqa: SIM905
) | {"character codes"}

Met = tuple[str, Hit, Severity, float]


def judge(reading: Reading, subject: Subject) -> Iterator[Met]:
    """Every rule met in `reading`, by the strongest recipe for each place of it."""
    seen: set[tuple[str, int]] = set()
    for recipe in recipes():
        if recipe.anchor not in reading.anchors:
            continue
        for hit, language in reading.hits(recipe.anchor):
            place = (recipe.rule, reading.window(hit, 0)[0])
            if place in seen or not _is_met(recipe, reading, hit, language, subject):
                continue
            seen.add(place)
            severity, confidence = _weight(recipe, reading, hit, subject)
            yield recipe.rule, hit, severity, confidence


def _is_met(recipe: Recipe, reading: Reading, hit: Hit, language: Language, subject: Subject) -> bool:
    own, around = reading.window(hit, 0), reading.window(hit, recipe.reach)
    if not all(reading.has(concept, *own) for concept in recipe.near):
        return False
    if recipe.close and not reading.has(recipe.close, max(own[0], hit.start - _CLOSE_CHARS), hit.end + _CLOSE_CHARS):
        return False
    if recipe.before and not reading.has(recipe.before, max(own[0], hit.start - _CLOSE_CHARS), hit.start):
        return False
    if not all(reading.has(concept, *around) for concept in recipe.about):
        return False
    if recipe.one_of and not reading.has_any(recipe.one_of, *around):
        return False
    if reading.has_any(recipe.unless, *around) or reading.text[hit.end : hit.end + 4] == _PUBLIC_KEY:
        return False
    if recipe.vendors_may and is_with_vendors(reading.text[slice(*around)]):
        return False
    if recipe.strangers and not names_stranger(reading.text[slice(*around)], subject, reading.view.file):
        return False
    if recipe.anchor == "conceal" and hit.groups.get("tail"):
        return False
    return not (recipe.deniable and reading.is_denied(hit, language, loosely=recipe.loosely))


def _weight(recipe: Recipe, reading: Reading, hit: Hit, subject: Subject) -> tuple[Severity, float]:
    taught = reading.is_taught(hit)
    view = reading.view
    if view.is_disguised and not _LIGHTLY & set(view.via):
        if taught and (_DECODED & set(view.via) or is_about_security(subject)):
            return Severity.MEDIUM, 0.5
        if recipe.severity is Severity.HIGH and is_about_security(subject):
            return Severity.HIGH, 0.65
        if recipe.severity is Severity.HIGH:
            return Severity.CRITICAL, max(recipe.confidence, _GRAVE_CONFIDENCE)
        return (Severity.HIGH, 0.65) if recipe.severity is Severity.MEDIUM else (Severity.LOW, recipe.confidence)
    if taught or _is_example(reading, hit, subject):
        return Severity.LOW, 0.4
    if (reading.is_quoted(hit) and recipe.rule not in _LURES) or (
        view.part is Part.COMMENT and recipe.confidence < _SURE
    ):
        return min(recipe.severity, Severity.MEDIUM, key=_rank), 0.5
    if recipe.grave and reading.has("conceal", *reading.window(hit, 2)):
        return Severity.CRITICAL, _GRAVE_CONFIDENCE
    return recipe.severity, recipe.confidence


def _rank(severity: Severity) -> int:
    return -list(Severity).index(severity)


def _is_example(reading: Reading, hit: Hit, subject: Subject) -> bool:
    """Whether a skill about security shows it: in a list, a table, a block, or a file beside SKILL.md."""
    if not is_about_security(subject):
        return False
    if reading.view.file != "SKILL.md" or reading.view.part is Part.CODE or reading.is_quoted(hit):
        return True
    start = reading.text.rfind("\n", 0, hit.start) + 1
    return reading.view.text[start : start + 6].lstrip()[:1] in ("-", "*", "+", "|", ">")


def is_about_security(subject: Subject) -> bool:
    manifest, file = subject.manifest, subject.by_path.get("SKILL.md")
    said = f"{manifest.name} {manifest.description}" if manifest else (file.text or "")[:600] if file else ""
    return bool(_SECURITY.search(said))
