"""From parameters to requests: whatever is given comes back as it was, and leads to no other host, path or header."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillyard.domain.gateway.calls.building import Built, authorized, build
from skillyard.domain.gateway.calls.call_errors import ConnectionNotUsable, ParamsInvalid
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration, Origin, Param, SecretPlace, Way
from skillyard.domain.gateway.connect.authorization import Authorization
from skillyard.infra.envelope import Secret

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
NASTY = st.sampled_from(
    [
        "..", ".", "", "/", "a/../b", "../../admin", "..%2fadmin", "%2e%2e", "%252e%252e%252f", "a\\..\\b", "a//b",
        "@evil.example", "//evil.example/x", "http://evil.example", "a?x=1", "a#b", "a%00b", "a\r\nx: y", "a;b",
        "a&b=c", "%2f%2e%2e%2f", "\uff0e\uff0e", "a%5c..%5cb", " ", "\u2028", "{repo}",
    ]
)  # fmt: skip
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def an_integration(*params: Param, base_url: str = "https://api.example.com/v1", **fields: Any) -> Integration:
    endpoint: dict[str, Any] = {"method": "POST", "path": "/things", "effect": "write", "body": "none"}
    endpoint |= {name: fields.pop(name) for name in ("method", "path", "body", "graphql", "prepare") if name in fields}
    return Integration(
        slug="acme",
        version=1,
        title="Acme",
        description="Things.",
        base_url=base_url,
        ways=(Way(kind="api_key"),),
        groups={"all": "All"},
        origin=Origin(description="", version="", licence=""),
        endpoints={
            "go": Endpoint(name="go", group="all", summary="", params=params, schema={"type": "object"}, **endpoint)
        },
        **fields,
    )


def a_param(name: str, where: Any, **fields: Any) -> Param:
    return Param(name=name, where=where, **{"schema": {}, "name_there": name, **fields})


def built(integration: Integration, params: dict[str, Any], variables: dict[str, str] | None = None) -> Built:
    return build(integration, integration.endpoints["go"], params, variables or {})


@given(TEXTS | NASTY)
def test_a_part_of_a_path_comes_back_as_it_was_or_is_refused(value: str) -> None:
    integration = an_integration(a_param("id", "path"), path="/things/{id}/parts")
    try:
        url = built(integration, {"id": value}).url
    except ParamsInvalid:
        return
    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "api.example.com", "", "")
    _, v1, things, given_there, last = parts.path.split("/")
    assert (v1, things, last) == ("v1", "things", "parts")
    assert unquote(given_there) == value


@given(st.lists(TEXTS | NASTY, min_size=1, max_size=4).map("/".join))
def test_a_path_in_a_path_stays_below_where_it_is(value: str) -> None:
    integration = an_integration(a_param("repo", "path", keeps_slashes=True), path="/repos/{repo}/issues")
    try:
        url = built(integration, {"repo": value}).url
    except ParamsInvalid:
        return
    parts = urlsplit(url)
    assert parts.netloc == "api.example.com"
    assert parts.path.startswith("/v1/repos/")
    assert parts.path.endswith("/issues")
    assert unquote(parts.path.removeprefix("/v1/repos/").removesuffix("/issues")) == value
    assert not {"", ".", ".."} & set(parts.path.split("/")[1:])


@pytest.mark.parametrize(
    "value",
    ["..", ".", "", "a/b", "../x", "..%2fx", "%2e%2e", "%252e%252e", "a\\b", "a\x00b", "a%0d%0ab", "%2F", "%25252f.."],
)
def test_what_could_lead_elsewhere_is_no_part_of_a_path(value: str) -> None:
    integration = an_integration(a_param("id", "path"), path="/things/{id}")
    with pytest.raises(ParamsInvalid):
        built(integration, {"id": value})


def test_slashes_are_kept_or_encoded_where_the_integration_says_so() -> None:
    kept = an_integration(a_param("id", "path", keeps_slashes=True), path="/things/{id}")
    assert built(kept, {"id": "acme/web app"}).url == "https://api.example.com/v1/things/acme/web%20app"
    encoded = an_integration(a_param("id", "path", encodes_slashes=True), path="/things/{id}")
    assert built(encoded, {"id": "acme/web"}).url == "https://api.example.com/v1/things/acme%2Fweb"
    for integration in (kept, encoded):
        with pytest.raises(ParamsInvalid):
            built(integration, {"id": "acme/../web"})


@given(st.dictionaries(st.sampled_from("abcd"), TEXTS | NASTY | st.integers(-(2**63), 2**64 - 1) | st.booleans()))
def test_a_query_decodes_to_what_was_given(params: dict[str, Any]) -> None:
    integration = an_integration(*(a_param(name, "query", name_there=f"x{name}") for name in "abcd"), method="GET")
    parts = urlsplit(built(integration, params).url)
    assert parts.path == "/v1/things"
    found = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(params))
    assert found == [
        (f"x{name}", params[name] if isinstance(params[name], str) else orjson.dumps(params[name]).decode())
        for name in "abcd"
        if name in params
    ]


@pytest.mark.parametrize(
    ("style", "value", "query"),
    [
        ("repeat", ["a", "b&c"], [("tag", "a"), ("tag", "b&c")]),
        ("comma", ["a", 1], [("tag", "a,1")]),
        ("space", ["a", "b"], [("tag", "a b")]),
        ("pipe", ["a", "b"], [("tag", "a|b")]),
        ("brackets", ["a", "b"], [("tag[]", "a"), ("tag[]", "b")]),
        ("brackets", {"gte": 5}, [("tag[gte]", "5")]),
        ("repeat", {"gte": 5}, [("tag[gte]", "5")]),
        ("json", {"a": [1]}, [("tag", '{"a":[1]}')]),
        (
            "brackets",
            [{"price": "p", "tiers": [{"up_to": 1}]}, {"price": "q"}],
            [("tag[0][price]", "p"), ("tag[0][tiers][0][up_to]", "1"), ("tag[1][price]", "q")],
        ),
    ],
)
def test_lists_and_objects_in_a_query_and_in_a_form(style: Any, value: Any, query: list[tuple[str, str]]) -> None:
    asked = an_integration(a_param("tag", "query", style=style), method="GET")
    assert parse_qsl(urlsplit(built(asked, {"tag": value}).url).query) == query
    sent = an_integration(a_param("tag", "body", style=style), body="form")
    assert parse_qsl(built(sent, {"tag": value}).body.decode()) == query


@given(st.dictionaries(st.sampled_from("abc"), VALUES))
def test_a_body_of_json_is_what_was_given(params: dict[str, Any]) -> None:
    integration = an_integration(
        a_param("a", "body"), a_param("b", "body", name_there="fields.b"), a_param("c", "body", name_there="fields.c"),
        body="json",
    )  # fmt: skip
    request = built(integration, params)
    there = orjson.loads(request.body)
    found = {key: value for key, value in there.items() if key != "fields"} | there.get("fields", {})
    assert found == params
    assert request.headers["content-type"] == "application/json"


def test_a_null_that_was_given_is_sent_and_one_that_was_not_is_not() -> None:
    integration = an_integration(a_param("a", "body"), a_param("b", "body"), body="json")
    assert orjson.loads(built(integration, {"a": None}).body) == {"a": None}


def test_a_parameter_can_be_the_whole_body_and_fixed_ones_are_always_sent() -> None:
    whole = an_integration(a_param("rows", "body", name_there=""), body="json")
    assert orjson.loads(built(whole, {"rows": [1, 2]}).body) == [1, 2]
    fixed = an_integration(
        a_param("alt", "query", fixed="media"), a_param("v", "header", name_there="X-Version", fixed="2"), method="GET"
    )
    request = built(fixed, {})
    assert request.url.endswith("?alt=media")
    assert request.headers["x-version"] == "2"


def test_parameters_in_one_object_stand_beside_each_other_and_change_nothing_that_was_given() -> None:
    fixed = {"kind": "bug", "deep": {"a": 1}}
    integration = an_integration(
        a_param("summary", "body", name_there="fields.summary"),
        a_param("b", "body", name_there="fields.deep.b"),
        a_param("other", "body", name_there="more"),
        a_param("inner", "body", name_there="more.inner"),
        a_param("fields", "body", fixed=fixed),
        body="json",
    )
    given = {"summary": "mine", "b": 2, "other": {"x": 1}, "inner": 3}
    sent = orjson.loads(built(integration, given).body)
    assert sent == {
        "fields": {"kind": "bug", "deep": {"a": 1, "b": 2}, "summary": "mine"},
        "more": {"x": 1, "inner": 3},
    }
    assert given == {"summary": "mine", "b": 2, "other": {"x": 1}, "inner": 3}
    assert orjson.loads(built(integration, {}).body) == {"fields": {"kind": "bug", "deep": {"a": 1}}}
    assert fixed == {"kind": "bug", "deep": {"a": 1}}


def test_a_query_of_graphql_has_the_parameters_as_variables() -> None:
    integration = an_integration(a_param("team", "body", name_there="input.teamId"), body="graphql", graphql="query Q")
    assert orjson.loads(built(integration, {"team": '"} injected {'}).body) == {
        "query": "query Q",
        "variables": {"input": {"teamId": '"} injected {'}},
    }


@given(TEXTS | NASTY)
def test_a_header_has_one_line_of_ascii_or_is_refused(value: str) -> None:
    integration = an_integration(a_param("v", "header", name_there="X-Version"))
    try:
        headers = built(integration, {"v": value}).headers
    except ParamsInvalid:
        return
    assert headers["x-version"] == value
    assert value.isascii()
    assert value.isprintable()


def test_no_description_says_how_a_request_is_carried() -> None:
    integration = an_integration(
        a_param("v", "header", name_there="Transfer-Encoding"), headers={"Host": "evil.example", "X-Mine": "1"}
    )
    assert built(integration, {"v": "chunked"}).headers == {"x-mine": "1"}


def test_all_that_cannot_be_sent_is_told_at_once() -> None:
    integration = an_integration(a_param("id", "path"), a_param("v", "header"), path="/things/{id}")
    with pytest.raises(ParamsInvalid) as refused:
        built(integration, {"id": "..", "v": "a\nb"})
    assert [fault["field"] for fault in refused.value.faults] == ["id", "v"]


@pytest.mark.parametrize(
    "site",
    [
        "",
        "evil.com/",
        "evil.com#",
        "evil.com?",
        "a@evil.com",
        "evil.com\\",
        "a b",
        "evil.com:443",
        "..",
        "-a",
        "ü",
        "%2f",
    ],
)
def test_a_variable_of_a_connection_stays_in_its_place(site: str) -> None:
    integration = an_integration(base_url="https://{site}.atlassian.net/rest")
    with pytest.raises(ConnectionNotUsable):
        built(integration, {}, {"site": site})
    assert built(integration, {}, {"site": "acme"}).url == "https://acme.atlassian.net/rest/things"


@given(TEXTS | NASTY)
def test_no_variable_leads_to_another_host(site: str) -> None:
    integration = an_integration(base_url="https://{site}.atlassian.net/rest")
    try:
        url = built(integration, {}, {"site": site}).url
    except ConnectionNotUsable:
        return
    assert str(urlsplit(url).hostname).endswith(".atlassian.net")


def test_an_endpoint_elsewhere_is_at_a_host_that_the_integration_names() -> None:
    elsewhere = "https://uploads.example.com/files"
    named = an_integration(path=elsewhere, hosts=("uploads.example.com",))
    assert built(named, {}).url == elsewhere
    with pytest.raises(ConnectionNotUsable):
        built(an_integration(path="https://evil.example/files", hosts=("uploads.example.com",)), {})


def test_a_secret_stands_where_its_way_says() -> None:
    request = built(an_integration(), {})
    header = Way(kind="api_key", place=SecretPlace(name="X-Api-Key", format="{secret}"))
    query = Way(kind="api_key", place=SecretPlace(where="query", name="key", format="{secret}"))
    secret = Secret("s&cret=1")
    assert (
        authorized(request, Authorization(secret=secret, way=header, variables={})).headers["x-api-key"] == "s&cret=1"
    )
    assert authorized(request, Authorization(secret=secret, way=query, variables={})).url.endswith("?key=s%26cret%3D1")
    with pytest.raises(ConnectionNotUsable):
        authorized(request, Authorization(secret=Secret("a\r\nx: y"), way=header, variables={}))
