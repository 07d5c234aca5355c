"""What can be called, for Python programs: all integrations, one with a line per endpoint, one endpoint in full."""

from __future__ import annotations

from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.paths import segment

Document = dict[str, Any]


class IntegrationCalls(ApiCalls):
    """The catalog of integrations."""

    def integrations(self) -> list[Document]:
        """Those that the token reaches, in the order of their names, and whether an account of yours is connected."""
        return cast("list[Document]", self.get_json("/integrations")["items"])

    def integration(self, integration: str) -> Document:
        """One, with its endpoints in groups and a line each."""
        return cast(Document, self.get_json(f"/integrations/{segment(integration)}"))

    def endpoint(self, integration: str, endpoint: str) -> Document:
        """One endpoint: the `schema` of its parameters, examples, and what it needs."""
        return cast(Document, self.get_json(f"/integrations/{segment(integration)}/{segment(endpoint)}"))

    def integration_skill(self, integration: str) -> bytes:
        """Its documentation as an agent skill, zipped."""
        return self.request("GET", f"/integrations/{segment(integration)}/skill.zip").body
