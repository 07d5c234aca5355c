"""Files that run by themselves once they lie where their names belong: hooks, units, workflows, start-up files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from skillyard.skill.scan.commands import hostile_line
from skillyard.skill.scan.finding import Finding, Rule, Severity
from skillyard.skill.scan.known import host_of, is_known_installer, is_local_host
from skillyard.skill.scan.persistence import catalog
from skillyard.skill.scan.subject import ScanFile, Subject

_HOOK_NAMES = (
    "applypatch-msg|commit-msg|fsmonitor-watchman|post-applypatch|post-checkout|post-commit|post-merge|post-receive|"
    "post-rewrite|post-update|pre-applypatch|pre-auto-gc|pre-commit|pre-merge-commit|pre-push|pre-rebase|pre-receive|"
    "prepare-commit-msg|proc-receive|push-to-checkout|reference-transaction|sendemail-validate|update"
)
_PACKAGE_INDEX = re.compile(
    r"(?:registry|index-url|extra-index-url|find-links|default|url)\s*=\s*['\"]?(https?://[^\s'\"]{1,300})", re.I
)


Grade = tuple[Severity, float]
_CERTAIN: Grade = (Severity.CRITICAL, 0.9)
_LIKELY: Grade = (Severity.HIGH, 0.75)


@dataclass(frozen=True, slots=True)
class Role:
    """`path` matches the whole path of a file. `hostile`: how bad it is when a line of it is hostile.

    `itself`: how bad it is when nothing in it is; the rule's own grade when None. `is_told`: whether that is said.
    """

    rule: Rule
    path: re.Pattern[str]
    hostile: Grade = _CERTAIN
    itself: Grade | None = None
    is_told: bool = True


def _path(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:.*/)?(?:{pattern})", re.IGNORECASE)


_ROLES = (
    Role(catalog.GIT_SETTINGS, _path(rf"(?:[^/]*hooks|\.husky|(?:\.|_?dot_?)git/.*)/(?:{_HOOK_NAMES})(?:\.sh|\.py)?")),
    Role(catalog.GIT_SETTINGS, _path(r"\.?gitconfig|(?:\.|_?dot_?)git/config")),
    Role(
        catalog.SHELL_STARTUP,
        _path(
            r"[._]?(?:dot_)?(?:bashrc|zshrc|zshenv|zprofile|bash_profile|bash_login|bash_aliases|profile)|config\.fish"
        ),
    ),
    Role(
        catalog.SCHEDULED_TASK,
        _path(r"[^/]+\.(?:service|timer|plist|desktop|reg)|(?:[^/]+\.)?crontab|cron\.d/[^/]+|LaunchAgents/[^/]+"),
    ),
    Role(catalog.SSH_ACCESS, _path(r"authorized_keys2?"), itself=(Severity.HIGH, 0.7)),
    Role(catalog.INTERPRETER_STARTUP, _path(r"(?:site|user)customize\.py"), itself=(Severity.HIGH, 0.65)),
    Role(
        catalog.WORKSPACE_TASK,
        _path(r"\.envrc|\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.circleci/config\.yml"),
        hostile=_LIKELY,
    ),
    Role(
        catalog.WORKSPACE_TASK,
        _path(
            r"(?:gnu)?makefile|justfile|taskfile\.ya?ml|(?:dev\.)?dockerfile(?:\.\w+)?|(?:docker-)?compose[\w.-]*\.ya?ml"
        ),
        hostile=_LIKELY,
        is_told=False,
    ),
    Role(
        catalog.COMMAND_SHIM,
        _path(r"(?:s?bin|shims?|path)/(?:sudo|su|ssh|scp|git|gpg|npm|pip3?|python3?|node|curl|docker|kubectl|aws|gh)"),
        itself=(Severity.MEDIUM, 0.6),
    ),
    Role(catalog.AGENT_HOOK, _path(r"\.?(?:claude|codex|gemini|cursor|agents?)/hooks/[^/]+")),
)
_PATH_FILE = re.compile(
    r"^import\s.*(?:exec|eval|urlopen|subprocess|os\.system|base64|socket|__import__)", re.MULTILINE
)
_INDEX_FILES = _path(r"\.npmrc|pip\.conf|pip\.ini|\.yarnrc(?:\.yml)?|bunfig\.toml|\.pypirc|uv\.toml|\.condarc")


def findings_in_files(subject: Subject) -> Iterator[Finding]:
    """What shipped files would do where they belong."""
    for file in subject.files:
        if file.text is None:
            continue
        for role in _ROLES:
            if role.path.fullmatch(file.path):
                yield from _in_role(file, file.text, role)
        if file.suffix == ".pth" and _PATH_FILE.search(file.text[:65_536]):
            yield catalog.INTERPRETER_STARTUP.at(
                file.path, 1, file.text[:200], severity=Severity.CRITICAL, confidence=0.85
            )
        if _INDEX_FILES.fullmatch(file.path):
            yield from _package_index(file, file.text[:65_536])


def _in_role(file: ScanFile, text: str, role: Role) -> Iterator[Finding]:
    if hostile := hostile_line(text):
        severity, confidence = role.hostile
        yield role.rule.at(file.path, *hostile, severity=severity, confidence=confidence)
    elif role.is_told:
        severity, confidence = role.itself or (role.rule.severity, role.rule.confidence)
        yield role.rule.at(file.path, 1, text[:200], severity=severity, confidence=confidence)


def _package_index(file: ScanFile, text: str) -> Iterator[Finding]:
    for match in _PACKAGE_INDEX.finditer(text):
        host = host_of(match[1])
        if host and not is_known_installer(match[1]) and not is_local_host(host):
            line = text.count("\n", 0, match.start()) + 1
            yield catalog.PACKAGE_SETTINGS.at(file.path, line, match[0], severity=Severity.HIGH, confidence=0.7)
