"""A service with language models on loopback, that notes whatever the real ones would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.peers.llm.server import LlmPeer


@pytest.fixture(scope="session")
def llm_service() -> Iterator[LlmPeer]:
    from tests.peers.llm.server import running_llm_peer

    with running_llm_peer() as peer:
        yield peer


@pytest.fixture
def llm_peer(llm_service: LlmPeer) -> Iterator[LlmPeer]:
    """It was asked nothing yet, and echoes."""
    llm_service.reset()
    yield llm_service
    assert not llm_service.faults, "\n".join(llm_service.faults)
