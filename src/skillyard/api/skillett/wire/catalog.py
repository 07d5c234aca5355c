"""Integrations on the wire, in three levels: all of them, one with a line per endpoint, one endpoint in full."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import example
from skillyard.domain.gateway.calls.reachable import Reachable
from skillyard.domain.gateway.catalog.documents import CallPlace, curl, example_params, groups_of, required_params
from skillyard.domain.gateway.catalog.integration import Effect, Endpoint, Integration

Status = Literal["connected", "reconnect_required", "not_connected"]
_GITHUB = {
    "slug": "github",
    "name": "GitHub",
    "description": "Repositories with their issues, on github.com or a server of your own.",
    "connected": True,
    "status": "connected",
    "groups": ["issues", "repositories"],
    "endpoint_count": 42,
}


class IntegrationSummary(BaseModel):
    model_config = example(_GITHUB)

    slug: str
    name: str
    description: str
    connected: bool
    status: Status
    groups: list[str]
    endpoint_count: int


class Integrations(BaseModel):
    model_config = example({"integrations": [_GITHUB]})

    integrations: list[IntegrationSummary]


class EndpointLine(BaseModel):
    name: str
    summary: str
    effect: Effect
    required: list[str] = Field(description="The parameters that it needs.")


class Group(BaseModel):
    slug: str
    name: str
    endpoints: list[EndpointLine]


class IntegrationOnWire(BaseModel):
    model_config = example(
        {
            **_GITHUB,
            "groups": [
                {
                    "slug": "issues",
                    "name": "Issues",
                    "endpoints": [
                        {
                            "name": "create_issue",
                            "summary": "Open an issue",
                            "effect": "write",
                            "required": ["repo", "title"],
                        }
                    ],
                }
            ],
            "account": "ada",
            "connect_url": None,
            "docs_url": "https://docs.github.com/rest",
            "version": 3,
        }
    )

    slug: str
    name: str
    description: str
    connected: bool
    status: Status
    account: str | None = Field(description="Whose account calls use, as the service calls it.")
    connect_url: str | None = Field(description="Where a person connects one, unless one is connected.")
    groups: list[Group]
    endpoint_count: int
    docs_url: str | None
    version: int


class ExampleOnWire(BaseModel):
    title: str
    params: dict[str, Any]


class EndpointOnWire(BaseModel):
    model_config = example(
        {
            "integration": "github",
            "name": "create_issue",
            "summary": "Open an issue",
            "description": "",
            "group": "issues",
            "effect": "write",
            "writes": True,
            "scopes": ["repo"],
            "parameters": {
                "type": "object",
                "properties": {"repo": {"type": "string"}, "title": {"type": "string"}},
                "required": ["repo", "title"],
                "additionalProperties": False,
            },
            "examples": [{"title": "Report a bug", "params": {"repo": "acme/webapp", "title": "Bug report"}}],
            "curl": "curl -X POST https://skills.example.org/skillett/v1/github/create_issue …",
            "docs_url": "https://docs.github.com/rest/issues/issues#create-an-issue",
            "version": 3,
        }
    )

    integration: str
    name: str
    summary: str
    description: str
    group: str
    effect: Effect
    writes: bool
    scopes: list[str] = Field(description="What the connected account must allow.")
    parameters: dict[str, Any] = Field(description="JSON Schema of `params`.")
    examples: list[ExampleOnWire]
    curl: str = Field(description="The first example, for a shell.")
    docs_url: str | None
    version: int


def show_integrations(found: list[Reachable]) -> Integrations:
    return Integrations(
        integrations=[
            IntegrationSummary(**_common(one), groups=[group.slug for group in groups_of(one.integration)])
            for one in found
        ]
    )


def show_integration(found: Reachable, *, connect_url: str) -> IntegrationOnWire:
    one = found.integration
    return IntegrationOnWire(
        **_common(found),
        account=found.connection.account_label if found.connection else None,
        connect_url=None if found.status == "connected" else connect_url,
        groups=_show_groups(one),
        docs_url=one.docs_url or None,
        version=one.version,
    )


def show_endpoint(integration: Integration, endpoint: Endpoint, place: CallPlace) -> EndpointOnWire:
    examples = [ExampleOnWire(title=one.title, params=dict(one.params)) for one in endpoint.examples]
    return EndpointOnWire(
        integration=integration.slug,
        name=endpoint.name,
        summary=endpoint.summary,
        description=endpoint.description,
        group=endpoint.group,
        effect=endpoint.effect,
        writes=endpoint.effect != "read",
        scopes=list(endpoint.scopes),
        parameters=dict(endpoint.schema),
        examples=examples or [ExampleOnWire(title="", params=dict(example_params(endpoint)))],
        curl=curl(integration, endpoint, place),
        docs_url=endpoint.docs_url or None,
        version=integration.version,
    )


def _common(found: Reachable) -> dict[str, Any]:
    one = found.integration
    return {
        "slug": one.slug,
        "name": one.title,
        "description": one.description,
        "connected": found.status == "connected",
        "status": found.status,
        "endpoint_count": len(one.endpoints),
    }


def _show_groups(integration: Integration) -> list[Group]:
    return [
        Group(slug=group.slug, name=group.title, endpoints=[_show_line(one) for one in group.endpoints])
        for group in groups_of(integration)
    ]


def _show_line(endpoint: Endpoint) -> EndpointLine:
    return EndpointLine(
        name=endpoint.name, summary=endpoint.summary, effect=endpoint.effect, required=required_params(endpoint)
    )
