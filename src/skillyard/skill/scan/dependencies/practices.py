"""Finds what is wrong with how things are fetched: scripts at installation, no verification, programs from anywhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from skillyard.skill.scan.commands import Danger, danger_with_files, hostile_line
from skillyard.skill.scan.dependencies import catalog
from skillyard.skill.scan.dependencies.dependency import Trust, trust_in
from skillyard.skill.scan.finding import Finding, Severity
from skillyard.skill.scan.matching import Hit, Patterns
from skillyard.skill.scan.subject import Kind, Part, Subject, View
from skillyard.skill.scan.topic import Topic

_LIFECYCLE = (
    "preinstall",
    "install",
    "postinstall",
    "preprepare",
    "prepare",
    "postprepare",
    "prepublish",
    "dependencies",
)
_HARMLESS = re.compile(
    r"(?:\s*(?:npx\s+(?:--no-install\s+|--yes\s+|-y\s+)?)?(?:husky(?:\s+install)?|is-ci|"
    r"lefthook\s+install|simple-git-hooks|"
    r"prisma\s+generate|tsc\b[\w\s./-]*|node-gyp(?:-build)?(?:\s+rebuild)?|prebuild-install|"
    r"patch-package|nuxt\s+prepare|"
    r"svelte-kit\s+sync|electron-builder\s+install-app-deps|playwright\s+install[\w\s-]*|(?:npm|pnpm|"
    r"yarn|bun)\s+(?:run\s+)?build|"
    r"npm\s+run\s+\w+|tsup|rollup\s+-c|ngcc|opencollective\S*|wxt\s+prepare|panda\s+codegen|true|"
    r"exit\s+0|echo\s+[^|;&$`]*)"
    r"\s*(?:&&|\|\||;|$))+",
    re.IGNORECASE,
)
_CODE_OF_ITS_OWN = re.compile(
    r"\b(?:node|python[0-9.]*|bun|deno|ruby|perl)\s+-(?:e|c|p|-eval)\b|\beval\b|base64", re.IGNORECASE
)
_SETUP_RUNS = re.compile(
    r"cmdclass|class\s+\w+\((?:\w+\.)?(?:install|develop|build_py|egg_info|sdist|bdist_egg|Command)\)", re.IGNORECASE
)
_SETUP_ACTS = re.compile(r"urlopen|requests\.|os\.system|subprocess|\bexec\(|\beval\(|base64|socket\.", re.IGNORECASE)
_UNVERIFIED = {
    "pip": r"--trusted-host[= ]+\S+|\bPIP_TRUSTED_HOST\s*=\s*\S+|--allow-insecure-host[= ]+\S+",
    "npm": r"strict-ssl[ =]+false|enableStrictSsl:\s*false|NODE_TLS_REJECT_UNAUTHORIZED['\"]?\]?\s*[=:]\s*['\"]?0",
    "git": r"http\.sslVerify[ =]+['\"]?false|GIT_SSL_NO_VERIFY\s*=\s*['\"]?(?:1|true)",
    "python": r"PYTHONHTTPSVERIFY\s*=\s*['\"]?0|\bssl_verify:?\s+false",
    "system": r"--allow-unauthenticated|--no-?gpg-?checks?|\[trusted=yes\]|--force-yes\b",
    "go": r"\b(?:GONOSUMDB|GONOSUMCHECK|GOINSECURE|GOFLAGS)\s*=\s*\S*(?:insecure|\*|\w+\.\w+)|GOSUMDB\s*=\s*off",
    "unverified pipe": r"\b(?:curl|wget)\b[^\n|]{0,200}(?:\s-[a-z]*k\b|--insecure|--no-check-certificate)[^\n|]{0,200}"
    r"\|\s*(?:sudo\s+)?(?:(?:ba|z)?sh|python[0-9.]*|tar)\b",
}
_BUILD_KINDS = frozenset({Kind.CODE, Kind.YAML, Kind.TEXT})
_PROGRAM_ENDS = r"exe|msi|msix|scr|dmg|pkg|deb|rpm|appimage|run|bin|jar|apk|vbs|hta|bat|cmd|ps1|sh"
_FETCHED = {
    "saved": r"\b(?:curl|wget|aria2c|invoke-webrequest|iwr)\b[^\n]{0,300}(?P<address>https?://[^\s'\"`|;)>]{4,400})"
    r"[^\n]{0,300}(?:/usr/local/bin|/usr/bin|\.local/bin|(?:\n[^\n]{0,80})?chmod\s+\S*[x7])",
    "named": rf"\b(?:curl|wget|aria2c|invoke-webrequest|iwr|download|fetch|get|install|run)\b[^\n]{{0,160}}?"
    rf"(?P<address>https?://[^\s'\"`|;)>]{{4,400}}\.(?:{_PROGRAM_ENDS}|zip|7z|rar))(?:[\s'\"`|;)>,]|$)",
    "piped": r"\b(?:curl|wget)\b[^\n|]{0,300}(?P<address>https?://[^\s'\"`|;)>]{4,400})[^\n|]{0,200}\|\s*(?:sudo\s+)?"
    r"(?:(?:ba|z|da)?sh|python[0-9.]*|node|perl)\b",
    "substituted": r"(?:\b(?:(?:ba|z)?sh|eval|iex|invoke-expression|python[0-9.]*)\b|\bsource\s)[^\n]{0,80}"
    r"(?:\$\(|<\(|`|downloadstring\(|\bi[wr][rm]\b|"
    r"invoke-webrequest)[^\n]{0,160}?(?P<address>https?://[^\s'\"`|;)>]{4,400})",
    "repository": r"\b(?:add-apt-repository|apt-add-repository|yum-config-manager|zypper\s+(?:ar|"
    r"addrepo))\b[^\n]{0,100}"
    r"(?P<address>https?://[^\s'\"`|;)>]{4,400})",
    "source list": r"\bdeb\s+(?:\[[^\]\n]{0,200}\]\s+)?(?P<address>https?://[^\s'\"`|;)>]{4,400})\s+\S+",
}
_MOVING = {
    "npx": (
        r"\b(?:npx|bunx|pnpm\s+dlx|yarn\s+dlx|uvx|"
        r"pipx\s+run)\s+(?:-\S+\s+)*(?:@[\w.-]+/)?[\w.-]+@(?:latest|next|canary)\b"
    ),
    "go": r"\bgo\s+(?:install|run)\s+\S+@(?:latest|main|master)\b",
}
_PRACTICES = Patterns(_UNVERIFIED | _MOVING)
# one by one, since together they make an automaton of so many states that it is slow
_FETCHES = tuple(Patterns({name: pattern}) for name, pattern in _FETCHED.items())
_HIDES = re.compile(
    r"com\.apple\.quarantine|spctl\s+--(?:master|global)-disable|-WindowStyle\s+Hidden|-w\s+hidden|Set-MpPreference|"
    r"(?:/tmp|/var/tmp|/dev/shm|\.cache|\$HOME|~)/\.[\w.-]+[\s\"';&]|openssl\s+(?:enc|"
    r"aes\S*)\s[^\n]*-d\b|\bnohup\s+[/~$]|"
    r"unzip\s+-P|7z\s+x\s+-p|\bsetenforce\s+0|chattr\s+\+i|history\s+-c|unset\s+HISTFILE",
    re.IGNORECASE,
)
_SAVED_AS = re.compile(r"\s(?:-o|-O|--output|>)[ =]*['\"]?([\w./-]{3,200})")
_NEAR_CHARS = 400
_INDEX_NAMES = re.compile(r"(?:pypi\.org|pythonhosted\.org|pypi\.python\.org|npmjs\.org|github\.com)", re.IGNORECASE)


def lifecycle_findings(subject: Subject) -> Iterator[Finding]:
    """Scripts that npm runs at installation, and setup.py files that act while they build."""
    for file in subject.files:
        if file.text is None:
            continue
        if file.name == "package.json":
            for event, command in _scripts(file.text):
                yield from _lifecycle(subject, file.path, file.text, event, command)
        elif file.name == "setup.py" and (acts := _SETUP_ACTS.search(file.text)):
            hostile = hostile_line(file.text) is not None
            severity = Severity.HIGH if hostile or _SETUP_RUNS.search(file.text) else Severity.LOW
            line = file.text.count("\n", 0, acts.start()) + 1
            confidence = 0.7 if hostile else 0.5
            yield catalog.LIFECYCLE_SCRIPT.at(file.path, line, acts[0], severity=severity, confidence=confidence)


def practice_findings(subject: Subject, topic: Topic) -> Iterator[Finding]:
    """Options that switch verification off, programs from unknown hosts, and versions that move."""
    for view in subject.views:
        for hit in _PRACTICES.find(view.text, most=30):
            if hit.name in _MOVING:
                yield catalog.MOVING_TARGET.at(view.file, view.line_at(hit.start), hit.text, via=view.via)
            else:
                yield _unverified(view, hit.start, hit.text)
        for patterns in _FETCHES if "://" in view.text else ():
            for hit in patterns.find(view.text, most=30):
                yield from _fetched(view, hit, subject, topic)


def _scripts(text: str) -> list[tuple[str, str]]:
    try:
        package = json.loads(text)
    except (ValueError, RecursionError):
        return []
    scripts = package.get("scripts") if isinstance(package, dict) else None
    if not isinstance(scripts, dict):
        return []
    return [(event, scripts[event]) for event in _LIFECYCLE if isinstance(scripts.get(event), str)]


def _lifecycle(subject: Subject, path: str, text: str, event: str, command: str) -> Iterator[Finding]:
    if _HARMLESS.fullmatch(command):
        return
    danger = danger_with_files(command, subject)
    severity, confidence = Severity.LOW, 0.5
    if danger is Danger.HOSTILE:
        severity, confidence = Severity.CRITICAL, 0.92
    elif danger is not Danger.NONE or _CODE_OF_ITS_OWN.search(command):
        severity, confidence = Severity.HIGH, 0.65
    line = text.count("\n", 0, max(text.find(f'"{event}"'), 0)) + 1
    yield catalog.LIFECYCLE_SCRIPT.at(path, line, f"{event}: {command}", severity=severity, confidence=confidence)


def _unverified(view: View, position: int, text: str) -> Finding:
    """Worse where the packages come from an unknown host; hardly worth a word for the public index."""
    end = view.text.find("\n", position)
    start = view.text.rfind("\n", max(0, position - 500), position) + 1
    statement = view.text[start : end if end >= 0 else len(view.text)][:1000]
    addresses = re.findall(r"https?://[^\s'\"`|;)>]{4,400}", statement)
    unknown = any(trust_in(address) in (Trust.UNKNOWN, Trust.SUSPICIOUS) for address in addresses)
    severity = Severity.HIGH if unknown else Severity.LOW if _INDEX_NAMES.search(text) else Severity.MEDIUM
    return catalog.NO_VERIFICATION.at(
        view.file, view.line_at(position), statement, severity=severity, confidence=0.65, via=view.via
    )


def _fetched(view: View, hit: Hit, subject: Subject, topic: Topic) -> Iterator[Finding]:
    """An unknown host is a note, as most vendors are unknown; what is done furtively as well is not."""
    trust = trust_in(hit.groups["address"] or "")
    if trust not in (Trust.UNKNOWN, Trust.SUSPICIOUS):
        return
    severity, confidence = Severity.MEDIUM, 0.6
    if trust is Trust.SUSPICIOUS and not topic.is_security:
        severity, confidence = Severity.HIGH, 0.75
    elif view.part is Part.CODE and _is_furtive(view, hit, subject) and not topic.is_security:
        severity, confidence = Severity.HIGH, 0.7
    yield catalog.FETCHED_PROGRAM.at(
        view.file, view.line_at(hit.start), hit.text, severity=severity, confidence=confidence, via=view.via
    )


def _is_furtive(view: View, hit: Hit, subject: Subject) -> bool:
    """Whether it runs in a build file, hides what it starts, or replaces a file of the skill that was looked at."""
    if hit.name == "piped" and view.kind in _BUILD_KINDS and subject.by_path[view.file].kind is not Kind.MARKDOWN:
        return True
    around = view.text[max(0, hit.start - _NEAR_CHARS) : hit.end + _NEAR_CHARS]
    if _HIDES.search(around):
        return True
    saved = _SAVED_AS.search(view.text[hit.start : hit.end + _NEAR_CHARS])
    folder = saved[1].removeprefix("./").rpartition("/")[0] if saved else ""
    return bool(folder) and any(path.startswith(f"{folder}/") for path in subject.by_path)
