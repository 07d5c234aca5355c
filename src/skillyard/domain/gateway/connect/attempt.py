"""A way to an account and back, which a person begins and ends in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

AttemptStatus = Literal[
    "created", "awaiting_user", "exchanging", "verifying_identity", "connected", "expired", "denied", "failed",
    "mismatch",
]  # fmt: skip

OPEN: frozenset[AttemptStatus] = frozenset({"created", "awaiting_user", "exchanging", "verifying_identity"})
LIFE_MS = 10 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """`created`: nobody opened its `url` yet; `awaiting_user`: somebody is at the service; `exchanging` and
    `verifying_identity`: they are back, and are shown whose account it is, to say that it is meant. Then `connected`,
    with a `connection_id`; or `expired`, `denied`, `failed` or `mismatch` (another account than the one to reconnect),
    for a `reason` (a code) that `message` says in words. Once it
    `is_identified` it waits for the person's word. `reconnects`: the connection that is to be connected again. `url`
    means nothing to anybody else.
    """

    id: str
    owner_id: str
    integration: str
    label: str
    variables: Mapping[str, str]
    scopes: tuple[str, ...]
    status: AttemptStatus
    created_ms: int
    expires_ms: int
    url: str = ""
    reconnects: str | None = None
    reason: str = ""
    message: str = ""
    account_id: str = ""
    account_label: str = ""
    is_identified: bool = False
    connection_id: str | None = None

    @property
    def is_open(self) -> bool:
        return self.status in OPEN
