"""Addresses of registries: which are allowed, and which two are the same place as far as a token is concerned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from skillyard.sdk.errors import UsageError

_DEFAULT_PORTS = {"http": 80, "https": 443}


def check_registry(url: str) -> str:
    """The address of a registry without a trailing slash. Raises UsageError unless it is plain http(s)."""
    parts = _split(url)
    if parts.username is not None or parts.password is not None:
        raise _bad(url="the address", why="holds a user name or password", hint="use `skillyard login` for the token")
    if parts.query or parts.fragment:
        raise _bad(
            url=url, why="has a query or fragment", hint="give the bare address, such as https://skills.example.com"
        )
    return f"{origin_of(url)}{parts.path.rstrip('/').removesuffix('/api/v1')}"


def origin_of(url: str) -> str:
    """`scheme://host[:port]`, lower case, without a default port: what a token belongs to (RFC 6454)."""
    parts = _split(url)
    host = (parts.hostname or "").rstrip(".")
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


def is_downgrade(from_url: str, to_url: str) -> bool:
    """Whether following it would leave an encrypted connection for an open one."""
    return _split(from_url).scheme == "https" and _split(to_url).scheme == "http"


def with_query(url: str, params: Mapping[str, Any]) -> str:
    """`url` with `params`: lists repeat the name, what is None is left out."""
    pairs = [
        (name, wire_text(part))
        for name, value in params.items()
        for part in (value if isinstance(value, list | tuple) else [value])
        if part is not None
    ]
    return f"{url}{'&' if '?' in url else '?'}{urlencode(pairs)}" if pairs else url


def wire_text(value: Any) -> str:
    """A value as it stands in an address, a header or a form."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in _DEFAULT_PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        raise _bad(url=repr(url), why="is not an http or https address", hint="write it as https://skills.example.com")
    return parts


def _bad(*, url: str, why: str, hint: str) -> UsageError:
    return UsageError(f"{url} {why}.", code="bad_address", hint=hint)
