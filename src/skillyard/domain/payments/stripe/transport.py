"""Lets the official SDK send through the one guarded door. Importing this imports the SDK, which is slow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import stripe

from skillyard.infra.outbound import AddressNotAllowed, Bounds, CallFailed, Outbound

_BOUNDS = Bounds(total_s=30, phase_s=20, max_bytes=8 * 1024 * 1024)
_ABOUT_US = ("x-stripe-client-telemetry", "x-stripe-client-user-agent")
"""Headers that tell the machine's name and how long past calls took: nothing Stripe needs to know."""


class DoorClient(stripe.HTTPClient):
    """Answers that do not come are APIConnectionError, which the SDK may retry under the same idempotency key."""

    name = "skillyard"

    def __init__(self, outbound: Outbound) -> None:
        super().__init__()
        self._outbound = outbound

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        sent = {name: value for name, value in (headers or {}).items() if name.lower() not in _ABOUT_US}
        body = (post_data or "").encode()
        try:
            answer = self._outbound.request(method.upper(), url, headers=sent, body=body, bounds=_BOUNDS)
        except (AddressNotAllowed, CallFailed) as error:
            may_retry = isinstance(error, CallFailed)
            raise stripe.APIConnectionError(error.message, should_retry=may_retry) from None  # type: ignore[no-untyped-call]
        return answer.body, answer.status, answer.headers

    def close(self) -> None:
        """There is nothing to close: every call has a connection of its own."""


def open_sdk(outbound: Outbound, *, key: str, url: str, version: str, retries: int) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        http_client=DoorClient(outbound),
        base_addresses={"api": url},
        stripe_version=version,
        max_network_retries=retries,
    )
