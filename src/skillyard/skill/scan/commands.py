"""How dangerous a command line is by its look alone, for commands in places that run them by themselves."""

from __future__ import annotations

import re
from enum import IntEnum

from skillyard.skill.scan.known import host_of, is_known_installer, is_local_host, is_suspicious_host
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.subject import Kind, ScanFile, Subject

MAX_CHARS = 65_536
_LONGEST_LINE_CHARS = 1500
_MOST_FILES = 3
_SHORTEST_NAME = 4
_SCRIPTS = frozenset({Kind.PYTHON, Kind.SHELL, Kind.JAVASCRIPT, Kind.POWERSHELL})


class Danger(IntEnum):
    """NETWORK: it talks to a host that is no known vendor's; SENDS: and hands something over.

    HOSTILE: what hardly any honest command does unasked.
    """

    NONE = 0
    NETWORK = 1
    SENDS = 2
    HOSTILE = 3


_INTERPRETER = (
    r"(?:sudo\s+(?:-\S+\s+)*)?(?:/\S*/)?(?:(?:ba|z|da|k|fi)?sh|python[0-9.]*|node|deno|bun|perl|ruby|"
    r"php|pwsh|powershell|iex|source)\b"
)
_DOWNLOADER = r"\b(?:curl|wget|fetch|aria2c|lynx|iwr|irm|invoke-webrequest|invoke-restmethod|http)\b"
_DOWNLOADS_AND_RUNS = {
    "piped": rf"{_DOWNLOADER}[^\n;]{{0,400}}\|\s*{_INTERPRETER}",
    "piped on": rf"{_DOWNLOADER}[^\n;]{{0,400}}\|[^\n;]{{0,100}}\|\s*{_INTERPRETER}",
    "substituted": rf"(?:{_INTERPRETER}|\beval\b|\.\s)[^\n;]{{0,60}}(?:\$\(|<\()\s*{_DOWNLOADER}",
    "evaluated": rf"(?:\beval|sh\s+-c)\s+['\"]?`\s*{_DOWNLOADER}",
    "powershell": (
        r"\b(?:iex|invoke-expression)\b[^\n]{0,200}(?:downloadstring|iwr|irm|invoke-webrequest|"
        r"invoke-restmethod|net\.webclient)"
    ),
    "powershell piped": (
        r"(?:downloadstring|iwr|irm|invoke-webrequest|invoke-restmethod)[^\n]{0,300}\|\s*(?:iex|"
        r"invoke-expression)"
    ),
    "saved and run": (
        rf"{_DOWNLOADER}[^\n]{{0,300}}(?:-o|-O|--output|>|"
        rf"--output-document)[= ]*\S{{1,100}}[^\n]{{0,100}}(?:&&|;|\|\|)\s*(?:chmod\s+\S*[x7]|"
        rf"{_INTERPRETER}\s|\./|/tmp/|source\s)"
    ),
    "mshta": r"\b(?:mshta|regsvr32|rundll32|bitsadmin|certutil)(?:\.exe)?\b[^\n]{0,200}https?://",
    "remote python": r"python[0-9.]*\s+-c[^\n]{0,300}(?:urlopen|requests\.get)[^\n]{0,200}",
    "remote evaluation": r"\b(?:https?|fetch|axios|got|urllib|requests)\b[^\n]{0,400}\b(?:eval|exec|new\s+Function)\b",
    "remote exec": r"\bexec\s*\([^\n]{0,200}(?:urlopen|requests\.get|\.text\b)",
}
_HOSTILE = {
    "decoded": rf"\b(?:base64|openssl\s+(?:enc|base64)|xxd|gunzip|zcat|rev|tr)\b[^\n;]{{0,200}}\|\s*{_INTERPRETER}",
    "decoded and evaluated": r"\beval\b[^\n]{0,60}(?:base64\s+(?:-d|-D|--decode)|xxd\s+-r)",
    "decoded in code": r"\b(?:exec|eval)\s*\(\s*(?:base64|codecs|bytes\.fromhex|zlib|atob|buffer\.from)",
    "encoded powershell": r"\b(?:powershell|pwsh)(?:\.exe)?\b[^\n]{0,120}\s-(?:e|ec|en|enc|enco\w*)\s+[a-z0-9+/=]{20,}",
    "shell over network": (
        r"/dev/(?:tcp|udp)/|\bnc(?:at)?\b[^\n]{0,60}\s(?:-[a-z]*e|--exec|-c)\s|\bsocat\b[^\n]{0,100}exec:|"
        r"\bbash\s+-i\s*>&"
    ),
    "shell in python": r"socket\.socket\([^\n]{0,200}(?:dup2|pty\.spawn|subprocess)",
}
_SENDS = {
    "sends": (
        rf"{_DOWNLOADER}[^\n]{{0,300}}\s(?:-d|-F|-T|--data\S*|--form|--upload-file|--post-data|--post-file|"
        rf"-X\s*(?:POST|PUT)|-Method\s+Post|-Body)\b"
    ),
    "pipes out": r"\|\s*(?:nc|ncat|curl|wget|socat|telnet|mail|sendmail)\b",
    "posts": r"\b(?:requests|httpx|axios|urllib\.request|fetch)\b[^\n]{0,60}(?:post|put|request|urlopen|method)\b|"
    r"\bhttps?\.request\(|\bsendBeacon\(|\bnet\.connect\(|\bsocket\.create_connection\(",
    "asks names": r"\b(?:nslookup|dig|host|ping)\s+(?:-\S+\s+)*[^\s`]{0,100}(?:\$\(|\$\{)",
}
_SECRETS = {
    "files": (
        r"[~/]\.ssh\b|id_rsa|id_ed25519|\.aws\b|\.netrc|\.npmrc|\.pypirc|\.git-credentials|\.kube\b|\.gnupg|"
        r"/etc/(?:passwd|shadow)|\.docker/config|wallet|keychain|login data|cookies\.sqlite|\.env\b|"
        r"credentials"
    ),
    "variables": (
        r"\b(?:env|printenv)\b|os\.environ|process\.env|toJSON\(secrets\)|\$\{?[a-z_]*(?:TOKEN|SECRET|"
        r"PASSWORD|API_KEY|APIKEY)"
    ),
    "history": r"_history\b|transcript|\.claude/projects|\$ARGUMENTS|tool_input",
}
_NETWORK = {
    "tool": rf"{_DOWNLOADER}|\b(?:ssh|scp|rsync|nc|ncat|telnet|ftp|socat)\s+\S",
    "address": r"\b(?:https?|wss?|ssh|git|ftp)://",
}
_GROUPS = {
    "runs": _DOWNLOADS_AND_RUNS, "hostile": _HOSTILE, "sends": _SENDS, "secrets": _SECRETS, "network": _NETWORK,
}  # fmt: skip
_PATTERNS = Patterns({f"{group}:{name}": text for group, texts in _GROUPS.items() for name, text in texts.items()})
_ADDRESS = re.compile(r"\b(?:https?|wss?|ftp|ssh|git)://[^\s'\"`<>|;)]{1,500}", re.IGNORECASE)
_BARE_ADDRESS = re.compile(
    r"\b(?:curl|wget)\s+(?:-[\w-]+\s+)*([a-z0-9][a-z0-9.-]*\.[a-z]{2,}/[^\s'\"`|;)]*)", re.IGNORECASE
)


