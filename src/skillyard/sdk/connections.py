"""Accounts elsewhere, for Python programs: connect them, see how that goes, and disconnect them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.errors import SdkError
from skillyard.sdk.paths import segment, without_none

Document = dict[str, Any]

OPEN = frozenset({"created", "awaiting_user", "exchanging", "verifying_identity"})
"""What an attempt is as long as it is not over."""
_WAIT_S = 20


class ConnectionCalls(ApiCalls):
    """What one does with one's accounts elsewhere."""

    def connections(self) -> list[Document]:
        """Yours, by integration, of each the default one first; without the secrets."""
        return cast("list[Document]", self.get_json("/connections")["items"])

    def connect_with_key(
        self,
        integration: str,
        secrets: Mapping[str, str],
        *,
        variables: Mapping[str, str] | None = None,
        label: str = "",
    ) -> Document:
        """Connect an account with `{"secret"}`, `{"username", "password"}` or `{"client_id", "client_secret"}`."""
        body = {
            "integration": integration, "secrets": dict(secrets), "variables": dict(variables or {}), "label": label,
        }  # fmt: skip
        return cast(Document, self.send_json("POST", "/connections", body))

    def start_connecting(
        self,
        integration: str,
        *,
        variables: Mapping[str, str] | None = None,
        scopes: Sequence[str] = (),
        label: str = "",
        reconnect: str | None = None,
    ) -> Document:
        """Begin; the person opens its `url` in a browser. See `wait_for_connection`."""
        body = {
            "integration": integration, "variables": dict(variables or {}), "scopes": list(scopes), "label": label,
            "reconnect": reconnect,
        }  # fmt: skip
        return cast(Document, self.send_json("POST", "/connection-attempts", without_none(body)))

    def connection_attempt(self, attempt_id: str, *, wait_s: float = 0) -> Document:
        """How it stands, at the latest after so many seconds (25 at most)."""
        return cast(Document, self.get_json(f"/connection-attempts/{segment(attempt_id)}", wait=wait_s))

    def wait_for_connection(
        self, attempt_id: str, *, within_s: float = 600, clock: Callable[[], float] = time.monotonic
    ) -> Document:
        """The connection, once the person is through. Raises SdkError with the reason when there is none."""
        until = clock() + within_s
        while True:
            found = self.connection_attempt(attempt_id, wait_s=max(0.0, min(_WAIT_S, until - clock())))
            if found["status"] == "connected":
                return self.connection(found["connection_id"])
            if found["status"] not in OPEN:
                raise SdkError(found["message"], code=found["reason"] or found["status"], hint="begin again")
            if clock() >= until:
                raise SdkError("Nobody has signed in yet.", code="not_connected_yet", hint=f"open {found['url']}")

    def connection(self, connection_id: str) -> Document:
        return cast(Document, self.get_json(f"/connections/{segment(connection_id)}"))

    def choose_default_connection(self, connection_id: str) -> Document:
        """Let it be the one that is meant where none is named."""
        return cast(Document, self.send_json("PUT", f"/connections/{segment(connection_id)}/default", None))

    def disconnect(self, connection_id: str) -> Document:
        """Destroy what the registry keeps; `revoked` tells whether the service knows, else `why`."""
        return cast(Document, self.send_json("DELETE", f"/connections/{segment(connection_id)}", None))

    def connection_uses(self, connection_id: str) -> list[Document]:
        """What the registry itself used it for, the newest first."""
        return self.all_items(f"/connections/{segment(connection_id)}/uses")

    def integration_client(self, integration: str) -> Document:
        """As which client the registry is known there; for administrators."""
        return cast(Document, self.get_json(f"/integrations/{segment(integration)}/client"))

    def set_integration_client(self, integration: str, client_id: str, client_secret: str) -> Document:
        """Store what you got when you registered the registry there; for administrators."""
        body = {"client_id": client_id, "client_secret": client_secret}
        return cast(Document, self.send_json("PUT", f"/integrations/{segment(integration)}/client", body))

    def remove_integration_client(self, integration: str) -> None:
        """Forget it; for administrators."""
        self.request("DELETE", f"/integrations/{segment(integration)}/client")
