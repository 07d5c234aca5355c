"""The patterns in which permissions are written: hosts and paths. Which are well formed, and which covers which."""

from __future__ import annotations

import ipaddress
import re
from fnmatch import fnmatchcase
from functools import lru_cache
from urllib.parse import urlsplit

_MAX_CHARS = 260
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = re.compile(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})*")
_WITH_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]]+)(?::([1-9][0-9]{0,4}))?")
_ENDS_AS_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)")
_MAX_PORT = 65535
_HOME = "~"


class BadPatternError(ValueError):
    """Why a pattern is not one, and what to write instead."""

    def __init__(self, why: str, hint: str) -> None:
        super().__init__(why)
        self.why = why
        self.hint = hint


def read_host(text: str) -> str:
    """`api.example.com`, `*.example.com` (everything below it, not itself), `*` (any host), each with or without
    `:port`; without one, all ports are meant. In lower case. Raises BadPatternError.
    """
    pattern = text.lower()
    if "://" in pattern or "/" in pattern:
        raise BadPatternError("has a scheme or a path", f"write {_host_of(pattern) or 'api.example.com'} alone")
    match = _WITH_PORT.fullmatch(pattern) if len(pattern) <= _MAX_CHARS else None
    if match is None or int(match[2] or 0) > _MAX_PORT:
        raise BadPatternError("is not a host", "write it as api.example.com or api.example.com:8443")
    host = _read_name_or_address(match[1])
    return f"{host}:{match[2]}" if match[2] else host


def _read_name_or_address(host: str) -> str:
    if host == "*":
        return host
    if host.startswith("["):
        try:
            return f"[{ipaddress.IPv6Address(host[1:-1])}]"
        except ValueError:
            raise BadPatternError("is not an IPv6 address", "write it as [2001:db8::1]") from None
    if not host.isascii():
        raise BadPatternError("has letters outside ASCII", "write it as DNS does: xn--...")
    if not _HOST.fullmatch(host):
        raise BadPatternError("is not a host", "write it as api.example.com or *.example.com")
    # Clients read 127.1, 0x7f.0.0.1 and 2130706433 as one IPv4 address; only its usual spelling is seen for what it is.
    if _ENDS_AS_NUMBER.fullmatch(host):
        try:
            return str(ipaddress.IPv4Address(host))
        except ValueError:
            raise BadPatternError("is not an IPv4 address", "write it as 192.0.2.1") from None
    return host


def _host_of(text: str) -> str:
    try:
        return urlsplit(text if "://" in text else f"//{text}").hostname or ""
    except ValueError:
        return ""


def host_covers(wide: str, narrow: str) -> bool:
    """Whether all that `narrow` reaches is reached by `wide`. Both as `read_host` returns them."""
    wide_host, wide_port = _parts(wide)
    host, port = _parts(narrow)
    if wide_port and wide_port != port:
        return False
    return wide_host in ("*", host) or (wide_host.startswith("*.") and host.endswith(wide_host[1:]))


def _parts(pattern: str) -> tuple[str, str]:
    match = _WITH_PORT.fullmatch(pattern)
    return (match[1], match[2] or "") if match else (pattern, "")


def read_path(text: str) -> str:
    """A path relative to the project the agent works in, or below the home folder as `~/...`, with `/` between names.

    `*` and `?` stand for characters within a name, `**` as a whole name for any number of names; all else is
    literal. Absolute paths are refused: they mean nothing on another machine. Raises BadPatternError.
    """
    _check_spelling(text)
    pattern = re.sub(r"^(?:\./)+", "", text)
    names = pattern.split("/")
    below_home = names[0] == _HOME
    if not below_home and names[0].startswith(_HOME):
        raise BadPatternError("is in the home folder of somebody else", "write it as ~/notes/**")
    if ".." in names:
        raise BadPatternError("leads out of its folder with ..", "name the folder itself")
    if {"", "."} & set(names) or (below_home and len(names) == 1):
        raise BadPatternError("has an empty name or a dot between slashes", "write it as src/** or data/*.csv")
    if any("**" in name and name != "**" for name in names):
        raise BadPatternError("has ** within a name", "write it as src/**/*.py")
    return pattern


def _check_spelling(text: str) -> None:
    if not text or len(text) > _MAX_CHARS:
        raise BadPatternError("is empty" if not text else "is too long", "write it as src/** or data/*.csv")
    if not text.isprintable():
        raise BadPatternError("has characters that are not seen", "remove them")
    if text.startswith("/") or re.match("[A-Za-z]:", text):
        hint = "write it relative to the project, as data/**, or to the home folder, as ~/notes/**"
        raise BadPatternError("is absolute", hint)
    if "\\" in text:
        raise BadPatternError("has a backslash", "write / between names")


def path_covers(wide: str, narrow: str) -> bool:
    """Whether all files that `narrow` names are named by `wide`. Both as `read_path` returns them.

    Never true wrongly; false for a few pairs of patterns that do cover each other, as `a*` and `ab*`.
    """
    one, other = tuple(wide.split("/")), tuple(narrow.split("/"))
    return (one[0] == _HOME) == (other[0] == _HOME) and _names_cover(one, other)


@lru_cache(maxsize=4096)
def _names_cover(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if not wide:
        return not narrow
    if wide[0] == "**":
        return _names_cover(wide[1:], narrow) or (bool(narrow) and _names_cover(wide, narrow[1:]))
    if not narrow or narrow[0] == "**":
        return False
    return _name_covers(wide[0], narrow[0]) and _names_cover(wide[1:], narrow[1:])


def _name_covers(wide: str, narrow: str) -> bool:
    if wide in ("*", narrow):
        return True
    if "*" in narrow or "?" in narrow:
        return False
    return fnmatchcase(narrow, wide.replace("[", "[[]"))
