"""Finds what scripts write, and what prose asks to write, to places that are read or run again later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from skillyard.skill.scan.commands import Danger, addresses_in, danger_of
from skillyard.skill.scan.finding import Finding, Rule, Severity
from skillyard.skill.scan.known import FORGES, host_of, is_known_installer, is_local_host
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.persistence import catalog
from skillyard.skill.scan.subject import Kind, Part, Subject, View
from skillyard.skill.scan.topic import Topic

_MAX_STATEMENT_CHARS = 4000
_MAX_PARAGRAPH_CHARS = 1200
_SCRIPTS = frozenset({Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT, Kind.POWERSHELL, Kind.CODE})


@dataclass(frozen=True, slots=True)
class Place:
    """`expected`: words of a SKILL.md that says it will write there; a script that does so unsaid is worse."""

    rule: Rule
    pattern: str
    expected: str


_PLACES = {
    "agent settings": Place(
        catalog.AGENT_SETTINGS,
        r"\.claude/settings(?:\.local)?\.json|managed-settings\.json|[~/'\"]\.claude\.json|\.codex/config\.toml|"
        r"\.gemini/settings\.json|\.cursor/(?:mcp|cli-config|permissions)\.json|\.vscode/(?:settings|mcp)\.json|"
        r"\.windsurf/mcp|\.roo/mcp|opencode\.json|\.config/goose/|\.openclaw/(?:config|openclaw)\.json|"
r"\bmcp settings\b",
        r"settings|config|permission|hook|mcp",
    ),
    "agent memory": Place(
        catalog.AGENT_MEMORY,
        r"\b(?-i:(?:CLAUDE(?:\.local)?|AGENTS|GEMINI|MEMORY|SOUL|HEARTBEAT|IDENTITY)\.md)\b|\.cursorrules|\.windsurfrules|"
        r"\.clinerules|copilot-instructions\.md|\.cursor/rules",
        r"(?:CLAUDE|AGENTS|GEMINI|MEMORY|SOUL|HEARTBEAT|IDENTITY)\.md|rules|memory|instructions",
    ),
    "shell start-up": Place(
        catalog.SHELL_STARTUP,
        r"[~/'\"]\.(?:bashrc|zshrc|zshenv|zprofile|zlogin|bash_profile|bash_login|bash_aliases|profile|kshrc|cshrc)\b|"
        r"fish/(?:config\.fish|conf\.d)|/etc/profile\b|/etc/bash\.bashrc|\$PROFILE\b|PowerShell_profile",
        r"bashrc|zshrc|profile|shell|\bPATH\b|alias|completion|terminal",
    ),
    "command shim": Place(
        catalog.COMMAND_SHIM,
        r"\balias\s+(?:sudo|su|ssh|scp|git|gpg|npm|pip3?|docker|kubectl|aws|gh|curl)\s*=\s*['\"]?[^\n]{1,300}|"
        r"(?:^|\n)\s*(?:function\s+)?(?:sudo|ssh|git|gpg)\s*\(\)\s*\{",
        r"alias|wrapper|shim|shortcut",
    ),
    "schedule": Place(
        catalog.SCHEDULED_TASK,
        r"\bcrontab\s+(?:-(?:\s|$|e\b)|-u\s|['\"]?[\w{}]*[./$][\w./${}-]*)|crontab['\"],\s*['\"]-|\|\s*crontab\b|/etc/cron\b|"
        r"/etc/cron\.|/var/spool/cron|@reboot\s|systemctl\s+(?:--user\s+|--now\s+)*enable|\.config/systemd/user|"
        r"/etc/systemd/system|Library/Launch(?:Agents|Daemons)|launchctl\s+(?:load|bootstrap|enable)|"
        r"\bschtasks(?:\.exe)?\s+/create|Register-ScheduledTask|CurrentVersion\\{1,4}Run|Programs\\{1,4}Startup|"
        r"\.config/autostart|/etc/rc\.local",
        r"cron|schedul|timer|hourly|daily|nightly|weekly|launchd|launch agent|systemd|service|daemon|start.?up|boot|"
        r"background|autostart|monitor",
    ),
    "git": Place(
        catalog.GIT_SETTINGS,
        r"\.git/hooks\b|core\.hooksPath|init\.templateDir|core\.fsmonitor|core\.sshCommand|core\.askpass|"
        r"\bfilter\.[\w-]+\.(?:smudge|clean|process)|\bdiff\.[\w-]+\.textconv|\bmerge\.[\w-]+\.driver|"
        r"credential\.(?:\S+\.)?helper|\balias\.[\w-]+\s+['\"]?!|\.insteadOf|[~/'\"]\.gitconfig\b|\.git/config\b|"
        r"git-templates?/hooks",
        r"git.?hook|hook|pre-commit|commit-msg|git config|gitconfig|git",
    ),
    "ssh": Place(
        catalog.SSH_ACCESS,
        r"\bauthorized_keys2?\b|\.ssh/config\b|\.ssh/rc\b|/etc/ssh/sshd?_config|PermitRootLogin\s+yes",
        r"\bssh\b|authorized_keys|server|deploy|provision",
    ),
    "package settings": Place(
        catalog.PACKAGE_SETTINGS,
        r"\b(?:npm|yarn|pnpm|bun)\s+config\s+set\s+(?:--\S+\s+)*(?:@[\w-]+:)?(?:registry|"
r"npmRegistryServer)\b[^\n]{0,200}|"
        r"\bpip[0-9.]*\s+config\s+set\s+\S*(?:index-url|trusted-host|find-links)\b[^\n]{0,200}|"
        r"[~/'\"]\.npmrc\b|\bpip\.conf\b|pip\\{1,2}pip\.ini|[~/'\"]\.(?:pypirc|yarnrc|condarc)\b|\.cargo/config|"
        r"\b(?:PIP_INDEX_URL|PIP_EXTRA_INDEX_URL|UV_INDEX_URL|UV_DEFAULT_INDEX|NPM_CONFIG_REGISTRY|"
r"GOPROXY)\b[^\n]{0,200}|"
        r"\bconda\s+config\s+--(?:add|prepend)\s+channels\s+\S+|\bgem\s+sources\s+(?:-a|--add)\s+\S+",
        r"registry|mirror|index|npmrc|pip\.conf|proxy",
    ),
    "interpreter start-up": Place(
        catalog.INTERPRETER_STARTUP,
        r"\b(?:site|user)customize(?:\.py)?\b|\bPYTHONSTARTUP\b|(?:site-packages|getsitepackages|"
r"purelib)[^\n]{0,120}\.pth\b|"
        r"NODE_OPTIONS[^\n]{0,40}--(?:require|import|r\b)|\bLD_PRELOAD\b|/etc/ld\.so\.preload|DYLD_INSERT_LIBRARIES|"
        r"\bBASH_ENV\b|\bPROMPT_COMMAND\b",
        r"sitecustomize|\.pth|PYTHONSTARTUP|preload|NODE_OPTIONS|instrument|PROMPT_COMMAND|BASH_ENV",
    ),
    "workspace": Place(
        catalog.WORKSPACE_TASK,
        r"\.vscode/tasks\.json|\bfolderOpen\b|[\s/'\"~]\.envrc\b|\.devcontainer/|postCreateCommand|"
        r"\.github/workflows/|\.idea/runConfigurations",
        r"workflow|github action|\bCI\b|direnv|envrc|dev ?container|vscode|vs code|tasks\.json|pipeline",
    ),
}  # fmt: skip
_PATTERNS = Patterns({name: place.pattern for name, place in _PLACES.items()})

_WRITES_IN_CODE = re.compile(
    r">>?\s*[\"'$~/\w{]|\btee\b|\bcp\b|\bmv\b|\bln\b|\binstall\s|\brsync\b|write|append|dump\(|copy|symlink|rename|"
    r"Add-Content|Set-Content|Out-File|New-Item|sed\s+-i|open\([^)\n]{0,200}['\"][aw]|"
    r"\bgit\s+config\b|\bcrontab\b|enable\b|"
    r"launchctl|schtasks|Register-|\breg\s+add\b|\balias\b|config\s+set|config\s+--|\bsources\s+-|"
    r"\bexport\b|PermitRoot|"
    r"@reboot|\(\)\s*\{|--add",
    re.IGNORECASE,
)
_WRITES_FAR_OFF = re.compile(
    r"\.write(?:_text|_bytes|File|FileSync|lines)?\(|open\([^)\n]{0,200}['\"][aw]|appendFile|json\.dump\(|shutil\.copy|"
    r"Add-Content|Set-Content|Out-File",
    re.IGNORECASE,
)
_TAKES_QUESTIONS_AWAY = re.compile(
    r"bypassPermissions|danger-full-access|approval_policy\W{1,8}never|\bauto_?-?approve\W{1,8}(?:\*|true)|['\"]Bash\(\*|"
    r"enableAllProjectMcpServers\W{1,6}true|alwaysAllow\W{1,6}\*",
    re.IGNORECASE,
)
_ASKS_TO_WRITE = re.compile(
    r"\b(?:add|append|merge|write|copy|put|paste|insert|install|place|save|store|update|modify|edit|overwrite|replace|"
    r"symlink|register|configure|enable|prepend|record|persist|set)\b",
    re.IGNORECASE,
)
_CONCEALED = re.compile(
    r"without (?:telling|mentioning|notifying|informing) |(?:do not|don't|never|no need to) (?:mention|tell|show|"
    r"inform|notify|reveal|report)(?: \w+){0,3} (?:user|this|it|them)|\bsecretly\b|keep (?:this|it) (?:hidden|secret|"
    r"quiet)|user (?:need|must|should|does) ?n[o']t (?:know|see)|approve everything|auto-?approve (?:all|every)|"
    r"ignore (?:all |any )?previous|bypass (?:all )?(?:approval|confirmation)",
    re.IGNORECASE,
)
_UNASKED = re.compile(r"\bsilently\b|\bquietly\b|without asking|do not ask|don't ask|never ask", re.IGNORECASE)
_ORDERS_TO_WRITE = re.compile(
    r"[\s>*\-\d.]{0,8}(?:then |first |also |always |now |and )?(?:append|add|write|copy|put|insert|merge|save|store|"
    r"paste)\b",
    re.IGNORECASE,
)
_FETCH_AND_OBEY = re.compile(
    r"\b(?:fetch|curl|download|read|check|get|load|"
    r"visit)\b[^\n]{0,120}https?://[^\n]{0,200}\b(?:follow|execute|run|obey|do what|"
    r"apply|perform)\b",
    re.IGNORECASE,
)
_PUBLIC_KEY = re.compile(r"\b(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S{1,20})\s+AAAA[A-Za-z0-9+/]{40}")
_PRIVILEGED_ALIAS = re.compile(r"\balias\s+(sudo|su|ssh|scp|gpg)\s*=\s*['\"]?([^\n]{1,300})", re.IGNORECASE)
_ASKS_FOR_PASSWORD = re.compile(r"\bread\s+-\w*s|\bstty\s+-echo|getpass", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[<{\[$]|your|my-?company|acme|example\.(?:com|org|net)|corp\b|internal", re.IGNORECASE)


def findings_in_texts(subject: Subject, topic: Topic) -> Iterator[Finding]:
    """One finding for each place that a text writes to, or asks to write to."""
    for view in subject.views:
        hits = list(_PATTERNS.find(view.text, most=20))
        writes_somewhere = bool(hits) and _is_script(view) and _WRITES_FAR_OFF.search(view.text) is not None
        for hit in hits:
            start = hit.start + len(hit.text) - len(hit.text.lstrip())
            statement = _statement_at(view.text, start)
            writes_here = _WRITES_IN_CODE.search(statement) or (
                not _is_script(view) and _ASKS_TO_WRITE.search(statement)
            )
            severity, confidence = _judge(_PLACES[hit.name], view, start, statement, topic)
            if writes_here or (writes_somewhere and severity in (Severity.HIGH, Severity.CRITICAL)):
                yield _PLACES[hit.name].rule.at(
                    view.file,
                    view.line_at(start),
                    statement,
                    severity=severity,
                    confidence=confidence,
                    via=view.via,
                )


def _judge(place: Place, view: View, position: int, statement: str, topic: Topic) -> tuple[Severity, float]:
    is_script = _is_script(view)
    danger = danger_of(statement)
    if danger is Danger.HOSTILE:
        return _when_hostile(view, is_script, topic)
    if is_script and max(danger, danger_of(_around(view.text, position, _MAX_STATEMENT_CHARS))) >= Danger.SENDS:
        return Severity.HIGH, 0.7
    around = _around(view.text, position, _MAX_STATEMENT_CHARS)
    if special := _judge_by_rule(place.rule, statement, around, is_script, topic):
        return special
    if not is_script and not topic.is_security and _is_furtive(view.text, position, statement):
        return Severity.HIGH, 0.7
    if is_script and not topic.mentions(place.expected):
        return Severity.MEDIUM, 0.6
    return place.rule.severity, place.rule.confidence


def _is_furtive(text: str, position: int, statement: str) -> bool:
    """Whether what is asked for is kept from the user, or hands over to a text from the network."""
    paragraph = _around(text, position, _MAX_PARAGRAPH_CHARS)
    if _CONCEALED.search(paragraph) or _FETCH_AND_OBEY.search(paragraph):
        return True
    after = text[position : position + _MAX_PARAGRAPH_CHARS // 2]
    return _ORDERS_TO_WRITE.match(statement) is not None and _UNASKED.search(after) is not None


def _when_hostile(view: View, is_script: bool, topic: Topic) -> tuple[Severity, float]:
    if is_script or view.is_disguised:
        return Severity.CRITICAL, 0.9
    return (Severity.MEDIUM, 0.6) if topic.is_security else (Severity.HIGH, 0.75)


def _judge_by_rule(
    rule: Rule, statement: str, around: str, is_script: bool, topic: Topic
) -> tuple[Severity, float] | None:
    """What makes one kind of place worse by itself."""
    if rule is catalog.AGENT_SETTINGS and is_script and _TAKES_QUESTIONS_AWAY.search(around):
        return Severity.HIGH, 0.75
    if rule is catalog.SSH_ACCESS and "authorized_keys" in statement:
        if _PUBLIC_KEY.search(statement):
            return Severity.HIGH, 0.8
        if is_script and not topic.mentions(r"authorized_keys|ssh key|public key|ssh access"):
            return Severity.HIGH, 0.65
    if rule is catalog.COMMAND_SHIM and _ASKS_FOR_PASSWORD.search(statement):
        return Severity.HIGH, 0.75
    if rule is catalog.COMMAND_SHIM and (alias := _PRIVILEGED_ALIAS.search(statement)):
        stays_itself = alias[2].strip("'\" ").lower().split(maxsplit=1)[:1] == [alias[1].lower()]
        return None if stays_itself else (Severity.HIGH, 0.7)
    if rule is catalog.PACKAGE_SETTINGS and _unknown_address(statement):
        return (Severity.MEDIUM, 0.5) if topic.is_security else (Severity.HIGH, 0.7)
    if rule is catalog.GIT_SETTINGS and "insteadof" in statement.lower() and _unknown_address(statement):
        return Severity.HIGH, 0.7
    return None


def _unknown_address(statement: str) -> bool:
    """Whether a package or a repository would come from a host that is nobody's known, and no mere placeholder."""
    for address in addresses_in(statement):
        host = host_of(address)
        unknown = host and host not in FORGES and not is_known_installer(address) and not is_local_host(host)
        if unknown and not _PLACEHOLDER.search(host):
            return True
    return False


def _is_script(view: View) -> bool:
    return view.kind in _SCRIPTS and view.part is Part.CODE


def _around(text: str, position: int, chars: int) -> str:
    return text[max(0, position - chars // 2) : position + chars // 2]


def _statement_at(text: str, position: int) -> str:
    """The line at `position` with the lines that continue it, and the text that a here-document feeds it."""
    first = max(0, position - _MAX_STATEMENT_CHARS)
    last = position + _MAX_STATEMENT_CHARS
    start = text.rfind("\n", first, position) + 1 or first
    while start > first + 1 and text[start - 2] == "\\":
        start = text.rfind("\n", first, start - 1) + 1 or first
    end = _end_of_line(text, position, last)
    while end < last and text[end - 1] == "\\":
        end = _end_of_line(text, end + 1, last)
    if here := re.search(r"<<-?\s*['\"]?(\w{1,40})", text[start:end]):
        closing = text.find(f"\n{here[1]}", end, end + _MAX_STATEMENT_CHARS)
        end = closing if closing >= 0 else end
    return text[start:end]


def _end_of_line(text: str, position: int, last: int) -> int:
    end = text.find("\n", position, last)
    return last if end < 0 else end
