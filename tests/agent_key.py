"""An agent's own key: what a program that acts for somebody signs with it, as the STACK SDKs do."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from skillyard.app import App
from skillyard.domain.accounts.agent import Agent, AgentKey
from skillyard.domain.accounts.agent_keys import ask_for_challenge, enroll_key
from skillyard.domain.accounts.model import Caller


class Key:
    def __init__(self) -> None:
        self.private = Ed25519PrivateKey.generate()
        self.public = encode(self.private.public_key().public_bytes_raw())

    def sign(self, message: str) -> str:
        return encode(self.private.sign(message.encode()))

    def enroll(self, app: App, owner: Caller, agent: Agent) -> AgentKey:
        asked = ask_for_challenge(app, owner, agent_id=agent.id)
        return enroll_key(
            app,
            owner,
            agent_id=agent.id,
            public_key=self.public,
            challenge_id=asked.id,
            signed_challenge=self.sign(asked.challenge),
        )

    def bearer(self, agent_id: str, now_ms: int, *, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """A bearer for one request; `changed` claims replace others, None leaves one out."""
        now_s = now_ms // 1000
        claims = {
            "iss": "stack-sdk",
            "sub": agent_id,
            "aud": "stack:agent",
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + 60,
            "jti": f"aj_{secrets.token_hex(8)}",
            **changed,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        body = ".".join(encode(json.dumps(part).encode()) for part in (header or {"alg": "EdDSA", "typ": "JWT"}, said))
        return f"{body}.{self.sign(body)}"


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
