"""Judges single commands and calls: what destroys, weakens, mines, or hands a shell to somebody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from skillyard.skill.scan.commands import hostile_line
from skillyard.skill.scan.finding import Finding, Rule, Severity
from skillyard.skill.scan.flow import catalog
from skillyard.skill.scan.flow.context import Context, finding_at, hosts_in, is_local
from skillyard.skill.scan.flow.model import HOLE, Command, Sink
from skillyard.skill.scan.flow.package import Analysis, Unit
from skillyard.skill.scan.matching import Patterns
from skillyard.skill.scan.subject import Kind, Part, Subject

_HOME_OR_ROOT = re.compile(
    r"(?:~|/root|/home|/home/[^/*]+|/users|/users/[^/*]+|/|/\*|[a-z]:[\\/]*\*?|%userprofile%)/?(?:\.?\*|"
    r"\.\[!\.\]\*|\{\*,\.\*\})?|"
    r"~/(?:documents|desktop|pictures|\.ssh|\.aws|\.gnupg|\.config|library)/?\*?|/(?:etc|usr|var|bin|boot|lib|"
    r"opt|srv)/?\*?|~/\ufffc(?:/\ufffc)*|~/(?:documents|desktop|pictures)/.*\*",
    re.IGNORECASE,
)
_COMMANDS: dict[str, tuple[Rule, Severity, float, str]] = {
    "netcat shell": (
        catalog.REVERSE_SHELL, Severity.CRITICAL, 0.95,
        r"^(?:nc|ncat|netcat)\s[^|]*(?:\s-[a-z]*e\s|--exec\b|--sh-exec\b|\s-c\s+\S*sh\b)|^socat\s.*exec:",
    ),
    "disk wiped": (
        catalog.DESTRUCTIVE, Severity.HIGH, 0.7,
        r"^dd\s.*if=/dev/(?:zero|u?random)\s.*of=/dev/(?:[sv]da|nvme0n1|disk[0-9]|hda)|^(?:wipefs|blkdiscard)\s|"
        r"^vssadmin delete shadows|^wbadmin delete|^shred\s.*~|^find (?:~|/|/home) .*-delete|^cipher /w",
    ),
    "disk formatted": (catalog.DESTRUCTIVE, Severity.MEDIUM, 0.5, r"^mkfs(?:\.\w+)?\s|^diskutil erase|^tmutil "
    r"delete|^format c:"),
    "history rewritten": (
        catalog.DESTRUCTIVE, Severity.LOW, 0.5, r"^git push\s.*(?:--force(?:\s|$)|\s-f\s).*\b(?:main|master)\b",
    ),
    "everything writable": (catalog.WEAKENS_MACHINE, Severity.HIGH, 0.65, r"^chmod\s+(?:-\S+\s+)*0?777\s+(?:/|~|"
    r"/etc|/usr|/home)/?$"),
    "tracks removed": (
        catalog.WEAKENS_MACHINE, Severity.HIGH, 0.65,
        r"^history -c|^unset histfile|^rm\s.*(?:_history|/var/log)\b|^ln -s\S* /dev/null .*_history|^journalctl "
        r"--vacuum-time=1s|"
        r"^wevtutil cl|^histsize=0",
    ),
    "quarantine removed": (
        catalog.WEAKENS_MACHINE, Severity.MEDIUM, 0.6,
        r"^xattr\s+-\S*[dc]\S*\s+(?:com\.apple\.quarantine|\S*[￼/])"),
    "protection off": (
        catalog.WEAKENS_MACHINE, Severity.HIGH, 0.65,
        r"^spctl\s+--(?:master|global)-disable|^csrutil disable|^setenforce 0|^ufw disable|^iptables -F|"
        r"^systemctl\s+(?:stop|disable)\s+(?:--now\s+)?(?:firewalld|ufw|apparmor|auditd|falcon-sensor|clamav\S*)|"
        r"^pkill .*(?:xprotect|falcon|defender|sentinel|littlesnitch|clamd)|^defaults write .*lsquarantine|"
        r"set-mppreference .*disable|add-mppreference .*exclusion|netsh advfirewall set .*off",
    ),
    "sudo without password": (
        catalog.WEAKENS_MACHINE, Severity.HIGH, 0.7,
        r"nopasswd.*(?:tee|>+|visudo).*sudoers|>/etc/sudoers|^(?:tee|cp|install)\s.*/etc/sudoers",
    ),
    "rights given": (catalog.WEAKENS_MACHINE, Severity.MEDIUM, 0.6, r"^chmod\s+(?:\S*[ugo]*\+\S*s|"
    r"[2467][0-7]{3})\s+|^chmod\s+(?:0?666|a\+rw)\s+/var/run/docker\.sock|^setcap\s"),
    "container without walls": (
        catalog.WEAKENS_MACHINE, Severity.MEDIUM, 0.55, r"^docker\s+run\s.*(?:--privileged.*-v\s+/:|"
        r"-v\s+/:.*--privileged|--pid[= ]host.*--privileged)|nsenter .*-t 1\b",
    ),
    "miner": (
        catalog.MINER, Severity.HIGH, 0.75,
        r"stratum\+(?:tcp|ssl)://|(?:^|/|\s)(?:xmrig|xmr-stak|minerd|cpuminer|ethminer|cgminer|nbminer|t-rex|"
        r"lolminer)\b|--donate-level",
    ),
}  # fmt: skip
_COMMAND_PATTERNS = Patterns({name: parts[3] for name, parts in _COMMANDS.items()})
_TEXTS: dict[str, tuple[Rule, Severity, float, str]] = {
    "shell on a socket": (
        catalog.REVERSE_SHELL, Severity.CRITICAL, 0.92,
        r"(?s)socket\.socket\(.{0,400}\.connect\(.{0,400}(?:os\.dup2|pty\.spawn|subprocess\.(?:call|Popen|"
        r"run)\(\s*\[?['\"]/bin/(?:ba)?sh)|"
        r"(?:net\.connect|new\s+net\.Socket|\.connect)\(.{0,400}(?:spawn|exec)\(\s*['\"](?:/bin/(?:ba|z)?sh|"
        r"cmd(?:\.exe)?|powershell)['\"].{0,300}\.pipe\(|"
        r"spawn\(\s*['\"](?:/bin/(?:ba|z)?sh|cmd(?:\.exe)?)['\"].{0,400}net\.(?:connect|Socket|"
        r"createConnection).{0,600}\.pipe\(",
    ),
    "shell on a pipe": (
        catalog.REVERSE_SHELL, Severity.CRITICAL, 0.92,
        r"(?s)mkfifo\s.{0,200}/bin/(?:ba|z)?sh\s+-i.{0,100}\b(?:nc|ncat|telnet|openssl)\s|"
        r"use Socket.{0,400}exec\(?\s*.{0,3}/bin/(?:ba)?sh|TCPSocket.{0,200}exec\W.{0,10}/bin/(?:ba)?sh|"
        r"fsockopen\(.{0,200}(?:exec|system|shell_exec|proc_open)\(.{0,10}/bin/(?:ba)?sh",
    ),
    "fork bomb": (catalog.DESTRUCTIVE, Severity.HIGH, 0.7, r"(?m)^[^'\"#\n]{0,10}:\s*\(\)\s*\{\s*:\s*\|"
    r"\s*:\s*&\s*\}\s*;\s*:|os\.fork\(\)\s*\n\s*while True"),
    "miner": (catalog.MINER, Severity.HIGH, 0.7, r"stratum\+(?:tcp|ssl)://|coinhive|cryptonight|\bxmrig\b"),
}  # fmt: skip
_TEXT_PATTERNS = Patterns({name: parts[3] for name, parts in _TEXTS.items()})
_LOOKS_AROUND = Patterns(
    {
        "machine": r"(?:environ|getenv|process\.env)[^\n]{0,20}['\".](?:CI|GITHUB_ACTIONS|TRAVIS|SANDBOX|"
        r"CODESPACES)\b|/\.dockerenv|"
        r"\b(?:vmware|virtualbox|qemu|hypervisor|is_?sandbox|wireshark|procmon)\b|sys\.gettrace\(|isDebuggerPresent",
        "date": r"(?:date\.today|datetime\.now|time\.time|Date\.now)\(\)\s*[<>]=?\s*(?:datetime|date|\d{9,}|new Date)|"
        r"new Date\(\)\s*[<>]|date \+%[sYmd][^\n]{0,30}-(?:gt|ge|lt)\s",
        "place": r"getdefaultlocale|tzname|\btimezone\b[^\n]{0,40}(?:==|in)\s|ipinfo\.io|ip-api\.com|"
        r"country_?code[^\n]{0,20}==",
    }
)
_SHELL_NAMES = ("bash", "sh", "zsh", "ksh", "dash", "/bin/bash", "/bin/sh")


def findings_of_commands(context: Context, analysis: Analysis) -> Iterator[Finding]:
    """Findings for single commands, wherever they stand."""
    for command in analysis.trace.commands:
        unit = analysis.units.get(command.file)
        if unit is not None:
            yield from _command(context, unit, command)
    for flow in analysis.trace.flows:
        unit = analysis.units.get(flow.file)
        if unit is not None and flow.sink is Sink.DELETE:
            yield from _deleted(context, unit, flow.line, flow.how, flow.texts)


def _command(context: Context, unit: Unit, command: Command) -> Iterator[Finding]:
    words = [word for word in command.words if word != "sudo"]
    line = " ".join(words)[:2000]
    evidence = command.evidence
    socket = next((word for word in words if word.startswith((">/dev/tcp/", ">/dev/udp/"))), None)
    if socket is not None and not is_local((hosts_in((socket[10:].partition("/")[0],)) or ["x"])[0]):
        is_shell = words[0] in _SHELL_NAMES and not any(word == "-c" for word in words)
        if is_shell or words[0] in ("exec", HOLE):
            certain = (Severity.CRITICAL, 0.95) if is_shell else (Severity.HIGH, 0.65)
            yield finding_at(
                context, catalog.REVERSE_SHELL, unit, command.line, evidence, severity=certain[0], confidence=certain[1]
            )
    for name in _COMMAND_PATTERNS.present(line):
        rule, severity, confidence, _ = _COMMANDS[name]
        if name == "miner" and words[0] in ("grep", "pgrep", "pkill", "ps", "killall", "rg", "echo", "#"):
            continue
        yield finding_at(context, rule, unit, command.line, evidence, severity=severity, confidence=confidence)
    if re.search(r"NOPASSWD", line) and re.search(r"/etc/sudoers", evidence):
        yield finding_at(
            context, catalog.WEAKENS_MACHINE, unit, command.line, evidence, severity=Severity.HIGH, confidence=0.7
        )


def _deleted(context: Context, unit: Unit, line: int, how: str, texts: tuple[str, ...]) -> Iterator[Finding]:
    for text in texts:
        if text.strip(HOLE) and _HOME_OR_ROOT.fullmatch(text.strip()):
            severity, confidence = (
                (Severity.HIGH, 0.8) if unit.is_document or unit.is_example else (Severity.CRITICAL, 0.9)
            )
            evidence = f"{how} {text}: {unit.source_line(line)}"
            yield finding_at(
                context, catalog.DESTRUCTIVE, unit, line, evidence, severity=severity, confidence=confidence
            )
            return


def findings_of_texts(context: Context, analysis: Analysis) -> Iterator[Finding]:
    """Findings that the look of a script alone is enough for, and those in languages that are not followed."""
    for unit in analysis.units.values():
        for hit in _TEXT_PATTERNS.find(unit.text, most=2):
            rule, severity, confidence, _ = _TEXTS[hit.name]
            line = unit.text.count("\n", 0, hit.start) + 1
            yield finding_at(context, rule, unit, line, hit.text[:200], severity=severity, confidence=confidence)
    for key in (*analysis.trace.by_pattern, *(key for key, _ in analysis.trace.not_parsed)):
        yield from _hostile_line(context, analysis.units[key])
    for unit in _other_languages(context.subject):
        yield from _hostile_line(context, unit)


def _other_languages(subject: Subject) -> Iterator[Unit]:
    for view in subject.views:
        if view.part is Part.CODE and view.kind in (Kind.POWERSHELL, Kind.CODE) and not view.via:
            is_document = subject.by_path[view.file].kind not in (Kind.POWERSHELL, Kind.CODE)
            yield Unit(
                key=view.file, file=view.file, kind=view.kind, text=view.text, is_document=is_document, view=view
            )


def _hostile_line(context: Context, unit: Unit) -> Iterator[Finding]:
    found = hostile_line(unit.text)
    if found is not None:
        yield finding_at(context, catalog.HOSTILE_COMMAND, unit, found[0], found[1].strip()[:300])


def findings_of_evasion(context: Context, analysis: Analysis, found: list[Finding]) -> Iterator[Finding]:
    """A look around before the harm, in files that do harm."""
    harmful = {
        one.file for one in found if one.severity in (Severity.CRITICAL, Severity.HIGH) and one.confidence >= 0.6
    }
    for unit in analysis.units.values():
        if unit.file in harmful and not unit.is_document and not unit.via:
            for hit in _LOOKS_AROUND.find(unit.text, most=1):
                line = unit.text.count("\n", 0, hit.start) + 1
                yield finding_at(context, catalog.EVADES, unit, line, unit.source_line(line))
                break
