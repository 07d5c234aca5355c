"""Tells the addresses in a text apart: of vendors everybody knows, of the skill's own service, and of strangers."""

from __future__ import annotations

import re

from skillyard.skill.scan.known import FORGES, host_of, is_known_installer, is_local_host, is_within
from skillyard.skill.scan.subject import Subject

_URL = re.compile(r"(?:https?|ssh|ftp)://[^\s<>\"')\]}]{3,300}")
_MAIL = re.compile(r"[\w.+-]{1,64}@([\w-]{1,63}(?:\.[\w-]{1,63}){1,6})")
_FORGE_APIS = frozenset({"api.github.com", "uploads.github.com", "api.bitbucket.org"})
_GENERAL = frozenset(
    "www api app docs cdn data hook hooks webhook mail example invalid test".split()  # noqa: SIM905
)
_SHORTEST_NAME = 4
_OWN_MENTIONS = 3
_BEGINNING_CHARS = 300


def is_with_vendors(text: str) -> bool:
    """Whether addresses are given, and all of them are of vendors or of this machine."""
    urls = _URL.findall(text)
    return bool(urls) and all(_is_trusted(url) for url in urls)


def names_stranger(text: str, subject: Subject, path: str) -> bool:
    """Whether an address is given that is of no vendor or forge, and that neither the skill's description hints at nor
    the name and the beginning of the file at `path`.
    """
    manifest, file = subject.manifest, subject.by_path.get(path)
    said = f"{manifest.name} {manifest.description}" if manifest else ""
    beginning = (file.text or "")[:_BEGINNING_CHARS] if file and path != "SKILL.md" else ""
    described = f"{said} {path} {beginning}".lower()
    hosts = [host_of(url) for url in _URL.findall(text) if not _is_trusted(url)]
    hosts += [host for host in _MAIL.findall(text) if not host.endswith(("example.com", "example.org"))]
    return any(_is_strange(host.lower(), described) and not _is_common(host, subject) for host in hosts)


def _is_common(host: str, subject: Subject) -> bool:
    """Whether the files speak of a host again and again: then it is the service that the skill is about."""
    return sum((file.text or "").count(host) for file in subject.files) >= _OWN_MENTIONS


def _is_trusted(url: str) -> bool:
    host = host_of(url)
    return is_known_installer(url) or is_local_host(host) or host in _FORGE_APIS


def _is_strange(host: str, described: str) -> bool:
    if (
        not host
        or is_within(host, FORGES)
        or host in ("example.com", "example.org", "www.example.com", "api.example.com")
    ):
        return False
    names = [name for name in re.split(r"[.-]", host) if len(name) >= _SHORTEST_NAME and name not in _GENERAL]
    return not any(name in described for name in names)
