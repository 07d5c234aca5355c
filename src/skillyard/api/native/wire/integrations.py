"""Integrations on the wire, in three levels: all of them, one with a line per endpoint, one endpoint in full."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import example
from skillyard.domain.gateway.calls.reachable import Reachable
from skillyard.domain.gateway.catalog.documents import (
    CallPlace,
    curl,
    example_params,
    groups_of,
    permission_of,
    required_params,
)
from skillyard.domain.gateway.catalog.integration import Effect, Endpoint, Integration, WayKind

_GITHUB: dict[str, Any] = {
    "slug": "github",
    "title": "GitHub",
    "description": "Repositories with their issues, on github.com or a server of your own.",
    "version": 3,
    "status": "connected",
    "groups": ["Issues", "Repositories"],
    "endpoints": 60,
    "is_ours": True,
}
_LINE = {"name": "create_issue", "summary": "Open an issue", "effect": "write", "required": ["repo", "title"]}

Status = Literal["connected", "reconnect_required", "not_connected"]


class IntegrationSummary(BaseModel):
    model_config = example(_GITHUB)

    slug: str
    title: str
    description: str
    version: int = Field(description="Grows with each change; it is kept with each call.")
    status: Status = Field(description="Whether an account of yours is connected; `connected` where none is needed.")
    groups: list[str]
    endpoints: int
    is_ours: bool = Field(description="Comes with the registry; else an administrator added it.")


class Integrations(BaseModel):
    model_config = example({"items": [_GITHUB]})

    items: list[IntegrationSummary]


class EndpointLine(BaseModel):
    name: str
    summary: str
    effect: Effect
    required: list[str] = Field(description="The parameters that it needs.")


class Group(BaseModel):
    slug: str
    title: str
    endpoints: list[EndpointLine]


class SignInWay(BaseModel):
    kind: WayKind
    hint: str = Field(description="Where people find such a key.")


class Origin(BaseModel):
    description: str
    version: str
    licence: str
    url: str


class IntegrationOnWire(BaseModel):
    model_config = example(
        {
            "slug": "github",
            "title": "GitHub",
            "description": _GITHUB["description"],
            "version": 3,
            "status": "connected",
            "account": "octocat",
            "ways": [{"kind": "oauth2", "hint": ""}],
            "variables": {},
            "groups": [{"slug": "issues", "title": "Issues", "endpoints": [_LINE]}],
            "base_url": "https://api.github.com",
            "docs_url": "https://docs.github.com/rest",
            "origin": {"description": "GitHub's OpenAPI description", "version": "1.1.4", "licence": "MIT", "url": ""},
            "is_ours": True,
        }
    )

    slug: str
    title: str
    description: str
    version: int
    status: Status
    account: str | None = Field(description="Whose account calls use where no other is named.")
    ways: list[SignInWay] = Field(description="To connect an account.")
    variables: dict[str, dict[str, Any]] = Field(description="What a connection has to say beside; JSON Schemas.")
    groups: list[Group]
    base_url: str
    docs_url: str
    origin: Origin
    is_ours: bool


class ExampleOnWire(BaseModel):
    title: str
    params: dict[str, Any]


class EndpointOnWire(BaseModel):
    model_config = example(
        {
            "integration": "github",
            "version": 3,
            "name": "create_issue",
            "group": "issues",
            "summary": "Open an issue",
            "description": "",
            "effect": "write",
            "scopes": ["repo"],
            "permission": "github.create_issue",
            "schema": {
                "type": "object",
                "properties": {"repo": {"type": "string"}, "title": {"type": "string"}},
                "required": ["repo", "title"],
                "additionalProperties": False,
            },
            "has_pages": False,
            "answers_bytes": False,
            "examples": [{"title": "Report a bug", "params": {"repo": "acme/webapp", "title": "Bug report"}}],
            "curl": "curl -X POST https://skills.example/api/v1/calls/github/create_issue …",
            "docs_url": "https://docs.github.com/rest/issues/issues#create-an-issue",
        }
    )

    integration: str
    version: int
    name: str
    group: str
    summary: str
    description: str
    effect: Effect
    scopes: list[str] = Field(description="What a connection needs to be allowed.")
    permission: str = Field(description="What a skill that calls it declares in `permissions.integrations`.")
    params: dict[str, Any] = Field(alias="schema", description="JSON Schema of the parameters.")
    has_pages: bool = Field(description="Answers come in pages: `meta.page` has what to change for the next one.")
    answers_bytes: bool = Field(description="What comes back is a file.")
    examples: list[ExampleOnWire]
    curl: str
    docs_url: str


def show_integrations(found: list[Reachable]) -> Integrations:
    return Integrations(items=[_show_summary(one) for one in found])


def show_integration(found: Reachable) -> IntegrationOnWire:
    one = found.integration
    return IntegrationOnWire(
        slug=one.slug,
        title=one.title,
        description=one.description,
        version=one.version,
        status=found.status,
        account=found.connection.account_label if found.connection else None,
        ways=[SignInWay(kind=way.kind, hint=way.hint) for way in one.ways],
        variables={name: dict(schema) for name, schema in one.variables.items()},
        groups=show_groups(one),
        base_url=one.base_url,
        docs_url=one.docs_url,
        origin=Origin(
            description=one.origin.description,
            version=one.origin.version,
            licence=one.origin.licence,
            url=one.origin.url,
        ),
        is_ours=one.is_ours,
    )


def show_endpoint(integration: Integration, endpoint: Endpoint, place: CallPlace) -> EndpointOnWire:
    examples = [ExampleOnWire(title=one.title, params=dict(one.params)) for one in endpoint.examples]
    return EndpointOnWire(
        integration=integration.slug,
        version=integration.version,
        name=endpoint.name,
        group=endpoint.group,
        summary=endpoint.summary,
        description=endpoint.description,
        effect=endpoint.effect,
        scopes=list(endpoint.scopes),
        permission=permission_of(integration, endpoint),
        schema=dict(endpoint.schema),
        has_pages=endpoint.paging is not None,
        answers_bytes=endpoint.answers_bytes,
        examples=examples or [ExampleOnWire(title="", params=dict(example_params(endpoint)))],
        curl=curl(integration, endpoint, place),
        docs_url=endpoint.docs_url,
    )


def _show_summary(found: Reachable) -> IntegrationSummary:
    one = found.integration
    return IntegrationSummary(
        slug=one.slug,
        title=one.title,
        description=one.description,
        version=one.version,
        status=found.status,
        groups=[group.title for group in groups_of(one)],
        endpoints=len(one.endpoints),
        is_ours=one.is_ours,
    )


def show_groups(integration: Integration) -> list[Group]:
    return [
        Group(slug=group.slug, title=group.title, endpoints=[_show_line(one) for one in group.endpoints])
        for group in groups_of(integration)
    ]


def _show_line(endpoint: Endpoint) -> EndpointLine:
    return EndpointLine(
        name=endpoint.name, summary=endpoint.summary, effect=endpoint.effect, required=required_params(endpoint)
    )
