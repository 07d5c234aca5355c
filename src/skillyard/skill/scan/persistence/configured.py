"""Reads shipped configuration, and configuration that a text shows, for what runs by itself or takes questions away."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from skillyard.skill.faults import SkillError
from skillyard.skill.front_matter import parse_front_matter
from skillyard.skill.scan.commands import Danger, addresses_in, danger_of, danger_with_files
from skillyard.skill.scan.finding import Finding, Rule, Severity
from skillyard.skill.scan.known import host_of, is_known_installer, is_local_host, is_suspicious_host
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.persistence import catalog
from skillyard.skill.scan.subject import Kind, Subject
from skillyard.skill.scan.topic import Topic

_MAX_CHARS = 262_144
_MAX_VALUES = 4000
_MAX_KEYS_CHARS = 400
_MOST_CONFIGURATIONS = 300
_MOST_JUDGED = 40
_FENCE = re.compile(r"[ \t>]{0,8}(?:```|~~~)[ \t]*(json[c5]?|toml)?", re.IGNORECASE)
_LINE_COMMENT = re.compile(r"^\s*//[^\n]*", re.MULTILINE)
_TRAILING_COMMA = re.compile(r",(\s*[}\]])")
_INTERESTING = Patterns(
    {
        "keys": r"hook|mcp|servers|permission|approv|sandbox|folderOpen|Command|statusLine|apiKeyHelper|BASE_URL|yolo|"
        r"notify|\\u00"
    }
)
_TAKES_QUESTIONS_AWAY = re.compile(
    r"""^(?:.*\.)?(?:
        defaultMode=bypassPermissions
      | permissions\.allow\.\d+=(?:Bash|Bash\(\*+(?::\*)?\)|Bash\(:\*\)|\*)
      | permissions\.allow\.\d+=(?:Bash\((?:curl|wget|sudo|sh|bash|rm)[\s:]*\*\))
      | approval_policy=never | ask_for_approval=never | sandbox(?:_mode)?=danger-full-access
      | chat\.tools\.(?:global\.)?autoApprove=True | (?:chat\.tools\.)?terminal\.autoApprove\.\W*\.?\*\W*=True
      | autoApprove=True | autoApprove\.\d+=\* | alwaysAllow\.\d+=\* | yolo(?:Mode)?=True
      | enableAllProjectMcpServers=True | skipDangerousModePermissionPrompt=True | dangerouslySkipPermissions=True
      | approvalMode=yolo | sandbox\.enabled=False | autoRunMode=.*everything.*
    )$""",
    re.VERBOSE | re.IGNORECASE,
)
_BASE_URL = re.compile(r"(?:^|\.)(?:ANTHROPIC|OPENAI|GEMINI|GOOGLE_GEMINI|CLAUDE|CODEX)\w*_BASE_URL$", re.IGNORECASE)
_HOOK = re.compile(
    r"(?:^|\.)hooks\.\w+\.(?:\d+\.)?(?:hooks\.\d+\.)?(?:command|bash|powershell|url)$|(?:^|"
    r"\.)(?:statusLine\.command|apiKeyHelper|awsAuthRefresh|otelHeadersHelper)$|^notify\.\d+$",
    re.I,
)
_SERVER = re.compile(
    r"(?:^|\.)(?:mcpServers|mcp_servers|context_servers|mcp\.servers|servers|mcp)\.([^.]+)\.(command|"
    r"args|url|httpUrl|serverUrl)(?:\.|$)",
    re.I,
)
_WORKSPACE = re.compile(
    r"^(?:initialize|onCreate|updateContent|postCreate|postStart|postAttach)Command(?:\.|$)|"
    r"^tasks\.\d+\.(?:command|args)(?:\.|$)",
    re.I,
)
_SHELL = re.compile(r"(?:.*/)?(?:(?:ba|z|da|k)?sh|cmd(?:\.exe)?|powershell(?:\.exe)?|pwsh)", re.I)
_MOVING_PACKAGE = re.compile(r"\b(?:npx|bunx|pnpm dlx|uvx|pipx run)\b(?!.*@\d)", re.I)
_KNOWN_SCOPE = re.compile(
    r"@(?:modelcontextprotocol|anthropic-ai|playwright|upstash|supabase|sentry|stripe|notionhq|"
    r"cloudflare|azure|azure-devops|google|googlemaps|github|microsoft|vercel|figma|openai|aws|"
    r"awslabs|heroku|mongodb-js|sap-ux|angular|nx|executeautomation|browserbasehq|tavily|hubspot|"
    r"netlify|shopify|salesforce)/",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Setting:
    """One plain value of a configuration by the keys to it, as in `a.b.0.c`."""

    keys: str
    value: object


@dataclass(frozen=True, slots=True)
class Configuration:
    """`source` begins in line `first_line` of `file`. `is_shipped`: a file of its own; a text may show one, too."""

    file: str
    is_shipped: bool
    source: str
    first_line: int
    settings: tuple[Setting, ...]

    def line_of(self, setting: Setting) -> int:
        """Where the value, else its key, is first found; keys and values may stand in several places."""
        value, key = str(setting.value), setting.keys.rpartition(".")[2]
        at = max(self.source.find(json.dumps(value)[1:40].rstrip('"')), 0) or max(self.source.find(key), 0)
        return self.first_line + self.source.count("\n", 0, at)


def findings_in_configuration(subject: Subject, topic: Topic) -> Iterator[Finding]:
    """What settings, hooks, servers and tasks in the skill would do where an agent or an editor reads them."""
    for configuration in islice(_configurations(subject), _MOST_CONFIGURATIONS):
        yield from _questions_taken_away(configuration, topic)
        yield from _hooks(configuration, subject, topic)
        yield from _servers(configuration, topic)
        yield from _workspace_tasks(configuration, topic)


def _questions_taken_away(configuration: Configuration, topic: Topic) -> Iterator[Finding]:
    for setting in configuration.settings:
        shown = f"{setting.keys}={setting.value}"
        if _TAKES_QUESTIONS_AWAY.match(shown):
            severity, confidence = _grade(configuration, topic, Severity.HIGH, 0.8)
            yield catalog.AGENT_SETTINGS.at(
                configuration.file, configuration.line_of(setting), shown, severity=severity, confidence=confidence
            )
        elif _BASE_URL.search(setting.keys) and isinstance(setting.value, str) and "//" in setting.value:
            host = host_of(setting.value)
            if host and not is_known_installer(setting.value) and not is_local_host(host):
                is_flag = configuration.is_shipped or is_suspicious_host(host)
                severity = Severity.HIGH if is_flag else Severity.MEDIUM
                yield catalog.AGENT_SETTINGS.at(
                    configuration.file, configuration.line_of(setting), shown, severity=severity, confidence=0.65
                )


def _hooks(configuration: Configuration, subject: Subject, topic: Topic) -> Iterator[Finding]:
    hooks = (setting for setting in configuration.settings if _HOOK.search(setting.keys))
    for setting in islice(hooks, _MOST_JUDGED):
        command = str(setting.value)
        danger = danger_with_files(command, subject)
        yield _finding(catalog.AGENT_HOOK, configuration, setting, command, danger, topic)


def _servers(configuration: Configuration, topic: Topic) -> Iterator[Finding]:
    servers: dict[str, list[Setting]] = {}
    for setting in configuration.settings:
        if match := _SERVER.search(setting.keys):
            servers.setdefault(match[1], []).append(setting)
    for settings in islice(servers.values(), _MOST_JUDGED):
        command = " ".join(str(setting.value) for setting in settings)
        danger = _danger_of_server(command)
        if danger is not Danger.NONE or _MOVING_PACKAGE.search(command):
            yield _finding(catalog.MCP_SERVER, configuration, settings[0], command, danger, topic)


def _danger_of_server(command: str) -> Danger:
    """A remote server is a note, as most services have one; a shell that downloads is what nobody needs."""
    danger = danger_of(command)
    if any(is_suspicious_host(host_of(address)) for address in addresses_in(command)):
        return Danger.HOSTILE
    if danger is Danger.NETWORK and _SHELL.fullmatch(command.split(maxsplit=1)[0]):
        return Danger.HOSTILE
    if danger is Danger.NONE and _KNOWN_SCOPE.search(command):
        return Danger.NONE
    return danger


def _workspace_tasks(configuration: Configuration, topic: Topic) -> Iterator[Finding]:
    opens_by_itself = any(str(setting.value) == "folderOpen" for setting in configuration.settings)
    for setting in configuration.settings:
        if not _WORKSPACE.search(setting.keys) or not isinstance(setting.value, str):
            continue
        danger = danger_of(setting.value)
        if danger is Danger.HOSTILE or (opens_by_itself and setting.keys.startswith("tasks.")):
            yield _finding(catalog.WORKSPACE_TASK, configuration, setting, setting.value, danger, topic)


def _finding(
    rule: Rule, configuration: Configuration, setting: Setting, evidence: str, danger: Danger, topic: Topic
) -> Finding:
    severity, confidence = rule.severity, rule.confidence
    if danger is Danger.HOSTILE:
        runs_when_built = rule is catalog.WORKSPACE_TASK and not setting.keys.startswith("tasks.")
        certain = (Severity.HIGH, 0.75) if runs_when_built else (Severity.CRITICAL, 0.92)
        severity, confidence = _grade(configuration, topic, *certain)
    elif danger is not Danger.NONE and rule is not catalog.MCP_SERVER:
        severity, confidence = _grade(configuration, topic, Severity.HIGH, 0.65)
    return rule.at(
        configuration.file, configuration.line_of(setting), evidence, severity=severity, confidence=confidence
    )


def _grade(configuration: Configuration, topic: Topic, severity: Severity, confidence: float) -> tuple[Severity, float]:
    """What a text only shows is less certain to be used; what a text about security shows may be a warning."""
    if configuration.is_shipped:
        return severity, confidence
    return (Severity.MEDIUM, 0.5) if topic.is_security else (Severity.HIGH, 0.65)


def _configurations(subject: Subject) -> Iterator[Configuration]:
    for file in subject.files:
        if file.text is None or not _INTERESTING.present(file.text):
            continue
        if file.kind in (Kind.JSON, Kind.TOML) or file.suffix in (".code-workspace", ".mcp"):
            settings = _settings(_parsed(file.text[:_MAX_CHARS], file.kind is Kind.TOML))
            yield Configuration(file.path, True, file.text, 1, settings)
        elif file.kind is Kind.MARKDOWN:
            yield from _shown_in(file.path, file.text[:_MAX_CHARS])
            if file.name == "SKILL.md":
                yield from _front_matter(file.path, file.text)


def _shown_in(path: str, text: str) -> Iterator[Configuration]:
    """Fenced blocks of JSON and TOML."""
    language, first_line, lines = "", 0, list[str]()
    for number, line in enumerate(text.split("\n"), 1):
        fence = _FENCE.match(line)
        if fence and language:
            source = "\n".join(lines)
            if language != "other" and _INTERESTING.present(source):
                settings = _settings(_parsed(source, language == "toml"))
                yield Configuration(path, False, source, first_line, settings)
            language, lines = "", []
        elif fence:
            language, first_line = (fence[1] or "other").lower(), number + 1
        elif language:
            lines.append(line)


def _front_matter(path: str, text: str) -> Iterator[Configuration]:
    """`hooks` in the front matter of SKILL.md run for as long as the skill is active."""
    try:
        front = parse_front_matter(text)
    except SkillError:
        return
    if "hooks" in front.values:
        yield Configuration(path, True, text, 1, _settings({"hooks": front.values["hooks"]}))


def _settings(value: object) -> tuple[Setting, ...]:
    return tuple(Setting(keys, leaf) for keys, leaf in islice(_leaves(value), _MAX_VALUES))


def _parsed(text: str, is_toml: bool) -> object:
    """None for what does not parse. Texts show parts of files, so that braces around them are tried too."""
    if is_toml:
        try:
            return tomllib.loads(text)
        except (ValueError, RecursionError):
            return None
    plain = _TRAILING_COMMA.sub(r"\1", _LINE_COMMENT.sub("", text))
    for attempt in (text, plain, f"{{{plain}}}"):
        try:
            parsed: object = json.loads(attempt)
        except (ValueError, RecursionError):
            continue
        return parsed
    return None


def _leaves(value: object) -> Iterator[tuple[str, object]]:
    """Every plain value with its keys; not by recursion, since foreign JSON may be deeper than calls can be."""
    pending: list[tuple[str, object]] = [("", value)]
    while pending:
        keys, item = pending.pop()
        if isinstance(item, dict):
            pending += reversed([(f"{keys}.{key}".lstrip(".")[:_MAX_KEYS_CHARS], child) for key, child in item.items()])
        elif isinstance(item, list):
            pending += reversed([(f"{keys}.{place}"[:_MAX_KEYS_CHARS], child) for place, child in enumerate(item)])
        elif item is not None:
            yield keys, item
