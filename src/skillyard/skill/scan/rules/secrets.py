"""Credentials left in the files: their author's mistake rather than an attack, so never more than a note."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator

from skillyard.skill.scan.family import Family
from skillyard.skill.scan.finding import Category, Finding, Owasp, Rule, Severity
from skillyard.skill.scan.matching import Hit, Patterns
from skillyard.skill.scan.subject import Subject, View

_SHOWN_CHARS = 4


def _rule(what: str, severity: Severity, confidence: float, title: str) -> Rule:
    return Rule(
        id=f"secrets.{what}",
        category=Category.SECRETS,
        owasp=Owasp.INSECURE_METADATA,
        severity=severity,
        confidence=confidence,
        title=title,
        why="Everybody who installs the skill can use it, and so can everybody who copied it before it was removed.",
        advice="Revoke it now, since removing it does not undo that it was published; read it from the environment.",
    )


TOKEN = _rule("token", Severity.MEDIUM, 0.8, "An access token in the files")
PRIVATE_KEY = _rule("private-key", Severity.MEDIUM, 0.8, "A private key in the files")
PASSWORD = _rule("password", Severity.MEDIUM, 0.6, "An address with a password in the files")
ASSIGNED = _rule("assigned", Severity.LOW, 0.5, "A value that looks like a secret")

_PATTERNS = Patterns(
    {
        "AWS access key": r"\b(?-i:(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})\b",
        "GitHub token": r"\b(?-i:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_[A-Za-z0-9_]{50,255})\b",
        "GitLab token": r"\b(?-i:gl(?:pat|ptt|rt|dt|cbt)-[A-Za-z0-9_-]{20,64})\b",
        "Slack token": r"\b(?-i:xox[abeoprs]-[A-Za-z0-9-]{20,250}|xapp-[0-9]-[A-Za-z0-9-]{20,250})",
        "Slack webhook": (
            r"https://hooks\.slack\.com/services/T[A-Za-z0-9]{7,12}/B[A-Za-z0-9]{7,12}/(?-i:[A-Za-z0-9]{20,32}"
            r")"
        ),
        "Discord webhook": r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/[0-9]{16,20}/(?-i:[\w-]{60,72})",
        "Discord bot token": r"\b(?-i:[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,40})\b",
        "Stripe key": r"\b(?-i:[sr]k_live_[A-Za-z0-9]{20,120}|whsec_[A-Za-z0-9+/]{32,64})",
        "Google API key": r"\b(?-i:AIza[A-Za-z0-9_-]{35})\b",
        "Google OAuth secret": r"\b(?-i:GOCSPX-[A-Za-z0-9_-]{28})\b",
        "Anthropic key": r"\b(?-i:sk-ant-(?:api|admin|oat)[0-9]{2}-[A-Za-z0-9_-]{80,120})",
        "OpenAI key": (
            r"\b(?-i:sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}|"
            r"sk-[A-Za-z0-9]{48})\b"
        ),
        "Hugging Face token": r"\b(?-i:hf_[A-Za-z]{34})\b",
        "npm token": r"\b(?-i:npm_[A-Za-z0-9]{36})\b",
        "PyPI token": r"\b(?-i:pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,250})",
        "Telegram bot token": r"\b[0-9]{8,10}:(?-i:AA[A-Za-z0-9_-]{33})\b",
        "SendGrid key": r"\b(?-i:SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43})\b",
        "Twilio key": r"\b(?-i:SK[0-9a-f]{32})\b",
        "DigitalOcean token": r"\b(?-i:do[opr]_v1_[a-f0-9]{64})\b",
        "Shopify token": r"\b(?-i:shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32})\b",
        "Databricks token": r"\b(?-i:dapi[a-f0-9]{32})\b",
        "Supabase secret": r"\b(?-i:sb_secret_[A-Za-z0-9_-]{30,60}|sbp_[a-f0-9]{40})\b",
        "JSON Web Token": r"\b(?-i:eyJ[A-Za-z0-9_-]{15,500}\.eyJ[A-Za-z0-9_-]{15,1000}\.[A-Za-z0-9_-]{20,700})\b",
        "private key": (
            r"-----BEGIN (?:RSA |EC |DSA |OPENSSH |ENCRYPTED |"
            r"PGP )?PRIVATE KEY(?: BLOCK)?-----(?P<body>[A-Za-z0-9+/=\s\\n:,-]{100,1000})"
        ),
        "address": r"\b(?:postgres(?:ql)?|mysql|mariadb|mongodb(?:\+srv)?|redis|rediss|amqps?|mssql|clickhouse|ftp|"
        r"sftp|smtps?|https?)"
        r"(?:\+\w+)?://[\w.%-]{0,64}:(?P<secret>[^\s@/:'\"<>`{}$]{6,100})@(?P<host>[\w.-]{3,255})",
        "assignment": r"\b[\w-]{0,40}(?:api[_-]?key|secret(?:[_-]?key)?|access[_-]?token|auth[_-]?token|bot[_-]?token|"
        r"client[_-]?secret|"
        r"private[_-]?key|password|passwd)['\"]?\s*(?::|=|:=|=>)\s*['\"](?P<secret>[A-Za-z0-9+/_=.~-]{20,200})['\"]",
    }
)
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|fake|placeholder|redacted|changeme|change[_-]me|insert|replace|your[_-]|"
    r"[_-]your|<|>|\.\.\.|…|xxx|"
    r"\*\*\*|000000|111111|123456|abcdef|aaaa|test[_-]?key|todo|foobar|secret[_-]?(?:key|here|token)|"
    r"(?:key|token|secret)[_-]?here|"
    r"deadbeef|qwerty|lorem|not[_-]?a[_-]?real|mock|demo|\bpassw|p[a@]ssw[o0]rd",
    re.IGNORECASE,
)
_DOCUMENTED = frozenset(
    {
        "AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "ASIAIOSFODNN7EXAMPLE",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0Ijo"
"xNTE2MjM5MDIyfQ."
        "SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
    }
)  # fmt: skip
_LOCAL_HOSTS = re.compile(
    r"(?:localhost|127\.|0\.0\.0\.0|db|host|redis|postgres|mysql|mongo\w*|.*\.example(?:\.\w+)?|"
    r"example\..*|.*\.(?:test|invalid|local))$|\w+$",
    re.IGNORECASE,
)
_FEWEST_BITS_PER_CHAR = 3.0
_BITS_OF_RANDOM_VALUE = 3.6
_FEWEST_BITS_IN_KEYS = 4.0
_FEWEST_BITS_IN_PASSWORDS = 2.0
_KEY_HEADER_CHARS = 40


def check(subject: Subject) -> Iterator[Finding]:
    """Look in every text as written; a credential that is disguised is still only its author's."""
    for view in subject.views:
        for hit in _PATTERNS.find(view.text, most=10) if not view.via else ():
            judge = _JUDGES.get(hit.name, _token)
            yield from judge(view, hit)


