"""How bad it is that something is written to a place that is read or run again later.

One sign is a note. A flag needs two that fit together: a place and a hostile command, or a place and concealment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skillyard.skill.scan.commands import Danger, addresses_in, danger_of, danger_with_files
from skillyard.skill.scan.finding import Severity
from skillyard.skill.scan.known import FORGES, host_of, is_known_installer, is_local_host
from skillyard.skill.scan.persistence import catalog
from skillyard.skill.scan.persistence.places import Place
from skillyard.skill.scan.subject import Subject, View
from skillyard.skill.scan.topic import Topic

_MAX_AROUND_CHARS = 4000
_MAX_PARAGRAPH_CHARS = 1200

_TAKES_QUESTIONS_AWAY = re.compile(
    r"bypassPermissions|danger-full-access|approval_policy\W{1,8}never|\bauto_?-?approve\W{1,8}(?:\*|"
    r"true)|['\"]Bash\(\*|"
    r"enableAllProjectMcpServers\W{1,6}true|alwaysAllow\W{1,6}\*",
    re.IGNORECASE,
)
_WARNS = re.compile(
    r"\b(?:never|avoid|don't|do not|must not|should not|instead of|rather than|warn|danger|risk|refuse|forbid)",
    re.IGNORECASE,
)
_SETS_WHAT_RUNS = re.compile(r"['\"]?\b(?:hooks|mcpServers|permissions)\b['\"]?\s*[\]:,.)?=]")
_CONCEALED = re.compile(
    r"without (?:telling|mentioning|notifying|informing|showing) |(?:do not|don't|never|no need to) "
    r"(?:mention|tell|show|inform|notify|reveal|report)(?: \w+){0,3} (?:user|this|it|them)|\bsecretly\b|"
    r"keep (?:this|it) (?:hidden|secret|quiet)|user (?:need|must|should|does) ?n[o']t (?:know|see)|"
    r"approve everything|auto-?approve (?:all|every)|ignore (?:all |any )?previous|"
    r"bypass (?:all )?(?:approval|confirmation)",
    re.IGNORECASE,
)
_UNASKED = re.compile(r"\bsilently\b|\bquietly\b|without asking|do not ask|don't ask|never ask", re.IGNORECASE)
_ORDERS_TO_WRITE = re.compile(
    r"(?:^|[,.;:]\s{1,3}|\b(?:then|first|always|must|to|also|now|next|please|finally) )[\s>*\-\d.]{0,8}"
    r"(?:append|add|write|copy|put|insert|merge|save|store|paste|update|include|record|create)\b",
    re.IGNORECASE,
)
_FETCH_AND_OBEY = re.compile(
    r"\b(?:fetch|curl|download|read|check|get|load|"
    r"visit)\b[^\n]{0,120}https?://[^\n]{0,200}\b(?:follow|execute|run|obey|"
    r"do what|apply|perform)\b",
    re.IGNORECASE,
)
_CLAIMS_CONSENT = re.compile(
    r"pre-?(?:authori[sz]ed|approved) (?:all|every|any|the)|user has (?:already )?(?:authori[sz]ed|approved|consented)|"
    r"auto-?approve (?:all|every|any|tool)|skip (?:all |the |any )?(?:permission|confirmation|approval|security|safety)"
    r" (?:prompt|check|question|step)|always (?:approve|trust|allow|accept) (?:all|every|any|tool|request|command)|"
    r"(?:disable|turn off)[^\n]{0,30}(?:security|safety) (?:check|warning|prompt)|"
    r"(?:send|post|upload|forward|copy|report)\b[^\n]{0,80}(?:keys?|credentials|secrets|passwords?|tokens?)\b"
    r"[^\n]{0,80}https?://",
    re.IGNORECASE,
)
_DULLS_CAUTION = re.compile(r"(?:never|do not|don't) (?:ask|warn|question|refuse|verify|flag|prompt)\b", re.IGNORECASE)
_FOR_ALL_SESSIONS = re.compile(
    r"(?:~|\$HOME|home)\W{1,4}\.\w+|\b(?:SOUL|MEMORY|HEARTBEAT|IDENTITY)\.md|(?:every|each|all|any|future|later) "
    r"(?:\w+ )?(?:project|session|repositor|conversation|chat)|from now on|permanently",
    re.IGNORECASE,
)
_UNASKED_AGENT = re.compile(
    r"--dangerously-(?:skip-permissions|bypass-approvals-and-sandbox)|\b(?:codex|gemini|cursor-agent)\b[^\n]{0,60}--(?:yolo|force)\b"
)
_PUBLIC_KEY = re.compile(r"\b(?:ssh-(?:rsa|ed25519|dss)|ecdsa-sha2-\S{1,20})\s+AAAA[A-Za-z0-9+/]{40}")
_THROUGH_A_STRANGER = re.compile(r"\bHost\s+\*\s[\s\S]{0,400}\bProxy(?:Jump|Command)\s+\S", re.IGNORECASE)
_PRIVILEGED_ALIAS = re.compile(r"\balias\s+(sudo|su|ssh|scp|gpg)\s*=\s*['\"]?([^\n]{1,300})", re.IGNORECASE)
_ASKS_FOR_PASSWORD = re.compile(r"\bread\s+-\w*s|\bstty\s+-echo|getpass", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"[<{\[$]|your|my-?company|acme|example\.(?:com|org|net)|corp\b|internal", re.IGNORECASE)

Grade = tuple[Severity, float]


@dataclass(frozen=True, slots=True)
class Writing:
    """`statement`: the lines that name the place at `position`; `block`: the fenced block they lead to, in a document.

    `is_script`: it stands in a script, rather than in a document or its fenced blocks.
    """

    place: Place
    view: View
    position: int
    statement: str
    block: str
    is_script: bool

    @property
    def around(self) -> str:
        return _around(self.view.text, self.position, _MAX_AROUND_CHARS)

    @property
    def after(self) -> str:
        """What follows in the same section."""
        return self.view.text[self.position : self.position + _MAX_PARAGRAPH_CHARS // 2].partition("\n#")[0]

    @property
    def paragraph(self) -> str:
        return _around(self.view.text, self.position, _MAX_PARAGRAPH_CHARS)


def judge(writing: Writing, subject: Subject, topic: Topic) -> Grade:
    """Severity and confidence; the rule's own when nothing makes it worse."""
    place = writing.place
    danger = danger_with_files(writing.statement, subject)
    if danger is Danger.HOSTILE:
        return _when_hostile(writing, topic)
    if writing.is_script and max(danger, danger_of(writing.around)) >= Danger.SENDS:
        return Severity.HIGH, 0.7
    is_said = topic.mentions(place.expected)
    if worse := _judge_place(writing, subject, topic, is_said):
        return worse
    if writing.is_script and not is_said:
        return (Severity.HIGH, 0.65) if place.rule is catalog.SCHEDULED_TASK else (Severity.MEDIUM, 0.6)
    is_furtive = place.rule is not catalog.AGENT_MEMORY and not topic.is_security and _is_furtive(writing)
    if not writing.is_script and is_furtive:
        return Severity.HIGH, 0.7
    return place.rule.severity, place.rule.confidence


