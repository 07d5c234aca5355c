"""What the catalog of integrations refuses."""

from __future__ import annotations

from skillyard.infra.errors import Conflict, Invalid, NotFound


class IntegrationNotFound(NotFound):
    code = "integration_not_found"
    text = "There is no integration {integration}."
    hint = "{meant}`skillyard integrations list` lists all."


class EndpointNotFound(NotFound):
    code = "endpoint_not_found"
    text = "{integration} has no endpoint {endpoint}."
    hint = "{meant}`skillyard integrations show {integration}` lists all."


class IntegrationNameNotAcceptable(Invalid):
    code = "integration_name_not_acceptable"
    text = "{integration} cannot be the name of an integration."
    hint = "Use a-z, 0-9 and single hyphens, at most {most} characters."


class IntegrationNameTaken(Conflict):
    code = "integration_name_taken"
    text = "{integration} comes with this registry, and is neither replaced nor removed."
    hint = "Choose another name; the operator can turn it off with SKILLYARD_INTEGRATIONS__<NAME>__IS_OFF."


class OpenApiNotAcceptable(Invalid):
    code = "openapi_not_acceptable"
    text = "The OpenAPI document cannot become an integration: {why}."
    hint = "{do}"