def _token(view: View, hit: Hit) -> Iterator[Finding]:
    if _is_real(hit.text, _FEWEST_BITS_PER_CHAR):
        yield _finding(TOKEN, view, hit, f"{hit.name}: {hit.text[:_SHOWN_CHARS]}…")


def _private_key(view: View, hit: Hit) -> Iterator[Finding]:
    body = hit.groups["body"] or ""
    if _is_real(body[_KEY_HEADER_CHARS:], _FEWEST_BITS_IN_KEYS):
        yield _finding(PRIVATE_KEY, view, hit, f"{hit.text.partition('-----')[2][:31]}…")


def _password(view: View, hit: Hit) -> Iterator[Finding]:
    secret, host = hit.groups["secret"] or "", hit.groups["host"] or ""
    if not _LOCAL_HOSTS.match(host) and _is_real(secret, _FEWEST_BITS_IN_PASSWORDS) and not _is_word(secret):
        yield _finding(PASSWORD, view, hit, f"{secret[:_SHOWN_CHARS]}…")


def _assigned(view: View, hit: Hit) -> Iterator[Finding]:
    secret = hit.groups["secret"] or ""
    if _is_real(secret, _BITS_OF_RANDOM_VALUE) and _is_mixed(secret):
        yield _finding(ASSIGNED, view, hit, f"{secret[:_SHOWN_CHARS]}…")


def _finding(rule: Rule, view: View, hit: Hit, evidence: str) -> Finding:
    return rule.at(view.file, view.line_at(hit.start), evidence)


def _is_real(secret: str, fewest_bits: float) -> bool:
    """Neither a documented sample nor a placeholder, and as irregular as what a machine has drawn."""
    if secret in _DOCUMENTED or _PLACEHOLDER.search(secret):
        return False
    return _bits_per_char(secret) >= fewest_bits


def _bits_per_char(text: str) -> float:
    """Shannon entropy of the characters as they occur."""
    total = len(text)
    return -sum(count / total * math.log2(count / total) for count in Counter(text).values()) if total else 0.0


def _is_mixed(secret: str) -> bool:
    """Letters and digits, neither words joined by signs nor a path."""
    digits = sum(char.isdigit() for char in secret)
    return digits >= 3 and digits < len(secret) and not re.search(r"[a-z]{9}|[._/-].*[._/-].*[._/-]", secret)


def _is_word(secret: str) -> bool:
    return (
        re.fullmatch(
            r"(?:pass|pwd|user|admin|root|secret|token|postgres|guest|mysql|mongo)\w{0,8}|[a-z]{1,9}|\d{1,6}",
            secret,
            re.I,
        )
        is not None
    )


_JUDGES = {"private key": _private_key, "address": _password, "assignment": _assigned}
FAMILY = Family(name="secrets", rules=(TOKEN, PRIVATE_KEY, PASSWORD, ASSIGNED), check=check)