def _when_hostile(writing: Writing, topic: Topic) -> Grade:
    if writing.is_script or writing.view.is_disguised:
        return Severity.CRITICAL, 0.9
    return (Severity.MEDIUM, 0.6) if topic.is_security else (Severity.HIGH, 0.75)


def _is_furtive(writing: Writing) -> bool:
    """Whether what is asked for is kept from the user, hands over to a text from the network, or hides in a block."""
    if _FETCH_AND_OBEY.search(writing.paragraph) or _CONCEALED.search(writing.paragraph):
        return True
    if not _ORDERS_TO_WRITE.search(writing.statement):
        return False
    return _UNASKED.search(writing.after) is not None or danger_of(writing.block) is Danger.HOSTILE


def _judge_place(writing: Writing, subject: Subject, topic: Topic, is_said: bool) -> Grade | None:
    """What makes one kind of place worse by itself."""
    rule, statement = writing.place.rule, writing.statement
    if rule is catalog.AGENT_SETTINGS:
        return _judge_settings(writing, topic, is_said)
    if rule is catalog.AGENT_MEMORY:
        return _judge_memory(writing, topic)
    if rule is catalog.SSH_ACCESS and "authorized_keys" in statement:
        shipped = [file.text for file in subject.files if file.text and file.path in statement]
        if any(_PUBLIC_KEY.search(text[:_MAX_AROUND_CHARS]) for text in (statement, *shipped)):
            return Severity.HIGH, 0.8
        return (Severity.HIGH, 0.65) if writing.is_script and not is_said else None
    if rule is catalog.SSH_ACCESS and _THROUGH_A_STRANGER.search(f"{statement}\n{writing.block}"):
        return Severity.HIGH, 0.7
    if rule in (catalog.SHELL_STARTUP, catalog.COMMAND_SHIM) and _UNASKED_AGENT.search(statement):
        return None if topic.is_security else (Severity.HIGH, 0.65)
    if rule is catalog.COMMAND_SHIM:
        return _judge_shim(statement)
    if rule is catalog.PACKAGE_SETTINGS and _has_unknown_address(statement):
        is_taught = topic.is_security and not writing.is_script
        return (Severity.MEDIUM, 0.5) if is_taught else (Severity.HIGH, 0.7)
    if rule is catalog.GIT_SETTINGS and "insteadof" in statement.lower() and _has_unknown_address(statement):
        return Severity.HIGH, 0.7
    return None


