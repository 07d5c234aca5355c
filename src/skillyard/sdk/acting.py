"""Agents that act for a person, and claims about people, for Python programs; and the key file of such an agent.

The file is the one that the SDKs of STACK keep in `~/.stack/agents`, so that either can use a key of the other.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from pathlib import Path
from typing import Any, Literal, cast

from skillyard.sdk.calls import ApiCalls
from skillyard.sdk.disk import write_atomically
from skillyard.sdk.errors import UsageError
from skillyard.sdk.paths import segment, without_none

Document = dict[str, Any]
BEARER_S = 60


class ActingCalls(ApiCalls):
    """What one does with one's agents, and with what is known about oneself."""

    def agents(self) -> list[Document]:
        return self.all_items("/agents")

    def agent(self, agent_id: str) -> Document:
        return cast(Document, self.get_json(_agent_path(agent_id)))

    def register_agent(self, name: str, *, description: str = "") -> Document:
        return self._write("POST", "/agents", {"name": name, "description": description})

    def update_agent(
        self,
        agent_id: str,
        *,
        name: str | None = None,
        description: str | None = None,
        status: Literal["active", "suspended"] | None = None,
    ) -> Document:
        """Change what is not None; a suspended agent cannot act."""
        body = without_none({"name": name, "description": description, "status": status})
        return self._write("PATCH", _agent_path(agent_id), body)

    def remove_agent(self, agent_id: str) -> Document:
        """With its keys."""
        return cast(Document, self._write("DELETE", _agent_path(agent_id), None)["details"])

    def enroll_agent(self, agent_id: str, key_file: Path) -> Document:
        """Make a key for the agent, have it enrolled, and write it to a file that only this user can read."""
        key = _new_key()
        asked = self._write("POST", f"{_agent_path(agent_id)}/challenges", None)
        body = {
            "public_key": {name: key[name] for name in ("kty", "crv", "x")},
            "challenge_id": asked["id"],
            "signed_challenge": _sign(key, asked["challenge"]),
        }
        enrolled = self._write("POST", f"{_agent_path(agent_id)}/keys", body)
        kept = {
            "agent_id": agent_id,
            "publicKey": body["public_key"],
            "privateKey": key,
            "enrolled_at": enrolled["enrolled_at"],
        }
        write_atomically(key_file, json.dumps(kept, indent=2) + "\n", mode=0o600)
        return enrolled

    def agent_keys(self, agent_id: str) -> list[Document]:
        return cast("list[Document]", self.get_json(f"{_agent_path(agent_id)}/keys")["items"])

    def remove_agent_key(self, agent_id: str, key_id: str) -> Document:
        return cast(Document, self._write("DELETE", f"{_agent_path(agent_id)}/keys/{segment(key_id)}", None)["details"])

    def block_agent(self, agent_id: str, reason: str) -> Document:
        """For administrators."""
        return self._write("PUT", f"/admin{_agent_path(agent_id)}/block", {"reason": reason})

    def unblock_agent(self, agent_id: str) -> Document:
        """For administrators."""
        return self._write("DELETE", f"/admin{_agent_path(agent_id)}/block", None)

    def claims(self, username: str | None = None) -> Document:
        """`{"items", "level"}`: what is known about oneself, or about somebody, for administrators."""
        path = "/me/claims" if username is None else f"/admin/users/{segment(username)}/claims"
        return cast(Document, self.get_json(path))

    def attest_claim(
        self,
        username: str,
        claim_type: str,
        assurance: Literal["low", "substantial", "high"],
        *,
        claim_ref: str = "",
        expires_in_days: int | None = None,
    ) -> Document:
        """Vouch for something about somebody, as an administrator."""
        body = {"claim_type": claim_type, "assurance": assurance, "claim_ref": claim_ref}
        path = f"/admin/users/{segment(username)}/claims"
        return self._write("POST", path, {**body, **without_none({"expires_in_days": expires_in_days})})

    def revoke_claim(self, claim_id: str) -> Document:
        return cast(Document, self._write("DELETE", f"/me/claims/{segment(claim_id)}", None)["details"])

    def claim_settings(self, **changed: Any) -> Document:
        """Show them, or change `life_days`, `inheritance` or `is_auto_revoked`."""
        if not changed:
            return cast(Document, self.get_json("/me/claim-settings"))
        return self._write("PATCH", "/me/claim-settings", changed)

    def _write(self, method: str, path: str, body: Any) -> Document:
        return cast(Document, self.send_json(method, path, body))


def sign_bearer(key_file: Path) -> str:
    """A bearer for one request of the agent whose key it is, good for a minute. Raises UsageError."""
    try:
        kept = json.loads(key_file.read_bytes())
        agent_id, key = str(kept["agent_id"]), dict(kept["privateKey"])
        now_s = int(time.time())
        claims = {
            "iss": "stack-sdk",
            "sub": agent_id,
            "aud": "stack:agent",
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + BEARER_S,
            "jti": f"aj_{secrets.token_hex(16)}",
        }
        parts = ({"alg": "EdDSA", "typ": "JWT"}, claims)
        body = ".".join(_encode(json.dumps(part).encode()) for part in parts)
        return f"{body}.{_sign(key, body)}"
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{str(key_file)!a} is no key of an agent.", code="bad_key_file", hint="Make one with `agents enroll`."
        ) from error


def _new_key() -> dict[str, str]:
    """A private Ed25519 key as a JWK (RFC 8037, section 2)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    public = _encode(private.public_key().public_bytes_raw())
    return {"kty": "OKP", "crv": "Ed25519", "x": public, "d": _encode(private.private_bytes_raw())}


def _sign(key: dict[str, str], text: str) -> str:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    seed = base64.urlsafe_b64decode(key["d"] + "=" * (-len(key["d"]) % 4))
    return _encode(Ed25519PrivateKey.from_private_bytes(seed).sign(text.encode()))


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _agent_path(agent_id: str) -> str:
    return f"/agents/{segment(agent_id)}"
