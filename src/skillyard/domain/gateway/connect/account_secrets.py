"""What a connection holds of an account, and how it is written down before it is sealed."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import orjson

from skillyard.infra.envelope import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSecrets:
    """`access` is what a request shows, empty as long as none was fetched; `refresh` is what a new one is had for.
    `client_id` and `client_secret` are those of a program that signs in for itself.
    """

    access: Secret
    refresh: Secret | None = None
    client_id: str = ""
    client_secret: Secret | None = None

    def write(self) -> Secret:
        kept = {
            "access": self.access.reveal(),
            "refresh": self.refresh.reveal() if self.refresh else None,
            "client_id": self.client_id,
            "client_secret": self.client_secret.reveal() if self.client_secret else None,
        }
        return Secret(orjson.dumps(kept).decode())


def read_account_secrets(kept: Secret) -> AccountSecrets:
    """What `write` wrote."""
    found = orjson.loads(kept.reveal())
    return AccountSecrets(
        access=Secret(found["access"]),
        refresh=Secret(found["refresh"]) if found["refresh"] else None,
        client_id=found["client_id"],
        client_secret=Secret(found["client_secret"]) if found["client_secret"] else None,
    )


def basic(username: str, password: Secret) -> Secret:
    """Both as HTTP Basic shows them (RFC 7617)."""
    return Secret(base64.b64encode(f"{username}:{password.reveal()}".encode()).decode())
