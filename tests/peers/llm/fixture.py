"""A service with language models of the test's own on loopback, that notes whatever the real ones would refuse."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.peers.llm.server import LlmPeer


@pytest.fixture
def llm_peer() -> Iterator[LlmPeer]:
    from tests.peers.llm.server import running_llm_peer

    with running_llm_peer() as peer:
        yield peer
