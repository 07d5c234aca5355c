"""What can be called, for Python programs: all integrations, one with a line per endpoint, one endpoint in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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

    def add_integration(
        self,
        slug: str,
        *,
        url: str = "",
        document: str | None = None,
        only: Sequence[str] = (),
        rename: Mapping[str, str] | None = None,
        sign_in: Document | None = None,
        base_url: str = "",
        title: str = "",
        dry_run: bool = False,
    ) -> Document:
        """Make an OpenAPI document, its text or the one at `url`, an integration; for administrators.

        `only`: which operations, by `GET /repos/*`, `tag:issues` or their ids. `rename`: new names by old ones.
        `sign_in`: `{"kind": "api_key", "name": "x-api-key"}` and the like. Answers with `integration` and `notes`.
        """
        body = {
            "slug": slug, "url": url, "document": document, "only": list(only), "rename": dict(rename or {}),
            "sign_in": sign_in, "base_url": base_url, "title": title, "dry_run": dry_run,
        }  # fmt: skip
        return cast(Document, self.send_json("POST", "/integrations", body))

    def integration_file(self, integration: str) -> str:
        """All that the registry knows of it, as YAML."""
        return self.request("GET", f"/integrations/{segment(integration)}.yaml").body.decode()

    def add_integration_file(self, text: str) -> Document:
        """Add an integration that a file describes, or change it; for administrators."""
        return cast(Document, self.send_json("PUT", "/integrations", {"text": text}))

    def remove_integration(self, slug: str) -> Document:
        """Nobody can call it any more; for administrators, and only one that was added."""
        return cast(Document, self.send_json("DELETE", f"/integrations/{segment(slug)}", None))
