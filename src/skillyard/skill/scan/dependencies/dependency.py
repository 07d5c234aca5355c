"""One dependency as somebody wrote it down, and how far the address that it names can be trusted."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from skillyard.skill.scan.known import (
    FORGES,
    STORES,
    host_of,
    is_known_installer,
    is_local_host,
    is_suspicious_host,
    is_within,
)

Evidence = tuple[str, int, str]  # file, line, text


class Trust(Enum):
    """What is known of an address. PLACEHOLDER: the reader is meant to put in one of their own."""

    LOCAL = "local"
    VENDOR = "vendor"
    FORGE = "forge"
    STORE = "store"
    PLACEHOLDER = "placeholder"
    UNKNOWN = "unknown"
    SUSPICIOUS = "suspicious"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`name` and `address` are empty where none is given; `index`: the address is one of many packages."""

    name: str = ""
    ecosystem: str = ""  # pypi, npm, or empty for others
    address: str = ""
    is_index: bool = False
    file: str
    line: int
    text: str
    is_shown: bool = False  # by a text, rather than declared in a file or run by a script
    via: tuple[str, ...] = ()


_PLACEHOLDER = re.compile(
    r"[<{\[$%*]|\byour|\bmy-?(?:company|org|team|registry|host)|company|\bacme\b|\bexample\.(?:com|org|net)$|\bcorp\b|"
    r"\bprivate\b|\.\.\.|registry-?url|hostname|placeholder",
    re.IGNORECASE,
)
_SHORT_FORGE = re.compile(r"(?:(?:github|gitlab|bitbucket|gist):)?[\w.-]{1,100}/[\w.-]{1,100}(?:#\S*)?")
_PINNED = re.compile(
    r"(?:@|#(?:commit=)?|/(?:archive|raw|tarball)/(?:refs/tags/)?|/releases/download/)(?:[0-9a-f]{7,40}|v?\d[\w.-]*)\b",
    re.IGNORECASE,
)


def trust_in(address: str) -> Trust:
    """By its host alone, or by its owner on a forge."""
    plain = address.removeprefix("git+").removeprefix("registry+").removeprefix("sparse+")
    if _SHORT_FORGE.fullmatch(plain) and not plain.startswith("."):
        return Trust.FORGE
    host = host_of(plain)
    if not host or is_local_host(host) or plain.startswith("file:"):
        return Trust.PLACEHOLDER if "//" in plain and not plain.startswith("file:") and not host else Trust.LOCAL
    if _PLACEHOLDER.search(host):
        return Trust.PLACEHOLDER
    if is_suspicious_host(host):
        return Trust.SUSPICIOUS
    if is_known_installer(plain):
        return Trust.VENDOR
    if is_within(host, STORES):
        return Trust.STORE
    return Trust.FORGE if host in FORGES else Trust.UNKNOWN


def is_pinned(address: str) -> bool:
    """Whether a repository's address names one commit or version."""
    return _PINNED.search(address) is not None
