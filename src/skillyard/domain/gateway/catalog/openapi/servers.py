"""Where an API is: the base address, and which parts of its host each connection fills in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin

from skillyard.domain.gateway.catalog.openapi.choices import DocumentRefused, Notes
from skillyard.domain.gateway.catalog.openapi.words import first_sentence, snake_case
from skillyard.skill.reading import is_web_address, shorten

_VARIABLE = re.compile(r"\{([^{}]{1,64})\}")
_LABEL = "^[A-Za-z0-9]([A-Za-z0-9.-]{0,98}[A-Za-z0-9])?$"  # of a host, or several with dots
_HINT = "Give the address of the API: --base-url https://api.example.com/v1"


def read_base(
    document: Mapping[str, Any], *, given: str, document_url: str, notes: Notes
) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """The base address and the schemas of the variables in its host. Raises DocumentRefused."""
    if given:
        return _checked(given), {}
    servers = document.get("servers")
    listed = [each for each in servers if isinstance(each, Mapping)] if isinstance(servers, list) else []
    known = [each for each in listed if isinstance(each.get("url"), str)]
    if not known:
        known = [{"url": "/"}]
    if len(known) > 1:
        others = ", ".join(shorten(str(each["url"]), 80) for each in known[1:5])
        notes.add("servers", f"the first one is used, and not {others}")
    return _read_server(known[0], document_url)


def absolute(address: str, base: str) -> str:
    """The address, where it is a relative one as seen from `base`; what is none is left as it is."""
    try:
        return urljoin(base, address)
    except ValueError:
        return address


def _read_server(server: Mapping[str, Any], document_url: str) -> tuple[str, dict[str, Mapping[str, Any]]]:
    """Only variables in the host are asked for; elsewhere their defaults are used."""
    described = server.get("variables")
    described = described if isinstance(described, Mapping) else {}
    host_ends = re.match(r"[a-z]+://[^/]*", server["url"])
    in_host = set(_VARIABLE.findall(host_ends[0].split("://", 1)[1].split(":")[0])) if host_ends else set()
    variables: dict[str, Mapping[str, Any]] = {}

    def fill(match: re.Match[str]) -> str:
        node = described.get(match[1])
        node = node if isinstance(node, Mapping) else {}
        if match[1] not in in_host:
            return str(node.get("default", ""))
        name = snake_case(match[1]) or "host"
        variables[name] = _variable(node)
        return "{" + name + "}"

    url = _VARIABLE.sub(fill, server["url"])
    return _checked(url if host_ends else absolute(url, document_url)), variables


def _variable(node: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string", "pattern": _LABEL}
    choices = node.get("enum")
    if isinstance(choices, list) and 0 < len(choices) <= 100:
        schema = {"type": "string", "enum": [str(choice)[:100] for choice in choices]}
    if isinstance(node.get("default"), str) and re.match(_LABEL, node["default"]):
        schema["default"] = node["default"]
    description = first_sentence(node.get("description"), most=200)
    return {**schema, **({"description": description} if description else {})}


def _checked(url: str) -> str:
    plain = _VARIABLE.sub("x", url)
    if not is_web_address(plain) or "@" in plain or "?" in plain or "#" in plain or "%" in plain or ".." in plain:
        raise DocumentRefused(f"it does not say where the API is ({shorten(url, 80)})", _HINT)
    return url.rstrip("/")
