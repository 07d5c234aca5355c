"""Secrets for services elsewhere, for Python programs: the registry keeps them sealed and never hands them back."""

from __future__ import annotations

from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.paths import segment

Document = dict[str, Any]


class CredentialCalls(ApiCalls):
    """What one does with one's credentials."""

    def credentials(self) -> list[Document]:
        """Yours, without the secrets, in the order of the services' names."""
        return cast("list[Document]", self.get_json("/credentials")["items"])

    def add_credential(self, provider: str, secret: str, *, label: str = "", for_scripts: bool = False) -> Document:
        """Store a secret in place of the one that you have for the same service.

        `for_scripts`: scripts of skills that you invoke may have it, too; else only calls of the registry use it.
        """
        body = {"provider": provider, "secret": secret, "label": label, "for_scripts": for_scripts}
        return cast(Document, self.send_json("POST", "/credentials", body))

    def remove_credential(self, credential_id: str) -> Document:
        return cast(Document, self.send_json("DELETE", f"/credentials/{segment(credential_id)}", None))

    def credential_uses(self, credential_id: str) -> list[Document]:
        """When it was used and what for, the newest first."""
        return self.all_items(f"/credentials/{segment(credential_id)}/uses")
