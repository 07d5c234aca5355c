"""Whole documents as integrations: real ones, and what of a document becomes what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from skillyard.domain.gateway.calls.building import build
from skillyard.domain.gateway.calls.params import check_params
from skillyard.domain.gateway.catalog.integration import Paging, SecretPlace
from skillyard.domain.gateway.catalog.integration_file import read_integration
from skillyard.domain.gateway.catalog.integration_writer import write_integration
from skillyard.domain.gateway.catalog.openapi.choices import DocumentRefused
from tests.domain.gateway.openapi.documents_of_tests import (
    GITHUB,
    SERVERS,
    STRIPE,
    a_document,
    read,
    takes,
    the_endpoint,
    the_note,
)

GET = {"get": {"operationId": "fine"}}


def test_github_becomes_an_integration() -> None:
    github, notes = read(GITHUB)
    assert (github.base_url, github.origin.licence, github.is_ours) == ("https://api.github.com", "MIT", False)
    assert notes == (
        "POST /markdown/raw: left out: its body is text/plain, text/x-markdown, and only JSON and forms are sent",
    )
    issue = github.endpoints["issues_create"]
    assert (issue.method, issue.path, issue.body, issue.effect) == (
        "POST",
        "/repos/{owner}/{repo}/issues",
        "json",
        "write",
    )
    assert issue.schema["required"] == ["owner", "repo", "title"]
    assert github.endpoints["issues_list_for_repo"].paging == Paging(kind="link", param="page")
    assert github.endpoints["issues_remove_label"].effect == "destructive"
    assert issue.docs_url == "https://docs.github.com/rest/issues/issues#create-an-issue"


def test_of_a_body_that_is_an_object_or_a_list_the_object_is_offered() -> None:
    github, _ = read(GITHUB, only=("issues/add-labels",))
    labels = github.endpoints["issues_add_labels"]
    assert [param.name for param in labels.params] == ["owner", "repo", "issue_number", "labels"]


def test_stripe_becomes_an_integration_of_forms() -> None:
    stripe, notes = read(STRIPE)
    assert any("multipart/form-data" in note for note in notes)
    create = stripe.endpoints["post_customers"]
    styles = {param.name: param.style for param in create.params}
    assert (create.body, styles["email"], styles["metadata"], styles["preferred_locales"]) == (
        "form", "repeat", "brackets", "brackets",
    )  # fmt: skip
    params = check_params(stripe, create, {"email": "ada@example.org", "metadata": {"order": "42"}})
    assert build(stripe, create, params, {}).body == b"email=ada%40example.org&metadata%5Border%5D=42"
    assert {way.kind for way in stripe.ways} == {"basic", "api_key"}


@pytest.mark.parametrize("document", [GITHUB, STRIPE])
def test_what_is_read_is_written_and_read_again_as_it_was(document: bytes) -> None:
    integration, _ = read(document)
    assert replace(read_integration(write_integration(integration), file="x"), is_ours=False) == integration


@pytest.mark.parametrize("document", [GITHUB, STRIPE])
def test_every_endpoint_has_an_example_that_can_be_sent(document: bytes) -> None:
    integration, _ = read(document)
    for endpoint in integration.endpoints.values():
        (example,) = endpoint.examples
        build(integration, endpoint, check_params(integration, endpoint, example.params), {})


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (
            ("GET /repos/*",),
            ["issues_list_for_repo", "repos_get_content", "actions_download_job_logs_for_workflow_run"],
        ),
        (("/search/*",), ["search_code"]),
        (("tag:search", "issues/create"), ["issues_create", "search_code"]),
        (("issues_create",), ["issues_create"]),
        (("DELETE *",), ["issues_remove_label"]),
    ],
)
def test_operations_are_chosen(only: tuple[str, ...], names: list[str]) -> None:
    assert sorted(read(GITHUB, only=only)[0].endpoints) == sorted(names)


def test_a_pattern_that_means_nothing_is_told() -> None:
    with pytest.raises(DocumentRefused) as raised:
        read(GITHUB, only=("GET /repos/*", "tag:isues"))
    assert "tag:isues" in raised.value.why


def test_endpoints_get_the_names_that_are_given_to_them() -> None:
    renames = {"issues/create": "create_issue", "search_code": "issues_create"}
    github, _ = read(GITHUB, only=("issues/create", "search/code"), renames=renames)
    assert {one.name: one.operation for one in github.endpoints.values()} == {
        "create_issue": "issues/create", "issues_create": "search/code",
    }  # fmt: skip


@pytest.mark.parametrize("renames", [{"issues/creat": "x"}, {"issues/create": "Create Issue"}, {"issues/create": ""}])
def test_a_new_name_that_cannot_be_given_is_refused(renames: dict[str, str]) -> None:
    with pytest.raises(DocumentRefused):
        read(GITHUB, renames=renames)


def test_names_are_made_where_there_are_none_and_are_never_the_same() -> None:
    paths = {
        "/pets": {"get": {"operationId": "List Pets!"}, "post": {}},
        "/pets/{petId}": {"get": {}, "put": {"operationId": "list-pets"}},
        "/2fa": {"get": {"operationId": "2fa"}},
    }
    assert list(read(a_document(paths))[0].endpoints) == [
        "list_pets", "post_pets", "get_pets_by_pet_id", "list_pets_2", "get_2fa",
    ]  # fmt: skip


def test_a_group_is_the_first_tag() -> None:
    paths = {"/a": {"get": {"tags": ["Pet Store", "x"]}}, "/b": {"get": {"tags": ["\u732b"]}}, "/c": {"get": {}}}
    integration, _ = read(a_document(paths))
    assert [one.group for one in integration.endpoints.values()] == ["pet_store", "other", "other"]
    assert integration.groups == {"pet_store": "Pet Store", "other": "Other"}


def test_what_is_deprecated_is_left_out_unless_it_is_chosen() -> None:
    paths = {"/old": {"get": {"operationId": "old", "deprecated": True}}, "/x": GET}
    integration, notes = read(a_document(paths))
    assert list(integration.endpoints) == ["fine"]
    assert "deprecated" in notes[0]
    assert list(read(a_document(paths), only=("old",))[0].endpoints) == ["old"]


def test_parameters_go_where_they_belong() -> None:
    parameters = [
        {"name": "petId", "in": "path", "required": True, "schema": {"type": "integer"}},
        {"name": "tags", "in": "query", "explode": False, "schema": {"type": "array", "items": {"type": "string"}}},
        {"name": "filter[age]", "in": "query", "schema": {"type": "integer"}},
        {"name": "created", "in": "query", "style": "deepObject", "schema": {"type": "object"}},
        {"name": "where", "in": "query", "content": {"application/json": {"schema": {"type": "object"}}}},
        {"name": "X-Trace", "in": "header", "schema": {"type": "string"}},
        {"name": "Idempotency-Key", "in": "header", "required": True, "schema": {"type": "string"}},
        {"name": "Accept", "in": "header", "schema": {"type": "string"}},
    ]
    body = {
        "required": True,
        "content": {"application/json": {"schema": {"properties": {"petId": {"type": "string"}}}}},
    }
    it = the_endpoint({"parameters": parameters, "requestBody": body}, path="/pets/{petId}")
    assert [(one.name, one.where, one.name_there, one.style) for one in it.params] == [
        ("petId", "path", "petId", "repeat"),
        ("tags", "query", "tags", "comma"),
        ("filter_age", "query", "filter[age]", "repeat"),
        ("created", "query", "created", "brackets"),
        ("where", "query", "where", "json"),
        ("x_trace", "header", "x-trace", "repeat"),
        ("petId_body", "body", "petId", "repeat"),
    ]
    assert it.idempotency_header == "idempotency-key"


def test_parameters_of_the_operation_replace_those_of_the_path() -> None:
    shared = [{"name": "n", "in": "query", "schema": {"type": "string"}}, {"name": "m", "in": "query", "schema": {}}]
    own = [{"name": "n", "in": "query", "schema": {"type": "integer"}}]
    document = a_document({"/x": {"parameters": shared, "get": {"operationId": "it", "parameters": own}}})
    params = read(document)[0].endpoints["it"].params
    assert [(param.name, param.schema.get("type")) for param in params] == [("n", "integer"), ("m", None)]


def test_a_body_that_is_no_object_is_one_parameter() -> None:
    content = {"application/json": {"schema": {"type": "array", "items": {"type": "integer"}}}}
    it = the_endpoint({"requestBody": {"required": True, "content": content}})
    (param,) = it.params
    assert (param.name, param.name_there, param.is_required) == ("body", "", True)
    integration, _ = read(a_document({"/x": {"post": {"requestBody": {"required": True, "content": content}}}}))
    assert build(integration, it, {"body": [1, 2]}, {}).body == b"[1,2]"


def test_alternatives_of_a_body_become_one_object() -> None:
    one = {
        "type": "object",
        "required": ["kind", "a"],
        "properties": {"kind": {"enum": ["one"]}, "a": {"type": "string"}},
    }
    two = {
        "type": "object",
        "required": ["kind", "b"],
        "properties": {"kind": {"enum": ["two"]}, "b": {"type": "string"}},
    }
    content = {"application/json": {"schema": {"oneOf": [one, two]}}}
    it = the_endpoint({"requestBody": {"required": True, "content": content}})
    assert {param.name: param.is_required for param in it.params} == {"kind": True, "a": False, "b": False}


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ({"requestBody": {"content": {"multipart/form-data": {"schema": {}}}}}, "multipart/form-data"),
        ({"requestBody": {"$ref": "#/components/requestBodies/Gone"}}, "leads nowhere"),
        ({"requestBody": {"$ref": "https://evil.example/x.json#/body"}}, "not fetched"),
        ({"parameters": [{"name": "c", "in": "cookie", "required": True}]}, "cookie"),
        ({"parameters": [{"name": "host", "in": "header", "required": True}]}, "host"),
        ({"parameters": ["what"]}, "object is expected"),
    ],
)
def test_what_cannot_be_called_is_left_out_with_why(operation: dict[str, object], why: str) -> None:
    assert why in the_note(operation)


@pytest.mark.parametrize(
    "path", ["/a/../b", "//evil.example/x", "/a?b=c", "/a#b", "a", "/a b", "/%2e%2e/x", "/{a}{", "/\u00e4"]
)
def test_a_path_that_leads_elsewhere_is_left_out(path: str) -> None:
    assert "path" in the_note({}, path=path)


def test_a_file_as_an_answer_is_known() -> None:
    pdf = {"responses": {"200": {"description": "", "content": {"application/pdf": {}}}}}
    both = {"responses": {"200": {"description": "", "content": {"application/pdf": {}, "application/json": {}}}}}
    assert the_endpoint(pdf, method="get").answers_bytes
    assert not the_endpoint(both, method="get").answers_bytes


def test_pages_by_cursor_are_found() -> None:
    answer = {"type": "object", "properties": {"meta": {"type": "object", "properties": {"next_cursor": {}}}}}
    operation = {
        "parameters": [{"name": "cursor", "in": "query", "schema": {"type": "string"}}],
        "responses": {"200": {"description": "", "content": {"application/json": {"schema": answer}}}},
    }
    found = the_endpoint(operation, method="get").paging
    assert found == Paging(kind="cursor", param="cursor", next_at=("meta", "next_cursor"))


def test_ways_to_sign_in_are_read() -> None:
    schemes = {
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key", "description": "On your <b>profile</b>."},
        "people": {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": "https://acme.example/authorize",
                    "tokenUrl": "/token",
                    "scopes": {"pets:read": "", "bad scope": ""},
                },
                "clientCredentials": {"tokenUrl": "https://acme.example/token", "scopes": {}},
            },
        },
        "unused": {"type": "http", "scheme": "basic"},
        "odd": {"type": "openIdConnect", "openIdConnectUrl": "https://acme.example"},
    }
    operation = {"operationId": "it", "security": [{"people": ["pets:read"]}, {"key": []}, {"odd": []}]}
    parameters = [{"name": "X-Api-Key", "in": "header", "required": True, "schema": {"type": "string"}}]
    document = a_document(
        {"/x": {"get": {**operation, "parameters": parameters}}}, components={"securitySchemes": schemes}
    )
    integration, notes = read(document)
    people, client, key = integration.ways
    assert (people.kind, client.kind, key.kind) == ("oauth2", "client_credentials", "api_key")
    assert people.oauth is not None
    assert client.oauth is not None
    assert people.oauth.token_url == "https://api.example.com/token"
    assert people.oauth.scopes == ("pets:read",)
    assert (key.place, key.hint) == (SecretPlace(name="x-api-key", format="{secret}"), "On your profile.")
    assert (integration.endpoints["it"].params, integration.endpoints["it"].scopes) == ((), ("pets:read",))
    assert any("openIdConnect" in note for note in notes)


def test_variables_of_the_host_are_asked_for_and_others_have_their_default() -> None:
    server = {
        "url": "https://{Tenant}.example.com:{port}/{base}",
        "variables": {
            "Tenant": {"default": "demo", "description": "Your name there. It is in the address."},
            "port": {"default": "8443"},
            "base": {"default": "v2"},
        },
    }
    integration, _ = read(a_document({"/x": GET}, servers=[server]))
    assert integration.base_url == "https://{tenant}.example.com:8443/v2"
    assert integration.variables["tenant"]["default"] == "demo"
    assert integration.variables["tenant"]["description"] == "Your name there."


@pytest.mark.parametrize(
    "servers",
    [
        [{"url": "/v1"}],
        [],
        [{"url": "ftp://example.com"}],
        [{"url": "https://user:pass@example.com"}],
        [{"url": "https://example.com/?x=1"}],
        [{"url": "https://{a"}],
        [{"url": "https://[::1"}],
        [{"url": "//[::1"}],
        [{"url": "https:///x"}],
        "what",
    ],
)
def test_a_server_that_is_none_is_refused_unless_one_is_given(servers: object) -> None:
    with pytest.raises(DocumentRefused) as raised:
        read(a_document({"/x": GET}, servers=servers))
    assert "--base-url" in raised.value.hint
    integration, _ = read(a_document({"/x": GET}, servers=servers), base_url="https://given.example/v1/")
    assert integration.base_url == "https://given.example/v1"


def test_other_servers_are_noted() -> None:
    _, notes = read(a_document({"/x": GET}, servers=[*SERVERS, {"url": "https://test.example"}]))
    assert "https://test.example" in notes[0]


@pytest.mark.parametrize("version", ["4.0.0", "1.2", None])
def test_a_version_that_is_not_known_is_refused(version: str | None) -> None:
    with pytest.raises(DocumentRefused, match=r"version"):
        read({**a_document({"/x": GET}), "openapi": version})


def test_too_many_operations_ask_for_a_choice() -> None:
    document = a_document({f"/{number}": {"get": {"operationId": f"o{number}"}} for number in range(400)})
    with pytest.raises(DocumentRefused) as raised:
        read(document)
    assert "--only" in raised.value.hint
    assert len(read(document, only=("GET /1*",))[0].endpoints) == 111


def test_texts_of_a_document_are_plain_lines() -> None:
    text = "<p>List <b>pets</b>.</p>\n\nSee [the docs](https://evil.example/?q=secret).\u202e\x07" + "x" * 5000
    it = the_endpoint({"summary": text, "description": text, **takes({"type": "string", "description": text})})
    assert it.summary == "List pets"
    assert "evil.example" not in it.description
    assert len(it.description) <= 600
    assert it.params[0].schema["description"] == "List pets."


def test_a_list_in_a_path_has_commas_and_a_kind_of_json_is_named() -> None:
    operation = {
        "operationId": "it",
        "parameters": [{"name": "ids", "in": "path", "required": True, "schema": {"type": "array", "items": {}}}],
        "requestBody": {"content": {"application/merge-patch+json": {"schema": {"properties": {"a": {}}}}}},
    }
    integration, _ = read(a_document({"/x/{ids}": {"patch": operation}}))
    built = build(integration, integration.endpoints["it"], {"ids": ["a", 2], "a": 1}, {})
    assert built.url == "https://api.example.com/v1/x/a%2C2"
    assert built.headers["content-type"] == "application/merge-patch+json"


def test_a_read_has_no_body_and_parameters_that_are_numbers_get_a_name() -> None:
    operation = {**takes({"type": "string"}), "parameters": [{"name": "2fa", "in": "query", "schema": {}}]}
    (param,) = the_endpoint(operation, method="get").params
    assert (param.name, param.name_there) == ("query_2fa", "2fa")


def test_of_several_kinds_of_bodies_plain_json_is_sent_and_patches_are_merged() -> None:
    def sent(*media: str) -> tuple[str, dict[str, str]]:
        content = {name: {"schema": {"properties": {"a": {}}}} for name in media}
        it = the_endpoint({"requestBody": {"content": content}})
        return it.body, dict(it.headers)

    assert sent("application/xml", "application/x-www-form-urlencoded", "application/json; charset=utf-8") == (
        "json",
        {},
    )
    assert sent("application/json-patch+json", "application/merge-patch+json") == (
        "json", {"content-type": "application/merge-patch+json"},
    )  # fmt: skip
    assert sent("multipart/form-data", "application/x-www-form-urlencoded") == ("form", {})


def test_parts_of_a_path_that_are_called_almost_the_same_stay_apart() -> None:
    it = the_endpoint({}, method="get", path="/x/{a-b}/{a_b}/{a-b}")
    assert it.path == "/x/{a_b}/{a_b_path}/{a_b}"
    assert [(one.name, one.name_there) for one in it.params] == [("a_b", "a_b"), ("a_b_path", "a_b_path")]


def test_fields_with_dots_are_sent_as_they_are() -> None:
    schema = {"schema": {"type": "object", "properties": {"user.name": {"type": "string"}, "age": {}}}}
    it = the_endpoint({"requestBody": {"required": True, "content": {"application/json": schema}}})
    integration, _ = read(a_document({"/x": GET}))
    assert [(one.name, one.name_there) for one in it.params] == [("body", "")]
    assert build(integration, it, {"body": {"user.name": "Ada"}}, {}).body == b'{"user.name":"Ada"}'
    form = the_endpoint({"requestBody": {"content": {"application/x-www-form-urlencoded": schema}}})
    assert build(integration, form, {"user_name": "Ada"}, {}).body == b"user.name=Ada"
