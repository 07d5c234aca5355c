"""What we ask of a vendor is what its own client asks: same method, path, query, body and signs of who asks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from graphql import FieldNode, OperationDefinitionNode, parse

from skillyard.domain.gateway.calls.building import authorized, build
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.domain.gateway.catalog.lookup import read_shipped
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets, basic
from skillyard.domain.gateway.connect.authorization import authorize
from skillyard.infra.envelope import Secret
from tests.domain.gateway.upstream import Asked
from tests.domain.gateway.vendor_client import VendorClient

CLIENTS = (
    VendorClient(slug="github", package="@octokit/rest", version="22.0.1"),
    VendorClient(slug="gitlab", package="@gitbeaker/rest", version="43.8.0"),
    VendorClient(slug="gmail", package="@googleapis/gmail", version="22.0.1"),
    VendorClient(slug="google-calendar", package="@googleapis/calendar", version="20.0.1"),
    VendorClient(slug="google-drive", package="@googleapis/drive", version="26.0.1"),
    VendorClient(slug="google-sheets", package="@googleapis/sheets", version="18.1.1"),
    VendorClient(slug="jira", package="jira.js", version="5.4.0"),
    VendorClient(slug="linear", package="@linear/sdk", version="98.0.0"),
    VendorClient(slug="notion", package="@notionhq/client", version="5.26.0"),
    VendorClient(slug="openai", package="openai", version="6.49.0"),
    VendorClient(slug="slack", package="@slack/web-api", version="8.2.0"),
)
SECRET_OF = {
    "api_key": Secret("secret"),
    "oauth2": Secret("secret"),
    "basic": basic("ada@example.com", Secret("secret")),
}
each_client = pytest.mark.parametrize("client", CLIENTS, ids=lambda client: client.slug)


@each_client
def test_the_vendor_knows_the_calls_by_its_types(client: VendorClient, tmp_path: Path) -> None:
    assert client.type_faults(client.workshop(tmp_path)) == ""


@each_client
def test_we_ask_what_the_vendors_client_asks(client: VendorClient, tmp_path: Path) -> None:
    integration = read_shipped(client.slug)
    asked = client.ask(client.workshop(tmp_path))
    assert set(asked) == set(integration.endpoints)
    for name, theirs in asked.items():
        assert len(theirs) == 1, name
        ours = request_for(integration, integration.endpoints[name])
        assert seen(client.slug, ours) == seen(client.slug, theirs[0]), name


def request_for(integration: Integration, endpoint: Endpoint) -> Asked:
    """Ours for the endpoint's first example, by the way that the client was given, too."""
    variables = {name: str(schema.get("default", "acme")) for name, schema in integration.variables.items()}
    built = build(integration, endpoint, endpoint.examples[0].params, variables)
    way = integration.ways[-1]
    url = urlsplit(built.url)
    built = authorized(built, authorize(way, AccountSecrets(access=SECRET_OF[way.kind]), variables))
    target = f"{url.path}?{url.query}" if url.query else url.path
    return Asked(method=built.method, target=target, headers=dict(built.headers), body=built.body)


def seen(slug: str, asked: Asked) -> dict[str, Any]:
    """The request as its vendor takes it: what means the same there is the same here."""
    signs = {name: asked.headers.get(name, "") for name in ("authorization", "private-token", "notion-version")}
    found = {
        "method": asked.method,
        "path": asked.path.replace("%3A", ":"),
        "query": asked.query,
        "body": body_of(asked),
    }
    return {**signs, **found, **LIKE_THE_VENDOR.get(slug, lambda _: {})(asked)}


def body_of(asked: Asked) -> Any:
    if asked.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(parse_qsl(asked.body.decode(), keep_blank_values=True))
    return json.loads(asked.body) if asked.body else {}


def like_github(asked: Asked) -> dict[str, Any]:
    """Slashes in a path may be encoded; `token` is an old word for `Bearer`."""
    return {
        "path": unquote(asked.path),
        "query": sorted(asked.query),
        "authorization": asked.headers["authorization"].replace("token ", "Bearer "),
    }


def like_gitlab(asked: Asked) -> dict[str, Any]:
    """Parameters are the same in a query and a body, and lists may be one item; a client names the usual paging."""
    query: dict[str, Any] = {}
    for name, value in asked.query:
        query.setdefault(name.removesuffix("[]"), []).append(value)
    query.pop("pagination", None)
    single = {name: values if len(values) > 1 else values[0] for name, values in query.items()}
    return {"query": [], "body": {**single, **body_of(asked)}}


def like_jira(asked: Asked) -> dict[str, Any]:
    return {"query": sorted(asked.query)}


def like_linear(asked: Asked) -> dict[str, Any]:
    """What is asked for, and with which variables; which fields of it come back is one's own choice."""
    body = json.loads(asked.body)
    operation = next(one for one in parse(body["query"]).definitions if isinstance(one, OperationDefinitionNode))
    fields = [one.name.value for one in operation.selection_set.selections if isinstance(one, FieldNode)]
    return {"body": (operation.operation, fields, body.get("variables", {}))}


def like_slack(asked: Asked) -> dict[str, Any]:
    """Arguments may stand in a query, a form, which has them as texts, or JSON; reading works by GET and POST."""
    arguments = {**dict(asked.query), **body_of(asked)}
    return {"method": "", "query": [], "body": {name: loose(value) for name, value in arguments.items()}}


def loose(value: Any) -> Any:
    """The JSON value of a text that is one."""
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


LIKE_THE_VENDOR: Mapping[str, Callable[[Asked], dict[str, Any]]] = {
    "github": like_github,
    "gitlab": like_gitlab,
    "jira": like_jira,
    "linear": like_linear,
    "slack": like_slack,
}
