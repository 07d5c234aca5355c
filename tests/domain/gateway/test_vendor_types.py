"""Every parameter and choice that we offer is one that the vendor's published types know."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from skillyard.domain.gateway.catalog.integration import Endpoint, Integration, Param
from skillyard.domain.gateway.catalog.lookup import read_shipped
from tests.domain.gateway.test_vendor_clients import CLIENTS
from tests.domain.gateway.vendor_client import VendorClient

GOOGLE = ("gmail", "google-calendar", "google-drive", "google-sheets")
STRICT = [client for client in CLIENTS if client.slug in ("jira", "notion", "openai", "slack", *GOOGLE)]
"""Those whose clients take parameters by name, in types that allow no others."""

BESIDE: Mapping[str, Mapping[str, str]] = {
    "slack.post_message": {"text": '"x"', "thread_ts": '"1"'},
    "slack.update_message": {"text": '"x"'},
    "slack.post_ephemeral": {"text": '"x"'},
    "slack.schedule_message": {"text": '"x"'},
    "slack.open_direct_message": {"users": '"x"'},
    "openai.create_vector_store": {"name": '"x"'},
}
"""What some calls cannot be without, although none of it is needed by itself."""

AT_JIRA = {
    "issue": "issueIdOrKey",
    "project": "projectIdOrKey",
    "comment_id": "id",
    "version_id": "id",
    "link_id": "linkId",
    "issue_type_id": "issueTypeId",
    "board_id": "boardId",
    "sprint_id": "sprintId",
}
"""How its client calls the parts of a path."""


@pytest.mark.parametrize("client", STRICT, ids=lambda client: client.slug)
def test_all_that_we_offer_is_known_to_the_vendors_types(client: VendorClient, tmp_path: Path) -> None:
    shop = client.workshop(tmp_path)
    file = shop / f"{client.slug}.ts"
    before, _, _ = file.read_text().partition("await record(")
    calls = list(calls_of(read_shipped(client.slug)))
    assert len(calls) > 30
    file.write_text(before + "const anything: any = 0;\nexport const calls = [\n" + ",\n".join(calls) + "\n];\n")
    assert client.type_faults(shop) == ""


def calls_of(integration: Integration) -> Iterator[str]:
    """One for each value of each parameter, with what else is needed."""
    for endpoint in integration.endpoints.values():
        beside = BESIDE.get(f"{integration.slug}.{endpoint.name}", {})
        needed = [param for param in endpoint.params if param.is_required or param.fixed is not None]
        for param in endpoint.params:
            others = [(other, values_of(other)[0]) for other in needed if other is not param]
            for value in values_of(param):
                yield "() => " + call(integration.slug, endpoint, [*others, (param, value)], beside)


def values_of(param: Param) -> list[str]:
    """As TypeScript has them. What is inside of objects is not ours to say."""
    schema = param.schema
    if param.fixed is not None:
        return [json.dumps(param.fixed)]
    if "enum" in schema:
        return [json.dumps(value) for value in schema["enum"]]
    if schema.get("type") == "array":
        items = values_of(Param(name="", where="body", schema=schema["items"], name_there=""))
        return [f"[{item}]" for item in items]
    simple = {"string": '"x"', "integer": "1", "number": "1", "boolean": "true"}
    kind = schema.get("type")
    return [simple.get(kind, "anything") if isinstance(kind, str) else "anything"]


def call(slug: str, endpoint: Endpoint, given: list[tuple[Param, str]], beside: Mapping[str, str]) -> str:
    client = slug
    if slug == "openai":
        in_path = [value for param, value in given if param.where == "path"]
        named = {param.name_there: value for param, value in given if param.where != "path"}
        arguments = [*in_path, *([written({**beside, **named})] if named else [])]
        return f"openai.{endpoint.operation}({', '.join(arguments)})"
    if slug in GOOGLE:
        body = nested({param.name_there: value for param, value in given if param.where == "body"})
        named = {param.name_there: value for param, value in given if param.where != "body"}
        whole = {**named, **({"requestBody": "anything" if endpoint.prepare else body} if body else {})}
        return f"{endpoint.operation}({written(whole)})"
    if slug == "jira":
        client = "agile" if endpoint.operation.partition(".")[0] in ("board", "sprint", "backlog") else "jira"
        named = dict(at_jira(endpoint, param, value) for param, value in given if param.name != "more_fields")
    else:
        named = {param.name_there: value for param, value in given}
    return f"{client}.{endpoint.operation}({written(nested({**beside, **named}))})"


def at_jira(endpoint: Endpoint, param: Param, value: str) -> tuple[str, str]:
    """Its client calls a new comment by another name than Jira, and wants the list that we make of a text."""
    if endpoint.name == "add_comment" and param.name == "body":
        return "comment", value
    if param.name_there == "update.comment":
        return param.name_there, "anything"
    return AT_JIRA[param.name] if param.where == "path" else param.name_there or "accountId", value


def nested(named: Mapping[str, str]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in named.items():
        *around, last = name.split(".")
        inner = made
        for key in around:
            inner = inner.setdefault(key, {})
        inner[last] = value
    return made


def written(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "{ " + ", ".join(f"{json.dumps(key)}: {written(item)}" for key, item in value.items()) + " }"
