"""What a script is for as a whole: a way into the machine, spying, stealing, mining, destroying."""

from __future__ import annotations

from collections.abc import Iterator

from skillyard.skill.scan.behaviour.signs import Signs, signs_in
from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Category, Finding, Owasp, Rule, Severity
from skillyard.skill.scan.matching import Hit
from skillyard.skill.scan.subject import Kind, Part, Subject, View
from skillyard.skill.scan.topic import topic_of

_SCRIPTS = frozenset({Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT, Kind.POWERSHELL, Kind.CODE})
_NOBODYS_TASK = frozenset({"browser", "keychain", "history", "accounts", "wallet", "machine", "messages"})
_NOT_RUN = (".md", ".mdx", ".yar", ".yara")


def _rule(what: str, severity: Severity, confidence: float, title: str, why: str, advice: str) -> Rule:
    return Rule(
        id=f"behaviour.{what}", category=Category.CODE, owasp=Owasp.MALICIOUS_SKILLS, severity=severity,
        confidence=confidence, title=title, why=why, advice=advice,
    )  # fmt: skip


_WAY_IN = _rule(
    "way-in", Severity.HIGH, 0.85,
    "A script opens a way into the machine",
    "Whoever is at the other end runs commands with the rights of the user.",
    "Remove it. For support sessions let the user start a tool that they know.",
)  # fmt: skip
_COLLECTS = _rule(
    "collects-secrets", Severity.HIGH, 0.75,
    "A script takes what no task needs, or keys of several kinds, and has a way to send it",
    "Passwords of browsers, wallets, histories, or the keys of unrelated tools at once: thieves look like this.",
    "Read only the one file that the task needs, name it in SKILL.md, and send it to nobody.",
)  # fmt: skip
_TAKES_ONE = _rule(
    "reads-secret", Severity.MEDIUM, 0.5,
    "A script reads a place where keys are kept and talks to a network",
    "What is read there may be handed on.",
    "Say in SKILL.md which key is read, what for and where it goes.",
)  # fmt: skip
_SPIES = _rule(
    "spies", Severity.HIGH, 0.75,
    "A script records keys, the screen or the clipboard",
    "What people type and see holds their passwords and their private life.",
    "Remove it, or let the user take a single picture on purpose.",
)  # fmt: skip
_MINES = _rule(
    "mines", Severity.HIGH, 0.8,
    "A script mines a currency",
    "It spends the user's machine and electricity for somebody else.",
    "Remove it.",
)  # fmt: skip
_DESTROYS = _rule(
    "destroys", Severity.HIGH, 0.75,
    "A script deletes or locks the user's files as a whole",
    "A home folder or a disk that is gone does not come back.",
    "Delete only what the skill made itself, by its full path.",
)  # fmt: skip
_HIDES_CALL = _rule(
    "hides-call",
    Severity.HIGH,
    0.7,
    "A script hides what it calls",
    "Names and commands that are put together from pieces and numbers are meant not to be found by a reader.",
    "Write the name of what is called as it is.",
)
_ASKS_PASSWORD = _rule(
    "asks-password",
    Severity.HIGH,
    0.75,
    "A dialog asks for the user's password and a command uses it",
    "A password that was typed into a window of a script can be kept or sent by that script.",
    "Let sudo ask by itself, in a terminal that the user opened.",
)
RULES = (_WAY_IN, _COLLECTS, _TAKES_ONE, _SPIES, _MINES, _DESTROYS, _HIDES_CALL, _ASKS_PASSWORD)


def check(subject: Subject) -> Iterator[Finding]:
    """Each script by itself. In skills about security the same signs are notes."""
    eased = Severity.MEDIUM if topic_of(subject).is_security else None
    for view in subject.views:
        if view.part is Part.CODE and view.kind in _SCRIPTS:
            is_shown = view.file.lower().endswith(_NOT_RUN)
            for rule, hit in _told_by(signs_in(view.text)):
                if rule is _ASKS_PASSWORD or not is_shown:
                    yield _finding(rule, view, hit, eased)


def _told_by(signs: Signs) -> Iterator[tuple[Rule, Hit]]:
    deeds = signs.deeds
    for first, *others in (
        ("shell-socket",),
        ("shell-pipe",),
        ("tunnel",),
        ("shell-dup", "pty"),
        ("server", "executes"),
    ):
        if first in deeds and all(other in deeds for other in others):
            yield _WAY_IN, deeds[first]
            break
    if signs.ways_out and signs.stores:
        is_grave = len(signs.stores) > 1 or not _NOBODYS_TASK.isdisjoint(signs.stores)
        yield (_COLLECTS if is_grave else _TAKES_ONE), next(iter(signs.stores.values()))
    if ("keys" in deeds or "screen" in deeds) and signs.ways_out:
        yield _SPIES, deeds.get("keys") or deeds["screen"]
    elif "clipboard" in deeds and "address" in deeds:
        yield _SPIES, deeds["clipboard"]
    if "odd-name" in deeds or {"masked-text", "runs-text"} <= deeds.keys():
        yield _HIDES_CALL, deeds.get("odd-name") or deeds["masked-text"]
    if {"password-dialog", "uses-password"} <= deeds.keys():
        yield _ASKS_PASSWORD, deeds["password-dialog"]
    if "miner" in deeds:
        yield _MINES, deeds["miner"]
    if worst := deeds.get("wipe") or deeds.get("shred"):
        yield _DESTROYS, worst
    elif {"encrypts", "walks-home", "ransom"} <= deeds.keys():
        yield _DESTROYS, deeds["encrypts"]


def _finding(rule: Rule, view: View, hit: Hit, eased: Severity | None) -> Finding:
    severity = eased if eased and rule.severity is Severity.HIGH else rule.severity
    start = view.text.rfind("\n", 0, hit.start) + 1
    line = view.text[start:].partition("\n")[0]
    return rule.at(
        view.file, view.line_at(hit.start), line[max(0, hit.start - start - 80) :], severity=severity, via=view.via
    )


FAMILY = Family(name="behaviour", rules=RULES, check=check)
