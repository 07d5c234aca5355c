"""Whatever suits the schema of an endpoint makes a request to that endpoint, and to nothing else."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skillyard.domain.gateway.calls.building import Built, base_of, build
from skillyard.domain.gateway.calls.call_errors import ParamsInvalid
from skillyard.domain.gateway.calls.params import check_params
from skillyard.domain.gateway.catalog.integration import Endpoint, Integration
from skillyard.domain.gateway.catalog.lookup import read_shipped, shipped_slugs

ALL = [(slug, name) for slug in shipped_slugs() for name in read_shipped(slug).endpoints]
HOSTILE = st.sampled_from(
    ["..", ".", "a/../b", "%2e%2e", "%252e%252e", "a%2f..", "x?y=1", "x#y", "a\\b", "\r\nx: y", "\x00", "é", "a/b", " "]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10) | HOSTILE,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_request_goes_to_the_place_of_its_endpoint(data: st.DataObject) -> None:
    slug, name = data.draw(st.sampled_from(ALL))
    integration = read_shipped(slug)
    endpoint = integration.endpoints[name]
    params = {
        param.name: data.draw(values_of(param.schema))
        for param in endpoint.params
        if param.fixed is None and (param.is_required or data.draw(st.booleans()))
    }
    variables = {key: str(schema.get("default", "acme")) for key, schema in integration.variables.items()}
    with contextlib.suppress(ParamsInvalid):
        built = build(integration, endpoint, check_params(integration, endpoint, params), variables)
        is_at_its_place(integration, endpoint, built, base_of(integration, variables))


def values_of(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Most of them suit the schema."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return st.lists(values_of(schema.get("items", {})), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "integer":
        return st.integers(schema.get("minimum", -10), schema.get("maximum", 10**6))
    if kind == "string":
        return HOSTILE | st.text(min_size=1, max_size=20) | st.just("acme/webapp")
    return st.booleans() if kind == "boolean" else st.dictionaries(st.text(max_size=10), JSON, max_size=3) | JSON


def is_at_its_place(integration: Integration, endpoint: Endpoint, built: Built, base: str) -> None:
    url, there = urlsplit(built.url), urlsplit(base)
    assert (url.scheme, url.netloc, url.fragment) == (there.scheme, there.netloc, "")
    template = re.escape(there.path + endpoint.path)
    pattern = re.sub(r"\\\{([^{}]+)\\\}", lambda match: part_of(endpoint, match[1]), template)
    assert re.fullmatch(pattern, url.path), url.path
    assert not {".", ".."} & set(re.split(r"[/\\]", unquote(unquote(url.path))))
    known = {param.name_there for param in endpoint.params if param.where == "query"}
    sent = {name.partition("[")[0] for name, _ in parse_qsl(url.query, keep_blank_values=True)}
    assert sent <= {name.partition("[")[0] for name in known}
    assert all(value.isprintable() and value.isascii() for value in built.headers.values())
    assert endpoint.body not in ("json", "graphql") or json.loads(built.body) is not None


def part_of(endpoint: Endpoint, name: str) -> str:
    """One part of a path, or several where slashes may stay."""
    param = next(param for param in endpoint.params if param.where == "path" and param.name_there == name)
    return r"[^?#]+" if param.keeps_slashes else r"[^/?#]+"
