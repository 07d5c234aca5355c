"""A peer of the test's own on loopback, everything about which must be as Stripe's OpenAPI file says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.peers.stripe.peer import Peer


@pytest.fixture
def stripe_peer() -> Iterator[Peer]:
    """It runs, and sends webhooks to the endpoints that the test adds."""
    from tests.peers.stripe.conformance import Conformance
    from tests.peers.stripe.peer import Peer
    from tests.peers.stripe.server import serving

    peer = Peer()
    conformance = Conformance(peer)
    with serving(peer):
        yield peer
    assert not conformance.faults, "\n".join(conformance.faults)