def _judge_settings(writing: Writing, topic: Topic, is_said: bool) -> Grade | None:
    if writing.is_script:
        if _TAKES_QUESTIONS_AWAY.search(writing.around):
            return Severity.HIGH, 0.75
        if not is_said and _SETS_WHAT_RUNS.search(writing.around):
            return Severity.HIGH, 0.65
        return None
    takes_away = _TAKES_QUESTIONS_AWAY.search(writing.statement) and not _WARNS.search(writing.statement)
    is_order = _ORDERS_TO_WRITE.search(writing.statement) or re.match(r"\W{0,8}set\b", writing.statement, re.IGNORECASE)
    return (Severity.HIGH, 0.65) if takes_away and is_order and not topic.is_security else None


def _judge_memory(writing: Writing, topic: Topic) -> Grade | None:
    """Memory that says the user has agreed, or that tells not to ask, is what poisoned memory looks like.

    To keep the instructions of one project up to date is what many honest skills do.
    """
    text = writing.around if writing.is_script else writing.after + writing.block
    is_order = writing.is_script or _ORDERS_TO_WRITE.search(writing.statement)
    is_lasting = _FOR_ALL_SESSIONS.search(writing.statement) or _FOR_ALL_SESSIONS.search(writing.after)
    poison = _CLAIMS_CONSENT.search(text) or (
        is_lasting and (_DULLS_CAUTION.search(text) or _CONCEALED.search(text) or _UNASKED.search(text))
    )
    hands_over = (
        _FETCH_AND_OBEY.search(f"{writing.paragraph}\n{writing.block}") or danger_of(writing.block) is Danger.HOSTILE
    )
    if (poison or hands_over) and is_order and not (topic.is_security and not writing.is_script):
        return Severity.HIGH, 0.7
    return None


def _judge_shim(statement: str) -> Grade | None:
    if _ASKS_FOR_PASSWORD.search(statement):
        return Severity.HIGH, 0.75
    alias = _PRIVILEGED_ALIAS.search(statement)
    if alias is None or alias[2].strip("'\" ").lower().split(maxsplit=1)[:1] == [alias[1].lower()]:
        return None
    return Severity.HIGH, 0.7


def _has_unknown_address(statement: str) -> bool:
    """Whether a package or a repository would come from a host that is nobody's known, and no mere placeholder."""
    for address in addresses_in(statement):
        host = host_of(address)
        unknown = host and host not in FORGES and not is_known_installer(address) and not is_local_host(host)
        if unknown and not _PLACEHOLDER.search(host):
            return True
    return False


def _around(text: str, position: int, chars: int) -> str:
    return text[max(0, position - chars // 2) : position + chars // 2]
