"""What is said of an integration to those who call it: its endpoints in groups, what each needs, and an example."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.skill.schema_example import example_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    slug: str
    title: str
    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlace:
    """Where calls go: `address` without the names of integration and endpoint, `key` the variable with the token."""

    address: str
    key: str


def groups_of(integration: Integration) -> list[Group]:
    """Those that have endpoints, in the order of the file."""
    by_group: dict[str, list[Endpoint]] = {}
    for endpoint in integration.endpoints.values():
        by_group.setdefault(endpoint.group, []).append(endpoint)
    return [
        Group(slug=slug, title=title, endpoints=tuple(by_group[slug]))
        for slug, title in integration.groups.items()
        if slug in by_group
    ]


def required_params(endpoint: Endpoint) -> list[str]:
    return [param.name for param in endpoint.params if param.is_required]


def example_params(endpoint: Endpoint) -> Mapping[str, Any]:
    """Of its first example; without one, what it needs, made from the schema."""
    if endpoint.examples:
        return endpoint.examples[0].params
    return {param.name: example_of(param.schema) for param in endpoint.params if param.is_required}


def permission_of(integration: Integration, endpoint: Endpoint) -> str:
    """What a skill that calls it declares in `permissions.integrations`."""
    return f"{integration.slug}.{endpoint.name}"


def curl(integration: Integration, endpoint: Endpoint, place: CallPlace) -> str:
    """The call of its example, for a shell."""
    body = json.dumps({"params": example_params(endpoint)}, ensure_ascii=False)
    return (
        f"curl -X POST {place.address}/{integration.slug}/{endpoint.name}"
        f' -H "Authorization: Bearer ${place.key}" -H "Content-Type: application/json" -d {shlex.quote(body)}'
    )
