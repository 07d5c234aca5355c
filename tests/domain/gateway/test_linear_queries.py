"""Every query of ours fits Linear's schema: fields, arguments, and what our parameters make of its variables."""

from __future__ import annotations

import json
from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, parse, validate
from graphql.execution.values import get_variable_values

from skillyard.domain.gateway.calls.building import build
from skillyard.domain.gateway.catalog.integration import Endpoint, Param
from skillyard.domain.gateway.catalog.lookup import read_shipped
from tests.domain.gateway.linear_schema import linear_schema

LINEAR = read_shipped("linear")
SAMPLES = {"string": "x", "integer": 1, "boolean": True, "array": ["x"]}


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return linear_schema("98.0.0")


def test_its_schema_is_read_as_a_whole(schema: GraphQLSchema) -> None:
    assert len(schema.type_map) > 900
    assert str(schema.query_type.fields["issue"].args["id"].type) == "String!"  # type: ignore[union-attr]


@pytest.mark.parametrize("endpoint", LINEAR.endpoints.values(), ids=lambda endpoint: endpoint.name)
def test_a_query_fits_the_schema_with_its_examples_and_with_all_parameters(
    endpoint: Endpoint, schema: GraphQLSchema
) -> None:
    every = {param.name: sample(param) for param in endpoint.params}
    for params in (*(example.params for example in endpoint.examples), every):
        body = json.loads(build(LINEAR, endpoint, params, {}).body)
        document = parse(body["query"])
        assert validate(schema, document) == []
        [operation] = document.definitions
        assert isinstance(operation, OperationDefinitionNode)
        variables = get_variable_values(schema, operation.variable_definitions or (), body.get("variables", {}))
        assert not isinstance(variables, list), variables  # of errors


def sample(param: Param) -> Any:
    kind = param.schema["type"]
    return param.schema["enum"][0] if "enum" in param.schema else SAMPLES[kind if isinstance(kind, str) else kind[0]]