def addresses_in(text: str) -> list[str]:
    """The URLs in a text, and what curl and wget take for one."""
    return _ADDRESS.findall(text) + [f"http://{address}" for address in _BARE_ADDRESS.findall(text)]


def danger_of(command: str) -> Danger:
    """By its look alone; a command that only reaches vendors' own hosts, or this machine, is not dangerous."""
    command = command[:MAX_CHARS]
    names = set(_PATTERNS.present(command))
    groups = {name.partition(":")[0] for name in names}
    if "hostile" in groups or ("sends" in groups and "secrets:files" in names):
        return Danger.HOSTILE
    if not groups:
        return Danger.NONE
    addresses = addresses_in(command)
    hosts = [host_of(address) for address in addresses]
    if names - {"network:address"} and any(is_suspicious_host(host) for host in hosts):
        return Danger.HOSTILE
    if hosts and all(is_known_installer(address) or is_local_host(host_of(address)) for address in addresses):
        return Danger.NONE
    if "runs" in groups or {"sends", "secrets"} <= groups:
        return Danger.HOSTILE
    if "sends" in groups:
        return Danger.SENDS
    return Danger.NETWORK if "network" in groups else Danger.NONE


def hostile_line(text: str) -> tuple[int, str] | None:
    """The first line of a script, from 1, that is hostile by itself, with those that a backslash continues."""
    joined = text[:MAX_CHARS].replace("\\\n", " \f")
    if danger_of(joined) is not Danger.HOSTILE:
        return None  # a part is no worse than the whole
    number = 1
    for line in joined.split("\n"):
        if len(line) <= _LONGEST_LINE_CHARS and danger_of(line) is Danger.HOSTILE:
            return number, line
        number += 1 + line.count("\f")
    return None


def danger_with_files(command: str, subject: Subject) -> Danger:
    """Of a command together with the skill's own scripts that it names.

    A script that merely asks the network for something is as harmless as the command that calls it.
    """
    named = [file.text for file in subject.files if file.text and _is_named(file, command)]
    return max([danger_of(command), *(_danger_of_script(text) for text in named[:_MOST_FILES])])


def _is_named(file: ScanFile, command: str) -> bool:
    """By its path, or a script by its name alone; documents name one another all the time."""
    if file.path in command:
        return file.path != "SKILL.md"
    return file.kind in _SCRIPTS and len(file.name) >= _SHORTEST_NAME and file.name in command


def _danger_of_script(text: str) -> Danger:
    if hostile_line(text):
        return Danger.HOSTILE
    return Danger.SENDS if danger_of(text) >= Danger.SENDS else Danger.NONE
