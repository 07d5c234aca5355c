"""What the catalog of integrations refuses."""

from __future__ import annotations

from skillyard.infra.errors import NotFound


class IntegrationNotFound(NotFound):
    code = "integration_not_found"
    text = "There is no integration {integration}."
    hint = "{meant}`skillyard integrations list` lists all."


class EndpointNotFound(NotFound):
    code = "endpoint_not_found"
    text = "{integration} has no endpoint {endpoint}."
    hint = "{meant}`skillyard integrations show {integration}` lists all."
