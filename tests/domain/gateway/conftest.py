from __future__ import annotations

from tests.peers.llm.fixture import llm_peer  # noqa: F401
